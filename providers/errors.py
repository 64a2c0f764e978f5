"""What may go wrong at a provider. Caught by name, never by the root of everything.

    ProviderFault
    ├── WebhookRejected      the caller is not who it claims to be
    ├── UnreadablePayload    genuine, but no delivery of this provider
    ├── BadCredentials       an account's credentials do not fit its provider
    ├── FetchError
    │   ├── Unreachable      nobody answered, or not completely          → try again
    │   ├── MediaGone        the provider keeps it no longer             → final
    │   └── MediaRefused     too large, or somewhere we do not go        → final
    └── SendError
        ├── NotSent          never reached the provider                  → try again
        ├── Throttled        too many for now; surely not sent           → try again, later
        ├── RefusedForNow    busy or in maintenance; surely not sent     → try again
        ├── Rejected         refused for good; see `reason`              → final
        ├── WindowClosed     only a template may be sent now             → a person decides
        ├── AuthFailed       token, permission or account                → the account waits
        └── UncertainSend    written, outcome unknown                    → never again by machine

No instance carries a message text, a token or an address of a person.
"""

from collections.abc import Mapping

from providers.types import FailureReason


class ProviderFault(Exception):
    """Root of the tree; nobody raises it itself."""


class WebhookRejected(ProviderFault):
    """The request does not prove that it comes from the provider; `code` says what is missing."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class UnreadablePayload(ProviderFault):
    """The body is no delivery of this provider at all; `code` says what it is instead."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class BadCredentials(ProviderFault):
    """Credentials do not fit; `problems` maps a field to "missing", "invalid" or "unknown"."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(", ".join(f"{field}: {problem}" for field, problem in problems.items()))
        self.problems = dict(problems)


class FetchError(ProviderFault):
    """Something could not be read from a provider; `code` is stable."""

    def __init__(self, code: str, *, http_status: int | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.http_status = http_status


class Unreachable(FetchError):
    """Nobody answered, or not completely: worth another try."""


class MediaGone(FetchError):
    """The provider does not have the file any more, or never had it."""


class MediaRefused(FetchError):
    """We do not take the file: `code` is "too_large", "blocked_host", "blocked_address" …"""


class SendError(ProviderFault):
    """A send that did not end in an id.

    `code` is stable: the provider's own where there is one ("131047"), else a word of ours
    ("read_timeout"). `text` is short English for a developer.
    """

    default_reason = FailureReason.UNKNOWN

    def __init__(
        self,
        code: str,
        text: str = "",
        *,
        reason: FailureReason | None = None,
        http_status: int | None = None,
        trace_id: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(f"{code}: {text}" if text else code)
        self.code = code
        self.text = text
        self.reason = reason or self.default_reason
        self.http_status = http_status
        self.trace_id = trace_id
        #: seconds the provider asked us to wait at least, or None
        self.retry_after = retry_after


class NotSent(SendError):
    """Nothing was written to the provider: no name, no connection, no TLS, or no permit left."""

    default_reason = FailureReason.NETWORK


class Throttled(SendError):
    """The provider counts too many messages and sent nothing."""

    default_reason = FailureReason.THROTTLED


class RefusedForNow(SendError):
    """The provider is down for now, says so itself, and sent nothing."""

    default_reason = FailureReason.BUSY


class Rejected(SendError):
    """The provider will not send this message, now or later; `reason` says whose matter it is."""

    default_reason = FailureReason.REQUEST


class WindowClosed(SendError):
    """The person wrote too long ago for a free text."""

    default_reason = FailureReason.WINDOW


class AuthFailed(SendError):
    """The account may not send at all; no message of it can."""

    default_reason = FailureReason.ACCOUNT


class UncertainSend(SendError):
    """Something was written and no clear answer came: it may have been sent."""

    default_reason = FailureReason.UNCERTAIN
