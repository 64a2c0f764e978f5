"""Every kind of message as the chat and the list show it: exact words, and nothing that came from outside but text."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from apps.console.frames import draw
from apps.conversations.actions.columns import follow_message
from apps.conversations.models import Attachment, Conversation, Kind, Message, MessageEdit, Reaction
from apps.core.actors import Role
from apps.core.live import Cursor, Event, LiveKind
from apps.people.models import Identity
from tests.console.rows import make_file, make_message
from tests.factories import make_account, make_branch, make_conversation, make_inbox, make_user

pytestmark = pytest.mark.django_db

HOSTILE = "<img src=x onerror=alert(1)>\u202e' \" &amp; {{ x }}"
ESCAPED = "&lt;img src=x onerror=alert(1)&gt;"
NOON = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def conversation(db) -> Conversation:
    return make_conversation(make_inbox(make_account("simulator"), make_branch()), name="Ana", sender="5493875550101")


def drawn(message: Message) -> str:
    """Return the message as an event brings it, in English."""
    event = Event(
        cursor=Cursor(1, 1, 1),
        kind=LiveKind.MESSAGE_CHANGED,
        at=message.created_at,
        conversation_id=message.conversation_id,
        message_id=message.pk,
        branch_id=message.conversation.inbox.branch_id,
        inbox_id=message.inbox_id,
        person_id=None,
        user_id=None,
    )
    frame = draw(event, "en")
    html: str = next(target.piece["html"] for target in frame.targets if target.piece["id"] == f"m{message.pk}")
    return html[html.index("<article") :]


def words(html: str) -> str:
    """Return what a reader reads: no tags, single spaces."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def row(conversation: Conversation, message: Message) -> str:
    """Return the second line of the list once this message is the last."""
    follow_message(message)
    client = Client(headers={"accept-language": "en"})
    client.force_login(make_user(Role.ADMINISTRATOR))
    html = client.get("/chat/", headers={"X-Fragment": "rows"}).content.decode()
    line = re.search(r'<div class="row__last">(.*?)</div>', html, re.DOTALL)
    assert line
    return line[1]


# Each kind ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "mark"),
    [
        ("image", 'data-lightbox data-name="file.bin"'),
        ("video", "<video src="),
        ("audio", "<audio src="),
        ("voice", "data-voice"),
        ("sticker", 'class="sticker"'),
        ("document", 'download="file.bin"'),
    ],
)
def test_file_is_shown_as_what_it_is_with_its_words(conversation, kind, mark):
    message = make_message(conversation, kind, text="Mirá")
    make_file(message, name="file.bin", duration_ms=23_400)
    html = drawn(message)
    assert mark in html
    assert '<p data-text dir="auto">Mirá</p>' in html
    assert " style=" not in html


def test_voice_note_tells_its_length_and_draws_its_wave(conversation):
    message = make_message(conversation, "voice")
    make_file(message, name="nota.ogg", mime_type="audio/ogg", duration_ms=23_400, waveform=[0, 50, 100] * 20)
    html = drawn(message)
    assert '<span class="num subtle" data-time>0:23</span>' in html
    assert "Play or pause the voice note, 23 seconds" in html
    assert html.count("<rect ") == 44
    assert 'y="0.0" width="2.4" height="24.0"' in html


def test_document_has_name_size_and_download_and_a_pdf_opens(conversation):
    message = make_message(conversation, "document")
    make_file(message, name="Programa 2027.pdf", mime_type="application/pdf", content=b"x" * 2048)
    html = drawn(message)
    assert words(html).startswith("PDF Programa 2027.pdf 2.0")
    assert re.search(r'<a class="strong cut" href="/media/[^"]+" target="_blank" rel="noopener">', html)
    assert 'aria-label="Download Programa 2027.pdf"' in html


@pytest.mark.parametrize(
    ("state", "code", "told"),
    [
        ("waiting", "", "It is being fetched from Simulated phone."),
        ("gone", "", "Simulated phone does not keep it any more. Ask for it again."),
        ("refused", "too_large", "It was not accepted: it is too large. See it on the phone."),
        ("refused", "blocked_host", "It was not accepted. See it on the phone."),
        ("failed", "", "It could not be fetched from Simulated phone. Ask for it again."),
    ],
)
def test_file_that_is_not_here_says_why(conversation, state, code, told):
    message = make_message(conversation, "image", text="Mirá")
    make_file(message, name="foto.jpg", state=Attachment.State(state), error_code=code)
    html = drawn(message)
    assert told in words(html)
    assert ("<img" in html, "Mirá" in html) == (False, True)


