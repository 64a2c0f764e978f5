"""What happened to a message of ours, in words that say what to do next."""

from django import template
from django.utils import timezone
from django.utils.translation import gettext_lazy

from apps.console.templatetags.console import channel, clock
from apps.conversations.models import Dispatch, Kind, Message, Status
from providers import registry
from providers.types import FailureReason

register = template.Library()

BY_REASON = {
    FailureReason.NETWORK: gettext_lazy("%(channel)s could not be reached."),
    FailureReason.THROTTLED: gettext_lazy("%(channel)s asked us to send more slowly. Wait some minutes and try again."),
    FailureReason.BUSY: gettext_lazy("%(channel)s had trouble. Wait some minutes and try again."),
    FailureReason.RECIPIENT: gettext_lazy("This person cannot receive it: check the number, or write another way."),
    FailureReason.OPTED_OUT: gettext_lazy("This person asked %(channel)s for no more messages of this kind."),
    FailureReason.MARKETING: gettext_lazy("%(channel)s holds advertising back for this person. Try another day."),
    FailureReason.POLICY: gettext_lazy("%(channel)s does not allow this message. Change the words."),
    FailureReason.WINDOW: gettext_lazy("The time to answer freely is over: wait until the person writes again."),
    FailureReason.TEMPLATE: gettext_lazy("%(channel)s did not accept the template."),
    FailureReason.MEDIA: gettext_lazy("%(channel)s did not accept the file."),
    FailureReason.CONTENT: gettext_lazy("This channel cannot carry this message. Write it another way."),
    FailureReason.REQUEST: gettext_lazy(
        "%(channel)s did not understand our request. Tell whoever administers the system."
    ),
    FailureReason.ACCOUNT: gettext_lazy("%(channel)s refuses our account. Tell whoever administers the system."),
    FailureReason.UNCERTAIN: gettext_lazy("%(channel)s broke off without an answer."),
    FailureReason.UNKNOWN: gettext_lazy("%(channel)s did not deliver it and gave no reason we know."),
}
BY_DISPATCH = {
    Dispatch.WINDOW_CLOSED: BY_REASON[FailureReason.WINDOW],
    Dispatch.EXPIRED: gettext_lazy("It waited too long for %(channel)s, so it was not sent any more."),
    Dispatch.CANCELED: gettext_lazy("It was withdrawn before it left."),
}
WAITING = {
    Dispatch.PREPARING: gettext_lazy("Its file is made ready for %(channel)s."),
    Dispatch.WAITING: gettext_lazy("%(channel)s could not be reached. Next try at %(time)s."),
    Dispatch.NEEDS_AUTH: gettext_lazy(
        "It waits: %(channel)s refuses our account. It goes out when an administrator renews it."
    ),
}


_ON_ITS_WAY = {
    Kind.REACTION: gettext_lazy("Our reaction is on its way."),
    Kind.REWRITING: gettext_lazy("Our correction is on its way."),
    Kind.WITHDRAWAL: gettext_lazy("It is being deleted for everybody."),
}
_NOT_DONE = {
    Kind.REACTION: gettext_lazy("The reaction did not arrive:"),
    Kind.REWRITING: gettext_lazy("It was not corrected:"),
    Kind.WITHDRAWAL: gettext_lazy("It was not deleted:"),
}
_UNSURE = {
    Kind.REACTION: gettext_lazy("The reaction may have arrived: %(channel)s broke off without an answer."),
    Kind.REWRITING: gettext_lazy("It may have been corrected: %(channel)s broke off without an answer."),
    Kind.WITHDRAWAL: gettext_lazy("It may have been deleted: %(channel)s broke off without an answer."),
}


@register.filter
def acts(message: Message) -> list[dict[str, str]]:
    """Return what became of our last reaction, correction and withdrawal, as far as it is not simply done.

    Shape: `look` is a class of the page, `icon` a name of the sprite, `words` a sentence.
    """
    latest = {Kind(act.kind): act for act in sorted(message.acts.all(), key=lambda act: act.pk)}
    return [told for kind, act in latest.items() if (told := _told(kind, act, message))]


def _told(kind: Kind, act: Message, message: Message) -> dict[str, str]:
    name = channel(message.inbox.account.kind)
    match act.status:
        case Status.QUEUED | Status.SENDING:
            return {"look": "wait", "icon": "clock", "words": str(_ON_ITS_WAY[kind])}
        case Status.FAILED:
            act.inbox = message.inbox
            return {"look": "bad", "icon": "warning", "words": f"{_NOT_DONE[kind]} {failure(act)}"}
        case Status.UNCERTAIN:
            return {"look": "unsure", "icon": "question", "words": str(_UNSURE[kind]) % {"channel": name}}
        case _:
            return {}


@register.filter
def failure(message: Message) -> str:
    """Return why a message failed, as a sentence."""
    kind = message.inbox.account.kind
    words = BY_DISPATCH.get(Dispatch(message.dispatch))
    if words is None:
        words = BY_REASON[registry.reason_for(kind, message.error_code)]
    return str(words) % {"channel": channel(kind)}


@register.filter
def waiting(message: Message) -> str:
    """Return what a message that has not left yet waits for; nothing when it is simply its turn."""
    words = WAITING.get(Dispatch(message.dispatch))
    if words is None or message.status != Status.QUEUED:
        return ""
    due = message.next_attempt_at or timezone.now()
    return str(words) % {"channel": channel(message.inbox.account.kind), "time": clock(due)}


@register.filter
def may_retry(message: Message) -> bool:
    """Tell whether nothing of a failed message can have reached the person."""
    return message.dispatch in {
        Dispatch.REJECTED,
        Dispatch.EXPIRED,
        Dispatch.CANCELED,
        Dispatch.WINDOW_CLOSED,
    }
