"""Messages and what became of sending them. A failed one may be sent again, by a person only."""

import uuid
from typing import Any

from django.contrib import admin
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from apps.conversations.actions.send import mark_as_sent, resend_message
from apps.conversations.models import Attachment, Message, PendingStatus, SendAttempt, Status
from apps.conversations.queries import (
    attachments_for,
    conversations_for,
    messages_for,
    pending_statuses_for,
    send_attempts_for,
)
from apps.core.actors import Scope
from apps.core.admin import DoorFilter, HouseInline, RecordAdmin, colours
from apps.core.requests import actor_of
from apps.people.models import search_key

STATUS_COLOURS = colours(failed="danger", uncertain="warning", read="success", delivered="success")
FITTING = {"failed": ("resend",), "uncertain": ("resend", "settle_as_sent")}


class StatusFilter(admin.SimpleListFilter):
    """Messages by the one word that is shown of them."""

    title = _("status")
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(Status.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Message]) -> QuerySet[Message]:
        return queryset.filter(status=self.value()) if self.value() else queryset


class SendAttemptInline(HouseInline):
    """Every attempt to send a message."""

    model = SendAttempt
    door = staticmethod(send_attempts_for)
    read_scope = Scope.CONVERSATIONS_READ
    fields = readonly_fields = (
        "number",
        "claimed_at",
        "write_started_at",
        "finished_at",
        "outcome",
        "http_status",
        "error_code",
        "trace_id",
    )


@admin.register(Message)
class MessageAdmin(RecordAdmin):
    door = staticmethod(messages_for)
    read_scope = Scope.CONVERSATIONS_READ
    list_display = ("occurred_at", "conversation", "direction", "sender", "short_text", "shown_status", "error_code")
    list_filter = (StatusFilter, "direction", "sender", ("inbox", DoorFilter), "created_at")
    list_select_related = ("conversation__person", "conversation__inbox")
    search_fields = ("provider_message_id",)
    search_help_text = _("Name or number of the person, or the whole id at the provider.")
    fields = (
        "chat",
        ("conversation", "inbox"),
        ("direction", "sender"),
        ("author", "api_token"),
        "kind",
        "text",
        ("status_words", "attempts"),
        ("error_code", "error_text"),
        ("reply_to", "resent_of"),
        "provider_message_id",
        ("occurred_at", "provider_time"),
        ("accepted_at", "sent_at"),
        ("delivered_at", "read_at"),
        "failed_at",
    )
    readonly_fields = (*(name for row in fields for name in ([row] if isinstance(row, str) else row)),)
    inlines = (SendAttemptInline,)
    actions_detail = ("resend", "settle_as_sent")

    def has_resend_permission(self, request: HttpRequest, obj: Model | str | None = None) -> bool:
        """Tell whether the actor may send at all; the action looks at the conversation."""
        return actor_of(request).can(Scope.MESSAGES_SEND)

    def get_actions_detail(self, request: HttpRequest, object_id: str) -> list[Any]:
        """Offer only what fits the state of this message."""
        message = self.get_object(request, object_id)
        fitting = FITTING.get(message.status, ()) if message else ()
        offered = super().get_actions_detail(request, object_id)
        return [item for item in offered if item.method.original_function_name in fitting]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Message], search_term: str
    ) -> tuple[QuerySet[Message], bool]:
        """Search by what has an index: people, and the provider's own ids."""
        term = search_term.strip()
        if not term:
            return queryset, False
        people = Q(person__search_key__contains=search_key(term)) | Q(identity__address=term)
        chats = conversations_for(actor_of(request)).filter(people)
        return queryset.filter(Q(provider_message_id=term) | Q(conversation__in=chats)), False

    @display(description=_("chat"))
    def chat(self, message: Message) -> SafeString:
        address = reverse("console:chat", args=[message.conversation_id])
        return format_html('<a class="text-link" href="{}">{}</a>', address, _("Open in the chat page"))

    @display(description=_("text"))
    def short_text(self, message: Message) -> str:
        return message.text if len(message.text) <= 80 else f"{message.text[:79]}…"

    @display(description=_("status"), label=STATUS_COLOURS)
    def shown_status(self, message: Message) -> tuple[str, str]:
        return message.status, self.status_words(message)

    @display(description=_("status"))
    def status_words(self, message: Message) -> str:
        return str(Status(message.status).label)

    @action(
        description=_("Send again"),
        permissions=["resend"],
        icon="send",
        dialog={
            "title": _("Send these words again?"),
            "description": _("If the first time did arrive after all, the person gets them twice."),
            "form_submit_text": _("Send again"),
        },
    )
    def resend(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        key, actor = f"admin-{uuid.uuid4()}", actor_of(request)
        return self.act(
            request,
            object_id,
            lambda message: resend_message(message=message, client_key=key, actor=actor),
            _("The message is in the queue again."),
        )

    @action(
        description=_("Mark as sent"),
        permissions=["resend"],
        icon="done",
        dialog={"title": _("Did it arrive?"), "form_submit_text": _("Mark as sent")},
    )
    def settle_as_sent(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        actor = actor_of(request)
        return self.act(
            request,
            object_id,
            lambda message: mark_as_sent(message=message, actor=actor),
            _("It counts as sent."),
        )


@admin.register(SendAttempt)
class SendAttemptAdmin(RecordAdmin):
    door = staticmethod(send_attempts_for)
    read_scope = Scope.CONVERSATIONS_READ
    list_display = ("claimed_at", "message", "number", "outcome", "http_status", "error_code", "owner", "finished_at")
    list_filter = ("outcome",)
    list_select_related = ("message",)
    fields = readonly_fields = (
        "message",
        "number",
        "outcome",
        "owner",
        "claimed_at",
        "write_started_at",
        "finished_at",
        "http_status",
        "error_code",
        "trace_id",
    )


@admin.register(PendingStatus)
class PendingStatusAdmin(RecordAdmin):
    """Statuses that came before the message they speak of."""

    door = staticmethod(pending_statuses_for)
    read_scope = Scope.CONVERSATIONS_READ
    list_display = ("created_at", "inbox", "provider_message_id", "status_words", "error_code", "at")
    list_filter = (("inbox", DoorFilter),)
    list_select_related = ("inbox",)
    fields = readonly_fields = (
        "inbox",
        "provider_message_id",
        "status_words",
        "at",
        "error_code",
        "error_text",
        "created_at",
    )

    @display(description=_("status"))
    def status_words(self, waiting: PendingStatus) -> str:
        known = dict(Status.choices)
        return str(known.get(waiting.status, waiting.status))


@admin.register(Attachment)
class AttachmentAdmin(RecordAdmin):
    door = staticmethod(attachments_for)
    read_scope = Scope.CONVERSATIONS_READ
    list_display = ("created_at", "message", "kind", "name", "mime_type", "size", "state", "error_code")
    list_filter = ("state",)
    list_select_related = ("message",)
    fields = readonly_fields = (
        *("message", "kind", "name", "mime_type", "size", "created_at"),
        *("state", "error_code", "attempts", "kept_until"),
    )
