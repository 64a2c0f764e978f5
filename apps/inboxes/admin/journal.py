"""The journal of webhooks and its dead letters. What came in is shown masked; nothing here changes it."""

import logging
import uuid
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin import action as list_action
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import action, display

from apps.core.actors import Scope
from apps.core.admin import DoorFilter, HouseInline, RecordAdmin, colours, go_to
from apps.core.requests import actor_of
from apps.inboxes.actions.journal import discard_dead_letter, replay_events, replay_since
from apps.inboxes.admin.masking import mask, preview
from apps.inboxes.forms import DiscardDialog, ReplayClassDialog, ReplaySinceDialog
from apps.inboxes.models import DeadLetter, WebhookEvent
from apps.inboxes.queries import dead_letters_for, events_for

logger = logging.getLogger(__name__)

RAW_LENGTH = 200_000
AT_ONCE = 5_000
PREFORMATTED = '<pre class="verbatim">{}</pre>'
STATE_COLOURS = colours(new="info", processed="success", rejected="warning", dead="danger", open="danger")


def _shown(event: WebhookEvent, path: str = "") -> SafeString:
    """Return the bytes of a webhook, or of one item, as far as they are kept and may be read."""
    if event.is_body_gone:
        return format_html("<p>{}</p>", _("No longer kept: its days are over."))
    return format_html(PREFORMATTED, preview(event.body, path))


class Replayable(RecordAdmin):
    """Lists whose rows lead to webhooks that may be processed again."""

    read_scope = Scope.JOURNAL_READ
    actions: Any = ("replay_selected",)

    def has_replay_permission(self, request: HttpRequest, obj: Model | str | None = None) -> bool:
        """Tell whether the actor may process webhooks again."""
        return actor_of(request).can(Scope.JOURNAL_REPLAY)

    def replay(self, request: HttpRequest, uids: list[uuid.UUID]) -> None:
        """Process webhooks again and say how many, and how many cannot be any more."""
        count = replay_events(events=uids, actor=actor_of(request))
        if gone := len(set(uids)) - count:
            words = ngettext(
                "%(gone)d webhook cannot be processed again: its body is no longer kept.",
                "%(gone)d webhooks cannot be processed again: their bodies are no longer kept.",
                gone,
            )
            self.message_user(request, words % {"gone": gone}, messages.WARNING)
            if not count:
                return
        self.say_replayed(request, count)

    def say_replayed(self, request: HttpRequest, count: int) -> None:
        """Say how many webhooks are processed again."""
        words = ngettext("%(count)d webhook is processed again.", "%(count)d webhooks are processed again.", count)
        self.message_user(request, words % {"count": count})


class DeadLetterInline(HouseInline):
    """The dead letters of a webhook."""

    model = DeadLetter
    door = staticmethod(dead_letters_for)
    read_scope = Scope.JOURNAL_READ
    fields = readonly_fields = ("path", "error_class", "detail", "state", "resolved_at")


