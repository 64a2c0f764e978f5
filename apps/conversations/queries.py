"""The doors of this room, and what the chat list and the chat show."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.core.signing import TimestampSigner
from django.db.models import FETCH_PEERS, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Coalesce
from django.db.models.lookups import Contains
from django.urls import reverse

from apps.conversations.models import (
    ACTS,
    Attachment,
    Conversation,
    Direction,
    Message,
    MessageEdit,
    PendingStatus,
    Reaction,
    SendAttempt,
    Status,
)
from apps.core import file_types
from apps.core.actors import Actor, Scope
from apps.core.models import Literal
from apps.people.models import Identity, SearchKey
from providers import registry
from providers.contents import ContentKind
from providers.meta import clean_text

PAGE = 50
FEW = 2_000
"""Up to how many chats a search looks up by their keys instead of walking the list."""
LATE_HOURS = {
    kind: provider.capabilities.late_hours - provider.capabilities.window_hours
    for kind, provider in registry.PROVIDERS.items()
    if provider.capabilities.late_hours is not None and provider.capabilities.window_hours is not None
}
"""How much longer than the free window a person, not a machine, may answer at each channel that knows this."""
_signer = TimestampSigner(salt="conversations.attachment")


def conversations_for(actor: Actor, among: QuerySet[Conversation] | None = None) -> QuerySet[Conversation]:
    """Return the conversations that exist for `actor`."""
    conversations = (Conversation.objects.all() if among is None else among).filter(joined_to=None)
    if not actor.can(Scope.CONVERSATIONS_READ):
        return conversations.none()
    if actor.branch_ids is None:
        return conversations
    return conversations.filter(inbox__branch__in=actor.branch_ids)


def get_conversation(actor: Actor, pk: int) -> Conversation:
    """Return one conversation with what its pages show, or the one it goes on in.

    Raises DoesNotExist for hidden and missing alike.
    """
    rows = conversations_for(actor).select_related("inbox__account", "identity", "person", "assignee")
    try:
        return rows.get(pk=pk)
    except Conversation.DoesNotExist:
        goes_on = Conversation.objects.filter(pk=pk).values_list("joined_to", flat=True).first()
        if goes_on is None:
            raise
        return get_conversation(actor, goes_on)


def messages_for(actor: Actor) -> QuerySet[Message]:
    """Return the messages of the conversations that exist for `actor`; what only acts on one is none."""
    messages = Message.objects.exclude(kind__in=ACTS)
    if not actor.can(Scope.CONVERSATIONS_READ):
        return messages.none()
    if actor.branch_ids is None:
        return messages
    return messages.filter(inbox__branch__in=actor.branch_ids)


def get_message(actor: Actor, pk: int) -> Message:
    """Return one message with its conversation. Raises DoesNotExist for hidden and missing alike."""
    return messages_for(actor).select_related("conversation__inbox__account", "author", "reply_to").get(pk=pk)


def send_attempts_for(actor: Actor) -> QuerySet[SendAttempt]:
    """Return the attempts to send the messages that exist for `actor`."""
    attempts = SendAttempt.objects.all()
    if not actor.can(Scope.CONVERSATIONS_READ):
        return attempts.none()
    return attempts if actor.branch_ids is None else attempts.filter(message__inbox__branch__in=actor.branch_ids)


def attachments_for(actor: Actor) -> QuerySet[Attachment]:
    """Return the files of the messages that exist for `actor`."""
    attachments = Attachment.objects.all()
    if not actor.can(Scope.CONVERSATIONS_READ):
        return attachments.none()
    return attachments if actor.branch_ids is None else attachments.filter(message__inbox__branch__in=actor.branch_ids)


def pending_statuses_for(actor: Actor) -> QuerySet[PendingStatus]:
    """Return the statuses that wait for their message in the inboxes that exist for `actor`."""
    statuses = PendingStatus.objects.all()
    if not actor.can(Scope.CONVERSATIONS_READ):
        return statuses.none()
    return statuses if actor.branch_ids is None else statuses.filter(inbox__branch__in=actor.branch_ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatFilter:
    """What the chat list is narrowed to; everything left out means any."""

    inbox_id: int | None = None
    is_pending: bool | None = None
    is_unread: bool | None = None
    is_open: bool | None = True
    assignee_id: int | None = None
    is_unassigned: bool | None = None
    text: str = ""


def chat_list(actor: Actor, narrowed: ChatFilter) -> QuerySet[Conversation]:
    """Return the rows of the chat list, newest first, each with all it shows."""
    rows = conversations_for(actor).select_related("inbox__account", "identity", "person", "assignee")
    if narrowed.inbox_id is not None:
        rows = rows.filter(inbox=narrowed.inbox_id)
    if narrowed.is_pending is not None:
        rows = rows.filter(is_pending=narrowed.is_pending)
    if narrowed.is_unread is not None:
        rows = rows.filter(unread_count__gt=0) if narrowed.is_unread else rows.filter(unread_count=0)
    if narrowed.is_open is not None:
        rows = rows.filter(closed_at__isnull=narrowed.is_open)
    if narrowed.assignee_id is not None:
        rows = rows.filter(assignee=narrowed.assignee_id)
    if narrowed.is_unassigned:
        rows = rows.filter(assignee=None)
    if (text := clean_text(narrowed.text).strip()) and not rows.query.is_empty():
        rows = rows.filter(_mentions(rows, text))
    return rows.order_by("-last_message_at", "-id")


def _mentions(rows: QuerySet[Conversation], text: str) -> Q:
    """Match names, numbers, addresses and last words, whatever their case and accents.

    Three searches that each have an index find what is rare. What is frequent would cost them more than
    walking the list, which meets a page of it soon.
    """
    digits = "".join(letter for letter in text if letter.isdecimal())
    number = digits if len(digits) > 2 and not text.strip("+-()/. 0123456789") else text
    person = Q(_holds("person__search_key", text)) | Q(_holds("person__search_key", number))
    address = Q(identity__address__contains=number)
    words = Q(Contains(SearchKey("last_message_text"), SearchKey(Value(text))))
    keys = rows.order_by().values_list("pk", flat=True)
    named = Identity.objects.filter(address__contains=number).values(main=Coalesce("alias_of", "pk"))
    searches = [keys.filter(where)[: FEW + 1] for where in (person, Q(identity__in=named), words)]
    few = set(searches[0].union(*searches[1:], all=True).order_by())
    return person | address | words if len(few) > FEW else Q(pk__in=few)


def _holds(column: str, text: str) -> Contains:
    return Contains(F(column), SearchKey(Value(text)))


def after_row(rows: QuerySet[Conversation], last_message_at: datetime, pk: int) -> QuerySet[Conversation]:
    """Return the rows that follow this one, by key and not by counting."""
    later = Q(last_message_at__lt=last_message_at) | Q(last_message_at=last_message_at, pk__lt=pk)
    return rows.filter(later, last_message_at__lte=last_message_at)  # the bound is what the index understands


def before_row(rows: QuerySet[Conversation], last_message_at: datetime, pk: int) -> QuerySet[Conversation]:
    """Return the rows that stand before this one."""
    earlier = Q(last_message_at__gt=last_message_at) | Q(last_message_at=last_message_at, pk__gt=pk)
    return rows.filter(earlier, last_message_at__gte=last_message_at)


def thread(conversation: Conversation, *, before: Message | None = None, limit: int = PAGE) -> list[Message]:
    """Return the last `limit` messages of a chat, oldest first; those before `before` if it is given."""
    related = ("author", "api_token", "reply_to__author", "written_by")
    messages = conversation.messages.exclude(kind__in=ACTS).select_related(*related).fetch_mode(FETCH_PEERS)
    if before is not None:
        earlier = Q(occurred_at__lt=before.occurred_at) | Q(occurred_at=before.occurred_at, pk__lt=before.pk)
        messages = messages.filter(earlier, occurred_at__lte=before.occurred_at)
    return list(messages.order_by("-occurred_at", "-id")[:limit])[::-1]


def threads(conversations: Iterable[Conversation], *, limit: int) -> dict[int, list[Message]]:
    """Return the last `limit` messages of several chats, each oldest first, by the key of the conversation."""
    shown = Message.objects.exclude(kind__in=ACTS).filter(conversation=OuterRef("pk"))
    latest = shown.order_by("-occurred_at", "-id").values("pk")[:limit]
    chats = Conversation.objects.filter(pk__in=[conversation.pk for conversation in conversations])
    keys = [pk for found in chats.order_by().values_list(ArraySubquery(latest), flat=True) for pk in found]
    found: dict[int, list[Message]] = defaultdict(list)
    for message in Message.objects.filter(pk__in=keys).select_related("author").fetch_mode(FETCH_PEERS):
        found[message.conversation_id].append(message)
    return found


def attachments_of(messages: Iterable[Message]) -> dict[int, list[Attachment]]:
    """Return the files of several messages, by the key of the message."""
    found: dict[int, list[Attachment]] = defaultdict(list)
    for attachment in Attachment.objects.filter(message__in=messages).order_by("pk"):
        found[attachment.message_id or 0].append(attachment)
    return found


def edits_of(messages: Iterable[Message]) -> dict[int, list[MessageEdit]]:
    """Return what several messages said before, the oldest words first, by the key of the message."""
    found: dict[int, list[MessageEdit]] = defaultdict(list)
    for edit in MessageEdit.objects.filter(message__in=messages).order_by("at", "pk"):
        found[edit.message_id].append(edit)
    return found


def reactions_of(messages: Iterable[Message]) -> dict[int, list[Reaction]]:
    """Return the emojis on several messages, without those taken back, by the key of the message."""
    found: dict[int, list[Reaction]] = defaultdict(list)
    kept = Reaction.objects.filter(message__in=messages).exclude(emoji="").select_related("identity", "user")
    for reaction in kept.order_by("at", "pk"):
        found[reaction.message_id].append(reaction)
    return found


def unread_since(conversation: Conversation) -> Message | None:
    """Return the first message of the person that nobody read yet."""
    if not conversation.unread_count:
        return None
    inbound = conversation.messages.filter(direction=Direction.IN).order_by("-occurred_at", "-id")
    nth = list(inbound[conversation.unread_count - 1 : conversation.unread_count])
    return nth[0] if nth else inbound.last()


def needs_attention(actor: Actor) -> QuerySet[Message]:
    """Return our messages nobody knows the outcome of, or that failed, newest first."""
    return messages_for(actor).filter(status__in=[Literal(Status.UNCERTAIN), Literal(Status.FAILED)]).order_by("-id")


def answer_until(conversation: Conversation, actor: Actor) -> datetime | None:
    """Return until when `actor` may answer freely; None if nobody wrote yet, or the channel has no window.

    Some channels let a person, not a machine, answer longer.
    """
    kind, ends_at = conversation.inbox.account.kind, conversation.window_ends_at
    if registry.PROVIDERS[kind].capabilities.window_hours is None or ends_at is None:
        return None
    is_person = actor.user_id is not None and actor.token_id is None
    return ends_at + timedelta(hours=LATE_HOURS.get(kind, 0) if is_person else 0)


def uploads_for(actor: Actor) -> QuerySet[Attachment]:
    """Return the files that `actor` uploaded and has not sent yet; an application's are its own."""
    if not actor.can(Scope.MESSAGES_SEND) or actor.user_id is None:
        return Attachment.objects.none()
    return Attachment.objects.filter(message=None, uploaded_by=actor.user_id, api_token=actor.token_id)


