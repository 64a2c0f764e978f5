"""What the assistant proposes, in words: how it came to it, and what to look at before it leaves."""

from django import template
from django.utils import formats
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.assistant.models import AIParam, RespondentValue, Suggestion
from apps.assistant.queries import TROUBLES
from apps.assistant.types import failure_in_words, warning_in_words
from apps.conversations.models import Conversation

register = template.Library()

_State = Suggestion.State
STAGES = {
    _State.QUEUED: "writing",
    _State.GENERATING: "writing",
    _State.SHOWN: "shown",
    _State.FAILED: "failed",
}
"""As what the slot above the box shows a suggestion; what has left may be rated."""
TITLES: dict[str, Promise] = {
    _State.QUEUED: gettext_lazy("Suggestion, waiting its turn"),
    _State.GENERATING: gettext_lazy("Suggestion, being written"),
    _State.SHOWN: gettext_lazy("Suggestion"),
    _State.FAILED: gettext_lazy("There is no suggestion"),
    _State.ACCEPTED: gettext_lazy("The suggestion left as it was. How was it?"),
    _State.EDITED: gettext_lazy("The suggestion left with changes. How was it?"),
    _State.SENT: gettext_lazy("The assistant answered by itself. How was it?"),
}
DOES: dict[str, Promise] = {
    "auto": gettext_lazy("The assistant answers by itself"),
    "suggest": gettext_lazy("The assistant proposes, and you decide"),
    "inbox": gettext_lazy("The assistant is off in this inbox"),
    "house": gettext_lazy("The assistant is off everywhere"),
    "off": gettext_lazy("The assistant is off in this conversation"),
}
SPOKEN = (AIParam.Kind.PROMPT, AIParam.Kind.STRING)
"""Kinds whose values say something to whoever reads them in a line."""


@register.filter
def stage(suggestion: Suggestion) -> str:
    """Return as what a suggestion is shown: writing, shown, failed or sent."""
    return STAGES.get(_State(suggestion.state), "sent")


@register.filter
def title(suggestion: Suggestion) -> str:
    """Return the head of a suggestion."""
    return str(TITLES.get(suggestion.state, ""))


@register.filter
def drawn(suggestion: Suggestion) -> list[RespondentValue]:
    """Return the values it was written with."""
    return list(suggestion.respondent.drawn.all()) if suggestion.respondent else []


@register.filter
def in_short(suggestion: Suggestion) -> str:
    """Return the values that might have been others, in a line: close tone · short answer."""
    told = [one for one in drawn(suggestion) if one.param.kind in SPOKEN and getattr(one, "choices", 2) > 1]
    return " · ".join(f"{one.param.name.lower()} {one.value.name.lower()}" for one in told)


@register.filter
def warnings(suggestion: Suggestion) -> list[str]:
    """Return what somebody must look at before it leaves, as sentences."""
    return [warning_in_words(code) for code in suggestion.warnings]


@register.filter
def no_answer(suggestion: Suggestion) -> str:
    """Return why there is none, as a sentence."""
    return failure_in_words(suggestion.failure)


@register.filter
def seconds_taken(suggestion: Suggestion) -> str:
    """Return how long the model wrote: 1.2 s."""
    begun, done = suggestion.started_at, suggestion.finished_at
    if begun is None or done is None:
        return ""
    return _("%(seconds)s s") % {"seconds": formats.number_format((done - begun).total_seconds(), 1)}


@register.filter
def trouble(suggestion: Suggestion) -> str:
    """Return what is wrong with the settings it was made by, as a sentence."""
    return str(TROUBLES.get(suggestion.config_problem, suggestion.config_problem))


@register.simple_tag
def what_it_does(conversation: Conversation, assistant: dict[str, str]) -> str:
    """Say what the assistant does in a chat, and why not more."""
    if assistant["look"] == "paused":
        reason = conversation.get_assistant_pause_display()
        return _("Automatic answers are paused: %(reason)s") % {"reason": reason}
    return str(DOES.get(assistant["above"] or assistant["look"], ""))
