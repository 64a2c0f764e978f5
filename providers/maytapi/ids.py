"""How WhatsApp names people, chats and messages, as Maytapi passes it on. Pure."""

import re
from dataclasses import dataclass

from providers.types import Address, AddressScope

_PERSON = re.compile(r"\+?([0-9]{5,20})(?::[0-9]{1,5})?(?:@(c\.us|s\.whatsapp\.net|lid))?", re.ASCII)
_GROUP = re.compile(r"[0-9-]{5,60}@g\.us", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageId:
    """The parts of "<from me>_<chat>_<WhatsApp id>[_<author>]"."""

    is_ours: bool
    chat: str
    id: str
    author: str = ""


def read_message_id(text: str) -> MessageId | None:
    """Return the parts of a message's id; None for one that has none, a bare WhatsApp id or our send's uuid."""
    parts = text.split("_", 3)
    if len(parts) < 3 or parts[0] not in {"true", "false"} or "@" not in parts[1] or not parts[2]:
        return None
    return MessageId(is_ours=parts[0] == "true", chat=parts[1], id=parts[2], author=parts[3] if len(parts) > 3 else "")


def plain_id(text: str) -> str:
    """Return the id of a message as it is at every phone, however its author and its side are written.

    Within its chat: a message to many has one WhatsApp id in all their chats. What has no parts stays as it is.
    """
    told = read_message_id(text)
    return f"{told.chat}_{told.id}" if told else text


def person(text: str) -> Address | None:
    """Return the address of a person: a number, or an id that hides it; None for a group and anything else."""
    found = _PERSON.fullmatch(text)
    if not found:
        return None
    scope = AddressScope.LID if found[2] == "lid" else AddressScope.PHONE
    return Address(scope=scope, value=found[1])


def is_group(text: str) -> bool:
    """Tell whether an id is one of a group chat."""
    return bool(_GROUP.fullmatch(text))


def group(text: str) -> Address:
    """Return the address of a whole group."""
    return Address(scope=AddressScope.GROUP, value=text)


def people(*names: str, but: str = "") -> tuple[Address, ...]:
    """Return the addresses in these names of one person, a number first; never that of `but`, which is our own.

    Where the number is hidden, the digits of the id that hides it stand in the field of the number too.
    """
    own = person(but)
    found = dict.fromkeys(address for name in names if (address := person(name)))
    hidden = {address.value for address in found if address.scope is AddressScope.LID}
    kept = [
        address
        for address in found
        if (own is None or address.value != own.value)
        and not (address.scope is AddressScope.PHONE and address.value in hidden)
    ]
    return tuple(sorted(kept, key=lambda address: address.scope is not AddressScope.PHONE))
