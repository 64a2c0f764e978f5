"""What every page of ours begins with: who asks, and whether they may come in."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers
from django.views.decorators.cache import never_cache

from apps.core.actors import Actor, Scope, require

FRAGMENT = "X-Fragment"
"""The header by which a script asks for a part of a page."""
type Page = Callable[..., HttpResponseBase]


def actor_of(request: HttpRequest) -> Actor:
    """Return on whose behalf this request reads and acts."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor


def signed_in(scope: Scope) -> Callable[[Page], Page]:
    """Let in whoever may do `scope`; a script is told to sign in by 401, a person by the door."""

    def guard(view: Page) -> Page:
        @wraps(view)
        @never_cache
        def guarded(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                if FRAGMENT in request.headers:
                    return HttpResponse(status=401)
                return redirect_to_login(request.get_full_path())
            require(actor_of(request), scope)
            response = view(request, **kwargs)
            patch_vary_headers(response, [FRAGMENT])
            return response

        return guarded

    return guard
