"""Tags and filters of the chat page. They draw; they decide nothing and read no conversation."""

from datetime import UTC, date, datetime, timedelta

import phonenumbers
from django import template
from django.conf import settings
from django.db import DatabaseError
from django.templatetags.static import static
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from apps.conversations.models import Conversation, Status
from apps.core.models import SiteSettings
from apps.people.models import Identity
from providers import registry

register = template.Library()

CHANNEL_ICONS = {"instagram": "instagram", "external": "plug", "simulator": "phone"}
CHANNEL_NAMES = {"whatsapp": "WhatsApp"}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HUES = 8
TICKS = {
    Status.QUEUED: ("clock", "", gettext_lazy("Queued")),
    Status.SENDING: ("clock", "", gettext_lazy("Sending")),
    Status.SENT: ("check", "", gettext_lazy("Sent")),
    Status.DELIVERED: ("checks", "", gettext_lazy("Delivered")),
    Status.READ: ("checks", " tick--read", gettext_lazy("Read")),
    Status.FAILED: ("warning", " tick--bad", gettext_lazy("Not sent")),
    Status.UNCERTAIN: ("question", " tick--unsure", gettext_lazy("May have arrived")),
}
"""Shape, look and word of each delivery state: never told by colour alone."""
HOURS_WITH_MINUTES = 9
"""From here on minutes say nothing to whoever decides whom to answer."""


@register.simple_tag
def icon(name: str, size: str = "") -> SafeString:
    """Draw one symbol of the sprite; `size` is s, m or l."""
    return format_html(
        '<svg class="i{}" aria-hidden="true"><use href="{}#{}"/></svg>',
        f" i--{size}" if size else "",
        sprite(),
        name,
    )


@register.simple_tag
def sprite() -> str:
    """Return the address of the icons."""
    return static("console/img/icons.svg")


@register.simple_tag
def logo() -> SafeString:
    """Draw the mark of the house."""
    return format_html('<svg viewBox="0 0 28 28" aria-hidden="true"><use href="{}#logo"/></svg>', sprite())


@register.simple_tag
def product_name() -> str:
    """Return the name the administrator chose, else the one the project was started with."""
    try:
        chosen = SiteSettings.objects.values_list("product_name", flat=True).first()
    except DatabaseError:
        chosen = ""
    return chosen or settings.PRODUCT_NAME


@register.simple_tag
def channel_icon(kind: str) -> SafeString:
    """Draw the channel of a provider kind."""
    return icon(CHANNEL_ICONS.get(kind, "whatsapp"))


@register.filter
def channel(kind: str) -> str:
    """Return how people call the provider of this kind."""
    known = registry.PROVIDERS.get(kind)
    return CHANNEL_NAMES.get(kind) or (_(known.label) if known else kind)


@register.filter
def quotes(kind: str) -> bool:
    """Tell whether an answer on this channel can point at the message it answers."""
    known = registry.PROVIDERS.get(kind)
    return known is not None and known.capabilities.quotes_messages


@register.filter
def who(conversation: Conversation) -> str:
    """Return the name of the person, or the address when nobody knows the name."""
    return conversation.person.name or conversation.identity.display_name or address(conversation.identity)


@register.filter
def state(conversation: Conversation) -> str:
    """Return what decides the buttons and the composer, so that a page notices when it changed."""
    until, inbox = conversation.window_ends_at, conversation.inbox
    is_on = inbox.is_active and inbox.account.is_active
    marks = [conversation.is_pending, conversation.closed_at is None, is_on, until is None, is_past(until)]
    assistant = (inbox.assistant_mode, conversation.assistant_mode, conversation.assistant_pause)
    return ".".join([str(conversation.assignee_id or 0), "".join(str(int(mark)) for mark in marks), *assistant])


@register.filter
def initials(name: str) -> str:
    """Return the one or two letters of an avatar; a name without letters has none."""
    words = [word for word in name.split() if word[0].isalnum()]
    return "".join(word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words)).upper()


@register.filter
def hue(pk: int) -> str:
    """Return the class of a colour that always belongs to the same row."""
    return f"hue-{pk % HUES + 1}"


@register.filter
def address(identity: Identity) -> str:
    """Return the address as people write it: +54 9 387 555-0134."""
    if identity.scope != Identity.Scope.PHONE:
        return f"@{identity.address}" if identity.scope == Identity.Scope.USERNAME else identity.address
    try:
        number = phonenumbers.parse(f"+{identity.address.removeprefix('+')}")
    except phonenumbers.NumberParseException:
        return identity.address
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


