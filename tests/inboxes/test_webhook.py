"""The door providers knock at: who may in, what is written before the answer, what happens in trouble."""

import json
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import pytest
from django.db import connection
from django_q.models import OrmQ

from apps.conversations.models import Message
from apps.core.actors import SYSTEM
from apps.inboxes.actions.accounts import change_credentials, set_account_active
from apps.inboxes.models import DeadLetter, WebhookEvent
from providers import door, journal
from tests.factories import APP_SECRET, VERIFY_TOKEN, make_account, make_inbox
from tests.providers.meta_webhooks import delivery, encode, sign, text_message
from tests.waiting import eventually

pytestmark = pytest.mark.django_db(transaction=True)

MEBIBYTE = 1024 * 1024


def handshake(**changes):
    asked = {"hub.mode": "subscribe", "hub.verify_token": VERIFY_TOKEN, "hub.challenge": "1158201444", **changes}
    return "?" + urlencode({name: value for name, value in asked.items() if value is not None})


def test_a_handshake_answers_its_challenge_as_plain_text(caller, inbox):
    answer = caller.ask("GET", caller.path + handshake())
    assert (answer.status, answer.body) == (200, b"1158201444")
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["x-content-type-options"] == "nosniff"
    inbox.account.refresh_from_db()
    assert inbox.account.handshake_at is not None


def test_a_handshake_that_proves_nothing_is_refused(caller, inbox):
    wrong: list[dict[str, str | None]] = [
        {"hub.verify_token": "wrong"},
        {"hub.verify_token": None},
        {"hub.verify_token": VERIFY_TOKEN.upper()},
        {"hub.mode": "unsubscribe"},
        {"hub.challenge": "<script>alert(1)</script>"},
        {"hub.challenge": None},
        {"hub.challenge": "١١٥"},
    ]
    for changes in wrong:
        answer = caller.ask("GET", caller.path + handshake(**changes))
        assert (answer.status, answer.body) == (403, b""), changes
        assert answer.headers["content-type"].startswith("text/plain")
    inbox.account.refresh_from_db()
    assert inbox.account.handshake_at is None


def test_a_signed_delivery_is_written_and_rung_before_the_answer(caller):
    body = b'{"object":"whatsapp_business_account","entry":[]}'
    headers = {"Content-Type": "application/json", "User-Agent": "facebookexternalua", "Cookie": "a=b", "X-Other": "x"}
    assert caller.post_signed(body, **headers) == 200
    event = WebhookEvent.objects.get()
    assert (bytes(event.body), event.size, event.state) == (body, len(body), "new")
    assert event.headers == {
        "content-type": "application/json",
        "user-agent": "facebookexternalua",
        "x-hub-signature-256": sign(body, APP_SECRET),
    }
    assert OrmQ.objects.filter(key="default").count() == 1


def test_forged_deliveries_leave_nothing(caller, inbox, caplog):
    body = b'{"object":"whatsapp_business_account","entry":[],"canary":"5493875550177"}'
    other = make_account(name="Other", credentials={"app_secret": "other", "access_token": "t", "verify_token": "v"})
    good = sign(body, APP_SECRET)
    forged = [
        {},
        {"X-Hub-Signature-256": ""},
        {"X-Hub-Signature-256": "sha256="},
        {"X-Hub-Signature-256": sign(body, "wrong")},
        {"X-Hub-Signature-256": good.upper()},
        {"X-Hub-Signature-256": good[:-1]},
        {"X-Hub-Signature-256": good.removeprefix("sha256=")},
        {"X-Hub-Signature-256": f"{good}, {good}"},
        {"X-Hub-Signature-256": f" {sign(body, 'other')}"},
        {"X-Hub-Signature": "sha1=" + good[7:47]},
        {"X-Hub-Signature-256": sign(body + b" ", APP_SECRET)},
        {"X-Hub-Signature-256": sign(b"\xef\xbb\xbf" + body, APP_SECRET)},
    ]
    for headers in forged:
        answer = caller.ask(body=body, headers=headers)
        assert (answer.status, answer.body) == (401, b""), headers
    assert caller.ask(path=other.webhook_path, body=body, headers={"X-Hub-Signature-256": good}).status == 401
    assert (WebhookEvent.objects.count(), OrmQ.objects.count()) == (0, 0)
    inbox.account.refresh_from_db()
    assert inbox.account.last_bad_signature_at is not None
    # and the log says so, not for each, and without what was sent
    assert caplog.text.count("webhook.bad_signature") == 2
    assert "5493875550177" not in caplog.text
    assert inbox.account.webhook_key not in caplog.text


