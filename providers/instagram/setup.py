"""Whether an account can work: what Graph says of its token, its name and its subscription."""

from collections.abc import Mapping
from typing import Final

from pydantic import ValidationError

from providers.base import Check, CheckState, Reader, ask, gettext_noop
from providers.errors import UnreadablePayload
from providers.instagram import wire
from providers.meta import read_graph_error, read_object
from providers.types import HttpAnswer
from providers.wire import Wire

CERTAIN_FIELDS: Final = ("messages", "message_reactions", "messaging_postbacks", "messaging_seen")
"""What every product tells."""
FIELDS: Final = (*CERTAIN_FIELDS, "message_edits", "messaging_referral", "standby")
"""What we want to be told. Graph refuses all of a list in which it does not know one name."""
INVALID_PARAMETER: Final = "100"

TOKEN: Final = gettext_noop("Access token")
NUMBER: Final = gettext_noop("Instagram account")
WEBHOOK: Final = gettext_noop("Subscription to messages")
RENEW: Final = gettext_noop("Make a new access token at Meta and enter it here.")
WHICH: Final = gettext_noop("Enter the id of the Instagram account that the token belongs to.")
SUBSCRIBE: Final = gettext_noop("Press Subscribe to messages.")
LATER: Final = gettext_noop("Instagram could not be asked. Try again in a while.")


async def check_token(client: Reader, url: str, headers: Mapping[str, str]) -> Check:
    """Ask whom the token speaks for."""
    answer = await ask(client, url, headers)
    me = _read(answer, wire.Me)
    if me and (me.id or me.user_id):
        return Check(code="token", label=TOKEN, state=CheckState.GOOD, detail=me.username)
    return _failed("token", TOKEN, answer, RENEW)


async def check_number(client: Reader, url: str, headers: Mapping[str, str], address: str) -> Check:
    """Ask for the account's name."""
    answer = await ask(client, f"{url}?fields=id,username", headers)
    me = _read(answer, wire.Me)
    if me and (me.id or me.user_id):
        return Check(code="number", label=NUMBER, state=CheckState.GOOD, detail=me.username, inbox_address=address)
    return _failed("number", NUMBER, answer, WHICH, address)


def wrong_number(address: str) -> Check:
    """Return what is wrong with an address that is no id at all."""
    return Check(code="number", label=NUMBER, state=CheckState.BAD, remedy=WHICH, inbox_address=address)


async def check_webhook(client: Reader, url: str, headers: Mapping[str, str], address: str) -> Check:
    """Ask what our app is told of the account."""
    answer = await ask(client, url, headers)
    subscriptions = _read(answer, wire.Subscriptions)
    if subscriptions is None or "data" not in subscriptions.model_fields_set:
        return _failed("webhook", WEBHOOK, answer, SUBSCRIBE, address)
    told = {field for one in subscriptions.data for field in one.subscribed_fields}
    if "messages" in told:
        return Check(code="webhook", label=WEBHOOK, state=CheckState.GOOD, inbox_address=address)
    return Check(code="webhook", label=WEBHOOK, state=CheckState.BAD, remedy=SUBSCRIBE, inbox_address=address)


def _read[Answer: Wire](answer: HttpAnswer | None, model: type[Answer]) -> Answer | None:
    if answer is None or answer.status != 200:
        return None
    try:
        return model.model_validate(read_object(answer.body))
    except (ValidationError, UnreadablePayload):
        return None


def _failed(code: str, label: str, answer: HttpAnswer | None, remedy: str, address: str = "") -> Check:
    """Return a bad check if Graph itself said no, one that is not known otherwise."""
    error = read_graph_error(answer.body) if answer is not None else None
    if error is None:
        return Check(code=code, label=label, state=CheckState.UNKNOWN, remedy=LATER, inbox_address=address)
    detail = f"{error.code}: {error.text}" if error.text else str(error.code)
    return Check(code=code, label=label, state=CheckState.BAD, detail=detail, remedy=remedy, inbox_address=address)
