"""Who may see and do what: every kind of user and token, at every field that reads or writes."""

from collections.abc import Callable
from typing import Any

import pytest

from apps.conversations.models import Conversation, Message
from apps.core.actors import Role, Scope
from graphql_api.ids import to_id
from tests.factories import make_inbox, make_token, make_user, receive
from tests.graphql_api.clients import Application
from tests.graphql_api.conftest import House
from tests.graphql_api.documents import CHAT, INBOXES, LIST, PERSON, SEND

type MakeApplication = Callable[..., Application]

MARK = "mutation ($id: ID!) { markConversationRead(conversationId: $id) { __typename ...on OperationInfo { messages { kind code } } } }"  # noqa: E501
MAY_SEND = [Role.OPERATOR, Role.SUPERVISOR, Role.ADMINISTRATOR]
MISSING = 10**9


def send(application: Application, conversation: int, key: str = "k") -> Any:
    given = {"conversationId": to_id("Conversation", conversation), "text": "Hola", "clientKey": key}
    return application.ask(SEND, input=given)["sendMessage"]


def kinds(payload: Any) -> list[tuple[str, str | None]]:
    assert payload["__typename"] == "OperationInfo"
    return [(message["kind"], message["code"]) for message in payload["messages"]]


@pytest.mark.parametrize("role", Role)
def test_every_role_reads_its_branches(house: House, application: MakeApplication, role: Role):
    reader = application(role)

    inboxes = {inbox["id"] for inbox in reader.ask(INBOXES)["inboxes"]}
    conversations = {edge["node"]["id"] for edge in reader.ask(LIST)["conversations"]["edges"]}

    visible = [house.ours, house.theirs] if role == Role.ADMINISTRATOR else [house.ours]
    assert inboxes == {to_id("Inbox", conversation.inbox_id) for conversation in visible}
    assert conversations == {to_id("Conversation", conversation.pk) for conversation in visible}


@pytest.mark.parametrize("role", Role)
def test_a_viewer_cannot_write(house: House, application: MakeApplication, role: Role):
    writer = application(role)

    sent = send(writer, house.ours.pk)
    marked = writer.ask(MARK, id=to_id("Conversation", house.ours.pk))["markConversationRead"]

    if role in MAY_SEND:
        assert sent["__typename"] == "Message"
        assert marked["__typename"] == "Conversation"
    else:
        assert kinds(sent) == kinds(marked) == [("PERMISSION", "permission_denied")]
        assert not Message.objects.filter(direction="out").exists()
        assert Conversation.objects.get(pk=house.ours.pk).unread_count == 1


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR, Role.SUPERVISOR])
class TestAnotherBranch:
    """What is hidden and what is missing are the same answer."""

    def test_conversation_and_person_are_null(self, house: House, application: MakeApplication, role: Role):
        reader = application(role)

        assert reader.ask(CHAT, id=to_id("Conversation", house.theirs.pk)) == {"conversation": None}
        assert reader.ask(CHAT, id=to_id("Conversation", MISSING)) == {"conversation": None}
        assert reader.ask(PERSON, id=to_id("Person", house.theirs.person_id)) == {"person": None}
        assert reader.ask(PERSON, id=to_id("Person", MISSING)) == {"person": None}

    def test_filters_find_nothing(self, house: House, application: MakeApplication, role: Role):
        document = "query ($filters: ConversationFilter) { conversations(filters: $filters) { totalCount } }"
        reader = application(role)

        for inbox in (house.theirs.inbox_id, MISSING):
            assert reader.ask(document, filters={"inboxId": to_id("Inbox", inbox)})["conversations"]["totalCount"] == 0
        assert reader.ask(document, filters={"text": "Beto"})["conversations"]["totalCount"] == 0

    def test_writing_answers_alike(self, house: House, application: MakeApplication, role: Role):
        writer = application(role)

        answers = [
            (send(writer, pk), writer.ask(MARK, id=to_id("Conversation", pk))["markConversationRead"])
            for pk in (house.theirs.pk, MISSING)
        ]

        assert answers[0] == answers[1]
        assert kinds(answers[0][0]) == [
            ("ERROR", "not_found") if role in MAY_SEND else ("PERMISSION", "permission_denied")
        ]
        assert not Message.objects.filter(direction="out").exists()

    def test_a_quoted_message_of_another_branch_is_missing(
        self, house: House, application: MakeApplication, role: Role
    ):
        writer = application(role)
        quoted = Message.objects.get(conversation=house.theirs)

        def quote(pk: int) -> Any:
            conversation = to_id("Conversation", house.ours.pk)
            given = {"conversationId": conversation, "text": "x", "clientKey": "k", "replyToId": to_id("Message", pk)}
            return writer.ask(SEND, input=given)

        assert quote(quoted.pk) == quote(MISSING)
        assert not Message.objects.filter(direction="out").exists()


