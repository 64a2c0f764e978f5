"""A morning of conversations. What people wrote comes in through the same action as everything else."""

import itertools
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from apps.accounts.models import User
from apps.conversations.actions import assist, marks
from apps.conversations.actions.changes import apply_deletion, apply_edit, apply_reaction
from apps.conversations.actions.columns import follow_message
from apps.conversations.actions.receive import receive_message
from apps.conversations.actions.stored import fill
from apps.conversations.models import Conversation, Direction, Dispatch, Message, Sender
from apps.core.actors import SYSTEM
from apps.inboxes.actions.accounts import add_account
from apps.inboxes.actions.inboxes import add_inbox
from apps.inboxes.models import Inbox
from apps.organization.models import Branch
from apps.people.models import PersonTag, Tag
from providers.contents import (
    ContactCard,
    Contacts,
    Content,
    ContentKind,
    Files,
    Location,
    Menu,
    MenuRow,
    Order,
    OrderItem,
    RemoteFile,
    Text,
    Unsupported,
)
from providers.types import (
    Address,
    AddressScope,
    InboundMessage,
    MessageDeleted,
    MessageEdited,
    ReactionChanged,
    Referral,
)

TAGS = (("Hermanos", "hermanos", 4), ("Clase de prueba", "clase-de-prueba", 3), ("Beca", "beca", 7))


@dataclass(frozen=True, slots=True)
class Changed:
    """The person does something to the line before: other words, "" takes it back; or puts an emoji on it."""

    text: str = ""
    emoji: str = ""


@dataclass(frozen=True, slots=True)
class Filed:
    """A file of the simulated phone, with words."""

    kind: ContentKind
    name: str
    mime_type: str
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Chat:
    """One conversation: lines are (minutes ago, who, what); who is "p" for the person, else a username."""

    branch: str
    number: str
    name: str
    lines: tuple[tuple[int, str, "str | Content | Filed | Changed"], ...]
    is_pending: bool = False
    assignee: str = ""
    tags: tuple[str, ...] = ()
    seen: bool = True
    referral: Referral | None = None


CHATS = (
    Chat("centro", "5493875550134", "Mariana Cardozo", (
        (1500, "p", "Hola! Vi el curso de robótica en Instagram. ¿Para qué edades es?"),
        (1490, "carla", "¡Hola, Mariana! Robótica con Arduino es desde los 9 años y Robótica Kids de 6 a 8."),
        (1480, "p", "Benjamín tiene 10 y Julieta 7"),
        (45, "p", "Hola Carla, buen día! Lo hablamos con el papá y sí, lo anotamos"),
        (44, "p", "¿Queda lugar para los dos?"),
    ), is_pending=True, assignee="carla", tags=("hermanos",), seen=False),
    Chat("centro", "5493875550171", "Rocío Guaymás", (
        (130, "p", "Buenas tardes, quería consultar por Python Teens, el del sábado"),
        (52, "p", "¿Me confirmás si queda lugar el sábado? 🙏"),
    ), is_pending=True, seen=False),
    Chat("tres-cerritos", "5493875550162", "Fernando Liendro", (
        (310, "p", "¿El turno de las 18 sigue abierto?"),
        (300, "julian", "Sí, quedan cuatro lugares."),
        (84, "p", Filed(ContentKind.IMAGE, "robot.jpg", "image/jpeg", "Mi hijo ya armó este en casa")),
        (82, "julian", Location(latitude=-24.76874, longitude=-65.41117, name="Tres Cerritos", address="Ceibos 45")),
        (81, "p", Changed(emoji="👍")),
        (80, "p", "Genial, paso hoy"),
    ), assignee="julian"),
    Chat("tres-cerritos", "5493875550118", "Patricia Chocobar", (
        (260, "p", "Hola, ¿se puede pagar en dos veces?"),
        (250, "julian", "Sí, mitad al inscribirte y mitad a los 30 días."),
        (249, "p", Changed(emoji="🙏")),
        (240, "p", Filed(ContentKind.DOCUMENT, "ficha.pdf", "application/pdf")),
        (236, "p", "Te mando tambien el numero del papá"),
        (235, "p", Changed(text="Te mando también el número del papá")),
        (234, "p", Contacts(cards=(ContactCard(name="Raúl Chocobar", phones=("+54 9 387 555-0177",)),))),
    ), assignee="julian", tags=("beca",)),
    Chat("centro", "5493875550129", "Gustavo Saravia", (
        (205, "p", "¿Cuánto sale Python Teens?"),
        (200, "carla", "Te paso el detalle: cuatro cuotas, con matrícula incluida."),
        (190, "carla", "Te reservo el lugar hasta el lunes."),
        (189, "carla", Menu(body="¿Qué turno te queda mejor?", buttons=(
            MenuRow(id="m", title="Mañana"), MenuRow(id="t", title="Tarde")), footer="Podés cambiarlo después")),
        (188, "p", Order(items=(OrderItem(product="Kit Arduino", quantity="1", price="38500", currency="ARS"),),
            text="Y sumame el kit")),
    ), assignee="carla"),
    Chat("centro", "5493875550145", "Soledad Vilte", (
        (165, "p", "Hola, ¿hay clase de prueba?"),
        (164, "p", Unsupported(kind="poll")),
        (162, "p", Filed(ContentKind.VOICE, "nota.ogg", "audio/ogg")),
    ), tags=("clase-de-prueba",), seen=False,
        referral=Referral(source="ad", headline="Taller de verano 2027", url="https://quirquincho.example/verano")),
    Chat("centro", "5493875550107", "Lucía Aramayo", (
        (425, "p", "Mandame el alias así te transfiero"),
        (424, "p", Changed()),
        (420, "p", "Gracias por la info!"),
        (419, "p", Filed(ContentKind.STICKER, "sticker.webp", "image/webp")),
        (415, "carla", "Perfecto, gracias! Nos vemos el miércoles."),
    ), assignee="carla"),
    Chat("tres-cerritos", "5493875550193", "Nahuel Robles", (
        (1700, "p", "¿Tienen algo para adultos?"),
        (1690, "julian", "Sí: Arduino para adultos, martes y jueves 20 h."),
    )),
)  # fmt: skip


