"""Users and API tokens in the admin."""

from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from apps.accounts.actions import add_user, create_token, revoke_token, set_access, set_details, set_password
from apps.accounts.forms import SCOPE_WORDS, NewUserForm, PasswordDialog, TokenForm, UserForm
from apps.accounts.models import ApiToken, User
from apps.accounts.queries import tokens_for, users_for
from apps.core.actors import Scope
from apps.core.admin import DoorFilter, HouseAdmin, HouseInline, become
from apps.core.requests import actor_of


class TokenInline(HouseInline):
    """The tokens that speak for a user."""

    model = ApiToken
    door = staticmethod(tokens_for)
    read_scope = Scope.INBOXES_READ
    fields = readonly_fields = ("name", "prefix", "scopes", "expires_at", "revoked_at", "last_used_at")


@admin.register(User)
class UserAdmin(HouseAdmin):
    """Users are switched off, never deleted: what they did stays theirs."""

    door = staticmethod(users_for)
    read_scope = Scope.CONVERSATIONS_WRITE
    write_scope = Scope.USERS_WRITE
    form = UserForm
    list_display = ("name", "username", "role", "is_active", "last_login")
    list_filter = ("role", "is_active")
    search_fields = ("name", "username", "email")
    inlines = (TokenInline,)
    actions_detail = ("set_password",)

    def get_form(self, request: HttpRequest, obj: Model | None = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change, **({} if obj else {"form": NewUserForm}), **kwargs)

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        who = ("username", "name", "email")
        if obj is None:
            return (*who, "password", "role", "branches")
        where = "branches" if self.has_change_permission(request) else "works_at"
        return (*who, "role", "is_active", where, "last_login", "created_at")

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        return ("works_at", "last_login", "created_at")

    @display(description=_("branches"))
    def works_at(self, user: User) -> str:
        return ", ".join(branch.name for branch in user.branches.all()) or "–"

    def save_model(self, request: HttpRequest, obj: User, form: UserForm, change: bool) -> None:
        given = form.cleaned_data
        actor = actor_of(request)
        details = {name: given[name] for name in ("username", "name", "email")}
        access = {"role": given["role"], "branches": given["branches"]}
        if change:
            set_details(user=obj, **details, actor=actor)
            set_access(user=obj, **access, is_active=given["is_active"], actor=actor)
        else:
            added = add_user(**details, **access, password=given["password"], actor=actor)
            become(obj, added)

    @action(
        description=_("Set password"),
        permissions=["change"],
        icon="key",
        dialog={"title": _("Set password"), "form_class": PasswordDialog, "form_submit_text": _("Set password")},
    )
    def set_password(self, request: HttpRequest, form: PasswordDialog, object_id: str) -> HttpResponse:
        return self.act(
            request,
            object_id,
            lambda user: set_password(user=user, password=form.cleaned_data["password"], actor=actor_of(request)),
            _("The password was set."),
        )


@admin.register(ApiToken)
class ApiTokenAdmin(HouseAdmin):
    """Tokens are made and revoked, never changed; everybody here may have some of their own."""

    door = staticmethod(tokens_for)
    read_scope = Scope.INBOXES_READ
    form = TokenForm
    list_display = ("name", "user", "prefix", "expires_at", "revoked_at", "last_used_at")
    list_filter = (("user", DoorFilter),)
    list_select_related = ("user",)
    search_fields = ("name", "user__name", "user__username")
    fields = ("user", "name", "scopes", "expires_at")
    actions_detail = ("revoke",)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.has_view_permission(request)

    def has_revoke_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Whoever sees a token may end it."""
        return self.has_view_permission(request)

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        if obj is None:
            return self.fields
        return ("user", "name", "may", "prefix", "created_at", "expires_at", "revoked_at", "last_used_at")

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        return () if obj is None else self.get_fields(request, obj)

    @display(description=_("scopes"))
    def may(self, token: ApiToken) -> str:
        return ", ".join(str(SCOPE_WORDS.get(scope, scope)) for scope in token.scopes)

    def get_field_queryset(self, db: str | None, db_field: Any, request: HttpRequest) -> QuerySet[Any]:
        """Offer everybody to whoever manages users, and only themselves to others."""
        users = super().get_field_queryset(db, db_field, request).filter(is_active=True)
        actor = actor_of(request)
        return users if actor.can(Scope.USERS_WRITE) else users.filter(pk=actor.user_id)

    def save_model(self, request: HttpRequest, obj: ApiToken, form: TokenForm, change: bool) -> None:
        given = {name: form.cleaned_data[name] for name in ("user", "name", "scopes", "expires_at")}
        token, text = create_token(**given, actor=actor_of(request))
        become(obj, token)
        request.new_token = text  # type: ignore[attr-defined]

    def response_add(self, request: HttpRequest, obj: ApiToken, post_url_continue: str | None = None) -> HttpResponse:
        """Show the token this once; nothing stores it on the way."""
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("The token is ready"),
            "opts": self.opts,
            "original": obj,
            "token": request.new_token,  # type: ignore[attr-defined]
            "page": self.page_of(obj),
        }
        return TemplateResponse(request, "admin/accounts/apitoken/created.html", context)

    @action(
        description=_("Revoke"),
        permissions=["revoke"],
        icon="block",
        dialog={
            "title": _("Revoke this token?"),
            "description": _("The application that uses it is cut off at once."),
            "form_submit_text": _("Revoke"),
        },
    )
    def revoke(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        return self.act(
            request,
            object_id,
            lambda token: revoke_token(token=token, actor=actor_of(request)),
            _("The token was revoked."),
        )
