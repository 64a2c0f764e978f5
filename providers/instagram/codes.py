"""What each error code of Instagram means for a send.

Source: Meta's messaging error pages; the column of classes is our judgement. A subcode says more than its code.
Only what surely was not sent may be tried again: a plain "something went wrong" is uncertain.
"""

from typing import Final

from providers.base import OWN_WORDS
from providers.errors import AuthFailed, RefusedForNow, Rejected, Throttled, UncertainSend, WindowClosed
from providers.meta import Rule
from providers.types import FailureReason as Why

SUBRULES: Final[dict[int, Rule]] = {
    2534022: Rule(WindowClosed, Why.WINDOW, "The person's last message is too long ago."),
    2018278: Rule(WindowClosed, Why.WINDOW, "The person's last message is too long ago."),
    2018001: Rule(Rejected, Why.RECIPIENT, "Nobody with this id writes with this account."),
    2534014: Rule(Rejected, Why.RECIPIENT, "Nobody with this id writes with this account."),
}

RULES: Final[dict[int, Rule]] = {
    # Throttled: counted, not sent.
    4: Rule(Throttled, Why.THROTTLED, "The app's call limit is reached."),
    17: Rule(Throttled, Why.THROTTLED, "The account's call limit is reached."),
    32: Rule(Throttled, Why.THROTTLED, "The page's call limit is reached."),
    613: Rule(Throttled, Why.THROTTLED, "Too many calls."),
    80002: Rule(Throttled, Why.THROTTLED, "The Instagram account's rate limit is reached."),
    80006: Rule(Throttled, Why.THROTTLED, "The messaging rate limit is reached."),
    # Refused for now: down, and knows it.
    1200: Rule(RefusedForNow, Why.BUSY, "A temporary failure of sending."),
    # Uncertain: nobody says whether it was sent.
    1: Rule(UncertainSend, Why.UNCERTAIN, "An unknown error of the server."),
    2: Rule(UncertainSend, Why.UNCERTAIN, "The service is down or overloaded."),
    # The account: nothing can be sent until somebody acts.
    3: Rule(AuthFailed, Why.ACCOUNT, "A capability or permission is missing."),
    10: Rule(AuthFailed, Why.ACCOUNT, "A permission is missing."),
    190: Rule(AuthFailed, Why.ACCOUNT, "The access token has expired."),
    **{code: Rule(AuthFailed, Why.ACCOUNT, "An API permission is missing.") for code in range(200, 300)},
    368: Rule(AuthFailed, Why.ACCOUNT, "The account is blocked for a policy violation."),
    # The person.
    551: Rule(Rejected, Why.RECIPIENT, "This person is not available right now."),
    # Our request.
    100: Rule(Rejected, Why.REQUEST, ""),
    2018028: Rule(Rejected, Why.REQUEST, ""),
}


def reason_for(code: str) -> Why:
    """Return what a code means to a person, "code" or "code/subcode"; our own words for failures are known too."""
    number, _, sub = code.partition("/")
    if not (number.isascii() and number.isdigit()):
        return OWN_WORDS.get(code, Why.UNKNOWN)
    rule = SUBRULES.get(_number(sub)) or RULES.get(_number(number))
    return rule.reason if rule else Why.UNKNOWN


def _number(text: str) -> int:
    return int(text[:9]) if text.isascii() and text.isdigit() else 0
