"""What is entered in the small forms of the composer, as contents of a message."""

import pytest
from django.core.exceptions import ValidationError

from apps.console.forms import card, menu, place
from providers.contents import ContactCard, MenuRow


@pytest.mark.parametrize(
    ("where", "degrees"),
    [
        ("-24.7892, -65.4106", (-24.7892, -65.4106)),
        ("-24,7892; -65,4106", (-24.7892, -65.4106)),
        ("  -24.7892 -65.4106 ", (-24.7892, -65.4106)),
        ("https://www.google.com/maps/@-24.7892,-65.4106,17z", (-24.7892, -65.4106)),
        ("https://maps.google.com/?q=-24.7892%2C-65.4106", (-24.7892, -65.4106)),
        ("https://www.openstreetmap.org/?mlat=-24.7892&mlon=-65.4106#map=17/1/2", (-24.7892, -65.4106)),
    ],
)
def test_place_is_read_from_numbers_and_from_links(where, degrees):
    found = place({"where": where, "name": " Sede  Centro ", "address": ""})
    assert (found.latitude, found.longitude, found.name) == (*degrees, "Sede Centro")


@pytest.mark.parametrize("where", ["", "Balcarce 123", "-24.7892", "9" * 5000, "٢٤, ٦٥", "1" + "," * 5000])
def test_what_is_no_place_says_how_to_write_one(where):
    with pytest.raises(ValidationError) as caught:
        place({"where": where})
    assert caught.value.error_dict["where"][0].code == "bad_location"


def test_card_leaves_out_what_was_not_written():
    found = card({"name": "Nelly\0", "phone": "", "email": "n@example.com"})
    assert found.cards == (ContactCard(name="Nelly", emails=("n@example.com",)),)


def test_menu_of_buttons_and_menu_of_rows():
    lines = " Robótica | de 9 a 12 \r\n\r\nPython\n"
    buttons = menu({"body": "¿Cuál?", "choices": "Sí\nNo", "footer": "x"})
    listed = menu({"body": "¿Cuál?", "choices": lines, "shape": "list", "list_label": "Ver"})
    assert [(row.id, row.title) for row in buttons.buttons] == [("choice-1", "Sí"), ("choice-2", "No")]
    assert (buttons.sections, buttons.footer) == ((), "x")
    assert listed.sections[0].rows == (
        MenuRow(id="choice-1", title="Robótica", description="de 9 a 12"),
        MenuRow(id="choice-2", title="Python"),
    )
    assert (listed.buttons, listed.list_label) == ((), "Ver")
