"""Conversations: read here, answered in the chat page."""

from typing import Any

from django.contrib import admin
from django.contrib.admin import action as list_action
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from apps.conversations.actions.marks import assign, close, reopen, set_pending
from apps.conversations.forms import AssignDialog
from apps.conversations.models import Conversation
from apps.conversations.queries import ChatFilter, chat_list, conversations_for
from apps.core.actors import Scope
from apps.core.admin import DoorFilter, RecordAdmin
from apps.core.requests import actor_of


class UnreadFilter(admin.SimpleListFilter):
    """Conversations with something nobody read."""

    title = _("unread")
    parameter_name = "unread"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("1", _("Yes")), ("0", _("No"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Conversation]) -> QuerySet[Conversation]:
        if self.value() == "1":
            return queryset.filter(unread_count__gt=0)
        return queryset.filter(unread_count=0) if self.value() == "0" else queryset


@admin.register(Conversation)
class ConversationAdmin(RecordAdmin):
    door = staticmethod(conversations_for)
    read_scope = Scope.CONVERSATIONS_READ
    ordering = ("-last_message_at", "-id")
    list_display = (
        "person",
        "inbox",
        "last_message_text",
        "unread_count",
        "pending_since",
        "assignee",
        "last_message_at",
    )
    list_filter = (
        "is_pending",
        UnreadFilter,
        ("inbox", DoorFilter),
        ("assignee", DoorFilter),
        ("closed_at", admin.EmptyFieldListFilter),
    )
    list_select_related = ("person", "inbox", "identity", "assignee")
    search_fields = ("person__search_key",)
    search_help_text = _("Name, number or last words.")
    fields = (
        "chat",
        "person",
        "identity",
        "inbox",
        "assignee",
        ("is_pending", "pending_since"),
        ("unread_count", "window_ends_at"),
        ("last_message_text", "last_message_at"),
        ("created_at", "closed_at"),
    )
    readonly_fields = (*(name for row in fields for name in ([row] if isinstance(row, str) else row)),)
    actions: Any = ("mark_pending", "unmark_pending", "close_selected")
    actions_detail = ("assign", "toggle_pending", "toggle_open")

    def has_handle_permission(self, request: HttpRequest, obj: Model | str | None = None) -> bool:
        """Tell whether the actor may mark, assign and close."""
        return actor_of(request).can(Scope.CONVERSATIONS_WRITE)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Conversation], search_term: str
    ) -> tuple[QuerySet[Conversation], bool]:
        """Search as the chat page does."""
        if not search_term:
            return queryset, False
        found = chat_list(actor_of(request), ChatFilter(is_open=None, text=search_term))
        return queryset.filter(pk__in=found.order_by().values("pk")), False

    @display(description=_("chat"))
    def chat(self, conversation: Conversation) -> SafeString:
        address = reverse("console:chat", args=[conversation.pk])
        return format_html('<a class="text-link" href="{}">{}</a>', address, _("Open in the chat page"))

    @list_action(description=_("Mark as pending"), permissions=["handle"])
    def mark_pending(self, request: HttpRequest, queryset: QuerySet[Conversation]) -> None:
        self.act_on_each(request, queryset, _pending(request, is_pending=True), _("It is pending."))

    @list_action(description=_("No longer pending"), permissions=["handle"])
    def unmark_pending(self, request: HttpRequest, queryset: QuerySet[Conversation]) -> None:
        self.act_on_each(request, queryset, _pending(request, is_pending=False), _("It is no longer pending."))

    @list_action(description=_("Close"), permissions=["handle"])
    def close_selected(self, request: HttpRequest, queryset: QuerySet[Conversation]) -> None:
        actor = actor_of(request)
        self.act_on_each(request, queryset, lambda row: close(conversation=row, actor=actor), _("It was closed."))

    @action(
        description=_("Assign"),
        permissions=["handle"],
        icon="person_check",
        dialog={"title": _("Assign the conversation"), "form_class": AssignDialog, "form_submit_text": _("Assign")},
    )
    def assign(self, request: HttpRequest, form: AssignDialog, object_id: str) -> HttpResponse:
        assignee, actor = form.cleaned_data["assignee"], actor_of(request)
        return self.act(
            request,
            object_id,
            lambda row: assign(conversation=row, assignee=assignee, actor=actor),
            _("Assigned to %(name)s.") % {"name": assignee} if assignee else _("Assigned to nobody."),
        )

    @action(
        description=_("Pending on/off"),
        permissions=["handle"],
        icon="flag",
        dialog={"title": _("Change whether it is pending?"), "form_submit_text": _("Change")},
    )
    def toggle_pending(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        is_pending = not self.row(request, object_id).is_pending
        done = _("It is pending.") if is_pending else _("It is no longer pending.")
        return self.act(request, object_id, _pending(request, is_pending=is_pending), done)

    @action(
        description=_("Close or reopen"),
        permissions=["handle"],
        icon="inventory_2",
        dialog={
            "title": _("Close or reopen the conversation?"),
            "description": _("After closing, the next message of the person opens a new one."),
            "form_submit_text": _("Change"),
        },
    )
    def toggle_open(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        actor = actor_of(request)
        if self.row(request, object_id).closed_at is None:
            return self.act(request, object_id, lambda row: close(conversation=row, actor=actor), _("It was closed."))
        return self.act(request, object_id, lambda row: reopen(conversation=row, actor=actor), _("It is open again."))


def _pending(request: HttpRequest, *, is_pending: bool) -> Any:
    return lambda row: set_pending(conversation=row, is_pending=is_pending, actor=actor_of(request))