def stored_file(actor: Actor, pk: int) -> Attachment:
    """Return a file that can be opened: of a message that exists for `actor` and stands, or an upload of their own.

    Raises Attachment.DoesNotExist for hidden, deleted and missing alike.
    """
    shown = attachments_for(actor).filter(message__deleted_at=None, message__isnull=False).exclude(file="")
    return Attachment.objects.get(Q(pk__in=shown.values("pk")) | Q(pk__in=uploads_for(actor).values("pk")), pk=pk)


def channel_name(attachment: Attachment) -> str:
    """Return the name a file leaves under: some providers believe its ending more than its type."""
    name = "voice" if attachment.kind == ContentKind.VOICE else attachment.name or attachment.kind
    return file_types.with_ending(name.replace("/", "-"), attachment.channel_mime_type or attachment.mime_type)


def media_path(attachment: Attachment) -> str:
    """Return the path of a stored file, which opens for whoever may see its message."""
    return reverse("media", args=[attachment.pk, attachment.name.replace("/", "-") or attachment.kind])


def thumbnail_path(attachment: Attachment) -> str:
    """Return the path of a small picture of a file; nothing if there is none."""
    return reverse("media-thumbnail", args=[attachment.pk]) if attachment.thumbnail else ""


def provider_media_url(attachment: Attachment) -> str:
    """Return the address from which a provider may fetch a file, as its channel takes it, for MEDIA_LINK_SECONDS."""
    signature = _signer.sign(str(attachment.pk)).partition(":")[2]
    path = reverse("media-signed", args=[attachment.pk, signature, channel_name(attachment)])
    return f"{settings.PUBLIC_URL}{path}"


def signed_file(pk: int, signature: str) -> Attachment:
    """Return the file a signed address leads to.

    Raises: BadSignature for forged and expired alike; Attachment.DoesNotExist when it is not there any more.
    """
    _signer.unsign(f"{pk}:{signature}", max_age=settings.MEDIA_LINK_SECONDS)
    return Attachment.objects.filter(message__deleted_at=None).exclude(file="").get(pk=pk)
