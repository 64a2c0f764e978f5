"""Proposed answers: the unit of the assistant's work, and what people did with it."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import ApiToken
from apps.assistant.models.configuration import AIModel, AIProvider
from apps.assistant.models.respondent import Respondent
from apps.conversations.models import Conversation, Message
from apps.inboxes.models import AssistantMode, Inbox


class Suggestion(models.Model):
    """An answer to what the person said up to `trigger`, from the wish for it to what became of it.

    While it is queued or being written it is work: claimed with a fenced lease, counted before it begins, asked of
    one model at a time (`tried` are the providers that failed it). `text` grows while it is written; `sent_text` is
    what left in the end, which differs where somebody edited it.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("Waiting for a model")
        GENERATING = "generating", _("Being written")
        SHOWN = "shown", _("Proposed")
        ACCEPTED = "accepted", _("Sent as it was")
        EDITED = "edited", _("Sent with changes")
        SENT = "sent", _("Sent by itself")
        DISCARDED = "discarded", _("Discarded")
        SUPERSEDED = "superseded", _("Overtaken")
        FAILED = "failed", _("Failed")

    OPEN = (State.QUEUED, State.GENERATING, State.SHOWN)
    """The states of the one that counts in a conversation."""

    conversation = models.ForeignKey(
        Conversation, models.CASCADE, related_name="suggestions", verbose_name=_("conversation")
    )
    inbox = models.ForeignKey(Inbox, models.PROTECT, related_name="+", verbose_name=_("inbox"))
    trigger = models.ForeignKey(Message, models.CASCADE, related_name="suggestions", verbose_name=_("answers"))
    respondent = models.ForeignKey(
        Respondent, models.SET_NULL, null=True, related_name="suggestions", verbose_name=_("respondent")
    )
    mode = models.CharField(_("mode"), max_length=8, choices=AssistantMode, default=AssistantMode.SUGGEST)
    instruction = models.CharField(_("instruction"), max_length=500, blank=True)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("asked by")
    )
    state = models.CharField(_("state"), max_length=12, choices=State, default=State.QUEUED)
    asked_at = models.DateTimeField(_("wanted since"), db_default=Now())
    priority = models.SmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(db_default=Now())

    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    tried = ArrayField(models.BigIntegerField(), default=list)
    provider = models.ForeignKey(
        AIProvider, models.SET_NULL, null=True, related_name="+", verbose_name=_("AI provider")
    )
    model = models.ForeignKey(AIModel, models.SET_NULL, null=True, related_name="+", verbose_name=_("AI model"))
    lease_token = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    started_at = models.DateTimeField(_("begun"), null=True)
    finished_at = models.DateTimeField(_("finished"), null=True)

    text = models.TextField(_("text"), blank=True)
    needs_human = models.BooleanField(_("asks for a person"), default=False)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    suggested_tags = ArrayField(models.CharField(max_length=60), verbose_name=_("suggested tags"), default=list)
    warnings = ArrayField(models.CharField(max_length=20), verbose_name=_("warnings"), default=list)
    failure = models.CharField(_("failure"), max_length=20, blank=True)
    config_problem = models.CharField(_("problem of the configuration"), max_length=200, blank=True)

    message = models.OneToOneField(
        Message, models.SET_NULL, null=True, related_name="suggestion", verbose_name=_("message")
    )
    sent_text = models.TextField(_("sent text"), blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("decided by")
    )
    decided_token = models.ForeignKey(
        ApiToken, models.SET_NULL, null=True, related_name="+", verbose_name=_("API token")
    )
    decided_at = models.DateTimeField(_("decided"), null=True)
    rating = models.PositiveSmallIntegerField(_("rating"), null=True)
    feedback = models.TextField(_("comment"), blank=True)
    rated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("rated by")
    )
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("suggestion")
        verbose_name_plural = _("suggestions")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["conversation"],
                condition=Q(state__in=["queued", "generating", "shown"]),
                name="suggestion_one_open",
            ),
            models.UniqueConstraint(
                fields=["trigger"], condition=Q(state="sent"), name="suggestion_one_automatic_answer"
            ),
            models.CheckConstraint(
                condition=Q(state="generating", lease_token__isnull=False, lease_until__isnull=False)
                | ~Q(state="generating"),
                name="suggestion_generating_is_leased",
            ),
            models.CheckConstraint(
                condition=Q(rating=None) | Q(rating__range=(1, 5)), name="suggestion_rating_of_five"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["accepted", "edited", "sent"]) | Q(message=None),
                name="suggestion_only_sent_ones_have_a_message",
            ),
        ]
        indexes = [
            models.Index(fields=["priority", "asked_at", "id"], condition=Q(state="queued"), name="suggestion_due"),
            models.Index(fields=["lease_until"], condition=Q(lease_until__isnull=False), name="suggestion_leased"),
            models.Index(fields=["conversation", "-id"], name="suggestion_of_conversation"),
            models.Index(fields=["created_at"], name="suggestion_by_day"),
        ]

    def __str__(self) -> str:
        return f"{self.get_state_display()} {self.pk}"
