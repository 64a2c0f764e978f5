"""One account of each provider, and what the contract suite must know to talk in its name.

A kind without an entry here has its own `SAMPLE` in tests/providers/<kind>/sample.py.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import Any

from providers.base import Provider
from providers.registry import PROVIDERS, build
from providers.types import Address, AddressScope, WebhookRequest
from tests.providers.meta_webhooks import sign

SECRET = "a-secret-that-signs"

type Proof = Callable[[bytes, str], dict[str, str]]
type Forgery = Callable[[WebhookRequest], WebhookRequest]


@dataclass(frozen=True, kw_only=True)
class Sample:
    """An account of one kind, with credentials that are as good as real ones.

    `proof` gives the headers that prove these bytes with this secret; `forgeries` are further ways to make a
    genuine request a false one. `None` for a part of the suite that the kind has no room for.
    """

    credentials: dict[str, Any]
    proof: Proof | None  #: None: nothing is signed, and the body itself must say whose it is
    recipient: Address
    inbox_address: str = "1060403000001"
    genuine: bytes = b'{"any": "thing"}'  #: a body that passes `verify`
    forgeries: Mapping[str, Forgery] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)  #: what the house knows of the account
    is_body_signed: bool = True  #: an altered body is found out by `verify`
    flood: bytes | None = None  #: a delivery with %s where a million empty items go
    taken: bytes = b'{"id": "their-1"}'  #: the answer to a send that was taken, which names `their-1`
    uploaded: bytes = b'{"id": "media-1"}'  #: the answer to a file that was handed over, which names `media-1`


def _meta_proof(body: bytes, secret: str) -> dict[str, str]:
    return {"x-hub-signature-256": sign(body, secret)}


WHATSAPP = Sample(
    credentials={
        "app_secret": SECRET,
        "access_token": "EAAtoken",
        "verify_token": "a word",
        "waba_id": "102030405060708",
    },
    proof=_meta_proof,
    recipient=Address(scope=AddressScope.PHONE, value="5493875550101"),
    flood=b'{"object":"whatsapp_business_account","entry":[%s]}',
    taken=b'{"messaging_product":"whatsapp","messages":[{"id":"their-1"}]}',
)

SAMPLES: dict[str, Sample] = {
    "whatsapp": WHATSAPP,
    "whatsapp_coexistence": WHATSAPP,
    "maytapi": Sample(
        credentials={"product_id": "5f2d7c1e-90aa-4b7e-8c55-0d1f2a3b4c5d", "api_key": "a-key-of-theirs"},
        proof=None,
        recipient=Address(scope=AddressScope.PHONE, value="5493875550101"),
        inbox_address="61007",
        genuine=b'{"product_id": "5f2d7c1e-90aa-4b7e-8c55-0d1f2a3b4c5d", "phone_id": 61007}',
        forgeries={
            "another product": lambda one: replace(one, body=one.body.replace(b"5f2d", b"5f2e")),
            "two products": lambda one: replace(one, body=one.body.replace(b"}", b', "productId": "5f2e"}')),
            "no product": lambda one: replace(one, body=b'{"phone_id": 61007}'),
            "no object": lambda one: replace(one, body=b"[]"),
        },
        is_body_signed=False,
        flood=b'{"type":"ack","phone_id":61007,"data":[%s]}',
        taken=b'{"success":true,"data":{"chatId":"5493875550101@c.us","msgId":"their-1"}}',
    ),
    "instagram": Sample(
        credentials={"app_secret": SECRET, "access_token": "IGAAtoken", "verify_token": "a word"},
        proof=_meta_proof,
        recipient=Address(scope=AddressScope.IGSID, value="6017700000000021"),
        inbox_address="17841460000000007",
        flood=b'{"object":"instagram","entry":[%s]}',
        taken=b'{"recipient_id":"6017700000000021","message_id":"their-1"}',
    ),
    "external": Sample(
        credentials={"token": SECRET, "endpoint_url": "https://puente.example/mensajes", "idempotent": "false"},
        proof=lambda body, secret: {"authorization": f"Bearer {secret}"},
        recipient=Address(scope=AddressScope.EXTERNAL, value="3874550160"),
        inbox_address="linea-centro",
        forgeries={
            "another scheme": lambda asked: replace(asked, headers={"authorization": f"Basic {SECRET}"}),
            "only its beginning": lambda asked: replace(asked, headers={"authorization": f"Bearer {SECRET[:-1]}"}),
        },
        is_body_signed=False,
        taken=b'{"message_id": "their-1"}',
        options={"account_name": "Puente", "own_addresses": ("linea-centro",)},
    ),
    "simulator": Sample(
        credentials={"secret": SECRET},
        proof=lambda body, secret: {"x-simulator-signature": sign(body, secret)},
        recipient=Address(scope=AddressScope.SIMULATOR, value="ana"),
        flood=b'{"object":"simulator","inbox":"a","items":[%s]}',
    ),
}

for _kind in PROVIDERS.keys() - SAMPLES.keys():
    SAMPLES[_kind] = import_module(f"tests.providers.{_kind}.sample").SAMPLE

CREDENTIALS: dict[str, dict[str, Any]] = {kind: sample.credentials for kind, sample in SAMPLES.items()}


def account(kind: str, **options: str) -> Provider:
    """Return the provider of a test account."""
    return build(kind, SAMPLES[kind].credentials, options={**SAMPLES[kind].options, **options})


def request(kind: str, body: bytes | None = None, *, secret: str = SECRET) -> WebhookRequest:
    """Return a webhook as the provider of this kind sends it."""
    sample = SAMPLES[kind]
    body = sample.genuine if body is None else body
    return WebhookRequest(
        method="POST", headers=sample.proof(body, secret) if sample.proof else {}, query={}, body=body
    )


def forgeries(kind: str) -> dict[str, WebhookRequest]:
    """Return requests that somebody else might send, each under the word that says what is wrong with it."""
    genuine = request(kind)
    found = {}
    if SAMPLES[kind].proof:
        found = {"another secret": request(kind, secret="another"), "no headers": replace(genuine, headers={})}
    if SAMPLES[kind].is_body_signed:
        found["altered body"] = replace(genuine, body=genuine.body + b" ")
    return found | {word: forge(genuine) for word, forge in SAMPLES[kind].forgeries.items()}
