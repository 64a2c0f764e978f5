"""What WhatsApp says of accounts, numbers, templates and preferences → our events. Pure."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from providers.meta import clean_text, safe_text
from providers.types import (
    AccountNotice,
    AddressesChanged,
    BrokenItem,
    Event,
    FailureReason,
    MarketingPreference,
    NoticeEffect,
    NoticeLevel,
)
from providers.whatsapp import codes, wire
from providers.whatsapp.reading import Place, Skip, addresses, objects
from providers.wire import moment, word_of

type Value = dict[str, Any]
type FieldReader = Callable[[Value, Place], Iterator[Event]]

INFO, WARNING, PROBLEM = NoticeLevel.INFO, NoticeLevel.WARNING, NoticeLevel.PROBLEM
MOST_DETAILS = 20
#: Names of people, and what is only there for machines.
_UNTOLD = frozenset({"requester", "messaging_product", "metadata"})

#: Which words of each field are more than information.
_LEVELS: Final[Mapping[str, NoticeLevel]] = {
    **dict.fromkeys(
        ("ARCHIVED", "DELETED", "DISABLED", "FLAGGED", "LIMIT_EXCEEDED", "LOCKED", "PAUSED", "PENDING_DELETION"),
        WARNING,
    ),
    **dict.fromkeys(("REJECTED", "DECLINED", "DOWNGRADE", "YELLOW", "RED", "WARNING"), WARNING),
    **dict.fromkeys(("BLOCKED", "CRITICAL"), PROBLEM),
}
#: What each event of `account_update` is called here, how urgent it is and what it means for sending.
_ACCOUNT: Final[Mapping[str, tuple[str, NoticeLevel, NoticeEffect]]] = {
    "ACCOUNT_DELETED": ("account_deleted", PROBLEM, NoticeEffect.PAUSE),
    "ACCOUNT_OFFBOARDED": ("offboarded", PROBLEM, NoticeEffect.PAUSE),
    "ACCOUNT_RECONNECTED": ("reconnected", INFO, NoticeEffect.RESUME),
    "ACCOUNT_RESTRICTION": ("restriction", PROBLEM, NoticeEffect.NONE),
    "ACCOUNT_VIOLATION": ("violation", WARNING, NoticeEffect.NONE),
    "DISABLED_UPDATE": ("ban", PROBLEM, NoticeEffect.NONE),
    "PARTNER_ADDED": ("partner_added", INFO, NoticeEffect.NONE),
    "PARTNER_REMOVED": ("partner_removed", PROBLEM, NoticeEffect.PAUSE),
    "PARTNER_APP_INSTALLED": ("app_installed", INFO, NoticeEffect.NONE),
    "PARTNER_APP_UNINSTALLED": ("app_uninstalled", PROBLEM, NoticeEffect.PAUSE),
}
#: With this restriction not even an answer may be sent.
_NO_ANSWERS = "RESTRICTED_CUSTOMER_INITIATED_MESSAGING"
_BANS: Final[Mapping[str, tuple[NoticeLevel, NoticeEffect]]] = {
    "DISABLE": (PROBLEM, NoticeEffect.PAUSE),
    "REINSTATE": (INFO, NoticeEffect.RESUME),
}
_ACCOUNT_SENTENCES = ("ban_info.waba_ban_state", "violation_info.violation_type", "disconnection_info.reason")


# People ------------------------------------------------------------------------------------


def read_preference(item: Value, place: Place) -> Iterator[Event]:
    """Give whether a person takes marketing messages. Raises Skip, ValidationError."""
    preference = wire.Preference.model_validate(item)
    if preference.category != "marketing_messages" or preference.value not in {"stop", "resume", "signup"}:
        raise Skip(f"preference:{word_of(preference.category)}:{word_of(preference.value)}")
    found = addresses(preference.wa_id, preference.user_id)
    if not found:
        yield BrokenItem(path=place.path, error="wa_id: missing")
        return
    yield MarketingPreference(
        path=place.path,
        inbox_address=place.inbox_address,
        person=found[0],
        is_allowed=preference.value != "stop",
        provider_time=moment(preference.timestamp) or place.time,
    )


def read_user_id(item: Value, place: Place) -> Iterator[Event]:
    """Give the new user id of a person. Raises ValidationError."""
    update = wire.UserIdUpdate.model_validate(item)
    before = addresses(update.wa_id, update.user_id.previous, update.parent_user_id.previous)
    now = addresses(update.wa_id, update.user_id.current, update.parent_user_id.current)
    if not before or not now:
        yield BrokenItem(path=place.path, error="user_id: missing")
        return
    known = addresses(update.user_id.previous or update.wa_id or update.parent_user_id.previous)[0]
    yield AddressesChanged(
        path=place.path,
        inbox_address=place.inbox_address,
        known=known,
        now=tuple(found for found in now if found != known),
        provider_time=moment(update.timestamp) or place.time,
    )


# The account -------------------------------------------------------------------------------


def read_error(item: Value, place: Place) -> Iterator[Event]:
    """Give trouble that belongs to no message. Raises ValidationError."""
    error = wire.Error.model_validate(item)
    code = word_of(error.code)
    yield AccountNotice(
        path=place.path,
        code="error",
        level=PROBLEM if codes.reason_for(code) is FailureReason.ACCOUNT else WARNING,
        subject=code,
        text=safe_text(error.error_data.details or error.title or error.message),
        inbox_address=place.inbox_address,
        provider_time=place.time,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeField:
    """Reads one webhook field: where its subject, the word for what happened and the sentences about it stand."""

    code: str
    subject: str = ""
    event: str = "event"
    sentences: tuple[str, ...] = ()  #: dotted paths, the first that says something counts
    level: NoticeLevel = INFO

    def __call__(self, value: Value, place: Place) -> Iterator[Event]:
        happened = _short(value.get(self.event))
        said = next(filter(None, (_sentence(value, path) for path in self.sentences)), "")
        yield AccountNotice(
            path=place.path,
            code=self.code,
            level=_LEVELS.get(happened.upper(), self.level),
            subject=_short(value.get(self.subject)),
            text=safe_text(": ".join(filter(None, (happened, said)))),
            details=_details(value),
            provider_time=place.time,
        )


def _account_update(value: Value, place: Place) -> Iterator[Event]:
    """Give what became of the whole account; only our own one is paused by it."""
    happened = word_of(value.get("event"))
    code, level, effect = _ACCOUNT.get(happened, ("account", INFO, NoticeEffect.NONE))
    if code == "ban":
        ban = value.get("ban_info")
        state = _short(ban.get("waba_ban_state")) if isinstance(ban, dict) else ""
        level, effect = _BANS.get(state, (level, effect))
    restrictions = [_short(item.get("restriction_type")) for item in objects(value, "restriction_info")]
    if _NO_ANSWERS in restrictions:
        effect = NoticeEffect.PAUSE
    about = [_sentence(value, path) for path in _ACCOUNT_SENTENCES]
    yield AccountNotice(
        path=place.path,
        code=code,
        level=level,
        subject=_short(value.get("phone_number")),
        text=safe_text(": ".join(filter(None, (happened, ", ".join(filter(None, (*about, *restrictions))))))),
        details=_details(value),
        effect=effect if place.is_of_us else NoticeEffect.NONE,
        provider_time=place.time,
    )


def _sentence(value: Value, path: str) -> str:
    """Return the sentence at a dotted path, "" without one. Meta writes NONE for nothing."""
    found: Any = value
    for step in path.split("."):
        found = found.get(step) if isinstance(found, dict) else None
    return _short(found).removesuffix("NONE")


def _details(value: Value) -> dict[str, str]:
    """Return what a notice says besides, flat: words and numbers, no lists of people."""
    found: dict[str, str] = {}
    for key, item in value.items():
        if key in _UNTOLD:
            continue
        if isinstance(item, dict):
            found |= {f"{key}.{name}": _short(inner) for name, inner in item.items() if _short(inner)}
        elif text := _short(item):
            found[key] = text
    return {clean_text(key)[:60]: text for key, text in list(found.items())[:MOST_DETAILS]}


def _short(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return clean_text(str(value))[:200]


_template = partial(NoticeField, subject="message_template_name")
_number = partial(NoticeField, subject="display_phone_number")

FIELDS: Final[Mapping[str, FieldReader]] = {
    "account_update": _account_update,
    "account_alerts": NoticeField(
        code="alert", subject="alert_type", event="alert_severity", sentences=("alert_description",)
    ),
    "account_review_update": NoticeField(code="review", event="decision"),
    "business_capability_update": NoticeField(code="limits"),
    "business_username_update": _number(code="username", event="status"),
    "message_template_components_update": _template(code="template_text"),
    "message_template_quality_update": _template(code="template_quality", event="new_quality_score"),
    "message_template_status_update": _template(
        code="template_status", sentences=("rejection_info.reason", "other_info.description", "reason")
    ),
    "partner_solutions": NoticeField(code="partner_solution", subject="solution_id"),
    "phone_number_name_update": _number(code="number_name", event="decision", sentences=("rejection_reason",)),
    "phone_number_quality_update": _number(code="number_quality"),
    "security": _number(code="security", level=WARNING),
    "template_category_update": _template(code="template_category", event="new_category", level=WARNING),
}