@admin.register(WebhookEvent)
class WebhookEventAdmin(Replayable):
    door = staticmethod(events_for)
    list_display = ("received_at", "account", "shown_state", "size", "items", "attempts", "processed_at", "note")
    list_filter = ("state", ("account", DoorFilter), "received_at")
    search_fields = ("uid",)
    search_help_text = _("The whole id of a webhook.")
    inlines = (DeadLetterInline,)
    fields = (
        "uid",
        "account",
        "state",
        "received_at",
        "processed_at",
        "attempts",
        "items",
        "note",
        "size",
        "headers",
        "masked_body",
    )
    readonly_fields = fields
    actions_list = ("replay_since",)
    actions_detail = ("replay_one", "show_raw")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[WebhookEvent], search_term: str
    ) -> tuple[QuerySet[WebhookEvent], bool]:
        try:
            return (queryset.filter(uid=uuid.UUID(search_term)) if search_term else queryset), False
        except ValueError:
            return queryset.none(), False

    @display(description=_("state"), label=STATE_COLOURS)
    def shown_state(self, event: WebhookEvent) -> tuple[str, str]:
        return event.state, event.get_state_display()

    @display(description=_("items (ignored, dead)"))
    def items(self, event: WebhookEvent) -> str:
        return f"{event.item_count} ({event.ignored_count}, {event.dead_count})"

    @display(description=_("body, numbers masked"))
    def masked_body(self, event: WebhookEvent) -> SafeString:
        return _shown(event)

    @list_action(description=_("Process again"), permissions=["replay"])
    def replay_selected(self, request: HttpRequest, queryset: QuerySet[WebhookEvent]) -> None:
        self.replay(request, list(queryset.values_list("uid", flat=True)[:AT_ONCE]))

    @action(
        description=_("Process again since a time"),
        permissions=["replay"],
        icon="replay",
        dialog={
            "title": _("Process again what came since a time"),
            "description": _("What it said already is not said twice."),
            "form_class": ReplaySinceDialog,
            "form_submit_text": _("Process again"),
        },
    )
    def replay_since(self, request: HttpRequest, form: ReplaySinceDialog) -> HttpResponse:
        since, account = form.cleaned_data["since"], form.cleaned_data["account"]
        self.say_replayed(request, replay_since(since=since, account=account, actor=actor_of(request)))
        return go_to(self.list_page())

    @action(
        description=_("Process again"),
        permissions=["replay"],
        icon="replay",
        dialog={
            "title": _("Process this webhook again?"),
            "description": _("What it said already is not said twice."),
            "form_submit_text": _("Process again"),
        },
    )
    def replay_one(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        event = self.row(request, object_id)
        self.replay(request, [event.uid])
        return go_to(self.page_of(event))

    @action(
        description=_("Show unmasked"),
        permissions=["view"],
        icon="visibility",
        dialog={
            "title": _("Show the body as it came?"),
            "description": _("It may hold people's words and numbers. The log will say that you saw it."),
            "form_submit_text": _("Show"),
        },
    )
    def show_raw(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        event = self.row(request, object_id)
        logger.info("webhook.body_shown event=%s user=%s", event.uid, actor_of(request).user_id)
        body = event.body
        context = {"body": body[:RAW_LENGTH].decode(errors="replace"), "is_cut": len(body) > RAW_LENGTH}
        return render(request, "admin/inboxes/webhookevent/raw.html", context)


@admin.register(DeadLetter)
class DeadLetterAdmin(Replayable):
    door = staticmethod(dead_letters_for)
    list_display = ("created_at", "error_class", "path", "shown_detail", "account", "shown_state")
    list_filter = ("state", "error_class", ("event__account", DoorFilter), "created_at")
    fields = (
        "webhook",
        "account",
        "path",
        "error_class",
        "shown_detail",
        "state",
        "created_at",
        "resolved_at",
        "resolved_by",
        "resolution",
        "masked_item",
    )
    readonly_fields = fields
    actions_list = ("replay_class",)
    actions_detail = ("replay_one", "discard")

    @display(description=_("state"), label=STATE_COLOURS)
    def shown_state(self, letter: DeadLetter) -> tuple[str, str]:
        return letter.state, letter.get_state_display()

    @display(description=_("detail"))
    def shown_detail(self, letter: DeadLetter) -> str:
        return mask(letter.detail) or "–"

    @display(description=_("account"))
    def account(self, letter: DeadLetter) -> str:
        return letter.event.account.name

    @display(description=_("webhook event"))
    def webhook(self, letter: DeadLetter) -> SafeString:
        address = self.admin_site.get_model_admin(WebhookEvent).page_of(letter.event)
        return format_html('<a class="text-link" href="{}">{}</a>', address, letter.event.uid)

    @display(description=_("what it is about, numbers masked"))
    def masked_item(self, letter: DeadLetter) -> SafeString:
        return _shown(letter.event, letter.path)

    @list_action(description=_("Process again"), permissions=["replay"])
    def replay_selected(self, request: HttpRequest, queryset: QuerySet[DeadLetter]) -> None:
        self.replay(request, list(queryset.values_list("event__uid", flat=True)[:AT_ONCE]))

    @action(
        description=_("Process a whole class again"),
        permissions=["replay"],
        icon="replay",
        dialog={
            "title": _("Process all open dead letters of one class again"),
            "form_class": ReplayClassDialog,
            "form_submit_text": _("Process again"),
        },
    )
    def replay_class(self, request: HttpRequest, form: ReplayClassDialog) -> HttpResponse:
        letters = self.get_queryset(request).filter(
            state=DeadLetter.State.OPEN, error_class=form.cleaned_data["error_class"]
        )
        self.replay(request, list(letters.values_list("event__uid", flat=True)[:AT_ONCE]))
        return go_to(self.list_page())

    @action(
        description=_("Process again"),
        permissions=["replay"],
        icon="replay",
        dialog={"title": _("Process its webhook again?"), "form_submit_text": _("Process again")},
    )
    def replay_one(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        letter = self.row(request, object_id)
        self.replay(request, [letter.event.uid])
        return go_to(self.page_of(letter))

    @action(
        description=_("Discard"),
        permissions=["replay"],
        icon="delete",
        dialog={
            "title": _("Discard this dead letter"),
            "form_class": DiscardDialog,
            "form_submit_text": _("Discard"),
        },
    )
    def discard(self, request: HttpRequest, form: DiscardDialog, object_id: str) -> HttpResponse:
        return self.act(
            request,
            object_id,
            lambda letter: discard_dead_letter(
                dead_letter=letter, reason=form.cleaned_data["reason"], actor=actor_of(request)
            ),
            _("It was discarded."),
        )
