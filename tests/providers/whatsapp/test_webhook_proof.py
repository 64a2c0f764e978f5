"""Who may knock: the signature over the raw bytes, and the handshake."""

import pytest

from providers.errors import WebhookRejected
from providers.registry import build
from providers.types import WebhookRequest
from tests.providers.accounts import CREDENTIALS, SECRET, account
from tests.providers.meta_webhooks import encode, sign

BODY = encode({"object": "whatsapp_business_account", "entry": [], "text": "¿Ñandú? a/b"})
GOOD = sign(BODY, SECRET)


def post(headers: dict[str, str], body: bytes = BODY) -> WebhookRequest:
    return WebhookRequest(method="POST", headers=headers, query={}, body=body)


@pytest.mark.parametrize(
    ("_case", "headers", "code"),
    [
        ("none", {}, "missing_signature"),
        ("the old header only", {"x-hub-signature": "sha1=" + "0" * 40}, "missing_signature"),
        ("empty", {"x-hub-signature-256": ""}, "malformed_signature"),
        ("nothing after the name", {"x-hub-signature-256": "sha256="}, "malformed_signature"),
        ("no name", {"x-hub-signature-256": GOOD.removeprefix("sha256=")}, "malformed_signature"),
        ("another algorithm", {"x-hub-signature-256": "sha1=" + GOOD[7:]}, "malformed_signature"),
        (
            "upper case",
            {"x-hub-signature-256": "sha256=" + GOOD[7:].upper()},
            "malformed_signature",
        ),
        ("upper case name", {"x-hub-signature-256": "SHA256=" + GOOD[7:]}, "malformed_signature"),
        ("two headers", {"x-hub-signature-256": f"{GOOD}, {GOOD}"}, "malformed_signature"),
        ("two headers, no blank", {"x-hub-signature-256": f"{GOOD},{GOOD}"}, "malformed_signature"),
        ("blank before", {"x-hub-signature-256": " " + GOOD}, "malformed_signature"),
        ("line break after", {"x-hub-signature-256": GOOD + "\n"}, "malformed_signature"),
        ("too short", {"x-hub-signature-256": GOOD[:-1]}, "malformed_signature"),
        ("too long", {"x-hub-signature-256": GOOD + "0"}, "malformed_signature"),
        ("no hex", {"x-hub-signature-256": "sha256=" + "g" * 64}, "malformed_signature"),
        (
            "digits of another alphabet",
            {"x-hub-signature-256": "sha256=" + "٣" * 64},
            "malformed_signature",
        ),
        ("wrong", {"x-hub-signature-256": "sha256=" + "0" * 64}, "wrong_signature"),
        ("of another secret", {"x-hub-signature-256": sign(BODY, "another")}, "wrong_signature"),
        ("of the empty secret", {"x-hub-signature-256": sign(BODY, "")}, "wrong_signature"),
        ("of another body", {"x-hub-signature-256": sign(BODY + b" ", SECRET)}, "wrong_signature"),
    ],
)
def test_bad_proof_is_refused(_case: str, headers: dict[str, str], code: str) -> None:
    with pytest.raises(WebhookRejected) as caught:
        account("whatsapp").verify(post(headers))
    assert caught.value.code == code


def test_signature_covers_the_bytes_and_not_their_meaning() -> None:
    unescaped = BODY.replace(b"\\/", b"/")
    with pytest.raises(WebhookRejected):
        account("whatsapp").verify(post({"x-hub-signature-256": GOOD}, unescaped))
    account("whatsapp").verify(post({"x-hub-signature-256": GOOD}))


@pytest.mark.parametrize("body", [b"", b"\x00\xff", b"\xef\xbb\xbf{}"])
def test_any_bytes_can_be_signed(body: bytes) -> None:
    account("whatsapp").verify(post({"x-hub-signature-256": sign(body, SECRET)}, body))


def test_any_of_several_secrets_is_good_until_it_is_taken_away() -> None:
    both = build("whatsapp", CREDENTIALS["whatsapp"] | {"app_secret": ["new", "", "old"]})
    new_only = build("whatsapp", CREDENTIALS["whatsapp"] | {"app_secret": "new"})
    by_new = post({"x-hub-signature-256": sign(BODY, "new")})
    by_old = post({"x-hub-signature-256": sign(BODY, "old")})
    by_none = post({"x-hub-signature-256": sign(BODY, "")})
    both.verify(by_new)
    both.verify(by_old)
    new_only.verify(by_new)
    for provider, request in [(new_only, by_old), (both, by_none)]:
        with pytest.raises(WebhookRejected):
            provider.verify(request)


def handshake(**changes: str | None) -> str:
    query = {"hub.mode": "subscribe", "hub.verify_token": "a word", "hub.challenge": "1158201444"}
    query = {key: value for key, value in (query | changes).items() if value is not None}
    request = WebhookRequest(method="GET", headers={}, query=query, body=b"")
    return account("whatsapp").handshake(request)


def test_handshake_echoes_the_challenge() -> None:
    assert handshake() == "1158201444"
    assert handshake(**{"hub.challenge": "9" * 64}) == "9" * 64


@pytest.mark.parametrize(
    ("_case", "changes", "code"),
    [
        ("wrong token", {"hub.verify_token": "another"}, "wrong_token"),
        ("empty token", {"hub.verify_token": ""}, "wrong_token"),
        ("no token", {"hub.verify_token": None}, "wrong_token"),
        ("token beyond ASCII", {"hub.verify_token": "a wörd"}, "wrong_token"),
        ("half a character", {"hub.verify_token": "\ud83d"}, "wrong_token"),
        ("another mode", {"hub.mode": "unsubscribe"}, "wrong_mode"),
        ("no mode", {"hub.mode": None}, "wrong_mode"),
        ("no challenge", {"hub.challenge": None}, "bad_challenge"),
        ("empty challenge", {"hub.challenge": ""}, "bad_challenge"),
        ("script", {"hub.challenge": "<script>alert(1)</script>"}, "bad_challenge"),
        ("line break", {"hub.challenge": "1\n"}, "bad_challenge"),
        ("too long", {"hub.challenge": "1" * 65}, "bad_challenge"),
        ("digits of another alphabet", {"hub.challenge": "١٢٣"}, "bad_challenge"),
    ],
)
def test_bad_handshake_is_refused(_case: str, changes: dict[str, str | None], code: str) -> None:
    with pytest.raises(WebhookRejected) as caught:
        handshake(**changes)
    assert caught.value.code == code


def test_account_without_a_verify_token_refuses_everybody() -> None:
    credentials = CREDENTIALS["whatsapp"] | {"verify_token": ""}
    query = {"hub.mode": "subscribe", "hub.verify_token": "", "hub.challenge": "1"}
    request = WebhookRequest(method="GET", headers={}, query=query, body=b"")
    with pytest.raises(WebhookRejected):
        build("whatsapp", credentials).handshake(request)
