"""The log: every request to a model, as it was."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.assistant.models.suggestion import Suggestion
from apps.conversations.models import Conversation
from apps.inboxes.models import Inbox


class Completion(models.Model):
    """One request to a model and what came of it. The database refuses every change but forgetting its words.

    Shape:  `request` is a list of {role, content}; `values` one {param, value, value_id} for each of the respondent;
            `outcome` is "ok" or a Failure. Provider and model are named, not linked: the log outlives both.
    """

    OK = "ok"

    suggestion = models.ForeignKey(Suggestion, models.CASCADE, related_name="completions", verbose_name=_("suggestion"))
    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="+", verbose_name=_("conversation"))
    inbox = models.ForeignKey(Inbox, models.PROTECT, related_name="+", verbose_name=_("inbox"))
    attempt = models.PositiveSmallIntegerField(_("attempt"))
    provider_id = models.BigIntegerField()
    provider_name = models.CharField(_("AI provider"), max_length=80)
    model_name = models.CharField(_("AI model"), max_length=120)
    is_simulated = models.BooleanField(_("simulated"), default=False)
    outcome = models.CharField(_("outcome"), max_length=20)
    detail = models.CharField(_("detail"), max_length=200, blank=True)
    request = models.JSONField(_("request"), null=True)
    response = models.TextField(_("response"), blank=True)
    values = models.JSONField(_("values"), default=list)
    request_id = models.CharField(_("id at the provider"), max_length=120, blank=True)
    prompt_tokens = models.PositiveIntegerField(_("tokens read"), default=0)
    completion_tokens = models.PositiveIntegerField(_("tokens written"), default=0)
    is_estimated = models.BooleanField(_("tokens estimated"), default=False)
    price = models.DecimalField(_("price"), max_digits=14, decimal_places=8, default=0)
    currency = models.CharField(_("currency"), max_length=3, default="USD")
    first_text_ms = models.PositiveIntegerField(_("ms to the first word"), null=True)
    latency_ms = models.PositiveIntegerField(_("ms in all"), default=0)
    redacted_at = models.DateTimeField(_("words forgotten"), null=True)
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("completion")
        verbose_name_plural = _("completions")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["created_at"], name="completion_by_day"),
            models.Index(fields=["created_at"], condition=Q(redacted_at=None), name="completion_with_words"),
            models.Index(fields=["provider_id", "created_at"], name="completion_spent"),
            models.Index(fields=["inbox", "created_at"], name="completion_spent_in_inbox"),
            models.Index(fields=["conversation", "created_at"], name="completion_of_conversation"),
        ]

    def __str__(self) -> str:
        return f"{self.model_name} {self.pk}"
