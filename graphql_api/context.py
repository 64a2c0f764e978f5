"""Who asks: what every resolver gets."""

from dataclasses import dataclass
from typing import Any

import strawberry

from apps.core.actors import NOBODY, Actor, Scope, require


@dataclass(kw_only=True)
class Context:
    """One request, or one socket."""

    actor: Actor = NOBODY
    connection_params: dict[str, Any] | None = None

    def require(self, scope: Scope) -> None:
        """Raise PermissionDenied unless the token and its user may do this."""
        require(self.actor, scope)

    async def is_welcome(self) -> bool:
        """Tell whether the actor may still come in; a socket reads it anew, a request has just done so."""
        return True


Info = strawberry.Info[Context, None]
