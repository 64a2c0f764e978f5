"""How webhooks of an account come, in a few words."""

from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.formats import number_format
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from apps.inboxes.queries import Health


def health_words(health: Health) -> tuple[str, str]:
    """Return a word for the colour, and when the last event came and how long they take."""
    if health.last_event_at is None:
        colour, words = "nothing", _("no event yet")
    else:
        colour, words = "heard", _("last event %(time)s ago") % {"time": _since(health.last_event_at)}
    if health.delay_seconds is not None:
        words = _("%(words)s, median delay %(seconds)s s") % {
            "words": words,
            "seconds": number_format(health.delay_seconds, 1),
        }
    if health.is_silent:
        return "silent", _("silent: %(words)s") % {"words": words}
    return colour, words


def _since(moment: datetime) -> str:
    seconds = round((timezone.now() - moment) / timedelta(seconds=1))
    return _("%(seconds)d s") % {"seconds": max(seconds, 0)} if seconds < 60 else timesince(moment, depth=1)
