"""What we do to a message that is there already: react, correct, withdraw.

An act is a row of the same kind as a message, so that it leaves in its turn, by the same claims and permits, with
the same honesty about its outcome. Nobody is shown the row; what is shown changes when the provider took it.
"""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from apps.conversations.actions import limits
from apps.conversations.actions.outgoing import capabilities_of, send_once
from apps.conversations.models import ACTS, Direction, Kind, Message
from apps.conversations.permissions import require_reply
from apps.core.actors import Actor
from providers.meta import clean_text

EMOJI_LENGTH = 16
"""A family with skin colours is eleven characters long."""


def react(*, message: Message, emoji: str, client_key: str, actor: Actor) -> Message:
    """Put our emoji on a message, or take it back with ""; return the message reacted to.

    Raises: PermissionDenied; ValidationError with code "unsupported_kind", "bad_emoji" (field emoji), "not_there",
            and as `send_message` about key, chat and window.
    """
    require_reply(actor, message.conversation)
    _require_there(message)
    if not capabilities_of(message.conversation).sends_reactions:
        raise limits.refuse("unsupported_kind", _("This channel does not take reactions."))
    emoji = clean_text(emoji).strip()
    if len(emoji) > EMOJI_LENGTH or any(letter.isalpha() or letter.isspace() for letter in emoji):
        raise limits.refuse("bad_emoji", _("A reaction is one emoji."), field="emoji")
    _act(message, Kind.REACTION, emoji, client_key, actor)
    return message


def edit_message(*, message: Message, text: str, client_key: str, actor: Actor) -> Message:
    """Ask the provider to give a text of ours other words; return the message, which still has the old ones.

    Raises: as `react`; "empty" or "too_long" (field text), "not_editable".
    """
    require_reply(actor, message.conversation)
    _require_there(message)
    capabilities = capabilities_of(message.conversation)
    if not capabilities.sends_edits:
        raise limits.refuse("unsupported_kind", _("This channel does not let us correct messages."))
    if message.direction != Direction.OUT or message.kind != Kind.TEXT:
        raise limits.refuse("not_editable", _("Only texts of ours can be corrected."))
    body = limits.require_words(text)
    unit = capabilities.text_unit
    limits.require_length(unit.length(body), capabilities.text_max_length, unit=unit)
    _act(message, Kind.REWRITING, body, client_key, actor)
    return message


def withdraw_message(*, message: Message, client_key: str, actor: Actor) -> Message:
    """Ask the provider to take a message of ours back at the other side; return the message.

    Raises: as `react`; "not_editable".
    """
    require_reply(actor, message.conversation)
    _require_there(message)
    if not capabilities_of(message.conversation).sends_deletions:
        raise limits.refuse("unsupported_kind", _("This channel does not let us take messages back."))
    if message.direction != Direction.OUT:
        raise limits.refuse("not_editable", _("Only messages of ours can be taken back."))
    _act(message, Kind.WITHDRAWAL, "", client_key, actor)
    return message


def _require_there(message: Message) -> None:
    """Only what the provider knows, and has not taken away, can be acted on."""
    if not message.provider_message_id or message.deleted_at is not None or message.kind in ACTS:
        raise ValidationError(_("This message is not there at the provider."), code="not_there")


def _act(message: Message, kind: Kind, text: str, client_key: str, actor: Actor) -> None:
    act = Message(conversation=message.conversation, kind=kind, text=text, acts_on=message)
    send_once(act, client_key=client_key, actor=actor)
