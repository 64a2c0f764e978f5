"""`POST /api/messages`: who may post, what is refused and how, and what comes of the rest."""

import base64
import json
import uuid
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
import schemathesis
from django_q.models import OrmQ
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    negative_data_rejection,
    positive_data_acceptance,
    response_schema_conformance,
    status_code_conformance,
)

from apps.conversations.actions.send import send_message
from apps.conversations.models import Message
from apps.core.actors import SYSTEM
from apps.inboxes.actions.accounts import change_credentials, rename_account, set_account_active
from apps.inboxes.models import WebhookEvent
from providers import journal
from tests.factories import make_account, make_inbox
from tests.inboxes.conftest import Caller
from tests.providers.external.documents import openapi

pytestmark = pytest.mark.django_db(transaction=True)

TOKEN = "token-of-the-adapter"
MEBIBYTE = 1024 * 1024


@pytest.fixture
def inbox(transactional_db):
    account = make_account("external", name="Puente", credentials={"token": TOKEN})
    return make_inbox(account, address="linea-centro")


@pytest.fixture
def caller(server, inbox) -> Caller:
    place = urlsplit(server)
    return Caller(host=place.hostname or "", port=place.port or 0, path="/api/messages")


@pytest.fixture
def post(caller):
    def posted(body, *, token=TOKEN, **headers):
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = caller.ask(body=content, headers={"Authorization": f"Bearer {token}", **headers})
        assert answer.headers["content-type"] == "application/json"
        return answer.status, json.loads(answer.body)

    return posted


def written(message_id="m-1", text="Hola", *, sender="3874550160", recipient="linea-centro", **more):
    return {
        "type": "message",
        "provider": "Puente",
        "sender": {"address": sender, "name": "Ana"},
        "recipient": {"address": recipient},
        "message": {"id": message_id, "text": text, "timestamp": "2026-11-22T12:00:00Z", **more},
    }


def refusal(code, **fields):
    return {"error": {"code": code, "fields": {name.replace("__", "."): why for name, why in fields.items()}}}


def test_what_is_accepted_is_durable_and_becomes_a_message(post, process):
    status, answer = post(written())
    event = WebhookEvent.objects.get()
    assert (status, answer) == (202, {"accepted": True, "event": str(event.uid)})
    assert (event.state, json.loads(event.body)) == ("new", written())
    assert OrmQ.objects.filter(key="default").count() == 1
    process()
    message = Message.objects.get()
    assert (message.text, message.direction, message.conversation.identity.address) == ("Hola", "in", "3874550160")
    assert message.conversation.identity.scope == "external"


def test_a_repeated_body_is_accepted_and_changes_nothing(post, process):
    answers = [post(written()) for _ in range(3)]
    assert [status for status, _ in answers] == [202] * 3
    assert len({uuid.UUID(answer["event"]) for _, answer in answers}) == 3
    process()
    assert Message.objects.count() == 1


def test_the_token_opens_only_its_account(post, inbox):
    make_inbox(make_account("external", name="Otro", credentials={"token": "another"}), address="otra")
    assert post(written(), token="another") == (
        400,
        refusal("wrong_provider", provider="not the account of this token"),
    )
    assert post({**written(), "provider": "otro"}, token="another")[0] == 202
    assert list(WebhookEvent.objects.order_by("pk").values_list("account__name", "state")) == [
        ("Otro", "rejected"),
        ("Otro", "new"),
    ]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer "},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": f"Bearer {TOKEN[:-1]}"},
        {"Authorization": f"Bearer {TOKEN}x"},
        {"Authorization": TOKEN},
        {"Cookie": f"token={TOKEN}"},
    ],
)
def test_without_its_token_nobody_is_heard(caller, headers):
    answer = caller.ask(body=json.dumps(written()).encode(), headers=headers)
    assert (answer.status, json.loads(answer.body)) == (401, refusal("unauthorized"))
    assert answer.headers["www-authenticate"] == "Bearer"
    assert not WebhookEvent.objects.exists()


def test_a_token_in_the_address_is_none(caller):
    assert caller.ask(path=f"/api/messages?token={TOKEN}", body=json.dumps(written()).encode()).status == 401