def test_unknown_places_are_not_found(caller, inbox):
    body, key = b"{}", inbox.account.webhook_key
    headers = {"X-Hub-Signature-256": sign(body, APP_SECRET)}
    places = ["/webhooks/", f"/webhooks/{key}", f"/webhooks/{key}/x", f"/webhooks/{key}//", f"/webhooks/x{key}/",
              f"/webhooks/{key[:-1]}/", f"/webhooks/{key.swapcase()}/", "/webhooks/" + "a" * 43 + "/",
              f"/webhooks/{key}%00/", "/webhooks/%F0%9F%98%80%F0%9F%98%80%F0%9F%98%80aaaaaaaaaaaaa/"]  # fmt: skip
    for path in places:
        for method in ("POST", "GET", "PUT"):
            assert caller.ask(method, path, body=body, headers=headers).status == 404, (method, path)
    assert not WebhookEvent.objects.exists()


def test_an_account_that_is_switched_off_is_unknown_at_once_and_back_at_once(caller, inbox):
    assert caller.post_signed(b"{}") == 200
    set_account_active(account=inbox.account, is_active=False, actor=SYSTEM)
    assert (caller.post_signed(b"{}"), caller.ask("GET", caller.path + handshake()).status) == (404, 404)
    set_account_active(account=inbox.account, is_active=True, actor=SYSTEM)
    assert (caller.post_signed(b"{}"), WebhookEvent.objects.count()) == (200, 2)


def test_other_methods_and_encodings_are_refused(caller):
    for method in ("PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"):
        answer = caller.ask(method)
        assert (answer.status, answer.headers["allow"]) == (405, "GET, POST")
    bomb = b"\x1f\x8b\x08\x00" + b"\0" * 100
    assert caller.post_signed(bomb, **{"Content-Encoding": "gzip"}) == 415
    assert not WebhookEvent.objects.exists()


def test_four_mebibytes_fit_and_no_byte_more(caller):
    body = b'{"x":"' + b"a" * (4 * MEBIBYTE - 8) + b'"}'
    assert caller.post_signed(body) == 200
    # announced
    with caller.raw(
        f"POST {caller.path} HTTP/1.1\r\nHost: x\r\nContent-Length: {4 * MEBIBYTE + 1}\r\n\r\n".encode()
    ) as one:
        assert one.recv(100).startswith(b"HTTP/1.1 413 ")
    # streamed without saying how much
    head = f"POST {caller.path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    chunk = b"10000\r\n" + b"a" * 65536 + b"\r\n"
    with caller.raw(head) as other:
        answer = b""
        try:
            for _ in range(70):
                other.sendall(chunk)
            answer = other.recv(100)
        except (BrokenPipeError, ConnectionResetError):
            other.close()
        assert answer[:13] in {b"HTTP/1.1 413 ", b""}
    assert [event.size for event in WebhookEvent.objects.all()] == [4 * MEBIBYTE]


def test_a_chunked_body_within_the_limit_is_taken(caller):
    parts = [b'{"entry":', b"[]", b"}"]
    body = b"".join(parts)
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
    head = (f"POST {caller.path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
            f"X-Hub-Signature-256: {sign(body, APP_SECRET)}\r\n\r\n")  # fmt: skip
    with caller.raw(head.encode() + chunks) as opened:
        assert opened.recv(100).startswith(b"HTTP/1.1 200 ")
    assert bytes(WebhookEvent.objects.get().body) == body


