"""A number that is also used on the phone: what Meta posts, as it posts it, and what an operator then sees."""

import time
from typing import Any

import pytest
from django.utils import timezone

from apps.conversations.models import Attachment, Conversation, Message
from apps.conversations.tasks import process_events
from apps.inboxes.models import AccountNotice, DeadLetter, HistoryImport, Inbox, ProviderAccount, WebhookEvent
from apps.people.models import Identity
from tests.factories import make_account, make_event, make_inbox
from tests.providers.accounts import SAMPLES
from tests.providers.meta_webhooks import change, contact, delivery, encode, text_message

pytestmark = pytest.mark.django_db

OWN, ANA = "5493874440000", "5493875550101"
WABA = "102030405060708"
NOW = int(time.time())


@pytest.fixture
def inbox() -> Inbox:
    kind = "whatsapp_coexistence"
    return make_inbox(make_account(kind, credentials=SAMPLES[kind].credentials), address="1060403000001")


def tell(inbox: Inbox, field: str, **value: Any) -> None:
    """Let Meta post one change, and process it."""
    one = change(inbox.address, **value) | {"field": field}
    make_event(inbox.account, encode(delivery([one], waba_id=WABA)))
    process_events()
    assert not DeadLetter.objects.exists()
    assert not WebhookEvent.objects.filter(state="new").exists()


def echo(text: str, wamid: str, **more: Any) -> dict[str, Any]:
    return text_message(text, sender=OWN, message_id=wamid, at=NOW) | {"to": ANA} | more


def old(text: str, wamid: str, *, ours: bool = False, days: int = 30, **more: Any) -> dict[str, Any]:
    at = NOW - days * 86400
    return text_message(text, sender=OWN if ours else ANA, message_id=wamid, at=at) | more


def chunk(phase: int, order: int, progress: int, *messages: dict[str, Any]) -> dict[str, Any]:
    metadata = {"phase": phase, "chunk_order": order, "progress": progress}
    return {"metadata": metadata, "threads": [{"id": ANA, "messages": list(messages)}]}


def texts() -> list[str]:
    return list(Message.objects.order_by("occurred_at", "pk").values_list("text", flat=True))


# Written on the phone ----------------------------------------------------------------------


def test_an_answer_from_the_phone_is_ours_and_settles_the_chat(inbox: Inbox) -> None:
    tell(inbox, "messages", messages=[text_message("¿Hay lugar?", at=NOW - 60)], contacts=[contact(ANA, "Ana")])
    waiting = Conversation.objects.get()
    assert (waiting.unread_count, waiting.last_message_direction) == (1, "in")
    Conversation.objects.update(is_pending=True, pending_since=timezone.now())

    for _ in range(2):
        tell(inbox, "smb_message_echoes", message_echoes=[echo("Sí, quedan dos", "wamid.E1")])

    answer = Message.objects.get(provider_message_id="wamid.E1")
    assert (answer.direction, answer.sender, answer.text) == ("out", "phone", "Sí, quedan dos")
    settled = Conversation.objects.get()
    assert (settled.is_pending, settled.unread_count) == (False, 0)
    assert settled.window_ends_at == waiting.window_ends_at


def test_the_first_word_from_the_phone_opens_a_chat_but_no_window(inbox: Inbox) -> None:
    tell(inbox, "smb_message_echoes", message_echoes=[echo("Hola, te escribo del instituto", "wamid.E1")])
    chat = Conversation.objects.get()
    assert (chat.unread_count, chat.window_ends_at, chat.last_message_sender) == (0, None, "phone")


def test_a_number_without_its_mobile_digit_is_the_same_person(inbox: Inbox) -> None:
    tell(inbox, "messages", messages=[text_message("Hola", at=NOW - 60)])
    tell(inbox, "smb_message_echoes", message_echoes=[echo("Hola, Ana", "wamid.E1", to="543875550101")])
    assert Conversation.objects.filter(joined_to=None).count() == 1
    assert texts() == ["Hola", "Hola, Ana"]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2), (2, 0, 1)])
def test_edits_and_withdrawals_on_the_phone_come_in_any_order(inbox: Inbox, order: tuple[int, ...]) -> None:
    edit = {"original_message_id": "wamid.E1", "message": {"type": "text", "text": {"body": "A las 7"}}}
    gone = {"original_message_id": "wamid.E2"}
    posts = [
        [echo("A las 6", "wamid.E1"), echo("No era para vos", "wamid.E2")],
        [echo("", "wamid.E3") | {"type": "edit", "edit": edit}],
        [echo("", "wamid.E4") | {"type": "revoke", "revoke": gone}],
    ]
    for number in order:
        tell(inbox, "smb_message_echoes", message_echoes=posts[number])
    edited, withdrawn = Message.objects.order_by("provider_message_id")
    assert (edited.text, edited.edited_at is not None, edited.deleted_at) == ("A las 7", True, None)
    assert withdrawn.deleted_at is not None


