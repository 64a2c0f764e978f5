"""What a message carries, as words, icons and shapes. Whatever came from outside is only ever text."""

import unicodedata
from collections.abc import Iterable
from datetime import datetime
from pathlib import PurePath
from typing import Any
from urllib.parse import urlsplit

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from apps.console.templatetags.console import address, channel
from apps.conversations import queries
from apps.conversations.actions.columns import DELETED
from apps.conversations.models import Attachment, Kind, Message
from apps.people.models import Identity

register = template.Library()

FILES = {
    Kind.IMAGE: "image",
    Kind.AUDIO: "audio",
    Kind.VOICE: "voice",
    Kind.VIDEO: "video",
    Kind.DOCUMENT: "document",
    Kind.STICKER: "sticker",
}
PARTS: dict[str, str] = {
    Kind.TEXT: "text",
    Kind.LOCATION: "location",
    Kind.CONTACTS: "contacts",
    Kind.INTERACTIVE: "interactive",
    Kind.BUTTON: "interactive",
    Kind.ORDER: "order",
    Kind.TEMPLATE: "template",
    Kind.SYSTEM: "system",
    Kind.UNSUPPORTED: "unsupported",
    **dict.fromkeys(FILES, "files"),
}
"""Which template of console/messages/ draws which kind."""
ICONS: dict[str, str] = {
    DELETED: "trash",
    Kind.IMAGE: "image",
    Kind.AUDIO: "music",
    Kind.VOICE: "mic",
    Kind.VIDEO: "video",
    Kind.DOCUMENT: "file",
    Kind.STICKER: "smile",
    Kind.LOCATION: "pin",
    Kind.CONTACTS: "id",
    Kind.INTERACTIVE: "list",
    Kind.BUTTON: "list",
    Kind.ORDER: "cart",
    Kind.TEMPLATE: "template",
    Kind.SYSTEM: "info",
    Kind.UNSUPPORTED: "question",
}
WORDS: dict[str, Any] = {
    DELETED: pgettext_lazy("a message", "Deleted message"),
    Kind.IMAGE: pgettext_lazy("a message", "Photo"),
    Kind.AUDIO: pgettext_lazy("a message", "Audio"),
    Kind.VOICE: pgettext_lazy("a message", "Voice note"),
    Kind.VIDEO: pgettext_lazy("a message", "Video"),
    Kind.DOCUMENT: pgettext_lazy("a message", "Document"),
    Kind.STICKER: pgettext_lazy("a message", "Sticker"),
    Kind.LOCATION: pgettext_lazy("a message", "Location"),
    Kind.CONTACTS: pgettext_lazy("a message", "Contact"),
    Kind.INTERACTIVE: pgettext_lazy("a message", "Menu"),
    Kind.BUTTON: pgettext_lazy("a message", "Button"),
    Kind.ORDER: pgettext_lazy("a message", "Order"),
    Kind.TEMPLATE: pgettext_lazy("a message", "Template"),
    Kind.SYSTEM: pgettext_lazy("a message", "Notice of the channel"),
    Kind.UNSUPPORTED: pgettext_lazy("a message", "Something this page cannot show"),
}
UNSUPPORTED = {
    "poll": gettext_lazy("a poll"),
    "poll_creation": gettext_lazy("a poll"),
    "event": gettext_lazy("an event"),
    "call": gettext_lazy("a call"),
    "call_log": gettext_lazy("a call"),
    "group_invite": gettext_lazy("an invitation to a group"),
    "payment": gettext_lazy("a payment"),
    "product": gettext_lazy("a product"),
    "view_once": gettext_lazy("something to be seen only once"),
    "media_placeholder": gettext_lazy("an old file"),
    "story_mention": gettext_lazy("a mention in a story"),
    "story_reply": gettext_lazy("an answer to a story"),
    "share": gettext_lazy("something shared"),
    "ig_reel": gettext_lazy("a reel"),
    "reel": gettext_lazy("a reel"),
    "post": gettext_lazy("a post"),
    "live_location": gettext_lazy("a live location"),
}
"""What providers call the things nobody can show here."""
STATES = {
    Attachment.State.WAITING: gettext_lazy("It is being fetched from %(channel)s."),
    Attachment.State.GONE: gettext_lazy("%(channel)s does not keep it any more. Ask for it again."),
    Attachment.State.REFUSED: gettext_lazy("It was not accepted. See it on the phone."),
    Attachment.State.FAILED: gettext_lazy("It could not be fetched from %(channel)s. Ask for it again."),
}
TOO_LARGE = gettext_lazy("It was not accepted: it is too large. See it on the phone.")
ORIGINS = {
    "ad": gettext_lazy("Came from an advertisement"),
    "post": gettext_lazy("Came from a post"),
    "story": gettext_lazy("Came from a story"),
    "link": gettext_lazy("Came from a link"),
    "product": gettext_lazy("Came from a product"),
}
NOTICES = {
    "number_changed": gettext_lazy("This person changed their number."),
    "user_changed_number": gettext_lazy("This person changed their number."),
    "identity_changed": gettext_lazy("The security code of this person changed."),
    "user_id_changed": gettext_lazy("The channel gave this person another identifier."),
    "referral": gettext_lazy("This person came by a link or an advertisement."),
    "group_add": gettext_lazy("Somebody was added to the group."),
    "group_invite": gettext_lazy("Somebody joined the group by its link."),
    "group_leave": gettext_lazy("Somebody left the group."),
    "group_remove": gettext_lazy("Somebody was taken out of the group."),
    "group_promote": gettext_lazy("Somebody runs the group now."),
    "group_demote": gettext_lazy("Somebody does not run the group any more."),
}
"""By the codes of `SystemNotice`; without one the provider's own words are shown."""
EMOJIS = ("👍", "❤️", "😂", "😮", "😢", "🙏")
BARS = 44
FLAT = (1,) * BARS


