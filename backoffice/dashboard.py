"""The first page of the admin: what waits for somebody. Every number leads to what it counts."""

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from apps.assistant.admin.figures import by, share_words
from apps.assistant.admin.problems import problems_of
from apps.assistant.admin.words import NOTHING
from apps.assistant.models import AssistantSettings
from apps.assistant.queries.figures import judged, last_days, spent
from apps.console.templatetags import console
from apps.conversations.models import Status
from apps.conversations.queries import conversations_for, needs_attention
from apps.core.actors import Actor, Scope
from apps.core.requests import actor_of
from apps.inboxes.models import DeadLetter, ProviderAccount
from apps.inboxes.queries import accounts_for, dead_letters_for

COUNTED_TO = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One number and the list behind it; a trouble is loud when there is any."""

    title: Any
    icon: str
    address: str
    count: int
    is_trouble: bool = False

    @property
    def words(self) -> str:
        """The number as it is shown: exact while that is cheap."""
        return f"{COUNTED_TO}+" if self.count > COUNTED_TO else str(self.count)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """Something measured, and the page that says more."""

    title: Any
    icon: str
    address: str
    words: str


def product_name(request: HttpRequest) -> str:
    """Return the name of the house, read once per page."""
    if not hasattr(request, "product_name"):
        request.product_name = console.product_name()  # type: ignore[attr-defined]
    name: str = request.product_name  # type: ignore[attr-defined]
    return name


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add the cards to the first page, and what is wrong with the assistant where it is on."""
    actor = actor_of(request)
    problems = problems_of(actor) if AssistantSettings.current().is_enabled else []
    return {
        **context,
        "attention": _attention(actor),
        "troubles": _troubles(actor),
        "problems": problems,
        "assistant": _figures(actor),
    }


def _figures(actor: Actor) -> list[Figure]:
    """Return what the assistant costs today and how its answers of a week did, for whoever may read its log."""
    if not actor.can(Scope.ASSISTANT_READ):
        return []
    address = reverse("admin:assistant_completion_figures")
    costs = by(spent(actor, last_days(1)), lambda row: "")
    share = share_words(judged(actor, last_days(7)).share)
    return [
        Figure(title=_("Cost of today"), icon="payments", address=address, words=costs[0][2] if costs else NOTHING),
        Figure(title=_("Sent as they were, 7 days"), icon="done_all", address=f"{address}?days=7", words=share),
    ]


def _attention(actor: Actor) -> list[Card]:
    chats = conversations_for(actor)
    return [
        _card(
            pgettext_lazy("view of the list", "Pending"),
            "flag",
            "conversations_conversation",
            "is_pending__exact=1",
            chats.filter(is_pending=True),
        ),
        _card(
            pgettext_lazy("view of the list", "Unread"),
            "mark_chat_unread",
            "conversations_conversation",
            "unread=1",
            chats.filter(unread_count__gt=0),
        ),
    ]


def _troubles(actor: Actor) -> list[Card]:
    sends, accounts = needs_attention(actor), accounts_for(actor).filter(is_active=True)
    letters = dead_letters_for(actor).filter(state=DeadLetter.State.OPEN)
    needing = accounts.filter(state=ProviderAccount.State.NEEDS_AUTH)
    message, account = "conversations_message", "inboxes_provideraccount"
    rows: list[tuple[Any, str, str, str, QuerySet[Any]]] = [
        (_("May have arrived"), "help", message, "status=uncertain", sends.filter(status=Status.UNCERTAIN)),
        (_("Failed sends"), "error", message, "status=failed", sends.filter(status=Status.FAILED)),
        (_("Dead letters"), "report", "inboxes_deadletter", "state__exact=open", letters),
        (
            _("Accounts that need credentials"),
            "vpn_key",
            account,
            "state__exact=needs_auth&is_active__exact=1",
            needing,
        ),
    ]
    return [_card(*row, is_trouble=True) for row in rows]


def _card(title: Any, icon: str, model: str, narrowed: str, rows: QuerySet[Any], *, is_trouble: bool = False) -> Card:
    address = f"{reverse(f'admin:{model}_changelist')}?{narrowed}"
    count = rows.order_by()[: COUNTED_TO + 1].count()
    return Card(title=title, icon=icon, address=address, count=count, is_trouble=is_trouble)