def test_an_account_without_a_token_hears_nobody(caller, inbox):
    make_account("whatsapp")
    inbox.account.credentials = {"endpoint_url": "https://puente.example"}
    inbox.account.save()
    for header in ("Bearer ", "Bearer", "Bearer app-secret-of-tests"):
        assert caller.ask(body=b"{}", headers={"Authorization": header}).status == 401


def test_changes_of_the_account_count_at_once(post, inbox):
    assert post(written())[0] == 202
    change_credentials(account=inbox.account, credentials={"token": "new"}, actor=SYSTEM)
    assert (post(written())[0], post(written(), token="new")[0]) == (401, 202)
    rename_account(account=inbox.account, name="Puente nuevo", actor=SYSTEM)
    assert post(written(), token="new")[0] == 400
    assert post({**written(), "provider": "Puente nuevo"}, token="new")[0] == 202
    set_account_active(account=inbox.account, is_active=False, actor=SYSTEM)
    assert post({**written(), "provider": "Puente nuevo"}, token="new")[0] == 401


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        (b"", refusal("not_json")),
        (b"hola", refusal("not_json")),
        (b"\xff", refusal("not_json")),
        (b"\xef\xbb\xbf{}", refusal("not_json")),
        (b'{"type": NaN}', refusal("not_json")),
        (b'{"type": ' + b"9" * 5000 + b"}", refusal("not_json")),
        (b"[]", refusal("not_an_object")),
        (b"[" * 100_000, refusal("too_deep")),
        (b'{"type":' * 100_000 + b"1" + b"}" * 100_000, refusal("too_deep")),
        (b"{}", refusal("no_type", type="missing")),
        (b'{"type": 7}', refusal("no_type", type="string_type")),
        (b'{"type": "poll"}', refusal("unknown_type", type="unknown")),
        (b'{"type": "edit", "provider": "Puente"}', refusal("invalid", edit="missing")),
        (
            written("", "x" * 10, sender=""),
            refusal("invalid", sender__address="too_short", message__id="too_short"),
        ),
        (written(timestamp="2026-11-22"), refusal("invalid", message__timestamp="value_error")),
        (
            written(media=[{"mimetype": "a/b", "url": "file:///etc/passwd"}]),
            refusal("invalid", message__media__0__url="string_pattern_mismatch"),
        ),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_what_breaks_the_contract_is_refused_by_field_and_kept(post, process, body, answer):
    assert post(body) == (400, answer)
    assert OrmQ.objects.count() == 0
    process()
    event = WebhookEvent.objects.get()
    assert (event.state, event.note.split(";")[0]) == ("rejected", answer["error"]["code"])
    assert event.body == (body if isinstance(body, bytes) else json.dumps(body).encode())
    assert not Message.objects.exists()


def test_hostile_texts_become_messages_a_database_can_hold(post, process):
    for number, text in enumerate(["nul \x00 inside", "half \ud800 alone", "e\u0301", "\u202eright"]):
        assert post(written(f"m-{number}", text))[0] == 202
    process()
    stored = list(Message.objects.order_by("pk").values_list("text", flat=True))
    assert stored == ["nul  inside", "half \ufffd alone", "\u00e9", "\u202eright"]


def test_other_methods_and_encodings_are_refused(caller, post):
    for method in ("GET", "PUT", "DELETE", "HEAD", "OPTIONS"):
        answer = caller.ask(method)
        assert (answer.status, answer.headers["allow"]) == (405, "POST")
    assert post(b"\x1f\x8b", **{"Content-Encoding": "gzip"})[0] == 415


def test_an_account_says_how_large_a_body_may_be(caller, post, inbox):
    def announced(size):
        head = (
            f"POST /api/messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: {size}\r\n\r\n"
        )
        with caller.raw(head.encode()) as opened:
            return opened.recv(100).split(b" ")[1]

    assert announced(4 * MEBIBYTE + 1) == b"413"
    change_credentials(account=inbox.account, credentials={"media_megabytes": "4"}, actor=SYSTEM)
    assert post(written(text="a" * (4 * MEBIBYTE)))[0] == 202
    assert announced(6 * MEBIBYTE) == b"413"


