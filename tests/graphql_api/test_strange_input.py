"""Whatever a client sends as variables, it is never an accident of ours."""

import string
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.accounts.queries import actor_for_token
from apps.core.actors import Role
from graphql_api.context import Context
from graphql_api.ids import to_id
from graphql_api.schema import schema
from tests.factories import make_token, make_user
from tests.graphql_api.conftest import House
from tests.graphql_api.documents import (
    ACCEPT,
    ANOTHER,
    CHAT,
    COURSES,
    DISCARD,
    LIST,
    PERSON,
    RATE,
    RESUME,
    SEND,
    SET_MODE,
)

NARROWED = """query ($first: Int, $after: String, $filters: ConversationFilter, $ordering: ConversationOrdering) {
  conversations(first: $first, after: $after, filters: $filters, ordering: $ordering) {
    totalCount edges { cursor } } }"""
EARLIER = "query ($id: ID!, $last: Int, $before: String) { conversation(id: $id) { messages(last: $last, before: $before) { edges { cursor } } } }"  # noqa: E501

KINDS = ("Conversation", "Message", "Inbox", "User", "Suggestion", "Course")
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.text(alphabet=string.ascii_letters + string.digits + "+/=-_", max_size=40)
    | st.sampled_from([to_id(kind, pk) for kind in KINDS for pk in (1, 2**62)])
)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
)


def object_of(*names: str) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries({}, optional=dict.fromkeys(names, anything)) | anything


VARIABLES = st.fixed_dictionaries(
    {},
    optional={
        "id": anything,
        "first": anything,
        "last": anything,
        "after": anything,
        "before": anything,
        "ordering": anything,
        "filters": object_of("inboxId", "isPending", "assigneeId", "text", "isOpen"),
        "input": object_of(
            *("conversationId", "text", "clientKey", "replyToId"),
            *("suggestionId", "instruction", "rating", "feedback", "mode"),
        ),
    },
)


DOCUMENTS = (
    *(LIST, CHAT, PERSON, SEND, NARROWED, EARLIER),
    *(ACCEPT, DISCARD, ANOTHER, RATE, SET_MODE, RESUME, COURSES),
)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_strange_variables_are_the_clients_error(house: House, document: str):
    actor = actor_for_token(make_token(make_user(Role.OPERATOR, (house.here,))))
    assert actor is not None

    @settings(
        max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
    )
    @given(variables=VARIABLES)
    def check(variables: dict[str, Any]) -> None:
        result = schema.execute_sync(document, variables, Context(actor=actor))
        codes = [(error.extensions or {}).get("code") for error in result.errors or ()]
        assert "INTERNAL_ERROR" not in codes
        assert "UNAVAILABLE" not in codes

    check()
