"""What a client is told when something is refused or fails.

Every error carries `extensions.code`; docs/reference/graphql.md lists the codes. Whatever we did not foresee
is told as INTERNAL_ERROR with a number that stands in our log, and nothing else.
"""

import functools
import logging
import secrets
from collections.abc import Callable, Iterator

from django.core.exceptions import NON_FIELD_ERRORS, ObjectDoesNotExist, PermissionDenied, ValidationError
from django.db import InterfaceError, OperationalError
from django.utils.translation import gettext as _
from graphql import GraphQLError
from strawberry.types import ExecutionResult
from strawberry.utils.str_converters import to_camel_case
from strawberry_django.fields.types import OperationInfo, OperationMessage

logger = logging.getLogger(__name__)

LONGEST_MESSAGE = 500
Kind = OperationMessage.Kind


class BadInput(Exception):
    """The client sent something that cannot be meant: no id or cursor of ours, a page of a thousand."""

    def __init__(self, message: str, *, code: str = "invalid", field: str = "") -> None:
        super().__init__(message)
        self.message, self.code, self.field = message, code, field


class Unauthenticated(Exception):
    """No token, or none that opens this door."""


def coded(code: str, message: str) -> GraphQLError:
    """Return an error as clients get it."""
    return GraphQLError(message, extensions={"code": code})


def present(result: ExecutionResult) -> ExecutionResult:
    """Replace the errors of a result by what a client may know of them."""
    if result.errors:
        result.errors = [_presented(error) for error in result.errors]
    return result


def _presented(error: GraphQLError) -> GraphQLError:
    code, message = _code_and_message(error)
    return GraphQLError(
        # Suggestions tell the names of a schema that is closed; values are echoed only so far.
        message.partition(" Did you mean")[0][:LONGEST_MESSAGE],
        nodes=error.nodes,
        source=error.source,
        positions=error.positions,
        path=error.path,
        extensions={"code": code},
    )


def _code_and_message(error: GraphQLError) -> tuple[str, str]:
    if error.path is None and error.extensions and "code" in error.extensions:  # refused by a limit, or by validation
        return str(error.extensions["code"]), error.message
    match error.original_error:
        case BadInput() as cause:
            return "BAD_USER_INPUT", cause.message
        case ValidationError() as cause:
            return "BAD_USER_INPUT", " ".join(cause.messages)
        case PermissionDenied() as cause:
            return "PERMISSION", str(cause)
        case ObjectDoesNotExist():
            return "NOT_FOUND", _("There is no such thing here.")
        case Unauthenticated():
            return "UNAUTHENTICATED", _("A valid token is needed.")
        case InterfaceError() | OperationalError():
            logger.warning("graphql.unavailable path=%s", error.path)
            return "UNAVAILABLE", _("The database is away or too busy; try again soon.")
        case None | GraphQLError() if error.path is None:  # a variable that cannot be meant
            return "BAD_USER_INPUT", error.message
        case unforeseen:
            number = secrets.token_hex(4)
            logger.error("graphql.failed number=%s path=%s", number, error.path, exc_info=unforeseen or error)
            return "INTERNAL_ERROR", _("Something failed on our side. Its number is %(number)s.") % {"number": number}


def tells_problems[**P, T](resolver: Callable[P, T]) -> Callable[P, T]:
    """Let a mutation answer with an OperationInfo when an action refuses; its return type must have it."""

    @functools.wraps(resolver)
    def answer(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return resolver(*args, **kwargs)
        except (BadInput, ValidationError, PermissionDenied, ObjectDoesNotExist) as problem:
            return OperationInfo(messages=list(_messages(problem)))  # type: ignore[return-value]

    return answer


def _messages(problem: Exception) -> Iterator[OperationMessage]:
    match problem:
        case BadInput():
            yield _message(Kind.VALIDATION, problem.message, problem.code, problem.field)
        case PermissionDenied():
            yield _message(Kind.PERMISSION, str(problem), "permission_denied")
        case ValidationError():
            by_field = problem.error_dict if hasattr(problem, "error_dict") else {"": problem.error_list}
            for field, errors in by_field.items():
                for error in errors:
                    yield _message(Kind.VALIDATION, " ".join(error.messages), error.code, field)
        case _:
            yield _message(Kind.ERROR, _("There is no such thing here."), "not_found")


def _message(kind: Kind, text: str, code: str | None, field: str = "") -> OperationMessage:
    named = None if field in {"", NON_FIELD_ERRORS} else to_camel_case(field)
    return OperationMessage(kind=kind, message=text, code=code, field=named)
