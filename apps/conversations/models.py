"""Conversations, messages, and every attempt to send one."""

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Case, Q, Value, When
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import ApiToken
from apps.inboxes.models import Inbox
from apps.people.models import Identity, Person, SearchKey


class Direction(models.TextChoices):
    """Whose message it is."""

    IN = "in", _("Received")
    OUT = "out", _("Sent by us")


class Sender(models.TextChoices):
    """Who wrote it."""

    PERSON = "person", _("Person")
    OPERATOR = "operator", _("Operator")
    ASSISTANT = "assistant", _("Assistant")
    API = "api", _("Application")
    BROADCAST = "broadcast", _("Broadcast")
    PHONE = "phone", _("From the phone")


class Kind(models.TextChoices):
    """What it carries."""

    TEXT = "text", _("Text")
    UNSUPPORTED = "unsupported", _("Not supported")


class Status(models.TextChoices):
    """The one word that is shown: the highest that is proved."""

    RECEIVED = "received", _("Received")
    QUEUED = "queued", _("Queued")
    SENDING = "sending", _("Sending")
    SENT = "sent", _("Sent")
    DELIVERED = "delivered", _("Delivered")
    READ = "read", _("Read")
    FAILED = "failed", _("Failed")
    UNCERTAIN = "uncertain", _("May have arrived")


class Dispatch(models.TextChoices):
    """Where our own side of a sending stands; what the provider proves later is in the *_at columns."""

    NONE = "", _("Not ours to send")
    QUEUED = "queued", _("Queued")
    SENDING = "sending", _("Sending")
    WAITING = "waiting", _("Waiting to try again")
    ACCEPTED = "accepted", _("Accepted by the provider")
    REJECTED = "rejected", _("Rejected")
    UNCERTAIN = "uncertain", _("Unknown outcome")
    WINDOW_CLOSED = "window_closed", _("Window closed")
    NEEDS_AUTH = "needs_auth", _("Waiting for credentials")
    EXPIRED = "expired", _("Too late to send")
    CANCELED = "canceled", _("Canceled")


UNSENT = (Dispatch.QUEUED, Dispatch.WAITING, Dispatch.NEEDS_AUTH)
FAILED = (Dispatch.REJECTED, Dispatch.WINDOW_CLOSED, Dispatch.EXPIRED, Dispatch.CANCELED)


