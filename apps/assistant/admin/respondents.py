"""What the assistant was and is like in each conversation: read only."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from apps.assistant.admin.preview import preview_address
from apps.assistant.models import Respondent
from apps.assistant.queries import respondents_for
from apps.core.actors import Scope
from apps.core.admin import RecordAdmin


@admin.register(Respondent)
class RespondentAdmin(RecordAdmin):
    door = staticmethod(respondents_for)
    read_scope = Scope.ASSISTANT_READ
    list_display = ("chat", "drawn_values", "is_current", "is_pinned", "created_at")
    list_filter = ("is_current", "is_pinned")
    list_select_related = ("conversation__person", "conversation__inbox", "conversation__identity")
    fields = readonly_fields = ("chat", "drawn_values", "seed", "is_current", "is_pinned", "created_at", "to_preview")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Respondent]:
        return super().get_queryset(request).prefetch_related("drawn__param", "drawn__value")

    @display(description=_("conversation"))
    def chat(self, respondent: Respondent) -> str:
        return f"{respondent.conversation.person} · {respondent.conversation.inbox}"

    @display(description=_("drawn values"))
    def drawn_values(self, respondent: Respondent) -> str:
        return " · ".join(str(drawn) for drawn in respondent.drawn.all()) or "–"

    @display(description=_("preview"))
    def to_preview(self, respondent: Respondent) -> SafeString:
        address = preview_address(respondent.conversation_id)
        return format_html('<a class="text-link" href="{}">{}</a>', address, _("See what a model would be told"))
