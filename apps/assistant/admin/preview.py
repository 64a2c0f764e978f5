"""What a model would be told in a conversation now, whole: before anybody is answered with it."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _

from apps.assistant.actions.respondents import choose_value, pin, redraw
from apps.assistant.admin.problems import problems_of
from apps.assistant.client.tokens import MESSAGE_OVERHEAD, tokens_of
from apps.assistant.models import AIParam, AIValue, Respondent
from apps.assistant.prompt import preview
from apps.assistant.queries import TROUBLES, candidates, current_respondent, drawn_values, mode_of, values_for
from apps.assistant.types import Prompt
from apps.conversations.models import Conversation
from apps.conversations.queries import ChatFilter, chat_list, conversations_for
from apps.core.actors import Actor, Scope
from apps.core.admin import HouseAdmin
from apps.core.requests import actor_of

SHOWN = 12
NAME = "assistant_aiparam_preview"


def preview_address(conversation_id: int) -> str:
    """Return where the preview of a conversation is."""
    return f"{reverse(f'admin:{NAME}')}?conversation={conversation_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A parameter, what was drawn of it here, and what else there is."""

    param: AIParam
    drawn: AIValue | None
    values: list[AIValue]


class PreviewPage(HouseAdmin):
    """Adds the page to the list of parameters."""

    def get_urls(self) -> list[URLPattern]:
        return [path("preview/", self.admin_site.admin_view(self.preview_view), name=NAME), *super().get_urls()]

    def preview_view(self, request: HttpRequest) -> HttpResponse:
        """Show the page, or do with the respondent what one of its buttons says."""
        actor = actor_of(request)
        if not (self.has_view_permission(request) and actor.can(Scope.CONVERSATIONS_READ)):
            raise PermissionDenied
        conversation = None
        if number := _number(request.GET.get("conversation", "")):
            conversation = get_object_or_404(_conversations(actor), pk=number)
        if request.method == "POST" and conversation is not None:
            self._change(request, conversation)
            return HttpResponseRedirect(preview_address(conversation.pk))
        asked = request.GET.get("q", "")
        context = {
            **self.admin_site.each_context(request),
            "title": _("Preview"),
            "opts": self.opts,
            "is_fullwidth": "1",
            "asked": asked,
            "chats": [] if conversation else chat_list(actor, ChatFilter(is_open=None, text=asked))[:SHOWN],
            "problems": problems_of(actor),
            "may_change": actor.can(Scope.CONVERSATIONS_WRITE),
            **(preview_of(conversation, actor) if conversation else {}),
        }
        return TemplateResponse(request, "admin/assistant/aiparam/preview.html", context)

    def _change(self, request: HttpRequest, conversation: Conversation) -> None:
        actor, verb = actor_of(request), request.POST.get("verb", "")
        try:
            if verb == "redraw":
                redraw(conversation=conversation, actor=actor)
            elif verb in ("pin", "unpin"):
                pin(conversation=conversation, is_pinned=verb == "pin", actor=actor)
            elif number := _number(request.POST.get("value", "")):
                value = get_object_or_404(values_for(actor).select_related("param"), pk=number)
                choose_value(conversation=conversation, value=value, actor=actor)
        except ValidationError as refusal:
            self.message_user(request, " ".join(refusal.messages), messages.ERROR)


def preview_of(conversation: Conversation, actor: Actor) -> dict[str, Any]:
    """Return all that the page shows of one conversation."""
    respondent = current_respondent(conversation)
    asked = candidates(respondent)
    return {
        "conversation": conversation,
        "mode": mode_of(conversation),
        "respondent": respondent,
        "choices": _choices(respondent, actor),
        "models": asked.models,
        "trouble": TROUBLES.get(asked.problem, ""),
        **_told(conversation),
    }


def _told(conversation: Conversation) -> dict[str, Any]:
    try:
        prompt = preview(conversation)
    except ValidationError as refusal:
        return {"refusal": " ".join(refusal.messages)}
    return {"prompt": prompt, "tokens": _tokens(prompt)}


def _tokens(prompt: Prompt) -> int:
    texts = [prompt.instructions, *(turn.text for turn in prompt.turns)]
    return sum(tokens_of(text) + MESSAGE_OVERHEAD for text in texts)


def _choices(respondent: Respondent | None, actor: Actor) -> list[Choice]:
    drawn = {row.param_id: row.value for row in drawn_values(respondent)} if respondent else {}
    found: dict[AIParam, list[AIValue]] = {}
    values = values_for(actor).filter(is_enabled=True, param__is_enabled=True).select_related("param")
    for value in values.order_by("param__position", "param_id", "pk"):
        found.setdefault(value.param, []).append(value)
    return [Choice(param=param, drawn=drawn.get(param.pk), values=values) for param, values in found.items()]


def _conversations(actor: Actor) -> Any:
    return conversations_for(actor).select_related("inbox__branch", "person", "identity")


def _number(text: str) -> int:
    """Return a key that was asked for; what is none is nobody's."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0
