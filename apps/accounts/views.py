"""The way out."""

from django.contrib.auth.views import LogoutView
from django.http import HttpRequest, HttpResponse

from apps.accounts.actions import announce_access


class SignOut(LogoutView):
    """Ends the session, and at once the open screens that live by it."""

    def post(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        user_id = request.user.pk
        response = super().post(request, *args, **kwargs)
        if user_id is not None:
            announce_access(user_id=user_id)
        return response
