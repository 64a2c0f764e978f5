"""One thing an adapter posts → our events. Pure: bytes in, events out."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence

from pydantic import ValidationError

from providers.contents import Content, ContentKind, Files, RemoteFile, Text
from providers.errors import UnreadablePayload, WebhookRejected
from providers.external import wire
from providers.meta import read_object, safe_text
from providers.types import (
    Address,
    AddressScope,
    BrokenItem,
    DeliveryStatus,
    EchoMessage,
    Event,
    FailureReason,
    Group,
    Ignored,
    InboundMessage,
    MessageDeleted,
    MessageEdited,
    ProviderError,
    StatusUpdate,
    WebhookRequest,
)
from providers.wire import word_of

KINDS = {"image": ContentKind.IMAGE, "audio": ContentKind.AUDIO, "video": ContentKind.VIDEO}
MOST_FIELDS = 20


class BrokenContract(UnreadablePayload):
    """The body breaks the contract; `fields` says where and how, never what stood there."""

    def __init__(self, code: str, fields: Mapping[str, str], *, kind: str = "") -> None:
        super().__init__(code)
        self.fields = dict(fields)
        self.kind = kind

    def __str__(self) -> str:
        return "; ".join([self.code, *(f"{name}: {problem}" for name, problem in self.fields.items())])


def verify_token(request: WebhookRequest, *, token: str) -> None:
    """Return if the request carries the token; raises WebhookRejected.

    Digests are compared, so that the time taken tells neither where they differ nor how long it is.
    """
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not given:
        raise WebhookRejected("missing_token")
    digest = hashlib.sha256(given.strip().encode("utf-8", "replace")).digest()
    if not token or not hmac.compare_digest(digest, hashlib.sha256(token.encode()).digest()):
        raise WebhookRejected("wrong_token")


def read(body: bytes, *, provider: str) -> wire.Posted:
    """Return what was posted. Raises BrokenContract.

    `provider` is the name the sender must give itself; "" takes any.
    """
    try:
        content = read_object(body)
    except UnreadablePayload as error:
        raise BrokenContract(error.code, {}) from error
    kind = content.get("type")
    if not isinstance(kind, str):
        raise BrokenContract("no_type", {"type": "missing" if kind is None else "string_type"})
    model = wire.POSTED.get(kind)
    if model is None:
        raise BrokenContract("unknown_type", {"type": "unknown"}, kind=kind)
    try:
        posted = model.model_validate(content)
    except ValidationError as error:
        raise BrokenContract("invalid", _fields(error)) from error
    if provider and posted.provider.strip().casefold() != provider.strip().casefold():
        raise BrokenContract("wrong_provider", {"provider": "not the account of this token"})
    return posted


def _fields(error: ValidationError) -> dict[str, str]:
    details = error.errors(include_url=False, include_context=False, include_input=False)
    return {".".join(map(str, detail["loc"])): detail["type"] for detail in details[:MOST_FIELDS]}


def parse(body: bytes, *, provider: str, own_addresses: Sequence[str]) -> list[Event]:
    """Return the events of one body; raises UnreadablePayload if it is nothing of the contract."""
    try:
        posted = read(body, provider=provider)
    except BrokenContract as error:
        match error.code:
            case "unknown_type":
                return [Ignored(path="type", reason=f"type:{word_of(error.kind)}")]
            case "invalid" | "wrong_provider":
                return [BrokenItem(path="", error=str(error)[:300])]
            case _:
                raise
    match posted:
        case wire.Message():
            return [_message(posted, own_addresses)]
        case wire.Status():
            return [_status(posted.status, address) for address in _inboxes(posted, own_addresses)]
        case wire.Edit():
            return [_edit(posted.edit, address) for address in _inboxes(posted, own_addresses)]
        case wire.Deletion():
            return [_deletion(posted.deletion, address) for address in _inboxes(posted, own_addresses)]


def _inboxes(posted: wire.Posted, own_addresses: Sequence[str]) -> list[str]:
    """Return the inbox something is about; without a word of it all that it may be, since ids are the account's."""
    named = [party.address for party in (posted.recipient, posted.sender) if party and party.address]
    ours = [address for address in named if address in own_addresses]
    return ours[:1] or list(own_addresses) or named[:1] or [""]


def _message(posted: wire.Message, own_addresses: Sequence[str]) -> InboundMessage | EchoMessage:
    sender, recipient, written = posted.sender, posted.recipient, posted.message
    group_address = sender.group_address or recipient.group_address
    group = Group(address=group_address) if group_address else None
    if sender.address in own_addresses:
        return EchoMessage(
            path="message",
            inbox_address=sender.address,
            provider_message_id=written.id,
            recipient=_address(recipient),
            recipient_name=_name(recipient),
            group=group,
            provider_time=written.timestamp,
            content=_content(written),
            reply_to=written.reply_to,
        )
    return InboundMessage(
        path="message",
        inbox_address=recipient.address,
        provider_message_id=written.id,
        sender=_address(sender),
        sender_name=_name(sender),
        group=group,
        provider_time=written.timestamp,
        content=_content(written),
        reply_to=written.reply_to,
        window_until=sender.timeout,
    )


def _address(party: wire.KnownParty) -> Address:
    return Address(scope=AddressScope.EXTERNAL, value=party.address)


def _name(party: wire.Party) -> str:
    return (party.name or "").strip()


def _content(written: wire.Written) -> Content:
    if not written.media:
        return Text(body=written.text or "")
    files = tuple(
        RemoteFile(
            kind=KINDS.get(media.mimetype.partition("/")[0].strip().lower(), ContentKind.DOCUMENT),
            mime_type=media.mimetype,
            name=media.name or "",
            url=media.url or "",
            content=media.content,
        )
        for media in written.media
    )
    return Files(files=files, caption=written.text or "")


def _status(progress: wire.Progress, inbox_address: str) -> StatusUpdate:
    error = None
    status = DeliveryStatus(progress.status)
    if status is DeliveryStatus.FAILED:
        code = progress.error.code if progress.error else "unknown"
        title = safe_text(progress.error.message) if progress.error else ""
        error = ProviderError(code=code, title=title, reason=reason_for(code))
    return StatusUpdate(
        path="status",
        inbox_address=inbox_address,
        provider_message_id=progress.message_id,
        status=status,
        provider_time=progress.timestamp,
        error=error,
    )


def _edit(edit: wire.Rewritten, inbox_address: str) -> MessageEdited:
    return MessageEdited(
        path="edit",
        inbox_address=inbox_address,
        provider_message_id=edit.message_id,
        text=edit.text,
        provider_time=edit.timestamp,
    )


def _deletion(deletion: wire.Withdrawn, inbox_address: str) -> MessageDeleted:
    return MessageDeleted(
        path="deletion",
        inbox_address=inbox_address,
        provider_message_id=deletion.message_id,
        provider_time=deletion.timestamp,
    )


def reason_for(code: str) -> FailureReason:
    """Return what a code means to a person: an adapter may use our own words for reasons."""
    return FailureReason(code) if code in set(FailureReason) else FailureReason.UNKNOWN
