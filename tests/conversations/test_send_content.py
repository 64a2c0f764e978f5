"""Files, places, cards and menus of ours: written as rows, checked against the channel, and what crosses the line."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.base import ContentFile
from django.utils import timezone

from apps.conversations.actions.deliver import permit, record_failure
from apps.conversations.actions.limits import kind_of_file, text_parts
from apps.conversations.actions.outbound import build
from apps.conversations.actions.recover import expire_unsent
from apps.conversations.actions.send import resend_message, send_attachment, send_content, send_message
from apps.conversations.models import Attachment, Conversation, Message
from apps.core.actors import SYSTEM, Role
from providers import contents, registry
from providers.capabilities import TextUnit
from providers.contents import ContactCard, Contacts, ContentKind, Location, Menu, MenuRow, MenuSection
from providers.errors import Rejected
from tests.conversations.sending import claim, say
from tests.factories import make_account, make_actor, make_branch, make_conversation, make_inbox

SIMULATOR = registry.PROVIDERS["simulator"].capabilities
PLACE = Location(latitude=-24.7892, longitude=-65.4104, name="Sede", address="España 100")
CARDS = Contacts(cards=(ContactCard(name="Leo", phones=("+543875550109",), organization="Taller"),))
BUTTONS = Menu(body="¿Venís?", footer="Gracias", buttons=(MenuRow(id="1", title="Sí"), MenuRow(id="2", title="No")))
LIST = Menu(
    body="¿Cuál?",
    list_label="Ver",
    sections=(MenuSection(title="Tarde", rows=(MenuRow(id="1", title="Inglés", description="de 17 a 19"),)),),
)


@pytest.fixture
def conversation(db):
    return make_conversation(make_inbox(make_account("simulator")))


def file_of_ours(kind="image", mime_type="image/png", size=1000, **fields):
    stored = ContentFile(b"x", name="foto.png")
    return Attachment.objects.create(kind=kind, name="foto.png", mime_type=mime_type, size=size, file=stored, **fields)


def code_of(raised):
    error = raised.value
    if hasattr(error, "error_dict"):
        return {name: found[0].code for name, found in error.error_dict.items()}
    return error.code


def leaves(message):
    """Return the content that would cross the line now."""
    Message.objects.filter(dispatch="preparing").update(dispatch="queued")
    return next(claimed for claimed in claim() if claimed.message.pk == message.pk).outbound().content


# Places, cards, menus ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "kind", "text"),
    [
        (PLACE, "location", "Sede"),
        (CARDS, "contacts", "Leo"),
        (BUTTONS, "interactive", "¿Venís?"),
        (LIST, "interactive", "¿Cuál?"),
    ],
)
def test_what_is_sent_is_what_crosses_the_line(content, kind, text, conversation):
    message = send_content(conversation=conversation, content=content, client_key="k", actor=SYSTEM)
    message.refresh_from_db()
    assert (message.kind, message.text, message.status) == (kind, text, "queued")
    assert leaves(message) == content
    assert send_content(conversation=conversation, content=content, client_key="k", actor=SYSTEM) == message
    assert Message.objects.filter(direction="out").count() == 1


def test_a_key_that_sent_another_place_is_refused(conversation):
    send_content(conversation=conversation, content=PLACE, client_key="k", actor=SYSTEM)
    elsewhere = replace(PLACE, latitude=1.0)
    with pytest.raises(ValidationError) as raised:
        send_content(conversation=conversation, content=elsewhere, client_key="k", actor=SYSTEM)
    assert code_of(raised) == {"client_key": "client_key_reused"}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (replace(PLACE, latitude=91.0), {"location": "bad_location"}),
        (replace(PLACE, longitude=float("nan")), {"location": "bad_location"}),
        (Contacts(cards=()), {"contacts": "bad_contacts"}),
        (Contacts(cards=(ContactCard(name=" "),)), {"contacts": "bad_contacts"}),
        (Menu(body="¿?"), {"menu": "bad_menu"}),
        (replace(BUTTONS, sections=LIST.sections), {"menu": "bad_menu"}),
        (replace(BUTTONS, buttons=(MenuRow(id="1", title="Sí"), MenuRow(id="1", title="No"))), {"menu": "bad_menu"}),
        (replace(BUTTONS, buttons=tuple(MenuRow(id=f"{n}", title=f"{n}") for n in range(4))), {"menu": "bad_menu"}),
        (replace(BUTTONS, buttons=(MenuRow(id="1", title="x" * 21),)), {"menu": "too_long"}),
        (replace(BUTTONS, body="x" * 1025), {"menu": "too_long"}),
    ],
)
def test_what_cannot_be_sent_is_refused_in_words(content, code, conversation):
    with pytest.raises(ValidationError) as raised:
        send_content(conversation=conversation, content=content, client_key="k", actor=SYSTEM)
    assert code_of(raised) == code
    assert not Message.objects.filter(direction="out").exists()


@pytest.mark.parametrize("send", [
    lambda **told: send_content(content=PLACE, **told),
    lambda **told: send_attachment(attachment=file_of_ours(), **told),
])  # fmt: skip
def test_a_stranger_sends_nothing(send, conversation):
    stranger = make_actor(Role.OPERATOR, (make_branch(),))
    with pytest.raises(PermissionDenied):
        send(conversation=conversation, client_key="k", actor=stranger)
    assert not Message.objects.filter(direction="out").exists()


# Files -------------------------------------------------------------------------------------


def test_a_file_waits_until_it_is_ready_and_holds_back_what_follows(conversation):
    attachment = file_of_ours()
    message = send_attachment(
        conversation=conversation, attachment=attachment, caption=" Mirá ", client_key="k", actor=SYSTEM
    )
    say(conversation, "y esto")
    attachment.refresh_from_db()
    assert (attachment.message, message.kind, message.text) == (message, "image", "Mirá")
    assert (message.dispatch, claim()) == ("preparing", [])
    Attachment.objects.update(channel_media_id="media-1")
    file = leaves(message)
    assert (file.kind, file.media_id, file.caption) == (ContentKind.IMAGE, "media-1", "Mirá")


def test_a_caption_the_channel_does_not_know_follows_as_a_text(conversation):
    attachment = file_of_ours("voice", "audio/webm")
    send_attachment(conversation=conversation, attachment=attachment, caption="Oíme", client_key="k", actor=SYSTEM)
    ours = Message.objects.filter(direction="out").order_by("pk").values_list("kind", "text", "dispatch")
    assert list(ours) == [("voice", "", "preparing"), ("text", "Oíme", "queued")]
    assert claim() == []


def test_a_file_is_sent_once(conversation):
    attachment = file_of_ours()
    told = {"conversation": conversation, "actor": SYSTEM}
    first = send_attachment(attachment=attachment, client_key="k", **told)
    attachment.refresh_from_db()
    assert send_attachment(attachment=attachment, client_key="k", **told) == first
    with pytest.raises(ValidationError) as raised:
        send_attachment(attachment=attachment, client_key="another", **told)
    assert code_of(raised) == {"attachment": "attachment_used"}
    assert Message.objects.filter(direction="out").count() == 1


@pytest.mark.parametrize(
    ("_case", "kind", "mime_type", "size", "leaves_as"),
    [
        ("as it is", "image", "image/png", 1000, "image"),
        ("made smaller", "image", "image/jpeg", 9_000_000, "image"),
        ("not as a picture", "image", "image/tiff", 1000, "document"),
        ("a recording", "voice", "audio/webm", 1000, "voice"),
        ("a film too long for its kind", "video", "video/mp4", 17 * 1024 * 1024, "document"),
        ("anything", "document", "application/zip", 1000, "document"),
    ],
)
def test_as_what_a_file_leaves(_case, kind, mime_type, size, leaves_as):
    attachment = Attachment(kind=kind, mime_type=mime_type, size=size)
    assert kind_of_file(SIMULATOR, attachment) == leaves_as


@pytest.mark.parametrize(
    ("able", "kind", "size", "code"),
    [
        (SIMULATOR, "document", 21 * 1024 * 1024, "too_large"),
        (replace(SIMULATOR, files={}), "image", 1, "unsupported_kind"),
        (
            replace(SIMULATOR, files={ContentKind.VIDEO: SIMULATOR.files[ContentKind.VIDEO]}),
            "video",
            1,
            "unsupported_format",
        ),
    ],
)
def test_a_file_no_channel_takes_is_refused(able, kind, size, code):
    with pytest.raises(ValidationError) as raised:
        kind_of_file(able, Attachment(kind=kind, mime_type="a/b", size=size))
    assert code_of(raised) == {"attachment": code}


def test_a_file_that_failed_is_sent_again_from_the_same_bytes(conversation):
    attachment = file_of_ours()
    message = send_attachment(conversation=conversation, attachment=attachment, client_key="k", actor=SYSTEM)
    Message.objects.filter(pk=message.pk).update(dispatch="queued")
    claims = claim()
    permit(claims=claims, actor=SYSTEM)
    record_failure(claim=claims[0], error=Rejected("131053"), actor=SYSTEM)
    message.refresh_from_db()
    again = resend_message(message=message, client_key="k2", actor=SYSTEM)
    assert resend_message(message=message, client_key="k2", actor=SYSTEM) == again
    assert (again.kind, again.resent_of, again.dispatch) == ("image", message, "preparing")
    assert again.attachments.get().file.name == Attachment.objects.get(pk=attachment.pk).file.name
    assert Attachment.objects.count() == 2


def test_a_file_that_never_gets_ready_ends_as_failed(conversation):
    message = send_attachment(conversation=conversation, attachment=file_of_ours(), client_key="k", actor=SYSTEM)
    Message.objects.filter(pk=message.pk).update(valid_until=timezone.now())
    assert expire_unsent(actor=SYSTEM) == 1
    message.refresh_from_db()
    assert (message.dispatch, message.status, message.error_code) == ("expired", "failed", "expired")


# Long texts, late answers ------------------------------------------------------------------


def test_a_long_text_is_refused_in_the_unit_of_its_channel():
    able = replace(SIMULATOR, text_max_length=10, text_unit=TextUnit.BYTES)
    assert text_parts(able, "ñandúes") == ["ñandúes"]
    with pytest.raises(ValidationError) as raised:
        text_parts(able, "ñandúes ña")
    assert code_of(raised) == {"text": "too_long"}


def test_where_a_channel_splits_the_parts_leave_in_order(db):
    conversation = make_conversation(make_inbox(make_account("instagram", credentials=INSTAGRAM)))
    words = "palabra " * 200
    message = send_message(conversation=conversation, text=words, client_key="k", actor=SYSTEM)
    parts = list(Message.objects.filter(direction="out").order_by("pk"))
    assert (parts[0], len(parts)) == (message, 2)
    assert " ".join(part.text for part in parts) == words.strip()
    assert all(len(part.text.encode()) <= 1000 for part in parts)
    assert send_message(conversation=conversation, text=words, client_key="k", actor=SYSTEM) == message
    assert [claimed.message for claimed in claim()] == [message]
    conversation.refresh_from_db()
    assert conversation.last_message == parts[1]


INSTAGRAM = {"app_secret": "s", "access_token": "t", "verify_token": "v", "login": "instagram"}


def test_a_person_may_answer_longer_than_a_machine(db):
    inbox = make_inbox(make_account("instagram", credentials=INSTAGRAM))
    conversation = make_conversation(inbox, at=timezone.now() - timedelta(days=3))
    Conversation.objects.update(window_ends_at=timezone.now() - timedelta(days=2))
    conversation.refresh_from_db()
    with pytest.raises(ValidationError) as raised:
        send_message(conversation=conversation, text="Sí", client_key="k", actor=SYSTEM)
    assert code_of(raised) == "window_closed"
    person = make_actor(Role.ADMINISTRATOR)
    message = send_message(conversation=conversation, text="Sí", client_key="k", actor=person)
    assert expire_unsent(actor=SYSTEM) == 0
    claims = claim()
    assert permit(claims=claims, actor=SYSTEM) == {claims[0].token}
    assert claims[0].outbound().is_late
    Conversation.objects.update(window_ends_at=timezone.now() - timedelta(days=7))
    Message.objects.filter(pk=message.pk).update(dispatch="queued")
    assert expire_unsent(actor=SYSTEM) == 1
    message.refresh_from_db()
    assert message.dispatch == "window_closed"


def test_within_the_window_nothing_is_late(conversation):
    message = say(conversation, "Sí")[0]
    claimed = claim()[0]
    assert (claimed.outbound().is_late, claimed.outbound().group_address) == (False, "")
    assert claimed.outbound().message_key == build(claimed.message, token=claimed.token).message_key
    assert claimed.outbound().content == contents.Text(body=message.text)
