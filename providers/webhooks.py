"""The webhook view: verify, journal, answer.

A small ASGI handler beside Django's stack, since providers judge us by its speed. A delivery is verified
over its raw bytes, written to the journal, committed, and only then answered 200; the workers do the rest.
"""

import hashlib
import logging
import re
from urllib.parse import parse_qsl

from providers.door import Answer, BodyTooLarge, Receive, Scope, Send, answer_with, read_body, read_headers
from providers.errors import WebhookRejected
from providers.journal import AWAY, Account, Delivery, Journal, UnusableAccount, journal_of_this_loop, kept
from providers.types import WebhookRequest

logger = logging.getLogger(__name__)

PATH = re.compile(r"/webhooks/([\w-]{16,64})/", re.ASCII)

OK = Answer(status=200)
UNKNOWN = Answer(status=404)
NOT_ALLOWED = Answer(status=405, headers=((b"allow", b"GET, POST"),))
TOO_LARGE = Answer(status=413, headers=((b"connection", b"close"),))
ENCODED = Answer(status=415)
TOO_SLOW = Answer(status=408, headers=((b"connection", b"close"),))
REJECTED = Answer(status=401)
FORBIDDEN = Answer(status=403)
UNAVAILABLE = Answer(status=503, headers=((b"retry-after", b"30"),))


async def webhooks(scope: Scope, receive: Receive, send: Send) -> None:
    """ASGI entrance of `/webhooks/<account_key>/`."""
    try:
        answer = await _answer(scope, receive)
    except AWAY as error:
        logger.error("webhook.database_away error=%s", type(error).__name__)
        answer = UNAVAILABLE
    except UnusableAccount as error:
        logger.error("webhook.unusable_account %s", error)
        answer = UNAVAILABLE
    await answer_with(send, answer)


async def _answer(scope: Scope, receive: Receive) -> Answer:
    place = PATH.fullmatch(scope["path"])
    journal = journal_of_this_loop()
    if place is None or await journal.account(place[1]) is None:
        return UNKNOWN  # before a stranger's body is read
    if scope["method"] not in {"GET", "POST"}:
        return NOT_ALLOWED
    headers = read_headers(scope)
    if headers.get("content-encoding", "identity") != "identity":
        return ENCODED
    try:
        body = await read_body(headers, receive)
    except BodyTooLarge:
        return TOO_LARGE
    except TimeoutError:
        return TOO_SLOW
    query = dict(parse_qsl(scope["query_string"].decode("latin-1")))
    request = WebhookRequest(method=scope["method"], headers=headers, query=query, body=body)
    if scope["method"] == "GET":
        return await _shake_hands(journal, place[1], request)
    return await _accept(journal, place[1], request, caller=(scope.get("client") or ("",))[0])


async def _shake_hands(journal: Journal, key: str, request: WebhookRequest) -> Answer:
    account = await journal.read_account(key)
    if account is None:
        return UNKNOWN
    try:
        text = account.provider.handshake(request)
    except WebhookRejected as error:
        logger.warning("webhook.handshake_refused account=%s reason=%s", account.id, error.code)
        return FORBIDDEN
    await journal.note(account, "handshake_at")
    return Answer(status=200, text=text)


async def _accept(journal: Journal, key: str, request: WebhookRequest, *, caller: str) -> Answer:
    """Verify with the account as it is known, and once more as it is now if that does not do."""
    headers = kept(request.headers)
    account = await journal.account(key)
    refusal = _refusal(account, request)
    if account and not refusal and await journal.add(Delivery(account=account, body=request.body, headers=headers)):
        return OK
    known, account = account, await journal.read_account(key)
    if account is None:
        return UNKNOWN
    if known is None or known.revision != account.revision:
        refusal = _refusal(account, request)
    if refusal:
        await _note_refusal(journal, account, request, reason=refusal, caller=caller)
        return REJECTED
    stored = await journal.add(Delivery(account=account, body=request.body, headers=headers))
    return OK if stored else UNAVAILABLE


def _refusal(account: Account | None, request: WebhookRequest) -> str:
    """Return why the request does not prove that it comes from the provider, "" when it does."""
    try:
        if account is not None:
            account.provider.verify(request)
    except WebhookRejected as error:
        return error.code
    return ""


async def _note_refusal(
    journal: Journal, account: Account, request: WebhookRequest, *, reason: str, caller: str
) -> None:
    """Write on the account and into the log that somebody tried, every few seconds and not every time."""
    journal.refusals[account.id] += 1
    if await journal.note(account, "last_bad_signature_at"):
        logger.warning(
            "webhook.bad_signature account=%s reason=%s size=%s sha256=%s caller=%s count=%s",
            account.id, reason, len(request.body), hashlib.sha256(request.body).hexdigest(), caller,
            journal.refusals.pop(account.id, 1),
        )  # fmt: skip
