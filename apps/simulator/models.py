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


class PhoneMessage(models.Model):
    """One message on a phone: written there, or arrived from us."""

    class Status(models.TextChoices):
        WRITTEN = "written", _("Written on the phone")
        SENT = "sent", _("Sent")
        DELIVERED = "delivered", _("Delivered")
        READ = "read", _("Read")
        FAILED = "failed", _("Failed")

    phone = models.ForeignKey(Phone, models.CASCADE, related_name="messages", verbose_name=_("simulated phone"))
    message_id = models.CharField(_("id at the provider"), max_length=256, default=new_message_id)
    text = models.TextField(_("text"))
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