@register.filter
def part(kind: str) -> str:
    """Return the template that draws a kind of message."""
    return f"console/messages/_{PARTS.get(kind, 'text')}.html"


@register.filter
def file_part(file: Any) -> str:
    """Return the template that draws a file: as what it is, or as a sentence while it is not here."""
    if file.state != Attachment.State.READY or not file.file:
        return "console/messages/_missing.html"
    return f"console/messages/_{FILES.get(file.kind, 'document')}.html"


@register.filter
def phone_part(kind: str) -> str:
    """Return the template that draws a kind of message where no files come with it."""
    name = PARTS.get(kind, "text")
    return f"console/messages/_{'text' if name == 'files' else name}.html"


@register.filter
def kind_icon(kind: str) -> str:
    """Return the icon of a kind of message; a text has none."""
    return ICONS.get(kind, "")


@register.filter
def kind_word(kind: str) -> str:
    """Return what a kind of message is called; a text has no name."""
    return str(WORDS.get(kind, ""))


@register.filter
def gist(message: Message) -> str:
    """Return the words of a message, or what it is when it has none."""
    return message.text or kind_word(message.kind)


@register.filter
def path(file: Attachment) -> str:
    """Return where a file can be had."""
    return queries.media_path(file)


@register.filter
def thumbnail_path(file: Attachment) -> str:
    """Return where a small picture of a file can be had; nothing when there is none."""
    return queries.thumbnail_path(file)


@register.filter
def file_name(file: Any) -> str:
    """Return the name of a file without what would let it read as another one."""
    shown = "".join(letter for letter in file.name if unicodedata.category(letter) not in {"Cc", "Cf"})
    return shown.strip() or kind_word(file.kind)


@register.filter
def extension(file: Any) -> str:
    """Return the few letters a card of a document shows: PDF, DOCX."""
    ending = PurePath(file.name).suffix[1:].upper()
    if ending.isascii() and ending.isalnum() and len(ending) <= 4:
        return ending
    return "PDF" if file.mime_type == "application/pdf" else ""


@register.filter
def playing_time(milliseconds: int | None) -> str:
    """Return how long something plays: 0:23; nothing while nobody knows."""
    if milliseconds is None:
        return ""
    minutes, seconds = divmod(round(milliseconds / 1000), 60)
    return f"{minutes}:{seconds:02d}"


@register.filter
def spoken_length(milliseconds: int | None) -> str:
    """Return how long something plays, for whoever hears it said."""
    seconds = round((milliseconds or 0) / 1000)
    return ngettext("%(n)d second", "%(n)d seconds", seconds) % {"n": seconds} if seconds else ""


@register.filter
def wave(loudness: Iterable[int] | None) -> SafeString:
    """Draw how loud a recording is from beginning to end."""
    bars = _thinned(list(loudness or FLAT))
    loudest = max(*bars, 1)
    heights = [3 + 21 * bar / loudest if loudness else 3.0 for bar in bars]
    drawn = format_html_join(
        "",
        '<rect x="{}" y="{}" width="2.4" height="{}" rx="1.2"/>',
        ((at * 4, f"{12 - height / 2:.1f}", f"{height:.1f}") for at, height in enumerate(heights)),
    )
    box = '<svg class="wave" viewBox="0 0 {} 24" preserveAspectRatio="none" aria-hidden="true">{}</svg>'
    return format_html(box, len(heights) * 4 - 1, drawn)


