"""Every kind of content a person can send: its row, its files, what the list shows."""

from datetime import timedelta

import pytest

from apps.conversations.actions.marks import close
from apps.conversations.models import Attachment, Conversation, Message
from apps.core.actors import SYSTEM
from apps.people.models import Identity, Person
from providers.contents import (
    Choice,
    ContactCard,
    Contacts,
    ContentKind,
    Files,
    Location,
    Menu,
    MenuRow,
    MenuSection,
    Order,
    OrderItem,
    RemoteFile,
    SystemNotice,
    Text,
    Unsupported,
)
from providers.types import Address, AddressScope, Group, Referral
from tests.conversations.arriving import ANA, BETO, NOON, echo, edit, hear, second
from tests.factories import make_inbox

DAY = timedelta(days=1)
PLACE = Location(latitude=-24.7892, longitude=-65.4104, name="Plaza 9 de Julio", address="España 100")
CARD = ContactCard(name="Leo", phones=("387 555-0109",), emails=("leo@example.org",), organization="Taller")
MENU = Menu(
    body="¿Cuál?",
    header="Cursos",
    footer="Gracias",
    list_label="Ver",
    sections=(MenuSection(title="Tarde", rows=(MenuRow(id="1", title="Inglés", description="de 17 a 19"),)),),
)
ITEM = OrderItem(product="sku-1", quantity="2", price="1500.00", currency="ARS")


@pytest.fixture
def inbox(db):
    return make_inbox()


CONTENTS = [
    ("text", Text(body="Hola"), "Hola", {}),
    ("location", PLACE, "Plaza 9 de Julio", {
        "location": {
            "latitude": -24.7892, "longitude": -65.4104, "name": "Plaza 9 de Julio", "address": "España 100",
        },
    }),
    ("location", Location(latitude=1.5, longitude=2, address="Ruta 9"), "Ruta 9", {
        "location": {"latitude": 1.5, "longitude": 2, "name": "", "address": "Ruta 9"},
    }),
    ("contacts", Contacts(cards=(CARD, ContactCard(name="Mia"))), "Leo, Mia", {
        "contacts": [
            {"name": "Leo", "phones": ["387 555-0109"], "emails": ["leo@example.org"], "organization": "Taller"},
            {"name": "Mia", "phones": [], "emails": [], "organization": ""},
        ],
    }),
    ("interactive", MENU, "¿Cuál?", {
        "menu": {
            "header": "Cursos", "footer": "Gracias", "buttons": [], "list_label": "Ver",
            "sections": [
                {"title": "Tarde", "rows": [{"id": "1", "title": "Inglés", "description": "de 17 a 19"}]},
            ],
        },
    }),
    ("interactive", Choice(kind=ContentKind.INTERACTIVE, text="Inglés", payload="1", answers={"edad": "9"}), "Inglés", {
        "choice": {"payload": "1", "answers": {"edad": "9"}},
    }),
    ("button", Choice(kind=ContentKind.BUTTON, text="Sí", payload="yes"), "Sí", {
        "choice": {"payload": "yes", "answers": {}},
    }),
    ("order", Order(items=(ITEM,), text="Para hoy"), "Para hoy", {
        "order": {"items": [{"product": "sku-1", "quantity": "2", "price": "1500.00", "currency": "ARS"}]},
    }),
    ("system", SystemNotice(code="number_changed", text="Ana changed"), "Ana changed", {
        "notice": {"code": "number_changed"},
    }),
    ("unsupported", Unsupported(kind="poll", caption="¿Venís?"), "¿Venís?", {}),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "content", "text", "details"), CONTENTS)
@pytest.mark.parametrize("arrives", [hear, echo])
def test_every_content_has_its_columns(arrives, kind, content, text, details, inbox):
    message = arrives(inbox, content=content)
    message.refresh_from_db()
    assert (message.kind, message.text, message.details) == (kind, text, details)
    conversation = Conversation.objects.get()
    assert (conversation.last_message_kind, conversation.last_message_text) == (kind, text)


@pytest.mark.parametrize("kind", ["image", "audio", "voice", "video", "document", "sticker"])
def test_a_file_is_expected(kind, inbox):
    file = RemoteFile(kind=ContentKind(kind), mime_type="a/b; c=d", name="notas.pdf", media_id="media-1")
    message = hear(inbox, content=Files(files=(file,), caption="Mirá"))
    assert (message.kind, message.text) == (kind, "Mirá")
    attachment = Attachment.objects.get()
    assert (attachment.message, attachment.kind, attachment.state, attachment.source_id) == (
        message,
        kind,
        "waiting",
        "media-1",
    )
    assert attachment.next_attempt_at is not None


def test_several_files_are_one_message(inbox):
    files = tuple(RemoteFile(kind=ContentKind.IMAGE, url=f"https://cdn.example.org/{n}") for n in range(3))
    message = hear(inbox, content=Files(files=files))
    assert message.attachments.count() == 3


def test_where_somebody_came_from_and_what_was_forwarded_is_kept(inbox):
    referral = Referral(source="ad", source_id="77", headline="Cursos de verano")
    message = hear(inbox, referral=referral, is_forwarded=True)
    message.refresh_from_db()
    assert message.details == {"referral": {"source": "ad", "source_id": "77", "headline": "Cursos de verano"}}
    assert message.is_forwarded


def test_a_window_that_the_provider_names_is_believed(inbox):
    hear(inbox, window_until=NOON + 3 * DAY)
    assert Conversation.objects.get().window_ends_at == NOON + 3 * DAY


