"""What Maytapi's refusals mean for a send.

Their answer to a failure is mostly HTTP 200 with `success: false`, a sentence and sometimes a code; there is no list of
either. The sentences below were seen in the wild; the column of classes is our judgement.
"""

from typing import Final

from providers.base import OWN_WORDS
from providers.errors import AuthFailed, RefusedForNow, Rejected
from providers.meta import Rule
from providers.types import FailureReason as Why

#: The phone is starting: nothing was done, and in a few seconds it can be.
STARTING: Final = Rule(RefusedForNow, Why.BUSY, "The phone is starting.", 5)
_DOWN: Final = Rule(AuthFailed, Why.ACCOUNT, "The phone is not connected.")
_WRONG: Final = Rule(AuthFailed, Why.ACCOUNT, "The product or the phone is not this account's.")
_NOBODY: Final = Rule(Rejected, Why.RECIPIENT, "Nobody can be reached there.")
_OUTSIDE: Final = Rule(Rejected, Why.RECIPIENT, "The phone is not in this group.")

CODES: Final[dict[str, Rule]] = {"W05": STARTING}

#: Part of the sentence in lower case → a stable word of ours, and what it means.
SENTENCES: Final[dict[str, tuple[str, Rule]]] = {
    "lib not loaded": ("lib_not_loaded", STARTING),
    "not connected": ("phone_disconnected", _DOWN),
    "is disconnected": ("phone_disconnected", _DOWN),
    "instance not found": ("instance_not_found", _DOWN),
    "dont own this number": ("not_own_number", _WRONG),
    "don't own this number": ("not_own_number", _WRONG),
    "product id is wrong": ("wrong_product", _WRONG),
    "not_a_participant": ("not_a_participant", _OUTSIDE),
    "not_on_whatsapp": ("not_on_whatsapp", _NOBODY),
}

UNNAMED: Final = Rule(Rejected, Why.UNKNOWN, "")
"""A refusal in words nobody has met yet: it was surely not taken."""


def rule_for(code: str, sentence: str) -> tuple[str, Rule]:
    """Return a stable code for a refusal, their own where there is one, and what it means."""
    text = sentence.lower()
    word, rule = next((known for part, known in SENTENCES.items() if part in text), ("", None))
    return code or word or "refused", CODES.get(code) or rule or UNNAMED


def reason_for(code: str) -> Why:
    """Return what a stored code means to a person; what a queued send failed with, says no reason."""
    if code in CODES:
        return CODES[code].reason
    return _WORDS.get(code) or OWN_WORDS.get(code, Why.UNKNOWN)


_WORDS: Final = {word: rule.reason for word, rule in SENTENCES.values()}
