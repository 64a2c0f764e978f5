"""What the people of a bench say, and how one recognises it again."""

import itertools
import re

from bench.house import SECRET
from bench.load import post
from tests.providers.meta_webhooks import change, contact, delivery, encode, sign, text_message

MARK = re.compile(r"bench-(\d+)-")
PEOPLE = 50
BODY_BYTES = 1200
_numbers = itertools.count(1)


def phone(number: int) -> str:
    return f"549387{5_000_000 + number % PEOPLE}"


def mark(number: int) -> str:
    """Return how a number stands in a text."""
    return f"bench-{number}-"


def words(number: int) -> str:
    """Return a text that carries a number."""
    return f"{mark(number)} ¿Queda lugar en el taller de los sábados?"


def number_in(text: str) -> int | None:
    found = MARK.search(text)
    return int(found[1]) if found else None


def webhook(url: str, number: int, *, size: int = 0, sender: str = "") -> bytes:
    """Return a whole signed POST that brings one message, padded to `size` bytes of body."""
    return _signed(url, _body(words(number), sender or phone(number), size))


def padded_webhooks(url: str, count: int) -> list[bytes]:
    """Return POSTs of about 1.2 KB, each another message."""
    return [webhook(url, next(_numbers), size=BODY_BYTES) for _ in range(count)]


def large_webhook(url: str, count: int) -> tuple[bytes, list[int]]:
    """Return one signed POST that brings many messages, and their numbers."""
    numbers = [next(_numbers) for _ in range(count)]
    messages = [text_message(words(number), sender=phone(number)) for number in numbers]
    return _signed(url, encode(delivery([change("1060403000001", messages=messages)]))), numbers


def _body(text: str, sender: str, size: int) -> bytes:
    one = change(
        "1060403000001", messages=[text_message(text, sender=sender)], contacts=[contact(sender, f"Persona {sender}")]
    )
    body = encode(delivery([one]))
    return body if len(body) >= size else _body(text + "." * (size - len(body)), sender, 0)


def _signed(url: str, body: bytes) -> bytes:
    return post(url, body, content_type="application/json", x_hub_signature_256=sign(body, SECRET))
