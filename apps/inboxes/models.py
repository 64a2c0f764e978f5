"""Accounts at providers, inboxes, and the journal of their webhooks."""

import secrets
import uuid
from collections.abc import Mapping
from datetime import time
from types import MappingProxyType
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from apps.core.secrets import EncryptedJSONField
from apps.organization.models import Branch
from providers import registry
from providers.base import Provider


def new_webhook_key() -> str:
    """Return 256 random bits for the path of an account's webhook."""
    return secrets.token_urlsafe(32)


class ProviderAccount(models.Model):
    """Credentials for one app or account at one provider."""

    class State(models.TextChoices):
        OK = "ok", _("Working")
        NEEDS_AUTH = "needs_auth", _("Needs new credentials")
        PAUSED = "paused", _("Paused by the provider")

    kind = models.CharField(_("provider"), max_length=40)
    name = models.CharField(_("name"), max_length=80, unique=True)
    credentials = EncryptedJSONField(_("credentials"), default=dict, owner="webhook_key")
    webhook_key = models.CharField(
        _("webhook key"), max_length=64, unique=True, default=new_webhook_key, editable=False
    )
    is_active = models.BooleanField(_("active"), default=True)
    revision = models.PositiveIntegerField(default=1, editable=False)
    state = models.CharField(_("state"), max_length=20, choices=State, default=State.OK, editable=False)
    state_reason = models.CharField(_("reason"), max_length=200, blank=True, editable=False)
    probe_at = models.DateTimeField(_("next try"), null=True, editable=False)
    handshake_at = models.DateTimeField(_("last handshake"), null=True, editable=False)
    last_event_at = models.DateTimeField(_("last event"), null=True, editable=False)
    last_bad_signature_at = models.DateTimeField(_("last bad signature"), null=True, editable=False)
    silence_minutes = models.PositiveIntegerField(
        _("alarm after minutes without an event"), null=True, blank=True, help_text=_("Empty: no alarm.")
    )
    expected_from = models.TimeField(_("events are expected from"), default=time(8))
    expected_until = models.TimeField(_("events are expected until"), default=time(20))
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("provider account")
        verbose_name_plural = _("provider accounts")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def webhook_path(self) -> str:
        """The path the provider posts to."""
        known = registry.PROVIDERS.get(self.kind)
        return (known.shared_path if known else "") or f"/webhooks/{self.webhook_key}/"

    @property
    def webhook_url(self) -> str:
        """The address to enter at the provider."""
        return f"{settings.PUBLIC_URL}{self.webhook_path}"

    def provider(self) -> Provider:
        """Return the adapter that speaks for this account.

        Raises: UnreadableSecret; BadCredentials; KeyError when the kind is no longer there.
        """
        own: dict[str, Any] = {"account_name": self.name}
        if "own_addresses" in registry.PROVIDERS[self.kind].option_names():
            own["own_addresses"] = tuple(dict.fromkeys(self.inboxes.values_list("address", flat=True)))
        return build_provider(self.kind, self.credentials.open_for(self.webhook_key), own)


def build_provider(
    kind: str, credentials: Mapping[str, Any], own: Mapping[str, Any] = MappingProxyType({})
) -> Provider:
    """Return an adapter with what it takes from the settings, and from `own`: what is known of the account.

    Raises: BadCredentials.
    """
    options = {
        "graph_url": settings.META_GRAPH_URL,
        "graph_version": settings.META_GRAPH_VERSION,
        "instagram_graph_url": settings.INSTAGRAM_GRAPH_URL,
        "maytapi_url": settings.MAYTAPI_URL,
        "simulator_url": settings.SIMULATOR_URL,
    }
    return registry.build(kind, credentials, options={**options, **own})


class AssistantMode(models.TextChoices):
    """What the assistant does of its own accord."""

    AUTO = "auto", _("Auto")
    SUGGEST = "suggest", _("Suggests")
    OFF = "off", _("Off")


