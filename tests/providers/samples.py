"""One of everything that can be sent, within what a channel's capabilities say."""

from providers.capabilities import Capabilities, MediaTransfer
from providers.contents import (
    FILE_KINDS,
    ContactCard,
    Contacts,
    ContentKind,
    Location,
    Menu,
    MenuRow,
    OutboundFile,
    Reaction,
    Rewriting,
    Sendable,
    Text,
    Withdrawal,
)

#: What a file is where the channel takes any type.
USUAL_TYPES = {
    ContentKind.IMAGE: "image/jpeg",
    ContentKind.AUDIO: "audio/mpeg",
    ContentKind.VOICE: "audio/ogg",
    ContentKind.VIDEO: "video/mp4",
    ContentKind.DOCUMENT: "application/pdf",
    ContentKind.STICKER: "image/webp",
}
MENU = Menu(body="¿Qué horario te queda mejor?", buttons=(MenuRow(id="am", title="Mañana"),))


def of_kind(kind: ContentKind, can: Capabilities) -> Sendable:
    """Return something of this kind to send; raises KeyError for a kind nobody sends."""
    if kind in FILE_KINDS:
        return file_of(kind, can)
    plain: dict[ContentKind, Sendable] = {
        ContentKind.TEXT: Text(body="Hola, ¿cómo estás?"),
        ContentKind.LOCATION: Location(latitude=-24.7892, longitude=-65.4103, name="Sede", address="Balcarce 100"),
        ContentKind.CONTACTS: Contacts(cards=(ContactCard(name="Recepción", phones=("+54 387 444-0000",)),)),
        ContentKind.INTERACTIVE: MENU,
    }
    return plain[kind]


def file_of(kind: ContentKind, can: Capabilities) -> OutboundFile:
    """Return a small file of this kind, handed over the way the channel wants it."""
    limit = can.files.get(kind)
    mime_type = limit.mime_types[0] if limit and limit.mime_types else USUAL_TYPES[kind]
    is_link = can.media_transfer is MediaTransfer.LINK
    return OutboundFile(
        kind=kind,
        mime_type=mime_type,
        name="archivo." + mime_type.rpartition("/")[2],
        size=1000,
        media_id="" if is_link else "media-1",
        url="https://files.example.org/media/1/signature/archivo" if is_link else "",
    )


def acts(can: Capabilities) -> list[Sendable]:
    """Return what the channel lets us do to another message."""
    every: list[tuple[bool, Sendable]] = [
        (can.sends_reactions, Reaction(target="their-0", emoji="👍")),
        (can.sends_reactions, Reaction(target="their-0", emoji="")),
        (can.sends_edits, Rewriting(target="their-0", body="Hola de nuevo")),
        (can.sends_deletions, Withdrawal(target="their-0")),
    ]
    return [act for is_able, act in every if is_able]


def everything(can: Capabilities) -> list[Sendable]:
    """Return one of everything this channel says it sends, templates apart."""
    return [*(of_kind(kind, can) for kind in sorted(can.sends - {ContentKind.TEMPLATE})), *acts(can)]


def nothing_of_it(can: Capabilities) -> list[Sendable]:
    """Return one of everything this channel does not send."""
    kinds = FILE_KINDS | {ContentKind.TEXT, ContentKind.LOCATION, ContentKind.CONTACTS, ContentKind.INTERACTIVE}
    unable: list[Sendable] = [of_kind(kind, can) for kind in sorted(kinds - can.sends)]
    if not can.sends_reactions:
        unable.append(Reaction(target="their-0", emoji="👍"))
    if not can.sends_edits:
        unable.append(Rewriting(target="their-0", body="Hola de nuevo"))
    if not can.sends_deletions:
        unable.append(Withdrawal(target="their-0"))
    return unable
