"""What the simulated phones remember. It is theirs, not ours: a message we send twice is here twice."""

import uuid

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.inboxes.models import Inbox


def new_message_id() -> str:
    """Return an id nobody has used."""
    return f"phone-{uuid.uuid4()}"


class Phone(models.Model):
    """The phone of one person, in front of one of our simulated inboxes."""

    inbox = models.ForeignKey(Inbox, models.CASCADE, related_name="+", verbose_name=_("inbox"))
    address = models.CharField(_("address"), max_length=128)
    name = models.CharField(_("name"), max_length=160)
    is_by_hand = models.BooleanField(_("ticks by hand"), default=False)
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("simulated phone")
        verbose_name_plural = _("simulated phones")
        ordering = ["name", "pk"]
        constraints = [models.UniqueConstraint(fields=["inbox", "address"], name="phone_once")]

    def __str__(self) -> str:
        return self.name


def new_file_key() -> str:
    """Return the name by which one file is asked for."""
    return uuid.uuid4().hex


def stored_as(file: "PhoneFile", filename: str) -> str:
    """Return where a file of a phone is stored: nothing of its name is kept."""
    return f"simulator/{file.key}"


class PhoneFile(models.Model):
    """A file that lies on the phones in front of an inbox: sent from one, or handed over by us."""

    inbox = models.ForeignKey(Inbox, models.CASCADE, related_name="+", verbose_name=_("inbox"))
    key = models.CharField(max_length=32, unique=True, default=new_file_key)
    kind = models.CharField(_("kind"), max_length=20)
    name = models.CharField(_("name"), max_length=300, blank=True)
    mime_type = models.CharField(_("type"), max_length=300, blank=True)
    size = models.PositiveBigIntegerField(_("bytes"), default=0)
    file = models.FileField(_("file"), upload_to=stored_as, max_length=200)
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)

    #: As an attachment of the house looks whose file is here and was not looked into.
    state = "ready"
    duration_ms = waveform = width = height = None

    class Meta:
        verbose_name = _("file on a simulated phone")
        verbose_name_plural = _("files on simulated phones")

    def __str__(self) -> str:
        return self.name or self.kind


class PhoneMessage(models.Model):
    """One message on a phone: written there, or arrived from us. `details` are as those of a message of ours."""

    class Status(models.TextChoices):
        WRITTEN = "written", _("Written on the phone")
        SENT = "sent", _("Sent")
        DELIVERED = "delivered", _("Delivered")
        READ = "read", _("Read")
        FAILED = "failed", _("Failed")

    phone = models.ForeignKey(Phone, models.CASCADE, related_name="messages", verbose_name=_("simulated phone"))
    message_id = models.CharField(_("id at the provider"), max_length=256, default=new_message_id)
    kind = models.CharField(_("kind"), max_length=20, default="text", db_default="text")
    text = models.TextField(_("text"), blank=True)
    details = models.JSONField(_("content"), default=dict, db_default={}, blank=True)
    file = models.ForeignKey(PhoneFile, models.SET_NULL, null=True, related_name="+", verbose_name=_("file"))
    emoji = models.CharField(_("reaction of the person"), max_length=40, blank=True, db_default="")
    our_emoji = models.CharField(_("reaction of ours"), max_length=40, blank=True, db_default="")
    is_edited = models.BooleanField(_("edited"), default=False, db_default=False)
    is_deleted = models.BooleanField(_("deleted"), default=False, db_default=False)
    quoted_id = models.CharField(_("answers"), max_length=256, blank=True)
    token = models.CharField(max_length=512, blank=True)
    status = models.CharField(_("status"), max_length=12, choices=Status, default=Status.WRITTEN)
    at = models.DateTimeField(_("time"), db_default=Now())

    class Meta:
        verbose_name = _("message on a simulated phone")
        verbose_name_plural = _("messages on simulated phones")
        ordering = ["at", "pk"]
        constraints = [models.UniqueConstraint(fields=["phone", "message_id"], name="phone_message_once")]
        indexes = [models.Index(fields=["phone", "-at", "-id"], name="phone_message_thread")]

    def __str__(self) -> str:
        return self.message_id

    @property
    def unsupported_kind(self) -> str:
        """The word for something that a chat page cannot show."""
        return str(self.details.get("unsupported", ""))
