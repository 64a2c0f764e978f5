"""Who acts, and what the house lets them do.

An entrance turns its user or token into an `Actor` once; doors and actions below take that value and
never look at a request. Nothing here reads the database.
"""

from dataclasses import dataclass
from enum import StrEnum

from django.core.exceptions import PermissionDenied
from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """What a user is in the house."""

    ADMINISTRATOR = "administrator", _("Administrator")
    SUPERVISOR = "supervisor", _("Supervisor")
    OPERATOR = "operator", _("Operator")
    VIEWER = "viewer", _("Viewer")


class Scope(StrEnum):
    """One thing that may be done; roles and API tokens are sets of these."""

    CONVERSATIONS_READ = "conversations:read"
    CONVERSATIONS_WRITE = "conversations:write"
    MESSAGES_SEND = "messages:send"
    PEOPLE_READ = "people:read"
    PEOPLE_WRITE = "people:write"
    COURSES_READ = "courses:read"
    COURSES_WRITE = "courses:write"
    ASSISTANT_READ = "assistant:read"
    ASSISTANT_WRITE = "assistant:write"
    INBOXES_READ = "inboxes:read"
    JOURNAL_READ = "journal:read"
    JOURNAL_REPLAY = "journal:replay"
    SETUP_WRITE = "setup:write"
    USERS_WRITE = "users:write"
    SIMULATE = "simulator:use"


EVERY_SCOPE = frozenset(Scope)
_VIEWER = frozenset({Scope.CONVERSATIONS_READ, Scope.PEOPLE_READ, Scope.INBOXES_READ, Scope.COURSES_READ})
_OPERATOR = _VIEWER | {Scope.CONVERSATIONS_WRITE, Scope.MESSAGES_SEND, Scope.PEOPLE_WRITE, Scope.SIMULATE}
_SUPERVISOR = _OPERATOR | {
    *(Scope.JOURNAL_READ, Scope.JOURNAL_REPLAY),
    *(Scope.COURSES_WRITE, Scope.ASSISTANT_READ, Scope.ASSISTANT_WRITE),
}
ROLE_SCOPES: dict[str, frozenset[Scope]] = {
    Role.VIEWER: _VIEWER,
    Role.OPERATOR: _OPERATOR,
    Role.SUPERVISOR: _SUPERVISOR,
    Role.ADMINISTRATOR: EVERY_SCOPE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Somebody on whose behalf the house reads or acts.

    Shape:  `branch_ids` None means every branch; `token_id` is set when an application speaks for the user.
    """

    name: str
    role: Role | None
    scopes: frozenset[Scope]
    branch_ids: frozenset[int] | None
    user_id: int | None = None
    token_id: int | None = None

    def can(self, scope: Scope) -> bool:
        """Tell whether the role, and the token if there is one, allow `scope`."""
        return scope in self.scopes

    @property
    def sees_all(self) -> bool:
        """Tell whether every branch is open."""
        return self.branch_ids is None

    def sees_branch(self, branch_id: int) -> bool:
        """Tell whether what belongs to this branch exists for the actor."""
        return self.branch_ids is None or branch_id in self.branch_ids


SYSTEM = Actor(name="system", role=None, scopes=EVERY_SCOPE, branch_ids=None)
"""The house itself: tasks and commands. Written out by the caller, never a default."""

ASSISTANT = Actor(
    name="assistant",
    role=None,
    scopes=frozenset({Scope.CONVERSATIONS_READ, Scope.CONVERSATIONS_WRITE, Scope.MESSAGES_SEND}),
    branch_ids=None,
)
"""The assistant where it answers by itself: what it sends is told apart from what people send."""

NOBODY = Actor(name="", role=None, scopes=frozenset(), branch_ids=frozenset())
"""Whoever did not say who they are: sees nothing and may do nothing."""


def require(actor: Actor, scope: Scope) -> None:
    """Raise PermissionDenied unless `actor` may do `scope`."""
    if not actor.can(scope):
        raise PermissionDenied(_("You may not do this."))
