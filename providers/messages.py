"""`POST /api/messages`: where external adapters post. The contract is looked at before the journal, which keeps
what breaks it too; what is answered 202 is durable.

Published in docs/reference/contract/.
"""

import asyncio
import json
import logging
from collections.abc import Mapping
from dataclasses import replace

from providers.door import (
    BODY_MAX,
    Answer,
    BodyTooLarge,
    Receive,
    Scope,
    Send,
    announced_size,
    answer_with,
    read_body,
    read_headers,
)
from providers.errors import WebhookRejected
from providers.external import inbound, wire
from providers.external.adapter import External
from providers.journal import AWAY, Account, Delivery, Journal, UnusableAccount, journal_of_this_loop, kept
from providers.types import WebhookRequest

logger = logging.getLogger(__name__)

PATH = wire.PATH
JSON = b"application/json"
LARGE = 64 * 1024
"""From this size on a body is looked at in a thread, so that nobody else waits."""


def refused(status: int, code: str, fields: Mapping[str, str] | None = None, **headers: str) -> Answer:
    """Return the answer that says why something was not taken."""
    text = json.dumps({"error": {"code": code, "fields": dict(fields or {})}})
    lines = tuple((name.replace("_", "-").encode(), value.encode()) for name, value in headers.items())
    return Answer(status=status, text=text, headers=lines)


UNAUTHORIZED = refused(401, "unauthorized", www_authenticate="Bearer")
NOT_ALLOWED = refused(405, "method_not_allowed", allow="POST")
TOO_SLOW = refused(408, "too_slow", connection="close")
TOO_LARGE = refused(413, "too_large", connection="close")
ENCODED = refused(415, "encoded")
UNAVAILABLE = refused(503, "unavailable", retry_after="30")


async def messages(scope: Scope, receive: Receive, send: Send) -> None:
    """ASGI entrance of `/api/messages`."""
    try:
        answer = await _answer(scope, receive)
    except (*AWAY, UnusableAccount) as error:
        logger.error("messages.unavailable error=%s", type(error).__name__)
        answer = UNAVAILABLE
    await answer_with(send, answer, content_type=JSON)


async def _answer(scope: Scope, receive: Receive) -> Answer:
    if scope["method"] != "POST":
        return NOT_ALLOWED
    headers = read_headers(scope)
    journal = journal_of_this_loop()
    request = WebhookRequest(method="POST", headers=headers, query={}, body=b"")
    account = await _account(journal, request)
    if account is None:
        logger.warning("messages.unauthorized caller=%s", (scope.get("client") or ("",))[0])
        return UNAUTHORIZED  # before a stranger's body is read
    if headers.get("content-encoding", "identity") != "identity":
        return ENCODED
    if announced_size(headers) > BODY_MAX:  # what it may be is asked of the account as it is now
        account = await _reread(journal, request) or account
    try:
        body = await read_body(headers, receive, limit=_limit(account))
    except BodyTooLarge:
        return TOO_LARGE
    except TimeoutError:
        return TOO_SLOW
    return await _accept(journal, account, replace(request, body=body))


def _limit(account: Account) -> int:
    provider = account.provider
    return max(BODY_MAX, provider.body_max_bytes) if isinstance(provider, External) else BODY_MAX


async def _account(journal: Journal, request: WebhookRequest) -> Account | None:
    """Return the account of this token: as it is known, and once more as it is now if none is."""
    for accounts in (journal.external_accounts, journal.read_external_accounts):
        for account in await accounts():
            try:
                account.provider.verify(request)
            except WebhookRejected:
                continue
            return account
    return None


async def _accept(journal: Journal, account: Account, request: WebhookRequest) -> Answer:
    """Store what was posted; once more, if its account changed since it was read."""
    for known in (account, None):
        current = known or await _reread(journal, request)
        if current is None:
            return UNAUTHORIZED
        broken = await _broken(current, request.body)
        rejected = str(broken)[:300] if broken else ""
        delivery = Delivery(account=current, body=request.body, headers=kept(request.headers), rejected=rejected)
        if await journal.add(delivery):
            if broken:
                return refused(400, broken.code, broken.fields)
            return Answer(status=202, text=json.dumps({"accepted": True, "event": str(delivery.uid)}))
    return UNAVAILABLE


async def _reread(journal: Journal, request: WebhookRequest) -> Account | None:
    await journal.read_external_accounts()
    return await _account(journal, request)


async def _broken(account: Account, body: bytes) -> inbound.BrokenContract | None:
    """Return how a body breaks the contract, None if it does not."""
    provider = account.provider
    name = provider.account_name if isinstance(provider, External) else ""
    if len(body) >= LARGE:
        return await asyncio.to_thread(_look, body, name)
    return _look(body, name)


def _look(body: bytes, name: str) -> inbound.BrokenContract | None:
    try:
        inbound.read(body, provider=name)
    except inbound.BrokenContract as broken:
        return broken
    return None