def test_a_notice_of_the_channel_is_not_unread_and_opens_nothing(inbox):
    hear(inbox, content=SystemNotice(code="number_changed"))
    conversation = Conversation.objects.get()
    assert (conversation.unread_count, conversation.window_ends_at, conversation.last_inbound_at) == (0, None, None)


# Groups ------------------------------------------------------------------------------------

GROUP = Group(address="120363000000000001@g.us", name="Familias 3.º B")


def test_a_group_is_one_conversation_whoever_writes(inbox):
    first = hear(inbox, "Hola", group=GROUP, sender_name="Ana")
    second_one = hear(inbox, "Buenas", key="wamid.2", sender=BETO, sender_name="Beto", group=GROUP)
    conversation = Conversation.objects.get()
    assert (first.conversation_id, second_one.conversation_id) == (conversation.pk, conversation.pk)
    assert (conversation.identity.scope, conversation.identity.address) == ("group", GROUP.address)
    assert [first.written_by.address, second_one.written_by.address] == [ANA.value, BETO.value]
    assert (conversation.person.name, conversation.unread_count) == ("Familias 3.º B", 2)


def test_a_group_that_hides_who_wrote_says_nobody(inbox):
    hidden = Address(scope=AddressScope.GROUP, value=GROUP.address)
    message = hear(inbox, sender=hidden, group=GROUP)
    assert (message.written_by, Person.objects.count()) == (None, 1)


def test_a_message_is_one_by_any_of_its_names(inbox):
    hear(inbox, key="false_1_ABC", also_known_as="ABC")
    assert hear(inbox, key="false_1@lid_ABC", also_known_as="ABC") is None
    edit(inbox, "Chau", at=5, key="ABC")
    assert Message.objects.get().text == "Chau"


def test_the_same_person_alone_and_in_a_group_is_one_identity_in_two_conversations(inbox):
    alone = hear(inbox, "Hola")
    together = hear(inbox, "Hola a todos", key="wamid.2", group=GROUP)
    assert alone.conversation_id != together.conversation_id
    assert together.written_by == alone.conversation.identity
    assert (alone.written_by, Person.objects.count(), Identity.objects.count()) == (None, 2, 2)


def test_what_we_write_to_a_group_on_the_phone_is_in_it(inbox):
    hear(inbox, group=GROUP)
    sent = echo(inbox, "Buenas", group=GROUP, at=second(5))
    conversation = Conversation.objects.get()
    assert (sent.conversation, sent.sender, conversation.unread_count) == (conversation, "phone", 0)


# The past ----------------------------------------------------------------------------------


def test_what_is_imported_is_nobodys_work(inbox):
    message = hear(inbox, "Hace mucho", at=NOON - 100 * DAY, received_at=NOON, is_imported=True)
    conversation = Conversation.objects.get()
    assert (message.is_imported, message.occurred_at) == (True, NOON - 100 * DAY)
    assert (conversation.unread_count, conversation.window_ends_at, conversation.is_pending) == (0, None, False)
    assert (conversation.last_inbound_at, conversation.last_message_at) == (None, NOON - 100 * DAY)


def test_the_past_comes_in_any_order_and_the_list_shows_the_latest(inbox):
    for days in (50, 10, 90):
        hear(inbox, f"{days}", at=NOON - days * DAY, received_at=NOON, key=f"w{days}", is_imported=True)
    echo(inbox, "Sí", at=NOON - 30 * DAY, received_at=NOON, is_imported=True)
    assert list(Message.objects.values_list("text", flat=True)) == ["90", "50", "Sí", "10"]
    conversation = Conversation.objects.get()
    assert (conversation.last_message_text, conversation.last_message_at) == ("10", NOON - 10 * DAY)


def test_the_past_changes_nothing_about_now(inbox):
    hear(inbox, "Hoy")
    before = Conversation.objects.values().get()
    hear(inbox, "Ayer", at=NOON - DAY, received_at=NOON, key="w0", is_imported=True)
    echo(inbox, "Anteayer", at=NOON - 2 * DAY, received_at=NOON, is_imported=True)
    assert Conversation.objects.values().get() == before


def test_the_past_opens_no_closed_conversation(inbox):
    conversation = hear(inbox, "Hoy").conversation
    close(conversation=conversation, actor=SYSTEM)
    old = hear(inbox, "Ayer", at=NOON - DAY, received_at=NOON, key="w0", is_imported=True)
    assert (old.conversation_id, Conversation.objects.get().closed_at is not None) == (conversation.pk, True)


def test_a_placeholder_becomes_what_it_stood_for(inbox):
    message = hear(inbox, content=Unsupported(kind="media_placeholder"), at=NOON - DAY, is_imported=True)
    file = RemoteFile(kind=ContentKind.IMAGE, media_id="m1")
    whole = Files(files=(file,), caption="El aula")
    assert hear(inbox, content=whole, at=NOON - DAY, is_imported=True) is None
    assert hear(inbox, content=whole, at=NOON - DAY, is_imported=True) is None
    message.refresh_from_db()
    assert (message.kind, message.text, message.unsupported_kind) == ("image", "El aula", "")
    assert (message.attachments.count(), Conversation.objects.get().last_message_text) == (1, "El aula")


def test_what_came_whole_becomes_no_placeholder_again(inbox):
    hear(inbox, "Hola")
    hear(inbox, content=Unsupported(kind="media_placeholder"))
    assert Message.objects.get().text == "Hola"
