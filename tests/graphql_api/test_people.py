"""Merging people over GraphQL, and seeing by which addresses they are known."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.core.actors import Role
from apps.people.models import Identity, Person, PersonMerge
from graphql_api.ids import to_id
from tests.factories import make_conversation
from tests.graphql_api.documents import IDENTITIES, MERGE, UNMERGE
from tests.people.telling import phone, user, write


def ask(application: Any, document: str, kept: int, merged: int) -> Any:
    ids = {"keptId": to_id("Person", kept), "mergedId": to_id("Person", merged)}
    return next(iter(application.ask(document, input=ids).values()))


def problem(payload: Any) -> tuple[str, str | None]:
    assert payload["__typename"] == "OperationInfo"
    (message,) = payload["messages"]
    return message["kind"], message["code"]


@pytest.fixture
def ours(house):
    return house.ours.person


@pytest.fixture
def again(house):
    """Our person once more, at the same inbox."""
    return make_conversation(house.ours.inbox, sender="5493875550303", name="Ana otra vez").person


def test_people_are_merged_and_separated_again(house, application, ours, again):
    operator = application()

    kept = ask(operator, MERGE, ours.pk, again.pk)
    history = operator.ask(IDENTITIES, id=to_id("Person", ours.pk))["person"]["merges"]
    gone = operator.ask(IDENTITIES, id=to_id("Person", again.pk))
    back = ask(operator, UNMERGE, ours.pk, again.pk)

    first, second = Identity.objects.filter(account=house.ours.inbox.account).order_by("pk")
    assert (kept["id"], kept["name"]) == (to_id("Person", ours.pk), "Ana")
    assert kept["identities"] == [
        {
            "id": to_id("Identity", row.pk),
            "scope": "PHONE",
            "address": row.address,
            "username": "",
            "inboxProvider": "whatsapp",
        }
        for row in (first, second)
    ]
    assert history == [
        {"mergedId": to_id("Person", again.pk), "mergedName": "Ana otra vez", "reason": "BY_HAND", "undoneAt": None}
    ]
    assert gone == {"person": None}
    assert (back["id"], back["identities"]) == (to_id("Person", again.pk), [{"address": "5493875550303"}])
    assert problem(ask(operator, UNMERGE, ours.pk, again.pk)) == ("VALIDATION", "undone_already")


def test_what_hangs_together_is_told(house, application):
    write(house.ours.inbox, phone("5493875550101"), user("AR.1"), username="anita")
    (main, other) = application().ask(IDENTITIES, id=to_id("Person", house.ours.person_id))["person"]["identities"]
    assert (main["address"], main["username"], other["address"]) == ("5493875550101", "anita", "AR.1")


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR, Role.SUPERVISOR])
def test_who_is_hidden_is_missing(house, application, ours, again, role):
    writer = application(role)
    refused = [
        ask(writer, MERGE, ours.pk, house.theirs.person_id),
        ask(writer, MERGE, house.theirs.person_id, ours.pk),
        ask(writer, MERGE, ours.pk, 10**9),
        ask(writer, UNMERGE, ours.pk, house.theirs.person_id),
    ]
    expected = ("PERMISSION", "permission_denied") if role == Role.VIEWER else ("ERROR", "not_found")
    assert [problem(payload) for payload in refused] == [expected] * 4
    assert not PersonMerge.objects.exists()


def test_a_token_needs_both_scopes(application, ours, again):
    for scopes in (["people:read"], ["people:write"], ["conversations:read", "messages:send"]):
        payload = ask(application(Role.OPERATOR, *scopes), MERGE, ours.pk, again.pk)
        assert problem(payload) == ("PERMISSION", "permission_denied")
    assert Person.objects.filter(merged_into=None).count() == 3


def test_a_list_reads_all_of_it_at_once(house, application):
    reader = application()
    asked = "marketingStoppedAt merges { id } identities { inboxProvider }"

    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            reader.ask(f"{{ conversations {{ edges {{ node {{ person {{ {asked} }} }} }} }} }}")
        return len(queries)

    count()  # the use of a token is noted once
    few = count()
    for number in range(5):
        make_conversation(house.ours.inbox, sender=f"549387556000{number}")
    assert count() == few
