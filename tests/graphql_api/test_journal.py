"""The journal as an application that watches over the house reads it."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from apps.core.actors import Role, Scope
from apps.inboxes.models import DeadLetter, WebhookEvent
from graphql_api.ids import to_id
from tests.factories import make_event
from tests.graphql_api.clients import Application
from tests.graphql_api.conftest import House
from tests.graphql_api.documents import JOURNAL, ME

type MakeApplication = Callable[..., Application]

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)


def event(house: House, state: str, error: str = "", *, elsewhere: bool = False) -> WebhookEvent:
    account = (house.theirs if elsewhere else house.ours).inbox.account
    row = make_event(account, b"{}", state=state, received_at=AT)
    if error:
        DeadLetter.objects.create(event=row, path="entry[0]", error_class=error)
        DeadLetter.objects.create(event=row, path="entry[1]", error_class="Later")
    return row


def test_the_journal_shows_the_newest_first(house: House, application: MakeApplication):
    dead, good = event(house, "dead", "KeyError"), event(house, "processed")
    event(house, "dead", "KeyError", elsewhere=True)

    shown = application(Role.SUPERVISOR).ask(JOURNAL)["webhookEvents"]

    at = "2026-11-20T12:00:00+00:00"
    assert shown == [
        {"id": to_id("WebhookEvent", good.pk), "state": "PROCESSED", "error": None, "receivedAt": at},
        {"id": to_id("WebhookEvent", dead.pk), "state": "DEAD", "error": "KeyError", "receivedAt": at},
    ]


def test_the_journal_is_narrowed_and_turned_page_by_page(house: House, application: MakeApplication):
    dead = [event(house, "dead", "KeyError") for _ in range(3)]
    event(house, "ignored")
    reader = application(Role.SUPERVISOR)
    more = """query ($after: ID) { webhookEvents(state: DEAD, first: 2, after: $after) { id uid account provider
      attempts items ignoredItems deadItems processedAt } }"""

    first = reader.ask(JOURNAL, state="DEAD", first=2)["webhookEvents"]
    (last,) = reader.ask(more, after=first[-1]["id"])["webhookEvents"]

    assert [row["id"] for row in first] == [to_id("WebhookEvent", row.pk) for row in (dead[2], dead[1])]
    assert last == {
        "id": to_id("WebhookEvent", dead[0].pk), "uid": str(dead[0].uid), "account": house.ours.inbox.account.name,
        "provider": "whatsapp", "attempts": 0, "items": 0, "ignoredItems": 0, "deadItems": 0, "processedAt": None,
    }  # fmt: skip


def test_a_mended_letter_is_no_error(house: House, application: MakeApplication):
    row = event(house, "processed", "KeyError")
    DeadLetter.objects.filter(event=row).update(state="replayed")

    assert application(Role.SUPERVISOR).ask(JOURNAL)["webhookEvents"][0]["error"] is None


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
def test_the_journal_is_for_its_scope(house: House, application: MakeApplication, role: Role):
    event(house, "dead", "KeyError")

    assert application(role).code(JOURNAL) == "PERMISSION"
    without = sorted(set(Scope) - {Scope.JOURNAL_READ})
    assert application(Role.ADMINISTRATOR, *without).code(JOURNAL) == "PERMISSION"
    assert len(application(Role.SUPERVISOR, Scope.JOURNAL_READ).ask(JOURNAL)["webhookEvents"]) == 1


@pytest.mark.parametrize(
    ("variables", "code"),
    [({"first": 0}, "BAD_USER_INPUT"), ({"first": 101}, "BAD_USER_INPUT"), ({"state": "LOST"}, "BAD_USER_INPUT")],
)
def test_what_cannot_be_asked_is_refused(house: House, application: MakeApplication, variables, code: str):
    assert application(Role.SUPERVISOR).code(JOURNAL, **variables) == code


def test_the_journal_costs_four_queries(house: House, application: MakeApplication, django_assert_num_queries):
    for _ in range(30):
        event(house, "dead", "KeyError")
    reader = application(Role.SUPERVISOR)
    reader.ask(ME)

    with django_assert_num_queries(4):  # token, branches, page, errors
        assert len(reader.ask(JOURNAL, first=30)["webhookEvents"]) == 30