def _thinned(bars: list[int]) -> list[int]:
    if len(bars) <= BARS:
        return bars
    return [max(bars[len(bars) * at // BARS : len(bars) * (at + 1) // BARS]) for at in range(BARS)]


@register.filter
def missing_words(file: Any, kind: str) -> str:
    """Return why a file is not here, and what to do about it; `kind` is the provider's."""
    if file.state == Attachment.State.REFUSED and file.error_code == "too_large":
        return str(TOO_LARGE)
    words = STATES.get(Attachment.State(file.state), STATES[Attachment.State.FAILED])
    return str(words) % {"channel": channel(kind)}


@register.filter
def unsupported_words(message: Message) -> str:
    """Say what arrived that cannot be shown; a word nobody knows is shown as the provider wrote it."""
    known = UNSUPPORTED.get(message.unsupported_kind)
    if known is not None:
        return _("They sent %(what)s, which this page cannot show. See it on the phone.") % {"what": known}
    if message.unsupported_kind:
        words = _("They sent something this page cannot show (%(kind)s). See it on the phone.")
        return words % {"kind": message.unsupported_kind}
    return _("They sent something this page cannot show. See it on the phone.")


@register.filter
def degrees(place: dict[str, Any]) -> str:
    """Return coordinates as maps take them, whatever the language: -24.78912, -65.41031."""
    try:
        return f"{float(place['latitude']):.5f}, {float(place['longitude']):.5f}"
    except (KeyError, TypeError, ValueError):
        return ""


@register.filter
def map_url(place: dict[str, Any]) -> str:
    """Return a page that shows a place on a map."""
    where = degrees(place)
    if not where:
        return ""
    latitude, longitude = where.split(", ")
    at = f"mlat={latitude}&mlon={longitude}"
    return f"https://www.openstreetmap.org/?{at}#map=17/{latitude}/{longitude}"


@register.filter
def web_url(text: str) -> str:
    """Return an address that leads to the web, and nothing for any other."""
    try:
        return text if urlsplit(text).scheme in {"http", "https"} else ""
    except ValueError:
        return ""


@register.filter
def order_items(details: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the lines of an order; a template cannot ask a dictionary for its "items"."""
    return list(details.get("order", {}).get("items", ()))


@register.filter
def pairs(answers: dict[str, Any]) -> list[tuple[str, Any]]:
    """Return names and values; a template that asks for "items" may get a field of that name."""
    return list(answers.items())


@register.filter
def notice_words(details: dict[str, Any]) -> str:
    """Say a notice of a channel in our words, when it is one we know."""
    return str(NOTICES.get(details.get("notice", {}).get("code", ""), ""))


@register.filter
def origin(source: str) -> str:
    """Say where somebody came from."""
    return str(ORIGINS.get(source, ORIGINS["link"]))


@register.filter
def identity_name(identity: Identity) -> str:
    """Return the name behind an address, or the address."""
    return identity.person.name or identity.display_name or address(identity)


@register.filter
def reacted(message: Message) -> list[dict[str, Any]]:
    """Return the reactions of a message: each emoji once, with how many, whose, and whether one is ours."""
    found: dict[str, list[Any]] = {}
    for reaction in message.reactions.all():
        if reaction.emoji:
            found.setdefault(reaction.emoji, []).append(reaction)
    return [
        {
            "emoji": emoji,
            "count": len(all_of_it),
            "names": ", ".join(_reactor(reaction) for reaction in all_of_it),
            "is_ours": any(reaction.identity_id is None for reaction in all_of_it),
        }
        for emoji, all_of_it in found.items()
    ]


def _reactor(reaction: Any) -> str:
    if reaction.identity is not None:
        return identity_name(reaction.identity)
    return str(reaction.user) if reaction.user else _("Us")


@register.simple_tag
def quick_emojis() -> tuple[str, ...]:
    """Return the emojis that are one click away."""
    return EMOJIS


@register.filter
def versions(message: Message) -> list[tuple[datetime, str]]:
    """Return everything a message ever said, oldest first, each with the time since when it said so."""
    edits = list(message.edits.all())
    since = [message.occurred_at, *(edit.at for edit in edits)]
    return list(zip(since, [*(edit.text for edit in edits), message.text], strict=True))
