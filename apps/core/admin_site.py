"""The admin as a place: who may enter, under which policy, and what may be registered."""

from collections.abc import Callable, Iterable
from functools import update_wrapper
from typing import Any

from django.conf import settings
from django.core.exceptions import BadRequest, PermissionDenied
from django.core.paginator import InvalidPage
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csp import csp_override
from django.views.decorators.debug import sensitive_post_parameters
from unfold.sites import UnfoldAdminSite

from apps.core import live
from apps.core.actors import Role
from apps.core.requests import actor_of

STAFF = frozenset({Role.ADMINISTRATOR, Role.SUPERVISOR})
under_admin_policy = csp_override(settings.ADMIN_CSP)


class HouseAdminSite(UnfoldAdminSite):
    """The admin: administrators and supervisors only, everything behind doors."""

    index_title = _("Overview")

    def register(
        self,
        model_or_iterable: type[Model] | Iterable[type[Model]],
        admin_class: type[Any] | None = None,
        **options: Any,
    ) -> None:
        """Take pages of ours; those that packages bring along know no doors, so they stay outside."""
        if hasattr(admin_class, "door"):
            super().register(model_or_iterable, admin_class, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        return actor_of(request).role in STAFF

    def admin_view(
        self, view: Callable[..., HttpResponseBase], cacheable: bool = False
    ) -> Callable[..., HttpResponseBase]:
        """Send strangers to the login, and tell colleagues who may not enter that they may not.

        What is entered here, secrets among it, stays out of reports of errors.
        """
        inner = sensitive_post_parameters()(under_admin_policy(super().admin_view(view, cacheable)))

        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.user.is_authenticated and not self.has_permission(request):
                raise PermissionDenied
            if "%00" in request.META["QUERY_STRING"]:
                raise BadRequest  # lists, forms and choices would ask the database for it
            return inner(request, *args, **kwargs)

        return update_wrapper(guarded, view)

    @method_decorator(under_admin_policy)
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().login(request, extra_context)

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Change one's own password; screens open elsewhere in this name end at once, as their sessions do."""
        response = super().password_change(request, extra_context)
        if request.method == "POST" and response.status_code == 302:
            live.publish(live.LiveKind.ACCESS_CHANGED, user_id=request.user.pk)
        return response

    def search(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Search the names of the lists. A page that does not exist is missing, not an accident."""
        try:
            return super().search(request, extra_context)
        except (InvalidPage, ValueError) as error:
            raise Http404 from error