class Inbox(models.Model):
    """One number or account of ours, at a branch."""

    account = models.ForeignKey(ProviderAccount, models.PROTECT, related_name="inboxes", verbose_name=_("account"))
    branch = models.ForeignKey(Branch, models.PROTECT, related_name="inboxes", verbose_name=_("branch"))
    address = models.CharField(
        _("address"),
        max_length=128,
        help_text=_("WhatsApp: the phone number id. Maytapi: the phone id. Instagram: the id of the account."),
    )
    group_address = models.CharField(_("group address"), max_length=128, blank=True)
    name = models.CharField(_("name"), max_length=80)
    is_active = models.BooleanField(_("active"), default=True)
    is_paused = models.BooleanField(_("paused by the provider"), default=False, editable=False)
    assistant_mode = models.CharField(
        _("assistant"),
        max_length=8,
        choices=AssistantMode,
        blank=True,
        help_text=_("Empty: as in the settings. Off: nothing of this inbox is given to a model, whatever a chat says."),
    )
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("inbox")
        verbose_name_plural = _("inboxes")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["account", "address", "group_address"], name="inbox_address"),
            models.UniqueConstraint(fields=["branch", "name"], name="inbox_name"),
        ]

    def __str__(self) -> str:
        return self.name


class WebhookEvent(models.Model):
    """One webhook as it came: the journal. Written before the provider gets its answer."""

    class State(models.TextChoices):
        NEW = "new", _("New")
        PROCESSED = "processed", _("Processed")
        IGNORED = "ignored", _("Ignored")
        REJECTED = "rejected", _("Rejected")
        DEAD = "dead", _("Dead letter")

    uid = models.UUIDField(_("id"), unique=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(ProviderAccount, models.CASCADE, related_name="events", verbose_name=_("account"))
    received_at = models.DateTimeField(_("received"), db_default=Now())
    headers = models.JSONField(_("headers"), default=dict)
    size = models.PositiveIntegerField(_("bytes"))
    sha256 = models.CharField(max_length=64)
    state = models.CharField(_("state"), max_length=12, choices=State, default=State.NEW)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_attempt_at = models.DateTimeField(db_default=Now())
    lease_token = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    processed_at = models.DateTimeField(_("processed"), null=True)
    item_count = models.PositiveIntegerField(_("items"), default=0)
    ignored_count = models.PositiveIntegerField(_("ignored items"), default=0)
    dead_count = models.PositiveIntegerField(_("dead items"), default=0)
    delay_ms = models.PositiveIntegerField(_("delay"), null=True, editable=False)
    note = models.CharField(_("note"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("webhook event")
        verbose_name_plural = _("webhook journal")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["id"], condition=models.Q(state="new"), name="webhook_event_new"),
            models.Index(fields=["account", "-id"], name="webhook_event_account"),
            models.Index(fields=["received_at"], name="webhook_event_age"),
        ]

    def __str__(self) -> str:
        return str(self.uid)

    @cached_property
    def body(self) -> bytes:
        """The bytes as they came; nothing once their time was over."""
        kept = WebhookBody.objects.filter(event_uid=self.uid, received_at=self.received_at)
        return bytes(kept.values_list("body", flat=True).first() or b"")

    @property
    def is_body_gone(self) -> bool:
        """Whether its bytes are no longer kept, so that it cannot be processed again."""
        return bool(self.size) and not self.body


class WebhookBody(models.Model):
    """The bytes of one webhook: personal data, so kept apart by day and dropped a day at a time.

    The table is partitioned by `received_at`, which is that of its event; what no day takes goes to a rest.
    """

    pk = models.CompositePrimaryKey("event_uid", "received_at")
    event_uid = models.UUIDField()
    received_at = models.DateTimeField()
    body = models.BinaryField()

    def __str__(self) -> str:
        return str(self.event_uid)


class DeadLetter(models.Model):
    """A webhook, or one item of it, that could not be understood or processed."""

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        REPLAYED = "replayed", _("Replayed")
        DISCARDED = "discarded", _("Discarded")

    event = models.ForeignKey(WebhookEvent, models.CASCADE, related_name="dead_letters", verbose_name=_("event"))
    path = models.CharField(_("item"), max_length=200, blank=True, help_text=_("Where in the body; empty: all of it."))
    error_class = models.CharField(_("error"), max_length=80)
    detail = models.CharField(_("detail"), max_length=300, blank=True)
    state = models.CharField(_("state"), max_length=12, choices=State, default=State.OPEN)
    created_at = models.DateTimeField(_("created"), db_default=Now())
    resolved_at = models.DateTimeField(_("resolved"), null=True)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("resolved by")
    )
    resolution = models.CharField(_("reason"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("dead letter")
        verbose_name_plural = _("dead letters")
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["event", "path"], name="dead_letter_item")]

    def __str__(self) -> str:
        return f"{self.error_class} {self.path}".strip()


