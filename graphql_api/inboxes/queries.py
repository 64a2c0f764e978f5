"""Queries of this room."""

import strawberry
from django.db.models import FETCH_PEERS

from apps.core.actors import Scope
from apps.inboxes.models import WebhookEvent
from apps.inboxes.queries import events_for, first_errors, inboxes_for
from graphql_api.context import Info
from graphql_api.ids import pk_of
from graphql_api.inboxes.types import InboxType, WebhookEventType
from graphql_api.paging import page_size

EVENTS = 20


@strawberry.type
class InboxQuery:
    @strawberry.field(description="The inboxes that exist for you, by name. Needs inboxes:read.")
    def inboxes(self, info: Info) -> list[InboxType]:
        info.context.require(Scope.INBOXES_READ)
        rows = inboxes_for(info.context.actor).defer("account__credentials").fetch_mode(FETCH_PEERS)
        return [InboxType.of(row) for row in rows.order_by("name", "pk")]

    @strawberry.field(
        description="The journal of the accounts that exist for you, the newest first; `after` is the id of the last "
        "one you have. Needs journal:read."
    )
    def webhook_events(
        self,
        info: Info,
        state: WebhookEvent.State | None = None,
        first: int | None = EVENTS,
        after: strawberry.ID | None = None,
    ) -> list[WebhookEventType]:
        info.context.require(Scope.JOURNAL_READ)
        rows = events_for(info.context.actor).defer("headers", "account__credentials").order_by("-pk")
        if state is not None:
            rows = rows.filter(state=state)
        if after is not None:
            rows = rows.filter(pk__lt=pk_of(after, "WebhookEvent", field="after"))
        page = list(rows[: page_size(first, EVENTS)])
        errors = first_errors(page)
        return [WebhookEventType.of(row, errors.get(row.pk)) for row in page]
