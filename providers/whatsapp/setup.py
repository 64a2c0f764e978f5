"""Whether an account can work, and what Graph does for it when asked."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from pydantic import ValidationError

from providers.base import Check, CheckState, Operation, Reader, gettext_noop
from providers.errors import AuthFailed, Rejected, SendError
from providers.whatsapp import wire
from providers.whatsapp.graph import Graph

GOOD, BAD, UNKNOWN = CheckState.GOOD, CheckState.BAD, CheckState.UNKNOWN
PHONE_FIELDS: Final = "display_phone_number,verified_name,status,quality_rating"
LONGEST_OVERRIDE: Final = 200

_TOKEN: Final = gettext_noop("Access token")
_NUMBER: Final = gettext_noop("Number")
_WEBHOOK: Final = gettext_noop("Webhook")
_RENEW: Final = gettext_noop(
    "Create a new token for the system user, with the permissions whatsapp_business_messaging and"
    " whatsapp_business_management, and enter it here."
)
_WRONG_NUMBER: Final = gettext_noop(
    "The inbox's address must be the phone number ID, and the token's system user must be assigned to its account."
)
_NUMBER_STATE: Final = gettext_noop("Look at the number in WhatsApp Manager: Meta says what it wants there.")
_NO_WABA: Final = gettext_noop("Enter the WhatsApp Business Account ID.")
_SUBSCRIBE: Final = gettext_noop("Subscribe the app to the WhatsApp Business Account.")
_ANOTHER_URL: Final = gettext_noop("The webhooks of this account go to another address. Subscribe again.")
_LATER: Final = gettext_noop("Meta could not be asked. Try again later.")

#: Numbers that can send; Graph leaves the word out at times.
_WORKING: Final = frozenset({"", "CONNECTED", "LINKED"})

SUBSCRIBE: Final = Operation(
    name="subscribe",
    label=gettext_noop("Subscribe the webhook"),
    help_text=gettext_noop("Meta sends everything about this WhatsApp Business Account to this address."),
)


async def check(graph: Graph, client: Reader, *, waba_id: str, numbers: Sequence[str], webhook_url: str) -> list[Check]:
    """Ask Graph about the token, each number and the subscription, one after the other."""
    return [
        await _token(graph, client),
        *[await _number(graph, client, number) for number in numbers],
        await _webhook(graph, client, waba_id, webhook_url),
    ]


async def _token(graph: Graph, client: Reader) -> Check:
    try:
        await graph.get(client, "me", "?fields=id")
    except SendError as error:
        return _trouble("token", _TOKEN, error, remedy=_RENEW)
    return Check(code="token", label=_TOKEN, state=GOOD)


async def _number(graph: Graph, client: Reader, number: str) -> Check:
    try:
        answer = await graph.get(client, number, f"?fields={PHONE_FIELDS}")
        phone = wire.PhoneAnswer.model_validate(answer)
    except SendError as error:
        return replace(_trouble("number", _NUMBER, error, remedy=_WRONG_NUMBER), inbox_address=number)
    except ValidationError:
        return Check(code="number", label=_NUMBER, state=UNKNOWN, remedy=_LATER, inbox_address=number)
    is_working = phone.status.upper() in _WORKING and bool(phone.display_phone_number)
    words = (phone.display_phone_number, phone.verified_name, phone.status, phone.quality_rating)
    return Check(
        code="number",
        label=_NUMBER,
        state=GOOD if is_working else BAD,
        detail=", ".join(filter(None, words)),
        remedy="" if is_working else _NUMBER_STATE,
        inbox_address=number,
    )


async def _webhook(graph: Graph, client: Reader, waba_id: str, webhook_url: str) -> Check:
    if not waba_id:
        return Check(code="webhook", label=_WEBHOOK, state=UNKNOWN, remedy=_NO_WABA)
    try:
        answer = await graph.get(client, waba_id, "/subscribed_apps")
        apps = wire.SubscribedApps.model_validate(answer).data
    except SendError as error:
        return _trouble("webhook", _WEBHOOK, error, remedy=_SUBSCRIBE)
    except ValidationError:
        return Check(code="webhook", label=_WEBHOOK, state=UNKNOWN, remedy=_LATER)
    elsewhere = [app.override_callback_uri for app in apps if app.override_callback_uri]
    if not apps:
        return Check(code="webhook", label=_WEBHOOK, state=BAD, remedy=_SUBSCRIBE)
    if elsewhere and webhook_url not in elsewhere and len(elsewhere) == len(apps):
        return Check(code="webhook", label=_WEBHOOK, state=BAD, detail=elsewhere[0][:200], remedy=_ANOTHER_URL)
    return Check(code="webhook", label=_WEBHOOK, state=GOOD)


def _trouble(code: str, label: str, error: SendError, *, remedy: str) -> Check:
    """Return what an error says of a check: refused for good, or nothing yet."""
    if isinstance(error, AuthFailed | Rejected):
        return Check(code=code, label=label, state=BAD, detail=str(error), remedy=remedy)
    return Check(code=code, label=label, state=UNKNOWN, detail=error.code, remedy=_LATER)


async def subscribe(graph: Graph, client: Reader, *, waba_id: str, webhook_url: str, verify_token: str) -> str:
    """Let Meta send this account's webhooks to our address. Raises SendError."""
    if not waba_id:
        raise Rejected("no_waba_id", "The account has no WhatsApp Business Account ID.")
    if len(webhook_url) > LONGEST_OVERRIDE:
        raise Rejected("url_too_long", "Meta takes addresses of 200 characters at most.")
    body = {"override_callback_uri": webhook_url, "verify_token": verify_token}
    answer = await graph.post(client, waba_id, "/subscribed_apps", body)
    if not wire.Success.model_validate(answer).success:
        raise Rejected("not_subscribed", "Graph did not say that it worked.")
    return "subscribed"
