"""What an Instagram message is made of, in our words. Pure."""

from typing import Final

from providers.base import HostRule
from providers.contents import Choice, Content, ContentKind, Files, RemoteFile, Text, Unsupported
from providers.errors import MediaRefused
from providers.guard import require_allowed
from providers.instagram import wire
from providers.types import Referral
from providers.wire import word_of

HEART: Final = "\u2764\ufe0f"

_FILES: Final = {
    "image": ContentKind.IMAGE,
    "animated_image": ContentKind.IMAGE,
    "video": ContentKind.VIDEO,
    "audio": ContentKind.AUDIO,
    "file": ContentKind.DOCUMENT,
}
#: Something of Instagram's own that is shown to us: a file where there is one, else a link.
_SHARES: Final = {
    "share": ContentKind.IMAGE,
    "ig_post": ContentKind.IMAGE,
    "media": ContentKind.IMAGE,
    "story_mention": ContentKind.IMAGE,
    "ig_story": ContentKind.IMAGE,
    "story": ContentKind.IMAGE,
    "ig_reel": ContentKind.VIDEO,
    "reel": ContentKind.VIDEO,
}
_CARDS: Final = frozenset({"template", "fallback"})


def content_of(message: wire.Message, rule: HostRule) -> Content:
    """Return what a message says; the text beside files is their caption."""
    if message.quick_reply is not None:
        text = message.text or message.quick_reply.payload
        return Choice(kind=ContentKind.INTERACTIVE, text=text, payload=message.quick_reply.payload)
    files = tuple(file for one in message.attachments if (file := _file(one, rule)))
    lines = [message.text, *(line for one in message.attachments for line in _lines(one, rule))]
    text = "\n".join(dict.fromkeys(filter(None, lines)))
    if files:
        return Files(files=files, caption=text)
    if unknown := [one for one in message.attachments if not _lines(one, rule)]:
        return Unsupported(kind=word_of(unknown[0].type), caption=text)
    return Text(body=text) if text and not message.is_unsupported else Unsupported(kind="unsupported", caption=text)


def _file(attachment: wire.Attachment, rule: HostRule) -> RemoteFile | None:
    url = attachment.payload.url
    if kind := _FILES.get(attachment.type):
        return RemoteFile(kind=kind, url=url) if url else None
    if (kind := _SHARES.get(attachment.type)) and _is_file(url, rule):
        return RemoteFile(kind=kind, url=url)
    return None


def _lines(attachment: wire.Attachment, rule: HostRule) -> list[str]:
    """Return what an attachment says in words."""
    payload = attachment.payload
    if attachment.type == "like_heart":
        return [HEART]
    if attachment.type not in _SHARES and attachment.type not in _CARDS:
        return []
    links = [payload.link, *([] if _file(attachment, rule) else [payload.url])]
    return list(filter(None, [payload.title, *links]))


def _is_file(url: str, rule: HostRule) -> bool:
    try:
        require_allowed(url, rule)
    except MediaRefused:
        return False
    return True


# Where somebody came from ------------------------------------------------------------------


def referral_of(referral: wire.Referral | None) -> Referral | None:
    """Return the advertisement, product or link that brought a person here."""
    if referral is None:
        return None
    ad = referral.ads_context_data
    if referral.source.upper() == "ADS" or referral.ad_id:
        url = ad.video_url or ad.photo_url
        return Referral(source="ad", source_id=referral.ad_id, headline=ad.ad_title, body=referral.ref, url=url)
    if referral.product.id:
        return Referral(source="product", source_id=referral.product.id, body=referral.ref)
    return Referral(source="link", source_id=referral.ref)


def story_of(message: wire.Message) -> Referral | None:
    """Return the story a message answers, or in which our account was mentioned."""
    if (story := message.reply_to.story) is not None:
        return Referral(source="story", source_id=story.id, url=story.url)
    mention = next((one for one in message.attachments if one.type == "story_mention"), None)
    if mention is None:
        return None
    return Referral(source="story", source_id=mention.payload.id, url=mention.payload.url)
