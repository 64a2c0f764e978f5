"""One item of `messages`, of echoes or of history → our events. Pure."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from providers.contents import Content, SystemNotice
from providers.types import (
    Address,
    AddressesChanged,
    BrokenItem,
    DeliveryStatus,
    EchoMessage,
    Event,
    Group,
    Ignored,
    InboundMessage,
    MessageDeleted,
    MessageEdited,
    ReactionChanged,
    Referral,
)
from providers.whatsapp import contents, wire
from providers.whatsapp.reading import Place, Skip, address, addresses, display_name, username
from providers.wire import moment, word_of

#: How far a message of ours had come when it was imported, or echoed.
_PROGRESS: Final[Mapping[str, DeliveryStatus]] = {
    "SENT": DeliveryStatus.SENT,
    "DELIVERED": DeliveryStatus.DELIVERED,
    "READ": DeliveryStatus.READ,
    "PLAYED": DeliveryStatus.READ,
    "ERROR": DeliveryStatus.FAILED,
}
_NOTICES: Final[Mapping[str, str]] = {
    "user_changed_number": "number_changed",
    "customer_changed_number": "number_changed",
    "user_changed_user_id": "user_id_changed",
    "customer_identity_changed": "identity_changed",
}


def read(item: dict[str, Any], place: Place) -> Iterator[Event]:
    """Give what one item says, whoever wrote it. Raises Skip, ValidationError."""
    message = wire.Message.model_validate(item)
    if not message.id:
        yield BrokenItem(path=place.path, error="id: missing")
    elif act := _ACTS.get(message.type):
        yield from act(item, message, place)
    elif place.is_own(message.sender):
        if not (message.to or message.to_user_id):
            raise Skip("own_number")
        yield _echo(contents.read(message.type, item), message, place)
    else:
        yield _inbound(contents.read(message.type, item), message, place)


def read_echo(item: dict[str, Any], place: Place) -> Iterator[Event]:
    """Give what one item of echoes says: whatever it names as sender, we wrote it. Raises Skip, ValidationError."""
    message = wire.Message.model_validate(item)
    if place.is_own(message.to):  # the other way round than Meta documents it
        message = message.model_copy(update={"sender": message.to, "to": message.sender})
    if not message.id:
        yield BrokenItem(path=place.path, error="id: missing")
    elif act := _ACTS.get(message.type):
        yield from act(item, message, place)
    else:
        yield _echo(contents.read(message.type, item), message, place)


# Messages ----------------------------------------------------------------------------------


def _inbound(content: Content, message: wire.Message, place: Place) -> InboundMessage | BrokenItem:
    contact = place.people.known_as(message.sender, message.from_user_id)
    found = _sender_addresses(message, contact)
    if not found:
        return BrokenItem(path=place.path, error="from: missing")
    context = message.context
    return InboundMessage(
        path=place.path,
        inbox_address=place.inbox_address,
        provider_message_id=message.id,
        sender=found[0],
        aliases=tuple(found[1:]),
        sender_name=display_name(contact),
        username=username(contact.profile.username),
        group=_group(message),
        provider_time=moment(message.timestamp),
        content=content,
        reply_to=context.id or None,
        is_forwarded=context.forwarded or context.frequently_forwarded,
        referral=_referral(message),
        is_imported=place.is_imported,
    )


def _echo(content: Content, message: wire.Message, place: Place) -> EchoMessage | BrokenItem:
    contact = place.people.known_as(message.to, message.to_user_id)
    found = addresses(
        *(message.to, contact.wa_id, message.to_user_id, contact.user_id),
        *(message.to_parent_user_id, contact.parent_user_id),
    )
    if not found:
        return BrokenItem(path=place.path, error="to: missing")
    return EchoMessage(
        path=place.path,
        inbox_address=place.inbox_address,
        provider_message_id=message.id,
        recipient=found[0],
        aliases=tuple(found[1:]),
        recipient_name=display_name(contact),
        username=username(contact.profile.username),
        group=_group(message),
        provider_time=moment(message.timestamp),
        content=content,
        reply_to=message.context.id or None,
        status=_PROGRESS.get(message.history_context.status.upper()),
        is_imported=place.is_imported,
    )


def _sender_addresses(message: wire.Message, contact: wire.Contact) -> list[Address]:
    return addresses(
        *(message.sender, contact.wa_id, message.from_user_id, contact.user_id),
        *(message.from_parent_user_id, contact.parent_user_id),
    )


def _group(message: wire.Message) -> Group | None:
    return Group(address=message.group_id) if message.group_id else None


def _referral(message: wire.Message) -> Referral | None:
    """Return the advertisement somebody came from, or the product they ask about."""
    given, product = message.referral, message.context.referred_product.product_retailer_id
    if given == wire.Referral():
        return Referral(source="product", source_id=product[:255]) if product else None
    return Referral(
        source=given.source_type or "ad",
        source_id=given.source_id,
        headline=given.headline,
        body=given.body,
        url=given.source_url,
        click_id=given.ctwa_clid,
    )


# What is done to another message, or to a person -------------------------------------------


def _reaction(item: dict[str, Any], message: wire.Message, place: Place) -> Iterator[Event]:
    reaction = wire.Reaction.model_validate(item.get("reaction"))
    contact = place.people.known_as(message.sender, message.from_user_id)
    found = _sender_addresses(message, contact)
    is_ours = place.is_own(message.sender)
    if not found:
        yield BrokenItem(path=place.path, error="from: missing")
        return
    yield ReactionChanged(
        path=place.path,
        inbox_address=place.inbox_address,
        provider_message_id=reaction.message_id,
        emoji=reaction.emoji,
        reactor=None if is_ours else found[0],
        reactor_name="" if is_ours else display_name(contact),
        provider_time=moment(message.timestamp),
    )


def _edit(item: dict[str, Any], message: wire.Message, place: Place) -> Iterator[Event]:
    edit = wire.Edit.model_validate(item.get("edit"))
    kind = edit.message.get("type")
    yield MessageEdited(
        path=place.path,
        inbox_address=place.inbox_address,
        provider_message_id=edit.original_message_id,
        text=contents.words_of(contents.read(kind if isinstance(kind, str) else "", edit.message)),
        provider_time=moment(message.timestamp),
    )


def _revoke(item: dict[str, Any], message: wire.Message, place: Place) -> Iterator[Event]:
    revoke = wire.Revoke.model_validate(item.get("revoke"))
    yield MessageDeleted(
        path=place.path,
        inbox_address=place.inbox_address,
        provider_message_id=revoke.original_message_id,
        provider_time=moment(message.timestamp),
    )


def _system(item: dict[str, Any], message: wire.Message, place: Place) -> Iterator[Event]:
    """Give the new address of a person, and the notice that stands in the chat."""
    fields = item.get("system")
    notice = wire.System.model_validate(fields if isinstance(fields, dict) else {})
    code = _NOTICES.get(notice.type) or word_of(notice.type).replace("?", "notice")
    before = addresses(notice.previous_user_id, message.sender, message.from_user_id)
    if not before:
        yield Ignored(path=place.path, reason=f"system:{code}")
        return
    number = notice.wa_id or notice.new_wa_id or notice.customer
    now = [found for found in addresses(number, notice.user_id, notice.parent_user_id) if found not in before]
    if now and code in {"number_changed", "user_id_changed"} and not place.is_imported:
        yield AddressesChanged(
            path=place.path,
            inbox_address=place.inbox_address,
            known=address(notice.previous_user_id) if notice.previous_user_id else before[0],
            now=tuple(now),
            provider_time=moment(message.timestamp),
        )
    yield InboundMessage(
        path=place.path,
        inbox_address=place.inbox_address,
        provider_message_id=message.id,
        sender=before[0],
        aliases=tuple(before[1:]),
        provider_time=moment(message.timestamp),
        content=SystemNotice(code=code, text=notice.body),
        is_imported=place.is_imported,
    )


def _nothing(item: dict[str, Any], message: wire.Message, place: Place) -> Iterator[Event]:
    raise Skip(f"type:{message.type}")


type Act = Callable[[dict[str, Any], wire.Message, Place], Iterator[Event]]
_ACTS: Final[Mapping[str, Act]] = {
    "reaction": _reaction,
    "edit": _edit,
    "revoke": _revoke,
    "system": _system,
    "request_welcome": _nothing,  # somebody opened an empty chat
}