class AccountNotice(models.Model):
    """Something a provider said about an account, a number or a template of ours; the newest of each is shown."""

    class Level(models.TextChoices):
        INFO = "info", _("Information")
        WARNING = "warning", _("Warning")
        PROBLEM = "problem", _("Problem")

    class Effect(models.TextChoices):
        NONE = "none", _("None")
        PAUSE = "pause", _("Nothing can be sent")
        RESUME = "resume", _("It can be sent again")

    account = models.ForeignKey(ProviderAccount, models.CASCADE, related_name="notices", verbose_name=_("account"))
    inbox = models.ForeignKey(Inbox, models.CASCADE, null=True, related_name="notices", verbose_name=_("inbox"))
    code = models.CharField(_("code"), max_length=60)
    subject = models.CharField(_("about"), max_length=200, blank=True)
    level = models.CharField(_("level"), max_length=10, choices=Level)
    text = models.CharField(_("text"), max_length=300, blank=True)
    details = models.JSONField(_("details"), default=dict)
    effect = models.CharField(_("effect"), max_length=10, choices=Effect, default=Effect.NONE)
    at = models.DateTimeField(_("time"))
    created_at = models.DateTimeField(_("created"), db_default=Now())

    class Meta:
        verbose_name = _("notice of a provider")
        verbose_name_plural = _("notices of providers")
        ordering = ["-at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "inbox", "code", "subject", "at"], nulls_distinct=False, name="account_notice_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.subject}".strip()


class HistoryImport(models.Model):
    """The old messages of a phone on their way into an inbox."""

    class State(models.TextChoices):
        REQUESTED = "requested", _("Requested")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        DECLINED = "declined", _("Declined on the phone")
        SILENT = "silent", _("Nothing came")

    inbox = models.OneToOneField(Inbox, models.CASCADE, related_name="history", verbose_name=_("inbox"))
    state = models.CharField(_("state"), max_length=12, choices=State, default=State.REQUESTED)
    request_id = models.CharField(_("id of the request"), max_length=120, blank=True)
    percent = models.PositiveSmallIntegerField(_("percent"), default=0)
    parts = models.JSONField(default=list, editable=False)
    chunks = models.PositiveIntegerField(_("parts"), default=0)
    messages = models.PositiveIntegerField(_("messages"), default=0)
    error_code = models.CharField(_("error"), max_length=40, blank=True)
    requested_at = models.DateTimeField(_("requested"), db_default=Now())
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        verbose_name = _("history import")
        verbose_name_plural = _("history imports")

    def __str__(self) -> str:
        return f"{self.inbox} {self.percent} %"


class AccountOperation(models.Model):
    """Something a provider was asked at set-up, and what came of it. Never asked twice by a machine.

    The operation CHECK asks whether the account can work; its answers are in `checks`, each as
    {"code", "label", "state", "detail", "remedy", "inbox_address"} with English source texts. Of these
    only the newest is kept.
    """

    CHECK = "check"

    class State(models.TextChoices):
        WAITING = "waiting", _("About to begin")
        RUNNING = "running", _("Under way")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")

    account = models.ForeignKey(ProviderAccount, models.CASCADE, related_name="operations", verbose_name=_("account"))
    inbox = models.ForeignKey(Inbox, models.CASCADE, null=True, related_name="+", verbose_name=_("inbox"))
    name = models.CharField(_("operation"), max_length=40)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.WAITING)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("asked by")
    )
    requested_at = models.DateTimeField(_("asked"), db_default=Now())
    started_at = models.DateTimeField(_("began"), null=True)
    finished_at = models.DateTimeField(_("finished"), null=True)
    outcome = models.TextField(_("outcome"), blank=True)
    error_code = models.CharField(_("error"), max_length=40, blank=True)
    error_text = models.CharField(_("error text"), max_length=300, blank=True)
    checks = models.JSONField(default=list)

    class Meta:
        verbose_name = _("operation at a provider")
        verbose_name_plural = _("operations at providers")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "inbox", "name"],
                condition=models.Q(state__in=["waiting", "running"]),
                nulls_distinct=False,
                name="account_operation_one_open",
            )
        ]
        indexes = [
            models.Index(fields=["id"], condition=models.Q(state="waiting"), name="account_operation_waiting"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.account}"
