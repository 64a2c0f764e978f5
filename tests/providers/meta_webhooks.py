"""Webhooks as Meta sends them: their shapes, their bytes, their signature, their manners.

Meta escapes everything beyond ASCII and every slash, signs those bytes, may put many items in one
delivery, repeats and shuffles deliveries, and tries again until it gets a 200.
"""

import asyncio
import hashlib
import hmac
import itertools
import json
import random
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp

type Json = dict[str, Any]

_numbers = itertools.count(1)


def new_wamid() -> str:
    """Return an id nobody has used, in the look of WhatsApp's."""
    return f"wamid.HBgTest{time.time_ns():x}{next(_numbers):06d}="


def text_message(
    text: str,
    *,
    sender: str = "5493875550101",
    message_id: str | None = None,
    at: float | None = None,
    reply_to: str | None = None,
) -> Json:
    """Return one item of `messages`."""
    message: Json = {
        "from": sender,
        "id": message_id or new_wamid(),
        "timestamp": str(int(at if at is not None else time.time())),
        "type": "text",
        "text": {"body": text},
    }
    if reply_to:
        message["context"] = {"from": "5493874440000", "id": reply_to}
    return message


def contact(wa_id: str, name: str) -> Json:
    """Return one item of `contacts`."""
    return {"profile": {"name": name}, "wa_id": wa_id}


def status(
    message_id: str,
    value: str,
    *,
    recipient: str = "5493875550101",
    at: float | None = None,
    callback_data: str | None = None,
    code: int | None = None,
) -> Json:
    """Return one item of `statuses`; with a code, the error a failed one carries."""
    item: Json = {
        "id": message_id,
        "status": value,
        "timestamp": str(int(at if at is not None else time.time())),
        "recipient_id": recipient,
    }
    if callback_data is not None:
        item["biz_opaque_callback_data"] = callback_data
    if code is not None:
        item["errors"] = [{"code": code, "title": "A title", "error_data": {"details": "Some details."}}]
    return item


def change(
    phone_number_id: str,
    *,
    messages: Sequence[Json] = (),
    statuses: Sequence[Json] = (),
    contacts: Sequence[Json] = (),
    **more: Any,
) -> Json:
    """Return one change of the field `messages`."""
    value: Json = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "5493874440000", "phone_number_id": phone_number_id},
        **more,
    }
    for key, items in (("contacts", contacts), ("messages", messages), ("statuses", statuses)):
        if items:
            value[key] = list(items)
    return {"field": "messages", "value": value}


def delivery(*entries: Sequence[Json], waba_id: str = "102030405060708") -> Json:
    """Return a whole delivery; each argument is the list of changes of one entry."""
    return {
        "object": "whatsapp_business_account",
        "entry": [{"id": waba_id, "changes": list(changes)} for changes in entries],
    }


def encode(payload: Any) -> bytes:
    """Return the bytes Meta would send, which are the bytes it signs."""
    text = json.dumps(payload, ensure_ascii=True, separators=(",", ":"))
    return text.replace("/", "\\/").encode("ascii")


def sign(body: bytes, secret: str) -> str:
    """Return the value of X-Hub-Signature-256, worked out here and not by the code under test."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """One POST of a delivery: what was answered and how long it took."""

    status: int  #: 0 when no answer came
    seconds: float


@dataclass(kw_only=True)
class WebhookSender:
    """Meta's delivery engine for one app. Seeded, so that a run can be repeated."""

    url: str
    app_secret: str
    phone_number_id: str = "1060403000001"
    seed: int = 1
    retry_seconds: float = 0.2
    give_up_seconds: float = 60.0
    postings: list[Posting] = field(default_factory=list)

    def body(
        self,
        *,
        messages: Sequence[Json] = (),
        statuses: Sequence[Json] = (),
        names: dict[str, str] | None = None,
    ) -> bytes:
        """Return the bytes of one delivery with these items."""
        contacts = [contact(wa_id, name) for wa_id, name in (names or {}).items()]
        one = change(self.phone_number_id, messages=messages, statuses=statuses, contacts=contacts)
        return encode(delivery([one]))

    def send(
        self,
        bodies: Iterable[bytes],
        *,
        copies: int = 1,
        shuffle: bool = False,
        parallel: int = 1,
    ) -> list[Posting]:
        """Deliver bodies from a thread of one's own; see `send_all`."""
        return asyncio.run(self.send_all(bodies, copies=copies, shuffle=shuffle, parallel=parallel))

    async def send_all(
        self,
        bodies: Iterable[bytes],
        *,
        copies: int = 1,
        shuffle: bool = False,
        parallel: int = 1,
    ) -> list[Posting]:
        """Deliver bodies, each `copies` times, and try each again until a 200.

        Returns every posting, failed ones too; raises TimeoutError after `give_up_seconds`.
        """
        queue = [body for body in bodies for _ in range(copies)]
        if shuffle:
            random.Random(self.seed).shuffle(queue)
        gate = asyncio.Semaphore(parallel)
        async with aiohttp.ClientSession() as session:
            done = await asyncio.gather(*(self._deliver(session, gate, body) for body in queue))
        postings = [posting for tries in done for posting in tries]
        self.postings += postings
        return postings

    async def _deliver(self, session: aiohttp.ClientSession, gate: asyncio.Semaphore, body: bytes) -> list[Posting]:
        tries: list[Posting] = []
        async with gate, asyncio.timeout(self.give_up_seconds):
            while not tries or tries[-1].status != 200:
                if tries:
                    await asyncio.sleep(self.retry_seconds)
                tries.append(await self._post(session, body))
        return tries

    async def _post(self, session: aiohttp.ClientSession, body: bytes) -> Posting:
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "facebookexternalua",
            "X-Hub-Signature-256": sign(body, self.app_secret),
        }
        started = time.perf_counter()
        try:
            async with session.post(self.url, data=body, headers=headers) as response:
                await response.read()
                code = response.status
        except aiohttp.ClientError:
            code = 0
        return Posting(status=code, seconds=time.perf_counter() - started)