def test_place_has_its_name_coordinates_and_a_map(conversation):
    place = {"latitude": -24.78912, "longitude": -65.410307, "name": "Sede Centro", "address": "Balcarce 123"}
    html = drawn(make_message(conversation, "location", text="Sede Centro", details={"location": place}))
    assert words(html).startswith("Sede Centro Balcarce 123 -24.78912, -65.41031 See on the map")
    assert (
        'href="https://www.openstreetmap.org/?mlat=-24.78912&amp;mlon=-65.41031#map=17/-24.78912/-65.41031"'
        ' target="_blank" rel="noopener noreferrer"' in html
    )
    with translation.override("es-ar"):
        assert "-24.78912, -65.41031" in html


def test_card_of_a_person_has_everything_on_it(conversation):
    cards = [{"name": "Nelly", "phones": ["+5493875550178"], "emails": ["n@example.com"], "organization": "Club"}]
    html = drawn(make_message(conversation, "contacts", details={"contacts": cards}))
    assert words(html).startswith("N Nelly Club +54 9 387 555-0178 n@example.com")


def test_choice_shows_the_answers_of_a_form(conversation):
    details = {"choice": {"payload": "p", "answers": {"items": "dos", "edad": "10"}}}
    html = drawn(make_message(conversation, "interactive", text="Inscribir", details=details))
    assert words(html).startswith("Chose Inscribir edad 10 items dos")


def test_menu_of_ours_shows_its_choices(conversation):
    menu = {
        "header": "Cursos",
        "footer": "Elegí uno",
        "buttons": [{"id": "a", "title": "Robótica"}],
        "list_label": "Ver",
        "sections": [{"title": "Chicos", "rows": [{"id": "b", "title": "Kids", "description": "6 a 8"}]}],
    }
    html = drawn(make_message(conversation, "interactive", direction="out", text="¿Cuál?", details={"menu": menu}))
    assert words(html).startswith("Operator Cursos ¿Cuál? Elegí uno Robótica Ver Chicos Kids 6 a 8")


def test_order_shows_its_lines(conversation):
    item = {"product": "kit-01", "quantity": "2", "price": "100.50", "currency": "ARS"}
    html = drawn(make_message(conversation, "order", text="para hoy", details={"order": {"items": [item]}}))
    assert words(html).startswith("Order 2 × kit-01 ARS 100.50 para hoy")


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("poll", "They sent a poll, which this page cannot show. See it on the phone."),
        ("hologram", "They sent something this page cannot show (hologram). See it on the phone."),
        ("", "They sent something this page cannot show. See it on the phone."),
    ],
)
def test_what_cannot_be_shown_is_named(conversation, kind, told):
    message = make_message(conversation, "unsupported", unsupported_kind=kind)
    assert words(drawn(message)).startswith(told)
    assert drawn(message).count("data-text") == 0


def test_notice_of_the_channel_is_nobodys_message(conversation):
    html = drawn(make_message(conversation, "system", text="x", details={"notice": {"code": "number_changed"}}))
    assert words(html).startswith("This person changed their number.")
    assert 'class="msg__by"' not in html


# What happens to messages -------------------------------------------------------------------------


def test_edited_message_shows_what_it_said(conversation):
    message = make_message(conversation, text="tercera", occurred_at=NOON, edited_at=NOON)
    for minute, before in ((5, "primera"), (9, "segunda")):
        MessageEdit.objects.create(message=message, text=before, at=NOON.replace(minute=minute))
    html = drawn(message)
    assert f'popovertarget="edits-{message.pk}">Edited' in html
    history = html.partition(f'id="edits-{message.pk}"')[2]
    assert re.findall(r'<time datetime="[^"]+">([\d:]+)</time><span dir="auto">(\w+)', history) == [
        ("12:00", "primera"),
        ("12:05", "segunda"),
        ("12:09", "tercera"),
    ]


def test_deleted_message_is_struck_and_its_file_is_gone(conversation):
    message = make_message(conversation, "image", text="el alias", deleted_at=NOON, edited_at=NOON)
    make_file(message, name="foto.jpg")
    html = drawn(message)
    assert '<s data-text dir="auto">el alias</s>' in html
    assert "Deleted by the person, Friday 20 November at 12:00".lower() in words(html).lower()
    assert ("<img" in html, "/media/" in html, "popover" in html) == (False, False, False)