class Conversation(models.Model):
    """One thread per inbox and identity; open while `closed_at` is null.

    The `last_*` columns, the counters and the window repeat what the messages say, so that the list of
    chats reads one table. Only the actions of this room write them, in the transaction of the message.
    """

    inbox = models.ForeignKey(Inbox, models.PROTECT, related_name="conversations", verbose_name=_("inbox"))
    identity = models.ForeignKey(Identity, models.PROTECT, related_name="conversations", verbose_name=_("identity"))
    person = models.ForeignKey(Person, models.PROTECT, related_name="conversations", verbose_name=_("person"))
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("assignee"),
    )
    is_pending = models.BooleanField(_("pending"), default=False)
    pending_since = models.DateTimeField(_("pending since"), null=True, blank=True)
    snoozed_until = models.DateTimeField(_("snoozed until"), null=True, blank=True)
    auto_reply = models.BooleanField(_("automatic answers"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    unread_count = models.PositiveIntegerField(_("unread"), default=0)
    last_message = models.ForeignKey("Message", models.SET_NULL, null=True, related_name="+")
    last_message_text = models.CharField(_("last message"), max_length=200, blank=True)
    last_message_kind = models.CharField(max_length=20, blank=True)
    last_message_direction = models.CharField(max_length=3, blank=True)
    last_message_sender = models.CharField(max_length=12, blank=True)
    last_message_status = models.CharField(max_length=12, blank=True)
    last_message_at = models.DateTimeField(_("last message at"), db_default=Now())
    last_inbound_at = models.DateTimeField(_("last word of the person"), null=True)
    window_ends_at = models.DateTimeField(_("free answers until"), null=True)
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("conversation")
        verbose_name_plural = _("conversations")
        ordering = ["-last_message_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["inbox", "identity"], condition=Q(closed_at=None), name="conversation_one_open"
            ),
            models.CheckConstraint(
                condition=Q(is_pending=False, pending_since=None) | Q(is_pending=True, pending_since__isnull=False),
                name="conversation_pending_since",
            ),
        ]
        indexes = [
            models.Index(fields=["-last_message_at", "-id"], name="conversation_recent"),
            models.Index(fields=["inbox", "-last_message_at", "-id"], name="conversation_inbox_recent"),
            models.Index(fields=["inbox", "pending_since"], condition=Q(is_pending=True), name="conversation_pending"),
            models.Index(fields=["inbox"], condition=Q(unread_count__gt=0), name="conversation_unread"),
            models.Index(fields=["assignee", "-last_message_at", "-id"], name="conversation_assignee"),
            GinIndex(OpClass(SearchKey("last_message_text"), name="gin_trgm_ops"), name="conversation_search"),
        ]

    def __str__(self) -> str:
        return f"{self.person} · {self.inbox}"


class Message(models.Model):
    """One message, theirs or ours. `id` grows in the order of creation, `occurred_at` orders the chat."""

    conversation = models.ForeignKey(
        Conversation, models.CASCADE, related_name="messages", verbose_name=_("conversation")
    )
    inbox = models.ForeignKey(Inbox, models.PROTECT, related_name="+", verbose_name=_("inbox"))
    direction = models.CharField(_("direction"), max_length=3, choices=Direction)
    sender = models.CharField(_("sender"), max_length=12, choices=Sender)
    kind = models.CharField(_("kind"), max_length=20, choices=Kind, default=Kind.TEXT)
    text = models.TextField(_("text"), blank=True)
    unsupported_kind = models.CharField(_("kind at the provider"), max_length=40, blank=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("author")
    )
    api_token = models.ForeignKey(ApiToken, models.SET_NULL, null=True, related_name="+", verbose_name=_("API token"))
    client_key = models.CharField(max_length=100, blank=True)
    provider_message_id = models.CharField(_("id at the provider"), max_length=256, blank=True)
    reply_to = models.ForeignKey("self", models.SET_NULL, null=True, related_name="+", verbose_name=_("answers"))
    reply_to_provider_id = models.CharField(max_length=256, blank=True)
    resent_of = models.ForeignKey("self", models.SET_NULL, null=True, related_name="+", verbose_name=_("resent of"))
    provider_time = models.DateTimeField(_("time at the provider"), null=True)
    occurred_at = models.DateTimeField(_("time"), db_default=Now())
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)

    dispatch = models.CharField(max_length=16, choices=Dispatch, default=Dispatch.NONE, blank=True)
    priority = models.SmallIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_attempt_at = models.DateTimeField(null=True)
    valid_until = models.DateTimeField(null=True)
    lease_token = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    accepted_at = models.DateTimeField(_("accepted"), null=True)
    sent_at = models.DateTimeField(_("sent"), null=True)
    delivered_at = models.DateTimeField(_("delivered"), null=True)
    read_at = models.DateTimeField(_("read"), null=True)
    failed_at = models.DateTimeField(_("failed"), null=True)
    error_code = models.CharField(_("error"), max_length=40, blank=True)
    error_text = models.CharField(_("error text"), max_length=300, blank=True)
    status = models.GeneratedField(
        expression=Case(
            When(direction=Direction.IN, then=Value(Status.RECEIVED)),
            When(read_at__isnull=False, then=Value(Status.READ)),
            When(delivered_at__isnull=False, then=Value(Status.DELIVERED)),
            When(Q(failed_at__isnull=False) | Q(dispatch__in=FAILED), then=Value(Status.FAILED)),
            When(Q(sent_at__isnull=False) | Q(dispatch=Dispatch.ACCEPTED), then=Value(Status.SENT)),
            When(dispatch=Dispatch.UNCERTAIN, then=Value(Status.UNCERTAIN)),
            When(dispatch=Dispatch.SENDING, then=Value(Status.SENDING)),
            default=Value(Status.QUEUED),
        ),
        output_field=models.CharField(_("status"), max_length=12, choices=Status),
        db_persist=True,
    )

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["occurred_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["inbox", "provider_message_id"],
                condition=~Q(provider_message_id=""),
                name="message_provider_id",
            ),
            models.UniqueConstraint(
                fields=["author", "api_token", "client_key"],
                condition=~Q(client_key=""),
                nulls_distinct=False,
                name="message_client_key",
            ),
            models.CheckConstraint(
                condition=~Q(dispatch=Dispatch.ACCEPTED) | ~Q(provider_message_id=""),
                name="message_accepted_has_provider_id",
            ),
            models.CheckConstraint(
                condition=Q(direction=Direction.IN, dispatch=Dispatch.NONE) | Q(direction=Direction.OUT),
                name="message_inbound_is_not_sent",
            ),
            models.CheckConstraint(
                condition=Q(dispatch=Dispatch.SENDING, lease_token__isnull=False, lease_until__isnull=False)
                | ~Q(dispatch=Dispatch.SENDING),
                name="message_sending_is_leased",
            ),
            models.CheckConstraint(
                condition=~Q(dispatch__in=UNSENT) | Q(next_attempt_at__isnull=False, valid_until__isnull=False),
                name="message_unsent_is_scheduled",
            ),
        ]
        indexes = [
            models.Index(fields=["conversation", "occurred_at", "id"], name="message_thread"),
            models.Index(
                fields=["inbox", "priority", "next_attempt_at", "id"],
                condition=Q(dispatch__in=UNSENT),
                name="message_due",
            ),
            models.Index(
                fields=["conversation", "id"],
                condition=Q(dispatch__in=(*UNSENT, Dispatch.SENDING)),
                name="message_conversation_unsent",
            ),
            models.Index(fields=["lease_until"], condition=Q(dispatch=Dispatch.SENDING), name="message_leased"),
            models.Index(
                fields=["-id"],
                condition=Q(status__in=[Status.UNCERTAIN, Status.FAILED]),
                name="message_attention",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_direction_display()} {self.pk}"


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

    def __str__(self) -> str:
        return f"{self.message_id}/{self.number}"


class PendingStatus(models.Model):
    """A status that came before the id it speaks of; applied when the id or the token appears."""

    inbox = models.ForeignKey(Inbox, models.CASCADE, related_name="+", verbose_name=_("inbox"))
    provider_message_id = models.CharField(_("id at the provider"), max_length=256)
    status = models.CharField(_("status"), max_length=12)
    at = models.DateTimeField(_("time"))
    error_code = models.CharField(_("error"), max_length=40, blank=True)
    error_text = models.CharField(_("error text"), max_length=300, blank=True)
    created_at = models.DateTimeField(_("created"), db_default=Now())

    class Meta:
        verbose_name = _("waiting status")
        verbose_name_plural = _("waiting statuses")
        constraints = [
            models.UniqueConstraint(fields=["inbox", "provider_message_id", "status"], name="pending_status_once"),
        ]

    def __str__(self) -> str:
        return f"{self.status} {self.pk}"


class Attachment(models.Model):
    """A stored file of a message."""

    message = models.ForeignKey(Message, models.CASCADE, related_name="attachments", verbose_name=_("message"))
    kind = models.CharField(_("kind"), max_length=20)
    name = models.CharField(_("name"), max_length=200, blank=True)
    mime_type = models.CharField(_("type"), max_length=100)
    size = models.PositiveBigIntegerField(_("bytes"))
    file = models.FileField(_("file"), upload_to="messages/%Y/%m/")
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")
        ordering = ["id"]

    def __str__(self) -> str:
        return self.name or self.kind
