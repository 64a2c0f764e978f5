"""The addresses of the house."""

from django.contrib import admin
from django.contrib.auth.views import LoginView
from django.urls import include, path
from django.views.generic import RedirectView

from apps.accounts.views import SignOut
from apps.core.views import healthz, readyz

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="console:home")),
    path("", include("apps.console.urls")),
    path("", include("apps.conversations.urls")),
    path("", include("apps.simulator.urls")),
    path("", include("graphql_api.urls")),
    path("admin/logout/", SignOut.as_view()),  # instead of the admin's own, which tells no open screen
    path("admin/", admin.site.urls),
    path("login/", LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("logout/", SignOut.as_view(), name="logout"),
    path("i18n/", include("django.conf.urls.i18n")),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
]