@register.filter
def phone(text: str) -> str:
    """Return a written phone number in its international form, or as it is when it has none."""
    try:
        number = phonenumbers.parse(text, "AR")
    except phonenumbers.NumberParseException:
        return text
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


@register.filter
def clock(moment: datetime) -> str:
    """Return the time of day: 14:31."""
    local = timezone.localtime(moment)
    return f"{local.hour}:{local.minute:02d}"


@register.filter
def iso(moment: datetime) -> str:
    """Return a moment as machines read it."""
    return timezone.localtime(moment).isoformat(timespec="seconds")


@register.filter
def epoch(moment: datetime) -> int:
    """Return the seconds since 1970."""
    return int(moment.timestamp())


@register.filter
def brief(moment: datetime) -> str:
    """Return how a list tells a time: 14:31, yesterday, Mon, 3 Nov, 3/11/25."""
    local, today = timezone.localtime(moment), timezone.localdate()
    days = (today - local.date()).days
    if days == 0:
        return clock(moment)
    if days == 1:
        return _("yesterday")
    if 1 < days < 7:
        return formats.date_format(local, "D").lower()
    if local.year == today.year:
        return formats.date_format(local, pgettext("day in a list", "j M")).lower()
    return formats.date_format(local, "j/n/y")


@register.filter
def day_name(moment: datetime) -> str:
    """Return the title of a day in the thread: today, yesterday, Tuesday 17 November."""
    local, today = timezone.localtime(moment), timezone.localdate()
    days = (today - local.date()).days
    if days == 0:
        return _("today")
    if days == 1:
        return _("yesterday")
    if local.year == today.year:
        return formats.date_format(local, pgettext("day of this year", "l j F")).lower()
    return formats.date_format(local, pgettext("day of another year", "j F Y")).lower()


@register.filter
def birthday(day: date) -> str:
    """Return a birthday: 9 May 2016."""
    return formats.date_format(day, pgettext("birthday", "j F Y")).lower()


@register.filter
def moment(value: datetime) -> str:
    """Return day and time in full, for titles."""
    return _("%(day)s at %(time)s") % {"day": day_name(value), "time": clock(value)}


@register.filter
def day_key(value: datetime) -> str:
    """Return the local day as the page groups by it: 2026-11-22."""
    return timezone.localtime(value).date().isoformat()


@register.filter
def micros(value: datetime | None) -> str:
    """Return microseconds since 1970 as sixteen digits, which sort as text; nothing for nothing."""
    return f"{(value - EPOCH) // timedelta(microseconds=1):016d}" if value else ""


@register.filter
def since(value: datetime) -> str:
    """Return how long ago, in one unit: 40 min, 5 h, 3 d."""
    return span((timezone.now() - value).total_seconds(), minutes=False)


@register.filter
def left(value: datetime) -> str:
    """Return how much time is left: 38 min, 3 h 12, 21 h."""
    return span((value - timezone.now()).total_seconds(), minutes=True)


def span(seconds: float, *, minutes: bool) -> str:
    """Say a length of time; `clock.js` counts on in the same words."""
    total = max(int(seconds // 60), 0)
    hours, rest = divmod(total, 60)
    if hours == 0:
        return f"{total} min"
    if minutes and hours < HOURS_WITH_MINUTES:
        return f"{hours} h {rest:02d}"
    return f"{hours} h" if hours < 48 else f"{hours // 24} d"


@register.filter
def urgency(value: datetime) -> str:
    """Return the class of a window chip by the time left: under one hour, under four, more."""
    hours = (value - timezone.now()).total_seconds() / 3600
    return "chip--bad" if hours < 1 else "chip--warn" if hours < 4 else ""


@register.filter
def is_past(value: datetime | None) -> bool:
    """Tell whether this moment is over."""
    return value is not None and value <= timezone.now()


@register.simple_tag
def tick(status: str) -> SafeString:
    """Draw how far a message of ours got, with the word for whoever does not see it."""
    if status not in TICKS:
        return SafeString("")
    shape, look, word = TICKS[Status(status)]
    drawing = '<span class="tick{}" title="{}">{}<span class="sr">{}</span></span>'
    return format_html(drawing, look, word, icon(shape), word)
