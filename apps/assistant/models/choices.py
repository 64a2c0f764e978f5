"""Choices in words."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.assistant.types import Failure

WORDS: dict[str, Promise] = {
    Failure.UNREACHABLE: _("The provider of the model could not be reached. Check its endpoint, or wait a little."),
    Failure.TOO_SLOW: _("The model took too long. Ask for another answer, or answer yourself."),
    Failure.BROKEN_OFF: _("The model broke off in the middle of its answer. Ask for another one."),
    Failure.LIMITED: _("The provider takes no more requests for now. It is asked again in a while."),
    Failure.FAULT: _("The provider has a problem of its own. It is asked again in a while."),
    Failure.UNAUTHORIZED: _("The provider does not accept our key. An administrator must renew it."),
    Failure.NO_MODEL: _("The provider does not know this model. An administrator must correct its name."),
    Failure.REFUSED_REQUEST: _("The provider did not accept the request. An administrator should see the log."),
    Failure.REFUSED: _("The model did not want to answer this. Answer yourself."),
    Failure.UNREADABLE: _("What came from the provider was no answer of a model. An administrator should see the log."),
    Failure.EMPTY: _("The model answered nothing. Ask for another answer, or answer yourself."),
    Failure.LOST: _("Our work was interrupted. Ask for another answer."),
    Failure.NO_PROVIDER: _("There is no provider of models that could be asked. An administrator must set one up."),
    Failure.RESTING: _("Every provider failed a moment ago. They are asked again in a while."),
    Failure.BUDGET: _("What may be spent on answers today is spent. Tomorrow it goes on."),
    Failure.INTERNAL: _("Something failed on our side. An administrator should see the log."),
}


def failure_in_words(failure: Failure | str) -> str:
    """Return for an operator what happened and what to do; "" where nothing failed."""
    return str(WORDS.get(failure, "" if not failure else WORDS[Failure.INTERNAL]))