def test_a_person_of_two_branches_shows_only_the_addresses_used_here(house: House, application: MakeApplication):
    there = receive(make_inbox(branch=house.elsewhere), "otra cuenta", sender="5493875559999")
    identity = there.conversation.identity
    identity.person = house.ours.person
    identity.save(update_fields=["person"])

    def addresses(role: Role) -> list[str]:
        person = application(role).ask(PERSON, id=to_id("Person", house.ours.person_id))["person"]
        return [identity["address"] for identity in person["identities"]]

    assert addresses(Role.OPERATOR) == ["5493875550101"]
    assert addresses(Role.ADMINISTRATOR) == ["5493875550101", "5493875559999"]


@pytest.mark.parametrize(
    ("scope", "document", "variables"),
    [
        (Scope.CONVERSATIONS_READ, LIST, {}),
        (Scope.CONVERSATIONS_READ, CHAT, {"id": to_id("Conversation", 1)}),
        (Scope.CONVERSATIONS_READ, "{ eventsCursor }", {}),
        (Scope.PEOPLE_READ, PERSON, {"id": to_id("Person", 1)}),
        (Scope.INBOXES_READ, INBOXES, {}),
    ],
)
def test_a_token_reads_only_what_its_scopes_name(
    house: House, application: MakeApplication, scope: Scope, document: str, variables: dict[str, Any]
):
    others = sorted(set(Scope) - {scope})

    assert application(Role.ADMINISTRATOR, *others).code(document, **variables) == "PERMISSION"
    assert "errors" not in application(Role.ADMINISTRATOR, scope).post(document, variables).json()


@pytest.mark.parametrize("missing", [Scope.MESSAGES_SEND, Scope.CONVERSATIONS_READ])
def test_a_token_sends_only_with_both_scopes(house: House, application: MakeApplication, missing: Scope):
    sender = application(Role.OPERATOR, *sorted({Scope.MESSAGES_SEND, Scope.CONVERSATIONS_READ} - {missing}))

    assert kinds(send(sender, house.ours.pk)) == [("PERMISSION", "permission_denied")]
    assert not Message.objects.filter(direction="out").exists()


def test_without_people_read_a_person_is_a_name(house: House, application: MakeApplication):
    document = (
        "{ conversations { edges { node { person { id name phone email tags { name } identities { address } } } } } }"
    )

    (edge,) = application(Role.OPERATOR, Scope.CONVERSATIONS_READ).ask(document)["conversations"]["edges"]

    assert edge["node"]["person"] == {
        "id": to_id("Person", house.ours.person_id),
        "name": "Ana",
        "phone": None,
        "email": None,
        "tags": None,
        "identities": None,
    }


def test_a_key_of_one_token_is_not_the_key_of_another(house: House):
    user = make_user(Role.OPERATOR, (house.here,))

    first = send(Application(make_token(user)), house.ours.pk, key="same")
    second = send(Application(make_token(user)), house.ours.pk, key="same")

    assert first["id"] != second["id"]
