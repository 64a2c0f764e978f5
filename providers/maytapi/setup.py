"""Whether an account can work: what Maytapi says of the key, its phones and the webhook."""

from collections.abc import Mapping, Sequence
from typing import Final

from pydantic import ValidationError

from providers.base import Check, CheckState, Reader, ask, gettext_noop
from providers.errors import SendError, UnreadablePayload
from providers.maytapi import wire
from providers.maytapi.inbound import phone_notice
from providers.maytapi.outbound import read_success
from providers.meta import read_json, safe_text
from providers.types import HttpAnswer

KEY: Final = gettext_noop("API key")
PHONE: Final = gettext_noop("Phone")
WEBHOOK: Final = gettext_noop("Webhook")
ACKS: Final = gettext_noop("Delivery notices")
RENEW: Final = gettext_noop("Copy the product id and the API key from Maytapi's page and enter them here.")
WHICH: Final = gettext_noop("Enter the phone id that Maytapi shows; List phones tells which there are.")
CONNECT: Final = gettext_noop("Open the phone at Maytapi and scan its code with WhatsApp once more.")
SET: Final = gettext_noop("Press Set the webhook.")
LATER: Final = gettext_noop("Maytapi could not be asked. Try again in a while.")


async def check_phones(
    client: Reader, url: str, headers: Mapping[str, str], inbox_addresses: Sequence[str]
) -> list[Check]:
    """Ask for the phones: whether the key is good, and whether each of ours is connected."""
    answer = await ask(client, url, headers)
    phones = read_phones(answer) if answer else None
    if phones is None:
        return [_unreadable("token", KEY, answer, RENEW)]
    found = {phone.id: phone for phone in phones}
    return [
        Check(code="token", label=KEY, state=CheckState.GOOD),
        *(_phone(address, found.get(address)) for address in inbox_addresses),
    ]


def _phone(address: str, phone: wire.Phone | None) -> Check:
    if phone is None:
        return Check(code="number", label=PHONE, state=CheckState.BAD, remedy=WHICH, inbox_address=address)
    notice = phone_notice(phone.status, address)
    is_active = phone.status == "active"
    return Check(
        code="number",
        label=PHONE,
        state=CheckState.GOOD if is_active else CheckState.BAD,
        detail=notice.text,
        remedy="" if is_active else CONNECT,
        inbox_address=address,
        notice=notice,
    )


async def check_webhook(client: Reader, url: str, headers: Mapping[str, str], webhook_url: str) -> list[Check]:
    """Ask where the product's events go, and whether it tells what became of our messages."""
    answer = await ask(client, url, headers)
    product = _product(answer) if answer else None
    if product is None:
        return [_unreadable("webhook", WEBHOOK, answer, SET)]
    return [
        _set("webhook", WEBHOOK, product.webhook == webhook_url if "webhook" in product.model_fields_set else None),
        _set("acks", ACKS, product.ack_delivery),
    ]


def _set(code: str, label: str, is_set: bool | None) -> Check:
    if is_set is None:
        return Check(code=code, label=label, state=CheckState.UNKNOWN, remedy=SET)
    return Check(
        code=code, label=label, state=CheckState.GOOD if is_set else CheckState.BAD, remedy="" if is_set else SET
    )


def read_phones(answer: HttpAnswer) -> list[wire.Phone] | None:
    """Return the phones of the product; None if the answer, mostly a list without more, is not that."""
    try:
        content = read_json(answer.body)
        rows = content.get("data") if isinstance(content, dict) else content
        return [wire.Phone.model_validate(row) for row in rows] if isinstance(rows, list) else None
    except (ValidationError, UnreadablePayload):
        return None


def _product(answer: HttpAnswer) -> wire.Product | None:
    try:
        product = wire.Product.model_validate(read_json(answer.body))
    except (ValidationError, UnreadablePayload):
        return None
    product = product.data or product
    return product if answer.status == 200 and product.model_fields_set & {"webhook", "ack_delivery"} else None


def _unreadable(code: str, label: str, answer: HttpAnswer | None, remedy: str) -> Check:
    """Return a bad check if Maytapi itself said no, one that is not known otherwise."""
    if answer is None or answer.status >= 500:
        return Check(code=code, label=label, state=CheckState.UNKNOWN, remedy=LATER)
    try:
        read_success(answer)
    except SendError as error:
        is_no = error.code != "no_message_id"
        state = CheckState.BAD if is_no else CheckState.UNKNOWN
        return Check(code=code, label=label, state=state, detail=safe_text(error.text), remedy=remedy)
    return Check(code=code, label=label, state=CheckState.UNKNOWN, remedy=remedy)
