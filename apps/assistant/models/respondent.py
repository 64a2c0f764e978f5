"""What the assistant is like in one conversation."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.assistant.models.configuration import AIParam, AIValue
from apps.conversations.models import Conversation


class Respondent(models.Model):
    """The values drawn for one conversation. Drawing again makes a new one; a pinned one stays."""

    conversation = models.ForeignKey(
        Conversation, models.CASCADE, related_name="respondents", verbose_name=_("conversation")
    )
    seed = models.BigIntegerField(_("seed"))
    is_current = models.BooleanField(_("current"), default=True)
    is_pinned = models.BooleanField(_("pinned"), default=False)
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("respondent")
        verbose_name_plural = _("respondents")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["conversation"], condition=Q(is_current=True), name="respondent_one_current"
            )
        ]

    def __str__(self) -> str:
        return f"{self.conversation_id} · {self.pk}"


class RespondentValue(models.Model):
    """One value of a respondent."""

    respondent = models.ForeignKey(Respondent, models.CASCADE, related_name="drawn", verbose_name=_("respondent"))
    param = models.ForeignKey(AIParam, models.PROTECT, related_name="+", verbose_name=_("parameter"))
    value = models.ForeignKey(AIValue, models.PROTECT, related_name="drawn", verbose_name=_("value"))

    class Meta:
        verbose_name = _("drawn value")
        verbose_name_plural = _("drawn values")
        ordering = ["param__position", "param_id"]
        constraints = [models.UniqueConstraint(fields=["respondent", "param"], name="respondent_one_value_each")]

    def __str__(self) -> str:
        return f"{self.param}: {self.value}"
