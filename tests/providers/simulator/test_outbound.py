"""What the simulated phone is sent."""

import json

from providers.contents import Menu, MenuRow, MenuSection, Reaction
from providers.simulator import outbound
from providers.types import Address, AddressScope, OutboundMessage


def sent(content) -> dict[str, object]:
    recipient = Address(scope=AddressScope.SIMULATOR, value="ana")
    message = OutboundMessage(inbox_address="centro", recipient=recipient, content=content, callback_data="t")
    body: dict[str, object] = json.loads(outbound.build(message))
    return body


def test_menu_brings_every_choice():
    rows = (MenuRow(id="a", title="Kids", description="6 a 8"),)
    buttons = sent(Menu(body="¿Cuál?", buttons=(MenuRow(id="a", title="Sí"),)))
    listed = sent(Menu(body="¿Cuál?", list_label="Ver", sections=(MenuSection(title="Chicos", rows=rows),)))
    assert buttons["menu"] == {
        "header": "",
        "footer": "",
        "list_label": "",
        "buttons": [{"id": "a", "title": "Sí", "description": ""}],
        "sections": [],
    }
    assert listed["menu"] == {
        "header": "",
        "footer": "",
        "list_label": "Ver",
        "buttons": [],
        "sections": [{"title": "Chicos", "rows": [{"id": "a", "title": "Kids", "description": "6 a 8"}]}],
    }


def test_reaction_names_its_message():
    body = sent(Reaction(target="phone-1", emoji=""))
    assert (body["kind"], body["target"], body["text"]) == ("reaction", "phone-1", "")