def test_a_body_that_never_ends_is_given_up(caller, monkeypatch):
    monkeypatch.setattr(door, "BODY_SECONDS", 0.1)
    head = f"POST {caller.path} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n".encode()
    with caller.raw(head + b"{") as opened:
        assert opened.recv(100).startswith(b"HTTP/1.1 408 ")
    with caller.raw(head + b"{"):
        pass  # and one that is closed in the middle
    assert caller.post_signed(b"{}") == 200


def test_without_its_database_it_says_so_and_needs_no_restart(database_proxy, server, inbox, caller, monkeypatch):
    monkeypatch.setattr(journal, "DATABASE_SECONDS", 1)
    assert caller.post_signed(b"{}") == 200
    database_proxy.cut()
    answer = caller.ask(body=b"{}", headers={"X-Hub-Signature-256": sign(b"{}", APP_SECRET)})
    assert (answer.status, answer.headers["retry-after"], answer.body) == (503, "30", b"")
    database_proxy.mend()
    assert caller.post_signed(b"{}") == 200
    # a database that hangs is away too
    database_proxy.hang()
    assert caller.post_signed(b"{}") == 503
    database_proxy.flow()
    assert caller.post_signed(b"{}") == 200
    assert WebhookEvent.objects.count() >= 3


def test_a_restarted_database_costs_no_delivery(server, inbox, caller):
    assert caller.post_signed(b"{}") == 200
    with connection.cursor() as sql:
        sql.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()")  # fmt: skip
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: caller.post_signed(b"{}"), range(16))) == {200}
    assert WebhookEvent.objects.count() == 17


def test_changed_secrets_count_at_once(caller, inbox):
    body = b"{}"
    assert caller.post_signed(body) == 200
    change_credentials(account=inbox.account, credentials={"app_secret": [APP_SECRET, "new"]}, actor=SYSTEM)
    assert (caller.post_signed(body), caller.post_signed(body, secret="new")) == (200, 200)
    change_credentials(account=inbox.account, credentials={"app_secret": ["new"]}, actor=SYSTEM)
    assert (caller.post_signed(body), caller.post_signed(body, secret="new")) == (401, 200)
    assert WebhookEvent.objects.count() == 4


def test_an_account_nobody_can_open_keeps_its_deliveries_waiting(caller, inbox, caplog):
    from cryptography.fernet import Fernet

    with pytest.MonkeyPatch.context() as patch:
        from django.conf import settings

        patch.setattr(settings, "ENCRYPTION_KEYS", [Fernet.generate_key().decode()])
        assert caller.post_signed(b"{}") == 503
    assert "webhook.unusable_account" in caplog.text
    assert caller.post_signed(b"{}") == 200


def test_two_hundred_at_once_share_commits(meta, inbox):
    meta.send([meta.body()])
    with connection.cursor() as sql:
        sql.execute("SELECT count(DISTINCT xmin::text) FROM django_q_ormq")
        before = sql.fetchone()[0]
        bodies = [meta.body(messages=[text_message(f"n{number}")]) for number in range(200)]
        assert {posting.status for posting in meta.send(bodies, parallel=200)} == {200}
        sql.execute("SELECT count(DISTINCT xmin::text) FROM inboxes_webhookevent")
        commits = sql.fetchone()[0]
    assert before == 1
    assert WebhookEvent.objects.count() == 201
    assert commits < 120
    assert OrmQ.objects.count() == commits


