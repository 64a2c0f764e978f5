"""What each error code of the Cloud API means for a send.

Source: Meta's "Error codes" page; the column of classes is our judgement. A code comes in the
answer to a send and, the same, in a failed status later.
Only what surely was not sent may be tried again: a plain "something went wrong" is uncertain.
"""

from typing import Final

from providers.base import OWN_WORDS
from providers.errors import (
    AuthFailed,
    RefusedForNow,
    Rejected,
    Throttled,
    UncertainSend,
    WindowClosed,
)
from providers.meta import Rule
from providers.types import FailureReason as Why

RULES: Final[dict[int, Rule]] = {
    # Throttled: counted, not sent.
    4: Rule(Throttled, Why.THROTTLED, "The app's call limit is reached."),
    80007: Rule(Throttled, Why.THROTTLED, "The business account's rate limit is reached."),
    130429: Rule(Throttled, Why.THROTTLED, "The number's throughput is reached."),
    131048: Rule(Throttled, Why.THROTTLED, "The number is restricted as spam.", 3600),
    131056: Rule(Throttled, Why.THROTTLED, "Too many messages to this person.", 6),
    131064: Rule(Throttled, Why.THROTTLED, "The messaging limit is reached.", 3600),
    133016: Rule(Throttled, Why.THROTTLED, "Too many registrations.", 3600),
    # Refused for now: down, and knows it.
    131016: Rule(RefusedForNow, Why.BUSY, "The service is unavailable."),
    131057: Rule(RefusedForNow, Why.BUSY, "The account is in maintenance."),
    133004: Rule(RefusedForNow, Why.BUSY, "The server is unavailable."),
    # Uncertain: nobody says whether it was sent.
    1: Rule(UncertainSend, Why.UNCERTAIN, "Invalid request or server error."),
    2: Rule(UncertainSend, Why.UNCERTAIN, "The service is down or overloaded."),
    131000: Rule(UncertainSend, Why.UNCERTAIN, "Something went wrong."),
    # The window.
    131047: Rule(WindowClosed, Why.WINDOW, "More than 24 hours since the person's last message."),
    # The account: nothing can be sent until somebody acts.
    0: Rule(AuthFailed, Why.ACCOUNT, "The app user could not be authenticated."),
    3: Rule(AuthFailed, Why.ACCOUNT, "A capability or permission is missing."),
    10: Rule(AuthFailed, Why.ACCOUNT, "A permission is missing."),
    190: Rule(AuthFailed, Why.ACCOUNT, "The access token has expired."),
    **{code: Rule(AuthFailed, Why.ACCOUNT, "An API permission is missing.") for code in range(200, 300)},
    368: Rule(AuthFailed, Why.ACCOUNT, "The account is blocked for a policy violation."),
    131005: Rule(AuthFailed, Why.ACCOUNT, "Access is denied."),
    131031: Rule(AuthFailed, Why.ACCOUNT, "The account is locked."),
    131037: Rule(AuthFailed, Why.ACCOUNT, "The number's display name is not approved."),
    131042: Rule(AuthFailed, Why.ACCOUNT, "There is a problem with the payment method."),
    131045: Rule(AuthFailed, Why.ACCOUNT, "The number's registration has failed."),
    133000: Rule(AuthFailed, Why.ACCOUNT, "A deregistration is incomplete."),
    133005: Rule(AuthFailed, Why.ACCOUNT, "The two-step PIN is wrong."),
    133006: Rule(AuthFailed, Why.ACCOUNT, "The number must be verified again."),
    133008: Rule(AuthFailed, Why.ACCOUNT, "Too many guesses of the two-step PIN."),
    133009: Rule(AuthFailed, Why.ACCOUNT, "The two-step PIN was guessed too fast."),
    133010: Rule(AuthFailed, Why.ACCOUNT, "The number is not registered."),
    133015: Rule(AuthFailed, Why.ACCOUNT, "The number was deleted a moment ago."),
    # The person.
    131021: Rule(Rejected, Why.RECIPIENT, "Recipient and sender are the same."),
    131026: Rule(Rejected, Why.RECIPIENT, "The message cannot be delivered to this person."),
    131030: Rule(Rejected, Why.RECIPIENT, "The recipient is not on the test number's list."),
    131062: Rule(Rejected, Why.RECIPIENT, "This message needs a phone number."),
    131063: Rule(Rejected, Why.RECIPIENT, "This user id cannot be used."),
    137000: Rule(Rejected, Why.RECIPIENT, "The recipient's identity has changed."),
    131050: Rule(Rejected, Why.OPTED_OUT, "The person stopped marketing messages."),
    # Policy.
    130472: Rule(Rejected, Why.MARKETING, "The person is part of an experiment."),
    131049: Rule(Rejected, Why.MARKETING, "Meta chose not to deliver it."),
    130497: Rule(Rejected, Why.POLICY, "The account may not write to this country."),
    134011: Rule(Rejected, Why.POLICY, "The payment terms are not accepted."),
    # Our request.
    33: Rule(Rejected, Why.REQUEST, "The business number has been deleted."),
    100: Rule(Rejected, Why.REQUEST, ""),
    131008: Rule(Rejected, Why.REQUEST, ""),
    131009: Rule(Rejected, Why.REQUEST, ""),
    135000: Rule(Rejected, Why.REQUEST, ""),
    131051: Rule(Rejected, Why.CONTENT, "The message type is not supported."),
    131055: Rule(Rejected, Why.REQUEST, "Only marketing templates may be sent this way."),
    134100: Rule(Rejected, Why.REQUEST, "Only marketing messages may be sent this way."),
    131052: Rule(Rejected, Why.MEDIA, "The file could not be downloaded."),
    131053: Rule(Rejected, Why.MEDIA, "The file could not be uploaded."),
    # The phone's old messages and contacts.
    2593107: Rule(Rejected, Why.REQUEST, "It was asked for before: only connecting the number anew helps."),
    2593108: Rule(Rejected, Why.REQUEST, "More than 24 hours since the number was connected: connect it anew."),
    2593109: Rule(Rejected, Why.POLICY, "The owner of the phone did not share the old messages."),
    # Templates.
    132000: Rule(Rejected, Why.TEMPLATE, "The number of variables does not match the template."),
    132001: Rule(Rejected, Why.TEMPLATE, "The template does not exist in this language."),
    132005: Rule(Rejected, Why.TEMPLATE, "The template's text has become too long."),
    132007: Rule(Rejected, Why.TEMPLATE, "The template's content violates a policy."),
    132012: Rule(Rejected, Why.TEMPLATE, "A variable has the wrong format."),
    132015: Rule(Rejected, Why.TEMPLATE, "The template is paused."),
    132016: Rule(Rejected, Why.TEMPLATE, "The template is disabled."),
    132068: Rule(Rejected, Why.TEMPLATE, "The flow is blocked."),
    132069: Rule(Rejected, Why.TEMPLATE, "The flow is throttled."),
    134101: Rule(Rejected, Why.TEMPLATE, "The template is still syncing."),
    134102: Rule(Rejected, Why.TEMPLATE, "The template is not available."),
}


#: The same where a file is handed over: nothing is sent by it, and it may be done again.
UPLOAD_RULES: Final[dict[int, Rule]] = RULES | {
    100: Rule(Rejected, Why.MEDIA, ""),
    131009: Rule(Rejected, Why.MEDIA, ""),
    131053: Rule(RefusedForNow, Why.BUSY, "The file could not be uploaded."),
}


def reason_for(code: str) -> Why:
    """Return what a code means to a person; our own words for failures are known too."""
    if code.isascii() and code.isdigit():
        rule = RULES.get(int(code[:9]))
        return rule.reason if rule else Why.UNKNOWN
    return OWN_WORDS.get(code, Why.UNKNOWN)
