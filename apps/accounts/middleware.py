"""Who acts in a request."""

from collections.abc import Callable

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from apps.accounts.queries import actor_for_user
from apps.core.actors import NOBODY, Actor


class ActorMiddleware:
    """Sets `request.actor`: the signed-in user as an Actor, else NOBODY; read on first use."""

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.actor = SimpleLazyObject(lambda: _actor_of(request))  # type: ignore[attr-defined]
        return self.get_response(request)


def _actor_of(request: HttpRequest) -> Actor:
    if not request.user.is_authenticated:
        return NOBODY
    try:
        return actor_for_user(request.user)
    except PermissionDenied:
        return NOBODY