def test_reactions_are_counted_and_named_and_what_was_taken_back_is_not(conversation):
    message = make_message(conversation)
    user = make_user(name="Carla")
    other = Identity.objects.create(
        account=conversation.inbox.account, person=conversation.person, scope="simulator", address="otra"
    )
    Reaction.objects.create(message=message, identity=conversation.identity, emoji="❤️", at=NOON)
    Reaction.objects.create(message=message, identity=None, user=user, emoji="❤️", at=NOON)
    Reaction.objects.create(message=message, identity=other, emoji="", at=NOON)
    html = drawn(message)
    chips = re.findall(r'<span class="react" title="([^"]+)" data-ours="❤️"><span aria-hidden="true">([^<]+)', html)
    assert chips == [("Ana, Carla reacted with ❤️", "❤️ 2")]


@pytest.mark.parametrize(
    ("_case", "fields", "told"),
    [
        ("queued", {"dispatch": "queued"}, "Our correction is on its way."),
        ("failed", {"dispatch": "rejected"}, "It was not corrected: Simulated phone did not deliver it"),
        ("uncertain", {"dispatch": "uncertain"}, "It may have been corrected: Simulated phone broke off"),
        ("done", {"dispatch": "accepted"}, ""),
    ],
)
def test_what_we_did_to_a_message_is_told_until_it_is_done(conversation, _case, fields, told):
    message = make_message(conversation, direction="out", text="Hola")
    fields = {"sent_at": None, "next_attempt_at": NOON, "valid_until": NOON, **fields}
    make_message(conversation, "rewriting", direction="out", acts_on=message, dispatch="rejected", sent_at=None)
    make_message(conversation, "rewriting", direction="out", acts_on=message, **fields)
    html = drawn(message)
    assert html.count("msg__state--") == (1 if told else 0)
    assert told in words(html)


def test_where_a_message_came_from_is_said(conversation):
    referral = {"source": "ad", "headline": "Taller", "url": "https://example.com/ad"}
    message = make_message(
        conversation, is_forwarded=True, is_imported=True, written_by=conversation.identity, text="Hola",
        details={"referral": referral},
    )  # fmt: skip
    html = drawn(message)
    assert words(html).startswith("Ana Came from an advertisement: Taller · See it Forwarded Hola Imported")


def test_address_that_is_no_web_page_is_no_link(conversation):
    message = make_message(conversation, details={"referral": {"source": "ad", "url": "javascript:alert(1)"}})
    assert "javascript:" not in drawn(message)


# Hostile words ------------------------------------------------------------------------------------


def test_nothing_from_outside_is_ever_markup(conversation):
    everything: list[tuple[str, dict[str, Any]]] = [
        ("location", {"location": {"latitude": HOSTILE, "longitude": 1, "name": HOSTILE, "address": HOSTILE}}),
        ("contacts", {"contacts": [{"name": HOSTILE, "phones": [HOSTILE], "emails": [HOSTILE]}]}),
        ("interactive", {"choice": {"answers": {HOSTILE: HOSTILE}}}),
        ("interactive", {"menu": {"header": HOSTILE, "buttons": [{"id": HOSTILE, "title": HOSTILE}]}}),
        ("order", {"order": {"items": [{"product": HOSTILE, "quantity": HOSTILE, "price": HOSTILE}]}}),
        ("system", {"notice": {"code": HOSTILE}}),
        ("text", {"referral": {"source": HOSTILE, "headline": HOSTILE, "url": HOSTILE}}),
    ]
    for kind, details in everything:
        html = drawn(make_message(conversation, kind, text=HOSTILE, details=details))
        assert ESCAPED in html
        assert "<img" not in html
    for kind in ("image", "video", "audio", "voice", "document"):
        message = make_message(conversation, kind, text=HOSTILE)
        make_file(message, name=HOSTILE, mime_type=HOSTILE)
        Reaction.objects.create(message=message, emoji="<b>x</b>", at=NOON)
        html = drawn(message)
        assert "<img src=x" not in html
        assert "<b>x" not in html
        assert "\u202e" not in re.sub(r"<p data-text.*?</p>", "", html, flags=re.DOTALL)


# The list -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind not in {"text", "reaction", "rewriting", "withdrawal"}])
def test_row_says_what_a_message_without_words_is(conversation, kind):
    line = row(conversation, make_message(conversation, kind))
    assert words(line) != ""
    assert re.search(r'<use href="[^"]+#[a-z]+"', line)


def test_row_does_not_repeat_what_was_taken_back(conversation):
    message = make_message(conversation, text="el alias", deleted_at=NOON)
    assert words(row(conversation, message)) == "Deleted message 1 unread"


def test_row_shows_the_words_that_came_along(conversation):
    assert words(row(conversation, make_message(conversation, "image", text="Mirá"))) == "Photo: Mirá 1 unread"
    assert words(row(conversation, make_message(conversation, "text", text="Hola"))) == "Hola 1 unread"
