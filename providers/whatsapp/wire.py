"""WhatsApp's JSON: only what we read, everything optional that may be missing.

A key may be absent, null or "" for the same thing, numbers may come as strings and the other way
round. Unknown keys are ignored; unknown shapes of known keys fail, one item at a time.
Source: docs/reference/providers/whatsapp.md
"""

from typing import Annotated, Any

from pydantic import AllowInfNan, BeforeValidator, Field

from providers.wire import Decoration, Flag, Id, Wire, Word, Words, object_, objects

# What a message is made of -----------------------------------------------------------------


class TextBody(Wire):
    body: Words


class TextMessage(Wire):
    text: TextBody


class File(Wire):
    id: Id = ""
    url: Word = ""
    mime_type: Decoration = ""
    filename: Decoration = ""
    caption: Words = ""
    voice: Flag = False


class Location(Wire):
    latitude: Annotated[float, AllowInfNan(False), Field(ge=-90, le=90)]
    longitude: Annotated[float, AllowInfNan(False), Field(ge=-180, le=180)]
    name: Decoration = ""
    address: Decoration = ""


class CardName(Wire):
    formatted_name: Decoration = ""
    first_name: Decoration = ""
    last_name: Decoration = ""


class CardPhone(Wire):
    phone: Decoration = ""
    wa_id: Decoration = ""


class CardEmail(Wire):
    email: Decoration = ""


class CardOrganization(Wire):
    company: Decoration = ""


class Card(Wire):
    name: Annotated[CardName, BeforeValidator(object_)] = CardName()
    phones: Annotated[list[CardPhone], BeforeValidator(objects)] = []
    emails: Annotated[list[CardEmail], BeforeValidator(objects)] = []
    org: Annotated[CardOrganization, BeforeValidator(object_)] = CardOrganization()


class Cards(Wire):
    contacts: Annotated[list[Card], BeforeValidator(objects)] = []


class Reply(Wire):
    id: Word = ""
    title: Words = ""


class FlowReply(Wire):
    name: Decoration = ""
    body: Decoration = ""
    response_json: Words = ""


class Interactive(Wire):
    type: Decoration = ""
    button_reply: Annotated[Reply, BeforeValidator(object_)] = Reply()
    list_reply: Annotated[Reply, BeforeValidator(object_)] = Reply()
    nfm_reply: Annotated[FlowReply, BeforeValidator(object_)] = FlowReply()


class Button(Wire):
    text: Words = ""
    payload: Word = ""


class OrderItem(Wire):
    product_retailer_id: Decoration = ""
    quantity: Decoration = ""
    item_price: Decoration = ""
    currency: Decoration = ""


class Order(Wire):
    text: Words = ""
    product_items: Annotated[list[OrderItem], BeforeValidator(objects)] = []


class ErrorData(Wire):
    details: Words = ""


class Error(Wire):
    code: Word = ""
    title: Words = ""
    message: Words = ""
    error_data: Annotated[ErrorData, BeforeValidator(object_)] = ErrorData()


class UnsupportedKind(Wire):
    type: Decoration = ""


class Unsupported(Wire):
    unsupported: Annotated[UnsupportedKind, BeforeValidator(object_)] = UnsupportedKind()
    errors: Annotated[list[Error], BeforeValidator(objects)] = []


# What is done to another message, or to a person -------------------------------------------


class Reaction(Wire):
    message_id: Annotated[Id, Field(min_length=1)]
    emoji: Words = ""


class Edit(Wire):
    original_message_id: Annotated[Id, Field(min_length=1)]
    message: dict[str, Any]


class Revoke(Wire):
    original_message_id: Annotated[Id, Field(min_length=1)]


class System(Wire):
    """A notice about the sender. Older ones name the new number `new_wa_id` or `customer`."""

    type: Decoration = ""
    body: Decoration = ""
    wa_id: Id = ""
    new_wa_id: Id = ""
    customer: Id = ""
    user_id: Id = ""
    parent_user_id: Id = ""
    previous_user_id: Id = ""


# Around them -------------------------------------------------------------------------------


class Product(Wire):
    product_retailer_id: Decoration = ""


class Context(Wire):
    id: Id = ""
    forwarded: Flag = False
    frequently_forwarded: Flag = False
    referred_product: Annotated[Product, BeforeValidator(object_)] = Product()


class Referral(Wire):
    source_type: Decoration = ""
    source_id: Decoration = ""
    source_url: Decoration = ""
    headline: Decoration = ""
    body: Decoration = ""
    ctwa_clid: Decoration = ""


class Metadata(Wire):
    phone_number_id: Annotated[Id, Field(min_length=1)]
    display_phone_number: Decoration = ""


class Numbered(Wire):
    metadata: Metadata


class HistoryContext(Wire):
    status: Decoration = ""


class Message(Wire):
    """What every message has, whatever its type and direction; the body of the type is read apart."""

    id: Id
    type: Word
    sender: Annotated[Id, Field(alias="from")] = ""
    from_user_id: Id = ""
    from_parent_user_id: Id = ""
    to: Id = ""
    to_user_id: Id = ""
    to_parent_user_id: Id = ""
    timestamp: Word = ""
    group_id: Id = ""
    context: Annotated[Context, BeforeValidator(object_)] = Context()
    referral: Annotated[Referral, BeforeValidator(object_)] = Referral()
    history_context: Annotated[HistoryContext, BeforeValidator(object_)] = HistoryContext()


class Profile(Wire):
    name: Words = ""
    username: Decoration = ""


class Contact(Wire):
    wa_id: Id = ""
    user_id: Id = ""
    parent_user_id: Id = ""
    profile: Annotated[Profile, BeforeValidator(object_)] = Profile()


class Pricing(Wire):
    category: Decoration = ""


class Status(Wire):
    id: Id
    status: Word
    timestamp: Word = ""
    biz_opaque_callback_data: Word = ""
    pricing: Annotated[Pricing, BeforeValidator(object_)] = Pricing()
    errors: Annotated[list[Error], BeforeValidator(objects)] = []


class Preference(Wire):
    wa_id: Id = ""
    user_id: Id = ""
    category: Word = ""
    value: Word = ""
    timestamp: Word = ""


class IdChange(Wire):
    previous: Id = ""
    current: Id = ""


class UserIdUpdate(Wire):
    wa_id: Id = ""
    user_id: Annotated[IdChange, BeforeValidator(object_)] = IdChange()
    parent_user_id: Annotated[IdChange, BeforeValidator(object_)] = IdChange()
    timestamp: Word = ""


# Answers -----------------------------------------------------------------------------------


class SentMessage(Wire):
    id: Id
    message_status: Word = ""


class SentContact(Wire):
    wa_id: Id = ""
    user_id: Id = ""


class SendAnswer(Wire):
    """The answer to a send that was taken."""

    messages: list[SentMessage] = Field(min_length=1)
    contacts: Annotated[list[SentContact], BeforeValidator(objects)] = []


class UploadAnswer(Wire):
    id: Annotated[Id, Field(min_length=1)]


class MediaAnswer(Wire):
    """Where a file can be had for the next minutes."""

    url: Annotated[Word, Field(min_length=1)]
    mime_type: Decoration = ""


class PhoneAnswer(Wire):
    """A number as Graph knows it."""

    id: Id = ""
    display_phone_number: Decoration = ""
    verified_name: Decoration = ""
    status: Decoration = ""
    quality_rating: Decoration = ""


class Subscription(Wire):
    override_callback_uri: Decoration = ""


class SubscribedApps(Wire):
    data: Annotated[list[Subscription], BeforeValidator(objects)] = []


class Success(Wire):
    success: Flag = False
