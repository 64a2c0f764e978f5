"""Instagram's JSON: only what we read. Source: docs/reference/providers/instagram.md"""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from providers.wire import Flag, Id, Wire, Word, Words, object_, objects


def _maybe(value: Any) -> Any:
    """Take what is no object for nothing: an empty object still says that the key was there."""
    return value if isinstance(value, dict) else None


class Party(Wire):
    id: Id = ""


Side = Annotated[Party, BeforeValidator(object_)]


class Payload(Wire):
    """What an attachment points at. A link of theirs is signed and ends soon."""

    url: Words = ""
    title: Words = ""
    link: Words = ""
    id: Id = ""
    ig_post_media_id: Id = ""
    reel_video_id: Id = ""


class Attachment(Wire):
    type: Word = ""
    payload: Annotated[Payload, BeforeValidator(object_)] = Payload()


class Story(Wire):
    id: Id = ""
    url: Words = ""


class ReplyTo(Wire):
    mid: Id = ""
    story: Annotated[Story | None, BeforeValidator(_maybe)] = None


class QuickReply(Wire):
    payload: Words = ""


class AdContext(Wire):
    ad_title: Words = ""
    photo_url: Words = ""
    video_url: Words = ""
    post_id: Id = ""


class Product(Wire):
    id: Id = ""


class Referral(Wire):
    ref: Words = ""
    ad_id: Id = ""
    source: Word = ""
    type: Word = ""
    ads_context_data: Annotated[AdContext, BeforeValidator(object_)] = AdContext()
    product: Annotated[Product, BeforeValidator(object_)] = Product()


MaybeReferral = Annotated[Referral | None, BeforeValidator(_maybe)]


class Item(Wire):
    """What every item has, whatever it tells; its body is read apart."""

    sender: Side = Party()
    recipient: Side = Party()
    timestamp: Word = ""


class Message(Wire):
    mid: Annotated[Id, Field(min_length=1)]
    text: Words = ""
    attachments: Annotated[list[Attachment], BeforeValidator(objects)] = []
    reply_to: Annotated[ReplyTo, BeforeValidator(object_)] = ReplyTo()
    quick_reply: Annotated[QuickReply | None, BeforeValidator(_maybe)] = None
    referral: MaybeReferral = None
    is_deleted: Flag = False
    is_echo: Flag = False
    is_self: Flag = False
    is_unsupported: Flag = False


class Edit(Wire):
    mid: Annotated[Id, Field(min_length=1)]
    text: Words


class Reaction(Wire):
    mid: Annotated[Id, Field(min_length=1)]
    action: Word
    reaction: Words = ""
    emoji: Words = ""


class Postback(Wire):
    mid: Id = ""
    title: Words = ""
    payload: Words = ""
    referral: MaybeReferral = None


class Read(Wire):
    mid: Id = ""


class SendAnswer(Wire):
    """The answer to a send that was taken; an action is answered without an id."""

    message_id: Id = ""


class Me(Wire):
    """The account a token speaks for."""

    id: Id = ""
    user_id: Id = ""
    username: Words = ""


class Subscription(Wire):
    subscribed_fields: list[Word] = []


class Subscriptions(Wire):
    data: Annotated[list[Subscription], BeforeValidator(objects)] = []