def test_without_its_database_it_says_so(database_proxy, server, inbox, post, caller, monkeypatch):
    monkeypatch.setattr(journal, "DATABASE_SECONDS", 1)
    assert post(written())[0] == 202
    database_proxy.cut()
    answer = caller.ask(body=b"{}", headers={"Authorization": f"Bearer {TOKEN}"})
    assert (answer.status, answer.headers["retry-after"]) == (503, "30")
    assert json.loads(answer.body) == refusal("unavailable")
    database_proxy.mend()
    assert post(written())[0] == 202


def test_nothing_that_is_posted_reaches_the_log(post, caller, process, caplog):
    caplog.set_level("DEBUG")
    post(written("m-1", "canary of the text", sender="5493875550188"))
    post(written("", "canary of the text", sender="5493875550188"))
    post(written("m-1", "canary of the text"), token="canary-token")
    process()
    ours = "\n".join(record.getMessage() for record in caplog.records if not record.name.startswith("django.db"))
    assert [word for word in ("canary of", "5493875550188", TOKEN, "canary-token") if word in ours] == []
    assert "messages.unauthorized" in ours


def contract():
    """Return the published contract for an account of this name."""
    published = openapi()
    for model in ("Message", "Status", "Edit", "Deletion"):
        published["components"]["schemas"][model]["properties"]["provider"] = {"const": "Puente"}
    return published


SCHEMA = schemathesis.openapi.from_dict(contract())
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
    positive_data_acceptance,
    ignored_auth,
]


@SCHEMA.parametrize()
@settings(max_examples=25, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
def test_the_published_contract_is_kept(server, inbox, case):
    case.call_and_validate(base_url=server, headers={"Authorization": f"Bearer {TOKEN}"}, checks=CHECKS)


PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def test_edits_deletions_echoes_and_files_become_what_they_say(post, process, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    head = {"provider": "Puente"}
    for body in (
        {
            **head,
            "type": "edit",
            "edit": {"message_id": "m-1", "text": "Hola a todos", "timestamp": "2026-11-22T12:01:00Z"},
        },
        written("m-1"),
        written("m-2", "borrame"),
        {**head, "type": "deletion", "deletion": {"message_id": "m-2", "timestamp": "2026-11-22T12:02:00Z"}},
        written("m-3", "de otro lado", sender="linea-centro", recipient="3874550160"),
        written("m-4", "la foto", media=[{"mimetype": "image/png", "name": "foto.png", "content": PNG}]),
    ):
        assert post(body)[0] == 202
    process()
    first, second, echo, photo = Message.objects.order_by("provider_message_id")
    assert (first.text, [edit.text for edit in first.edits.all()]) == ("Hola a todos", ["Hola"])
    assert second.deleted_at is not None
    assert (echo.direction, echo.sender, echo.conversation) == ("out", "phone", first.conversation)
    attachment = photo.attachments.get()
    assert (photo.kind, photo.text, attachment.state, attachment.name) == ("image", "la foto", "ready", "foto.png")
    with attachment.file.open() as stored:
        assert stored.read() == base64.b64decode(PNG)


def test_a_status_finds_its_message_without_naming_an_inbox(post, process, inbox):
    post(written())
    process()
    chat = Message.objects.get().conversation
    sent = send_message(conversation=chat, text="Sí", client_key="k", actor=SYSTEM)
    Message.objects.filter(pk=sent.pk).update(dispatch="accepted", provider_message_id="out-1")
    make_inbox(inbox.account, address="linea-norte")
    for word in ("sent", "delivered", "read"):
        status = {"message_id": "out-1", "status": word, "timestamp": "2026-11-22T12:03:00Z"}
        assert post({"type": "status", "provider": "Puente", "status": status})[0] == 202
    process()
    sent.refresh_from_db()
    assert sent.status == "read"


def test_a_timeout_says_until_when_an_answer_is_free(post, process):
    body = written()
    body["sender"]["timeout"] = "2040-01-01T12:00:00Z"
    post(body)
    process()
    assert Message.objects.get().conversation.window_ends_at == datetime(2040, 1, 1, 12, tzinfo=UTC)