@pytest.mark.parametrize(
    ("_case", "body", "state", "dead"),
    [
        ("empty", b"", "dead", 1),
        ("no JSON", b"hello", "dead", 1),
        ("no object", b"[]", "dead", 1),
        ("not theirs", b'{"object":"page","entry":[]}', "dead", 1),
        ("byte order mark", b"\xef\xbb\xbf{}", "dead", 1),
        ("bad UTF-8", b'{"object":"\xff"}', "dead", 1),
        ("very deep", b'{"object":' * 100_000 + b"1" + b"}" * 100_000, "dead", 1),
        ("very deep list", b"[" * 100_000 + b"]" * 100_000, "dead", 1),
        ("a number of 5,000 digits", b'{"object":' + b"9" * 5000 + b"}", "dead", 1),
        ("NaN", b'{"object":"whatsapp_business_account","entry":[NaN]}', "dead", 1),
        ("unknown type", encode(delivery([{"field": "comets", "value": {}}])), "ignored", 0),
        ("nothing", encode(delivery()), "processed", 0),
    ],
)
def test_what_cannot_be_read_is_answered_200_and_kept(_case, body, state, dead, caller, process):
    assert caller.post_signed(body) == 200
    process()
    event = WebhookEvent.objects.get()
    assert (event.state, DeadLetter.objects.count(), bytes(event.body)) == (state, dead, body)


def test_hostile_texts_become_messages_a_database_can_hold(meta, inbox, process):
    texts = ["nul \x00 inside", "half \ud800 alone", "other half \udc00", "e\u0301", "\u202eright to left", "🙂 " * 10]
    body = json.dumps(
        delivery([{"field": "messages", "value": {
            "metadata": {"phone_number_id": inbox.address},
            "messages": [text_message(text) for text in texts],
        }}])
    ).encode()  # fmt: skip
    meta.send([body])
    process()
    stored = list(Message.objects.order_by("id").values_list("text", flat=True))
    assert stored == [
        "nul  inside",
        "half \ufffd alone",
        "other half \ufffd",
        "\u00e9",
        "\u202eright to left",
        "🙂 " * 10,
    ]


def test_repeated_keys_count_once_and_the_last_one_wins(caller, inbox, process):
    one = json.dumps(text_message("first", message_id="wamid.1"))[:-1] + ', "text": {"body": "last"}}'
    body = json.dumps(delivery([{"field": "messages", "value": {
        "metadata": {"phone_number_id": inbox.address}, "messages": ["HERE"]}}])).replace('"HERE"', one)  # fmt: skip
    assert caller.post_signed(body.encode()) == 200
    process()
    assert Message.objects.get().text == "last"


def test_a_million_empty_objects_are_kept_and_cost_little(caller, inbox, process):
    head = json.dumps(delivery([{"field": "messages", "value": {
        "metadata": {"phone_number_id": inbox.address}, "messages": ["HERE"]}}]))  # fmt: skip
    body = head.replace('"HERE"', ",".join(["{}"] * 1_000_000)).encode()
    assert caller.post_signed(body) == 200
    process()
    event = WebhookEvent.objects.get()
    assert (event.state, DeadLetter.objects.count() <= 100) == ("dead", True)


def test_another_tenants_number_is_kept_and_goes_nowhere(meta, inbox, process):
    stranger = make_inbox(make_account(name="Another"))
    meta.phone_number_id = stranger.address
    meta.send([meta.body(messages=[text_message("Hola")])])
    process()
    assert not Message.objects.exists()
    event = WebhookEvent.objects.get()
    assert (event.state, event.note) == ("ignored", "unknown_inbox")


def test_nothing_a_person_wrote_reaches_the_log(meta, caller, inbox, process, caplog):
    caplog.set_level("DEBUG")
    number, text, name = "5493875550188", "canary of the text", "canary of the name"
    meta.send([meta.body(messages=[text_message(text, sender=number)], names={number: name})])
    broken = meta.body(messages=[{**text_message(text, sender=number), "text": text}])
    caller.post_signed(broken)
    caller.ask(body=broken)
    process()
    eventually(lambda: Message.objects.exists())
    known = [number, text, name, APP_SECRET, VERIFY_TOKEN, "access-token-of-tests", inbox.account.webhook_key]
    ours = "\n".join(record.getMessage() for record in caplog.records if not record.name.startswith("django.db"))
    assert [word for word in known if word in ours] == []
    letter = DeadLetter.objects.get()
    assert [word for word in known if word in f"{letter.detail}{letter.path}{letter.error_class}"] == []