def test_what_only_the_phone_can_show_leaves_a_trace(inbox: Inbox) -> None:
    unavailable = {"type": "unsupported", "errors": [{"code": 131060, "title": "This message is unavailable"}]}
    tell(inbox, "messages", messages=[text_message("", at=NOW) | unavailable])
    message = Message.objects.get()
    assert (message.kind, message.unsupported_kind) == ("unsupported", "131060")


# Its past ----------------------------------------------------------------------------------


def test_old_messages_come_in_any_order_and_disturb_nobody(inbox: Inbox) -> None:
    tell(inbox, "messages", messages=[text_message("ahora", at=NOW)])
    before = Conversation.objects.get()
    tell(inbox, "history", history=[chunk(2, 1, 100, old("hace mucho", "wamid.H3", days=120))])
    tell(
        inbox,
        "history",
        history=[
            chunk(1, 1, 40, old("¿precio?", "wamid.H1"), old("15000", "wamid.H2", ours=True, days=29)
                  | {"history_context": {"status": "READ"}})
        ],
    )  # fmt: skip
    assert texts() == ["hace mucho", "¿precio?", "15000", "ahora"]
    after = Conversation.objects.get()
    assert (after.unread_count, after.window_ends_at) == (before.unread_count, before.window_ends_at)
    assert after.last_message_text == "ahora"
    assert set(Message.objects.filter(is_imported=True).values_list("provider_message_id", "direction", "status")) == {
        ("wamid.H1", "in", "received"),
        ("wamid.H2", "out", "read"),
        ("wamid.H3", "in", "received"),
    }


def test_a_chat_that_is_only_past_is_neither_unread_nor_open_for_answers(inbox: Inbox) -> None:
    tell(inbox, "history", history=[chunk(0, 1, 100, old("Hola", "wamid.H1", days=0), old("Ana", "wamid.H2", days=0))])
    chat = Conversation.objects.get()
    assert (chat.unread_count, chat.window_ends_at, chat.is_pending) == (0, None, False)
    assert WebhookEvent.objects.get().state == "processed"


@pytest.mark.parametrize("is_placeholder_first", [True, False])
def test_a_file_takes_the_place_of_its_placeholder(inbox: Inbox, is_placeholder_first: bool) -> None:
    image = {"type": "image", "image": {"id": "7700", "mime_type": "image/jpeg", "caption": "El comprobante"}}
    posts = [
        {"history": [chunk(0, 1, 60, old("", "wamid.H1") | {"type": "media_placeholder"})]},
        {"messages": [old("", "wamid.H1") | image]},
    ]
    for post in posts if is_placeholder_first else reversed(posts):
        tell(inbox, "history", **post)
    message = Message.objects.get()
    assert (message.kind, message.text, message.is_imported) == ("image", "El comprobante", True)
    assert Attachment.objects.get().message == message
    assert Conversation.objects.get().unread_count == 0


def test_progress_is_shown_and_ends(inbox: Inbox) -> None:
    tell(inbox, "history", history=[chunk(0, 1, 35, old("a", "wamid.H1"), old("b", "wamid.H2"))])
    running = HistoryImport.objects.get()
    assert (running.state, running.percent, running.messages) == ("running", 35, 2)
    tell(inbox, "history", history=[chunk(1, 1, 100, old("c", "wamid.H3"))])
    tell(inbox, "history", history=[chunk(0, 2, 60)])
    done = HistoryImport.objects.get()
    assert (done.state, done.percent, done.messages) == ("done", 100, 3)


def test_a_declined_past_is_told_as_such(inbox: Inbox) -> None:
    tell(inbox, "history", history=[{"errors": [{"code": 2593109, "title": "History sharing is turned off"}]}])
    declined = HistoryImport.objects.get()
    assert (declined.state, declined.error_code) == ("declined", "2593109")
    assert not Message.objects.exists()


# Its address book, and its leaving ---------------------------------------------------------


def test_the_address_book_names_people(inbox: Inbox) -> None:
    tell(inbox, "messages", messages=[text_message("Hola", at=NOW)])
    entry = {"type": "contact", "action": "add", "metadata": {"timestamp": str(NOW)}}
    tell(inbox, "smb_app_state_sync", state_sync=[entry | {"contact": {"full_name": "Ana Ríos", "phone_number": ANA}}])
    assert Identity.objects.get(address=ANA).person.name == "Ana Ríos"


def test_a_number_that_leaves_its_phone_rests_until_it_is_back(inbox: Inbox) -> None:
    def account_update(event: str) -> None:
        body = {"field": "account_update", "value": {"event": event, "phone_number": OWN}}
        make_event(inbox.account, encode(delivery([body], waba_id=WABA)))
        process_events()

    account_update("ACCOUNT_OFFBOARDED")
    resting = ProviderAccount.objects.get()
    assert (resting.state, resting.state_reason) == ("paused", "offboarded")
    account_update("ACCOUNT_RECONNECTED")
    assert ProviderAccount.objects.get().state == "ok"
    assert list(AccountNotice.objects.order_by("pk").values_list("code", "level")) == [
        ("offboarded", "problem"),
        ("reconnected", "info"),
    ]
