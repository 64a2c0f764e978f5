"""The HTTP door: who comes in, in which form, and what is told when something fails."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from apps.accounts.actions import create_token, revoke_token
from apps.accounts.models import ApiToken, User
from apps.conversations.models import Conversation, Message
from apps.core.actors import SYSTEM, Role
from graphql_api.ids import to_id
from tests.factories import make_token, make_user, receive
from tests.graphql_api.clients import Application
from tests.graphql_api.conftest import House
from tests.graphql_api.documents import CHAT, LIST, ME, SEND
from tests.proxy import Proxy

type MakeApplication = Callable[..., Application]


def refused(response: Any) -> tuple[int, str]:
    """Return status and code of a refusal, which is always JSON."""
    (error,) = response.json()["errors"]
    return response.status_code, error["extensions"]["code"]


@pytest.mark.django_db
class TestWhoComesIn:
    def test_nobody(self, django_assert_num_queries: DjangoAssertNumQueries):
        with django_assert_num_queries(0):
            response = Client().post("/graphql/", {"query": ME}, content_type="application/json")
        assert refused(response) == (401, "UNAUTHENTICATED")
        assert response["WWW-Authenticate"] == "Bearer"

    @pytest.mark.parametrize(
        "header", ["Bearer", "Bearer ", "Bearer mst_wrong", "Basic dTpw", "Bearer \xff", "x" * 999]
    )
    def test_a_wrong_header(self, header: str):
        response = Client().post(
            "/graphql/", {"query": ME}, content_type="application/json", headers={"Authorization": header}
        )
        assert refused(response) == (401, "UNAUTHENTICATED")

    def test_a_session_is_ignored(self):
        client = Client()
        client.force_login(make_user(Role.ADMINISTRATOR), "django.contrib.auth.backends.ModelBackend")
        assert client.get("/chat/").status_code == 200
        assert refused(client.post("/graphql/", {"query": ME}, content_type="application/json"))[0] == 401

    def test_an_expired_token(self):
        past = timezone.now() - timedelta(seconds=1)
        _, token = create_token(user=make_user(), name="old", scopes=["*"], expires_at=past, actor=SYSTEM)
        assert refused(Application(token).post(ME)) == (401, "UNAUTHENTICATED")

    def test_a_revoked_token(self):
        row, token = create_token(user=make_user(), name="t", scopes=["*"], expires_at=None, actor=SYSTEM)
        Application(token).ask(ME)
        revoke_token(token=row, actor=SYSTEM)
        assert refused(Application(token).post(ME)) == (401, "UNAUTHENTICATED")

    def test_the_token_of_a_user_who_left(self):
        user = make_user()
        token = make_token(user)
        User.objects.filter(pk=user.pk).update(is_active=False)
        assert refused(Application(token).post(ME)) == (401, "UNAUTHENTICATED")

    def test_the_use_of_a_token_is_noted(self):
        token = make_token(make_user())
        Application(token).ask(ME)
        assert ApiToken.objects.get().last_used_at is not None


class TestForm:
    """Anything but one JSON object by POST is refused, and never answered by a page or a stack trace."""

    @pytest.fixture
    def token(self, db: None) -> dict[str, str]:
        return {"Authorization": f"Bearer {make_token(make_user())}"}

    def test_get(self, token: dict[str, str]):
        response = Client().get("/graphql/", {"query": ME}, headers=token)
        assert refused(response) == (405, "BAD_REQUEST")
        assert response["Allow"] == "POST"

    def test_a_browser_gets_no_playground(self, token: dict[str, str]):
        assert refused(Client().get("/graphql/", headers={**token, "Accept": "text/html"}))[0] == 405

    @pytest.mark.parametrize(
        "content_type", ["multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "text/plain", ""]
    )
    def test_other_types(self, token: dict[str, str], content_type: str):
        body = json.dumps({"query": ME})
        response = Client().generic("POST", "/graphql/", body, content_type=content_type, headers=token)
        assert refused(response) == (415, "BAD_REQUEST")

    @pytest.mark.parametrize(
        ("_case", "body"),
        [
            ("a batch", json.dumps([{"query": ME}] * 100)),
            ("a text", '"{ me { id } }"'),
            ("null", "null"),
            ("nothing", " "),
            ("half", '{"query": "{ me'),
            ("no query", "{}"),
            ("a query that is no text", '{"query": 5}'),
            ("variables that are no object", '{"query": "{ me { id } }", "variables": [1]}'),
            ("an unknown operation", '{"query": "query A { me { id } }", "operationName": "B"}'),
            ("an operation name that is no text", '{"query": "query A { me { id } }", "operationName": [1]}'),
            ("too deep", '{"variables":' + "[" * 30_000 + "]" * 30_000 + "}"),
            ("a number of 5 000 digits", '{"query": "{ me { id } }", "variables": {"n": ' + "9" * 5_000 + "}}"),
            ("no UTF-8", b"\xff\xfe{}"),
            ("a subscription", '{"query": "subscription { events { kind } }"}'),
        ],
        ids=lambda value: value if isinstance(value, str) and len(value) < 40 else "",
    )
    def test_other_bodies(self, token: dict[str, str], _case: str, body: str | bytes):
        response = Client().generic("POST", "/graphql/", body, content_type="application/json", headers=token)
        assert refused(response) == (400, "BAD_REQUEST")

    def test_a_stream_is_not_offered(self, token: dict[str, str]):
        for accept in ("text/event-stream", "multipart/mixed; subscriptionSpec=1.0"):
            response = Client().post(
                "/graphql/",
                {"query": "subscription { events { kind } }"},
                content_type="application/json",
                headers={**token, "Accept": accept},
            )
            assert refused(response) == (400, "BAD_REQUEST")

    def test_answers_are_not_kept(self, token: dict[str, str]):
        response = Client().post("/graphql/", {"query": ME}, content_type="application/json", headers=token)
        assert response["Cache-Control"] == "no-store"
        assert not response.cookies


class TestWrongInput:
    """What the client sent wrong is told as such, and nothing of it is an accident of ours."""

    @pytest.mark.parametrize(
        "wrong",
        ["", "x", "5", "Q29udmVyc2F0aW9uOjU", "Q29udmVyc2F0aW9uOg==", "Q29udmVyc2F0aW9uOjA1", "ñ", "A" * 5_000],
    )
    def test_an_id_that_is_none(self, house: House, application: MakeApplication, wrong: str):
        document = "query ($id: ID!) { conversation(id: $id) { id } }"
        assert application().code(document, id=wrong) == "BAD_USER_INPUT"

    def test_an_id_of_another_kind(self, house: House, application: MakeApplication):
        message = Message.objects.get(conversation=house.ours)
        document = "query ($id: ID!) { conversation(id: $id) { id } }"
        assert application().code(document, id=to_id("Message", message.pk)) == "BAD_USER_INPUT"
        assert application().code("query ($id: ID!) { person(id: $id) { id } }", id=to_id("Conversation", 1)) == (
            "BAD_USER_INPUT"
        )

    @pytest.mark.parametrize(
        "wrong", ["", "x", "cmVjZW50", "cmVjZW50OjE6MQ", "cmVjZW50Ojk5OTk5OTk5OTk5OTk5OTk5OTk6MQ=="]
    )
    def test_a_cursor_that_is_none(self, house: House, application: MakeApplication, wrong: str):
        document = "query ($after: String) { conversations(after: $after) { totalCount } }"
        assert application().code(document, after=wrong) == "BAD_USER_INPUT"

    def test_a_cursor_of_another_order(self, house: House, application: MakeApplication):
        reader = application()
        cursor = reader.ask("{ conversations { pageInfo { endCursor } } }")["conversations"]["pageInfo"]["endCursor"]
        document = "query ($after: String) { conversations(after: $after, ordering: OLDEST) { totalCount } }"
        assert reader.code(document, after=cursor) == "BAD_USER_INPUT"

    @pytest.mark.parametrize("text", ["a\0b", "\ud800", "x" * 201])
    def test_a_search_the_database_cannot_hold(self, house: House, application: MakeApplication, text: str):
        document = "query ($text: String) { conversations(filters: {text: $text}) { totalCount } }"
        assert application().code(document, text=text) == "BAD_USER_INPUT"

    def test_problems_of_a_mutation_are_told_by_field(self, house: House, application: MakeApplication):
        sender = application()
        conversation = to_id("Conversation", house.ours.pk)

        def problem(**given: Any) -> dict[str, Any]:
            given = {"conversationId": conversation, "text": "Hola", "clientKey": "k", **given}
            answer = sender.ask(SEND, input=given)["sendMessage"]
            assert answer["__typename"] == "OperationInfo"
            (message,) = answer["messages"]
            assert message.pop("message")
            return dict(message)

        assert problem(text="  ") == {"kind": "VALIDATION", "field": "text", "code": "empty"}
        assert problem(text="x" * 5_000) == {"kind": "VALIDATION", "field": "text", "code": "too_long"}
        assert problem(text="\ud800") == {"kind": "VALIDATION", "field": "text", "code": "invalid_text"}
        assert problem(clientKey="") == {"kind": "VALIDATION", "field": "clientKey", "code": "bad_key"}
        assert problem(conversationId="x") == {"kind": "VALIDATION", "field": "conversationId", "code": "invalid_id"}
        assert problem(replyToId=conversation) == {"kind": "VALIDATION", "field": "replyToId", "code": "invalid_id"}
        other = Message.objects.get(conversation=house.theirs)
        assert problem(replyToId=to_id("Message", other.pk)) == {"kind": "ERROR", "field": None, "code": "not_found"}
        assert not Message.objects.filter(direction="out").exists()

    def test_a_closed_window_is_a_problem_without_a_field(self, house: House, application: MakeApplication):
        Conversation.objects.update(window_ends_at=timezone.now() - timedelta(seconds=1))
        given = {"conversationId": to_id("Conversation", house.ours.pk), "text": "Hola", "clientKey": "k"}
        (message,) = application().ask(SEND, input=given)["sendMessage"]["messages"]
        assert (message["kind"], message["field"], message["code"]) == ("VALIDATION", None, "window_closed")

    def test_the_same_key_gives_the_same_message_and_other_words_do_not(
        self, house: House, application: MakeApplication
    ):
        sender = application()
        given = {"conversationId": to_id("Conversation", house.ours.pk), "text": "Hola", "clientKey": "k"}
        first = sender.ask(SEND, input=given)["sendMessage"]
        assert sender.ask(SEND, input=given)["sendMessage"] == first
        (message,) = sender.ask(SEND, input={**given, "text": "Chau"})["sendMessage"]["messages"]
        assert (message["field"], message["code"]) == ("clientKey", "client_key_reused")


def test_an_accident_of_ours_tells_only_its_number(
    house: House, application: MakeApplication, caplog: pytest.LogCaptureFixture
):
    reader = application()
    Conversation.objects.filter(pk=house.ours.pk).update(last_message=None)
    Message.objects.filter(conversation=house.ours).update(kind="carrier pigeon")
    document = "query ($id: ID!) { conversation(id: $id) { messages { edges { node { id } } } } }"

    (error,) = reader.post(document, {"id": to_id("Conversation", house.ours.pk)}).json()["errors"]

    assert error["extensions"] == {"code": "INTERNAL_ERROR"}
    assert "pigeon" not in json.dumps(error)
    number = error["message"].rpartition(" ")[2].rstrip(".")
    assert f"number={number}" in caplog.text


def test_the_promised_documents_work_through_the_server(server: str, house: House, application: MakeApplication):
    headers = {"Authorization": f"Bearer {application().token}", "Content-Type": "application/json"}

    def ask(document: str, **variables: Any) -> Any:
        body = json.dumps({"query": document, "variables": variables}).encode()
        with urlopen(Request(f"{server}/graphql/", body, headers)) as response:
            answer = json.load(response)
        assert "errors" not in answer
        return answer["data"]

    conversation = to_id("Conversation", house.ours.pk)
    sent = ask(SEND, input={"conversationId": conversation, "text": "Hola", "clientKey": "k"})["sendMessage"]
    listed = ask(LIST)["conversations"]["edges"]
    chat = ask(CHAT, id=conversation)["conversation"]["messages"]["edges"]

    assert [edge["node"]["lastMessage"]["id"] for edge in listed] == [sent["id"]]
    assert chat[-1]["node"]["id"] == sent["id"]


def test_while_the_database_is_away_the_answer_is_to_come_back(
    server: str, database_proxy: Proxy, house: House, application: MakeApplication
):
    headers = {"Authorization": f"Bearer {application().token}", "Content-Type": "application/json"}
    request = Request(f"{server}/graphql/", json.dumps({"query": ME}).encode(), headers)
    database_proxy.cut()

    with pytest.raises(HTTPError) as refusal:
        urlopen(request)
    with refusal.value as answer:
        assert (answer.code, answer.headers["Retry-After"]) == (503, "5")
        assert json.load(answer)["errors"][0]["extensions"]["code"] == "UNAVAILABLE"

    database_proxy.mend()
    with urlopen(request) as response:
        assert "errors" not in json.load(response)


def test_pages_follow_each_other_without_a_gap_in_both_orders(house: House, application: MakeApplication):
    now = timezone.now()
    _make_conversations(house, 7, at=now)
    reader = application()
    document = """query ($after: String, $ordering: ConversationOrdering) {
      conversations(first: 3, after: $after, ordering: $ordering) {
        pageInfo { hasNextPage endCursor } edges { node { id } } } }"""

    def walk(ordering: str) -> list[str]:
        seen: list[str] = []
        after = None
        while True:
            page = reader.ask(document, after=after, ordering=ordering)["conversations"]
            seen += [edge["node"]["id"] for edge in page["edges"]]
            if not page["pageInfo"]["hasNextPage"]:
                return seen
            after = page["pageInfo"]["endCursor"]

    recent = walk("RECENT")
    assert len(recent) == len(set(recent)) == 8
    assert walk("OLDEST") == recent[::-1]


def test_messages_are_read_backwards_page_by_page(house: House, application: MakeApplication):
    now = timezone.now()
    for number in range(6):
        receive(house.ours.inbox, f"{number}", at=now)  # all in the same second
    reader = application()
    document = """query ($id: ID!, $before: String) { conversation(id: $id) { messages(last: 3, before: $before) {
      pageInfo { hasPreviousPage startCursor } edges { node { text } } } } }"""

    pages, before = [], None
    while True:
        page = reader.ask(document, id=to_id("Conversation", house.ours.pk), before=before)["conversation"]["messages"]
        pages.append([edge["node"]["text"] for edge in page["edges"]])
        if not page["pageInfo"]["hasPreviousPage"]:
            break
        before = page["pageInfo"]["startCursor"]

    assert pages == [["3", "4", "5"], ["0", "1", "2"], ["Hola"]]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, 2),
        ({"isOpen": True}, 1),
        ({"isOpen": False}, 1),
        ({"isPending": True}, 1),
        ({"isUnread": False}, 0),
        ({"isUnassigned": True}, 2),
        ({"text": "hóla"}, 1),
        ({"text": "ANA"}, 1),
    ],
)
def test_filters_narrow(house: House, application: MakeApplication, filters: dict[str, Any], found: int):
    other = _make_conversations(house, 1, at=timezone.now())[0]
    Conversation.objects.filter(pk=other.pk).update(
        closed_at=timezone.now(), is_pending=True, pending_since=timezone.now()
    )
    document = "query ($filters: ConversationFilter) { conversations(filters: $filters) { totalCount } }"

    assert application().ask(document, filters=filters)["conversations"]["totalCount"] == found


def _make_conversations(house: House, count: int, *, at: Any) -> list[Conversation]:
    return [
        receive(house.ours.inbox, "uno", sender=f"54938755511{number:02}", name=f"P{number}", at=at).conversation
        for number in range(count)
    ]
