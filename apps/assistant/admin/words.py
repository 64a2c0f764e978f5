"""What the log says, as people read it: turns, changes, money. Words of people and models are only ever text."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.utils.formats import number_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.assistant.models import Completion, Suggestion
from apps.assistant.queries import difference
from apps.assistant.types import Change, Failure

NOTHING = "–"
ROLES = {"system": _("Instructions"), "user": _("The person who writes"), "assistant": _("Us")}
OUTCOMES = {
    Completion.OK: _("It answered"),
    Failure.UNREACHABLE: _("No connection"),
    Failure.TOO_SLOW: _("Too slow"),
    Failure.BROKEN_OFF: _("Broke off"),
    Failure.LIMITED: _("Took no more"),
    Failure.FAULT: _("Fault of the provider"),
    Failure.UNAUTHORIZED: _("Key not accepted"),
    Failure.NO_MODEL: _("No such model"),
    Failure.REFUSED_REQUEST: _("Request not accepted"),
    Failure.REFUSED: _("Would not answer"),
    Failure.UNREADABLE: _("Unreadable"),
    Failure.EMPTY: _("Empty answer"),
    Failure.LOST: _("Lost with its worker"),
    Failure.OVERTAKEN: _("Nobody waited any more"),
    Failure.NO_PROVIDER: _("No provider"),
    Failure.RESTING: _("All providers rest"),
    Failure.BUDGET: _("Budget spent"),
    Failure.INTERNAL: _("Fault of ours"),
}
"""How a request ended, in as few words as a list has room for; the page of one says more."""
CHANGES = {Change.KEPT: "span", Change.GONE: "del", Change.NEW: "ins"}


def outcome_in_words(outcome: str) -> str:
    """Return how a request ended, in a few words."""
    return str(OUTCOMES.get(outcome, outcome))


def money(amount: Decimal, currency: str) -> str:
    """Return a price: two decimals, more where it would be nothing otherwise."""
    decimals = 2 if amount == 0 or amount >= 1 else 4
    if 0 < amount < Decimal("0.0001"):
        return f"{currency} < {number_format(Decimal('0.0001'), 4)}"
    return f"{currency} {number_format(amount, decimals, force_grouping=True)}"


def seconds(milliseconds: float | None) -> str:
    """Return a time in seconds, with tenths."""
    return NOTHING if milliseconds is None else f"{number_format(milliseconds / 1000, 1)} s"


def turns(request: Any) -> SafeString:
    """Return what a model was told, turn by turn."""
    told = [turn for turn in request or [] if isinstance(turn, dict)]
    return format_html_join(
        "",
        '<section class="turn turn--{}"><h3 class="turn__role">{}</h3>'
        '<pre class="verbatim turn__text">{}</pre></section>',
        ((_known(turn), ROLES[_known(turn)], turn.get("content", "")) for turn in told),
    )


def _known(turn: dict[str, Any]) -> str:
    role = str(turn.get("role"))
    return role if role in ROLES else "system"


def changes(suggestion: Suggestion) -> SafeString:
    """Return what left with what was struck out and what was put in."""
    return format_html(
        '<div class="verbatim changes">{}</div>',
        format_html_join(
            "",
            "<{0}>{1}</{0}>",
            ((CHANGES[piece.change], piece.text) for piece in difference(suggestion)),
        ),
    )


def drawn_in_words(values: Any) -> str:
    """Return the values of a respondent, each beside its parameter."""
    return " · ".join(f"{value.get('param')}: {value.get('value')}" for value in values or []) or NOTHING


def stars(rating: int | None) -> str:
    """Return a rating of five."""
    return f"{'★' * rating}{'☆' * (5 - rating)}" if rating else NOTHING


def in_words(parts: Iterable[str]) -> str:
    """Return what is known of several things, or a dash."""
    return " · ".join(part for part in parts if part) or NOTHING


def tokens_in_words(completion: Completion) -> str:
    """Return what was read and written, and whether anybody counted."""
    words = gettext("%(read)s read, %(written)s written") % {
        "read": number_format(completion.prompt_tokens, force_grouping=True),
        "written": number_format(completion.completion_tokens, force_grouping=True),
    }
    return f"{words} ({gettext('estimated')})" if completion.is_estimated else words