def load(users: dict[str, User], branches: dict[str, Branch]) -> None:
    """Write what people and operators said to each other."""
    tags = {slug: Tag.objects.create(name=name, slug=slug, hue=hue) for name, slug, hue in TAGS}
    account = add_account(kind="simulator", name="Teléfono simulado", credentials={}, actor=SYSTEM)
    inboxes = {
        slug: add_inbox(account=account, branch=branch, address=slug, name=branch.name, actor=SYSTEM)
        for slug, branch in branches.items()
    }
    now = timezone.now()
    for chat in CHATS:
        _hold(chat, inboxes[chat.branch], users, tags, now)


def _hold(chat: Chat, inbox: Inbox, users: dict[str, User], tags: dict[str, Tag], now: datetime) -> None:
    numbers = itertools.count(1)
    conversation: Conversation | None = None
    key = ""
    for minutes, who, what in chat.lines:
        at = now - timedelta(minutes=minutes)
        if isinstance(what, Changed):
            _change(chat, inbox, key, what, at)
            continue
        key = f"demo-{chat.number}-{next(numbers)}"
        if who == "p":
            referral = chat.referral if conversation is None else None
            message = _hear(chat, inbox, key, _content(what), at, referral)
            conversation = conversation or message.conversation
        elif conversation is not None:
            _say(conversation, users[who], key, _content(what), at)
    if conversation is None:
        return
    if chat.seen:
        marks.mark_read(conversation=conversation, actor=SYSTEM)
    if chat.is_pending:
        marks.set_pending(conversation=conversation, is_pending=True, actor=SYSTEM)
        Conversation.objects.filter(pk=conversation.pk).update(pending_since=now - timedelta(minutes=40))
    if chat.assignee:
        marks.assign(conversation=conversation, assignee=users[chat.assignee], actor=SYSTEM)
    for slug in chat.tags:
        PersonTag.objects.create(person=conversation.person, tag=tags[slug])


def _content(what: str | Content | Filed) -> Content:
    if isinstance(what, str):
        return Text(body=what)
    if not isinstance(what, Filed):
        return what
    stored = Path(settings.BASE_DIR) / "apps/simulator/samples" / what.name
    file = RemoteFile(kind=what.kind, mime_type=what.mime_type, name=what.name, content=stored.read_bytes())
    return Files(files=(file,), caption=what.caption)


def _hear(chat: Chat, inbox: Inbox, key: str, content: Content, at: datetime, referral: Referral | None) -> Message:
    inbound = InboundMessage(
        path="",
        inbox_address=inbox.address,
        provider_message_id=key,
        sender=Address(scope=AddressScope.SIMULATOR, value=chat.number),
        sender_name=chat.name,
        provider_time=at,
        content=content,
        referral=referral,
    )
    message = receive_message(inbox=inbox, inbound=inbound, received_at=at, window_hours=None, actor=SYSTEM)
    if message is None:
        raise RuntimeError("The demonstration wants an empty database.")
    return message


def _change(chat: Chat, inbox: Inbox, key: str, changed: Changed, at: datetime) -> None:
    about: dict[str, Any] = {
        "path": "",
        "inbox_address": inbox.address,
        "provider_message_id": key,
        "provider_time": at,
    }
    if changed.emoji:
        reactor = Address(scope=AddressScope.SIMULATOR, value=chat.number)
        reaction = ReactionChanged(emoji=changed.emoji, reactor=reactor, reactor_name=chat.name, **about)
        apply_reaction(inbox=inbox, reaction=reaction, received_at=at, actor=SYSTEM)
    elif changed.text:
        apply_edit(inbox=inbox, edit=MessageEdited(text=changed.text, **about), received_at=at, actor=SYSTEM)
    else:
        apply_deletion(inbox=inbox, deletion=MessageDeleted(**about), received_at=at, actor=SYSTEM)


def _say(conversation: Conversation, author: User, key: str, content: Content, at: datetime) -> None:
    """Write an answer that was sent and read long ago; it goes nowhere any more."""
    message = Message(
        conversation=conversation,
        inbox_id=conversation.inbox_id,
        direction=Direction.OUT,
        sender=Sender.OPERATOR,
        author=author,
        provider_message_id=key,
        occurred_at=at,
        dispatch=Dispatch.ACCEPTED,
        accepted_at=at,
        sent_at=at,
        delivered_at=at,
        read_at=at if conversation.pk % 2 else None,
    )
    fill(message, content)
    message.save(force_insert=True)
    follow_message(message, unread_count=0, **assist.ANSWERED)
