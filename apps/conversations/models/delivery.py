"""Attempts to send, and what providers said too early."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.conversations.models.message import Message
from apps.inboxes.models import Inbox
from apps.people.models import Identity


class SendAttempt(models.Model):
    """One attempt to hand a message to its provider; written before the work, never deleted by it. No text."""

    class Outcome(models.TextChoices):
        OPEN = "", _("Under way")
        NOT_SENT = "not_sent", _("Not sent")
        SENT = "sent", _("Sent")
        REJECTED = "rejected", _("Rejected")
        UNCERTAIN = "uncertain", _("Unknown")

    message = models.ForeignKey(Message, models.CASCADE, related_name="send_attempts", verbose_name=_("message"))
    number = models.PositiveSmallIntegerField(_("number"))
    token = models.UUIDField(unique=True)
    owner = models.CharField(_("worker"), max_length=120)
    claimed_at = models.DateTimeField(_("claimed"), db_default=Now())
    write_started_at = models.DateTimeField(_("writing began"), null=True)
    finished_at = models.DateTimeField(_("finished"), null=True)
    outcome = models.CharField(_("outcome"), max_length=12, choices=Outcome, default=Outcome.OPEN, blank=True)
    http_status = models.PositiveSmallIntegerField(_("HTTP status"), null=True)
    error_code = models.CharField(_("error"), max_length=40, blank=True)
    trace_id = models.CharField(_("trace id"), max_length=80, blank=True)

    class Meta:
        verbose_name = _("send attempt")
        verbose_name_plural = _("send attempts")
        ordering = ["message", "number"]
        constraints = [
            models.UniqueConstraint(fields=["message", "number"], name="send_attempt_number"),
            models.UniqueConstraint(fields=["message"], condition=Q(outcome=""), name="send_attempt_one_open"),
        ]
        indexes = [models.Index(fields=["claimed_at"], name="send_attempt_recent")]

    def __str__(self) -> str:
        return f"{self.message_id}/{self.number}"


class PendingStatus(models.Model):
    """A status that came before the id it speaks of; applied when the id or the token appears."""

    inbox = models.ForeignKey(Inbox, models.CASCADE, related_name="+", verbose_name=_("inbox"))
    provider_message_id = models.CharField(_("id at the provider"), max_length=256)
    other_id = models.CharField(_("other id of the same message"), max_length=256, blank=True)
    status = models.CharField(_("status"), max_length=12)
    at = models.DateTimeField(_("time"))
    error_code = models.CharField(_("error"), max_length=40, blank=True)
    error_text = models.CharField(_("error text"), max_length=300, blank=True)
    pricing = models.CharField(_("charged as"), max_length=40, blank=True)
    created_at = models.DateTimeField(_("created"), db_default=Now())

    class Meta:
        verbose_name = _("waiting status")
        verbose_name_plural = _("waiting statuses")
        constraints = [
            models.UniqueConstraint(fields=["inbox", "provider_message_id", "status"], name="pending_status_once"),
        ]
        indexes = [models.Index(fields=["created_at"], name="pending_status_age")]

    def __str__(self) -> str:
        return f"{self.status} {self.pk}"


class PendingChange(models.Model):
    """An edit, a deletion or a reaction that came before its message; applied when the message appears."""

    class What(models.TextChoices):
        EDIT = "edit", _("Edit")
        DELETION = "deletion", _("Deletion")
        REACTION = "reaction", _("Reaction")

    inbox = models.ForeignKey(Inbox, models.CASCADE, related_name="+", verbose_name=_("inbox"))
    provider_message_id = models.CharField(_("id at the provider"), max_length=256)
    what = models.CharField(_("change"), max_length=10, choices=What)
    identity = models.ForeignKey(Identity, models.CASCADE, null=True, related_name="+", verbose_name=_("by"))
    text = models.TextField(_("new words, or the emoji"), blank=True)
    at = models.DateTimeField(_("time"))
    created_at = models.DateTimeField(_("created"), db_default=Now())

    class Meta:
        verbose_name = _("waiting change")
        verbose_name_plural = _("waiting changes")
        constraints = [
            models.UniqueConstraint(
                fields=["inbox", "provider_message_id", "what", "identity", "at"],
                nulls_distinct=False,
                name="pending_change_once",
            )
        ]
        indexes = [models.Index(fields=["created_at"], name="pending_change_age")]

    def __str__(self) -> str:
        return f"{self.what} {self.pk}"


class MessageAlias(models.Model):
    """Another id a provider knows a message by."""

    inbox = models.ForeignKey(Inbox, models.CASCADE, related_name="+", verbose_name=_("inbox"))
    provider_message_id = models.CharField(_("id at the provider"), max_length=256)
    message = models.ForeignKey(Message, models.CASCADE, related_name="aliases", verbose_name=_("message"))

    class Meta:
        verbose_name = _("other id of a message")
        verbose_name_plural = _("other ids of messages")
        constraints = [models.UniqueConstraint(fields=["inbox", "provider_message_id"], name="message_alias_once")]

    def __str__(self) -> str:
        return self.provider_message_id
