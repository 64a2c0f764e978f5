"""The closed lists of this room."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Direction(models.TextChoices):
    """Whose message it is."""

    IN = "in", _("Received")
    OUT = "out", _("Sent by us")


class Sender(models.TextChoices):
    """Who wrote it."""

    PERSON = "person", _("Person")
    OPERATOR = "operator", _("Operator")
    ASSISTANT = "assistant", _("Assistant")
    API = "api", _("Application")
    BROADCAST = "broadcast", _("Broadcast")
    PHONE = "phone", _("From the phone")


class Kind(models.TextChoices):
    """What it carries."""

    TEXT = "text", _("Text")
    IMAGE = "image", _("Image")
    AUDIO = "audio", _("Audio")
    VOICE = "voice", _("Voice note")
    VIDEO = "video", _("Video")
    DOCUMENT = "document", _("Document")
    STICKER = "sticker", _("Sticker")
    LOCATION = "location", _("Location")
    CONTACTS = "contacts", _("Contacts")
    INTERACTIVE = "interactive", _("Menu")
    BUTTON = "button", _("Button")
    ORDER = "order", _("Order")
    TEMPLATE = "template", _("Template")
    SYSTEM = "system", _("Notice")
    UNSUPPORTED = "unsupported", _("Not supported")
    REACTION = "reaction", _("Reaction of ours")
    REWRITING = "rewriting", _("Correction of ours")
    WITHDRAWAL = "withdrawal", _("Withdrawal of ours")


ACTS = (Kind.REACTION, Kind.REWRITING, Kind.WITHDRAWAL)
"""What we do to another message. It leaves as messages do, and is never shown as one."""


class Status(models.TextChoices):
    """The one word that is shown: the highest that is proved."""

    RECEIVED = "received", _("Received")
    QUEUED = "queued", _("Queued")
    SENDING = "sending", _("Sending")
    SENT = "sent", _("Sent")
    DELIVERED = "delivered", _("Delivered")
    READ = "read", _("Read")
    FAILED = "failed", _("Failed")
    UNCERTAIN = "uncertain", _("May have arrived")


class Pause(models.TextChoices):
    """Why the assistant stopped answering by itself in a conversation, until it is handed back."""

    OPERATOR = "operator", _("Somebody of the team answered")
    APPLICATION = "application", _("An application answered")
    PHONE = "phone", _("Somebody answered from the phone")
    ASKED = "asked", _("The person asked for somebody")
    NEEDS_HUMAN = "needs_human", _("The assistant asked for somebody")
    RULE_WORD = "rule_word", _("The person wrote a word of the rules")
    TURNS = "turns", _("It answered many times in a row")
    LOOP = "loop", _("It looks like two machines talking")
    CONTENT = "content", _("Its answer held a link, a number or an account that is not ours")
    LIMIT = "limit", _("The limit of the day is reached")
    TOO_LONG = "too_long", _("The person wrote more than it can read well")
    UNSENT = "unsent", _("Its answer could not leave")


class Dispatch(models.TextChoices):
    """Where our own side of a sending stands; what the provider proves later is in the *_at columns."""

    NONE = "", _("Not ours to send")
    PREPARING = "preparing", _("Its file is made ready")
    QUEUED = "queued", _("Queued")
    SENDING = "sending", _("Sending")
    WAITING = "waiting", _("Waiting to try again")
    HANDED_OVER = "handed_over", _("Waiting at the provider")
    ACCEPTED = "accepted", _("Accepted by the provider")
    REJECTED = "rejected", _("Rejected")
    UNCERTAIN = "uncertain", _("Unknown outcome")
    WINDOW_CLOSED = "window_closed", _("Window closed")
    NEEDS_AUTH = "needs_auth", _("Waiting for credentials")
    EXPIRED = "expired", _("Too late to send")
    CANCELED = "canceled", _("Canceled")


UNSENT = (Dispatch.QUEUED, Dispatch.WAITING, Dispatch.NEEDS_AUTH)
FAILED = (Dispatch.REJECTED, Dispatch.WINDOW_CLOSED, Dispatch.EXPIRED, Dispatch.CANCELED)
