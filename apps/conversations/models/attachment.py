"""Stored files."""

import uuid
from pathlib import PurePath

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import ApiToken
from apps.conversations.models.message import Message


def random_name(attachment: "Attachment", filename: str) -> str:
    """Return where a file is stored: nothing of its name is kept but a harmless ending."""
    suffix = PurePath(filename).suffix.lower()
    kept = suffix if suffix[1:].isalnum() and suffix.isascii() and len(suffix) <= 6 else ""
    return f"messages/{timezone.now():%Y/%m}/{uuid.uuid4().hex}{kept}"


class Attachment(models.Model):
    """A file of a message, or one that was uploaded to become one."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Not fetched yet")
        READY = "ready", _("Stored")
        GONE = "gone", _("No longer at the provider")
        REFUSED = "refused", _("Not accepted")
        FAILED = "failed", _("Could not be fetched")

    message = models.ForeignKey(
        Message, models.CASCADE, null=True, related_name="attachments", verbose_name=_("message")
    )
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("uploaded by")
    )
    api_token = models.ForeignKey(ApiToken, models.SET_NULL, null=True, related_name="+", verbose_name=_("API token"))
    kind = models.CharField(_("kind"), max_length=20)
    name = models.CharField(_("name"), max_length=200, blank=True)
    mime_type = models.CharField(_("type"), max_length=100, blank=True)
    size = models.PositiveBigIntegerField(_("bytes"), default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    file = models.FileField(_("file"), upload_to=random_name, max_length=200, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.READY)
    error_code = models.CharField(_("error"), max_length=40, blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_attempt_at = models.DateTimeField(null=True)
    kept_until = models.DateTimeField(_("at the provider until"), null=True)
    source_id = models.CharField(max_length=500, blank=True)
    source_url = models.TextField(blank=True)
    width = models.PositiveIntegerField(_("width"), null=True)
    height = models.PositiveIntegerField(_("height"), null=True)
    duration_ms = models.PositiveIntegerField(_("duration"), null=True)
    waveform = ArrayField(models.PositiveSmallIntegerField(), null=True, verbose_name=_("waveform"))
    thumbnail = models.FileField(_("thumbnail"), upload_to=random_name, max_length=200, blank=True)
    is_examined = models.BooleanField(_("looked into"), default=False)
    channel_file = models.FileField(_("as the channel takes it"), upload_to=random_name, max_length=200, blank=True)
    channel_mime_type = models.CharField(max_length=100, blank=True)
    channel_media_id = models.CharField(max_length=256, blank=True)
    channel_media_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")
        ordering = ["id"]
        indexes = [
            models.Index(fields=["next_attempt_at"], condition=Q(state="waiting"), name="attachment_waiting"),
            models.Index(fields=["id"], condition=Q(state="ready", is_examined=False), name="attachment_unexamined"),
            models.Index(fields=["created_at"], condition=Q(message=None), name="attachment_unused"),
        ]

    def __str__(self) -> str:
        return self.name or self.kind
