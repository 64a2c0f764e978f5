"""Messages, and what became of them in the chat."""

from django.conf import settings
from django.db import models
from django.db.models import Case, Q, Value, When
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import ApiToken
from apps.conversations.models.choices import ACTS, FAILED, UNSENT, Direction, Dispatch, Kind, Sender, Status
from apps.conversations.models.conversation import Conversation
from apps.inboxes.models import Inbox
from apps.people.models import Identity


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
    details = models.JSONField(_("content"), default=dict, db_default={}, blank=True)
    unsupported_kind = models.CharField(_("kind at the provider"), max_length=40, blank=True)
    written_by = models.ForeignKey(
        Identity, models.PROTECT, null=True, related_name="+", verbose_name=_("written by, in a group")
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("author")
    )
    api_token = models.ForeignKey(ApiToken, models.SET_NULL, null=True, related_name="+", verbose_name=_("API token"))
    client_key = models.CharField(max_length=100, blank=True)
    provider_message_id = models.CharField(_("id at the provider"), max_length=256, blank=True)
    reply_to = models.ForeignKey("self", models.SET_NULL, null=True, related_name="+", verbose_name=_("answers"))
    reply_to_provider_id = models.CharField(max_length=256, blank=True)
    resent_of = models.ForeignKey("self", models.SET_NULL, null=True, related_name="+", verbose_name=_("resent of"))
    acts_on = models.ForeignKey("self", models.CASCADE, null=True, related_name="acts", verbose_name=_("acts on"))
    is_forwarded = models.BooleanField(_("forwarded"), default=False, db_default=False)
    is_imported = models.BooleanField(_("imported"), default=False, db_default=False)
    edited_at = models.DateTimeField(_("edited"), null=True)
    deleted_at = models.DateTimeField(_("deleted"), null=True)
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
            models.CheckConstraint(
                condition=Q(kind__in=ACTS, acts_on__isnull=False) | ~Q(kind__in=ACTS) & Q(acts_on=None),
                name="message_act_has_a_target",
            ),
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
                condition=Q(dispatch__in=(*UNSENT, Dispatch.PREPARING, Dispatch.SENDING)),
                name="message_conversation_unsent",
            ),
            models.Index(
                fields=["next_attempt_at"], condition=Q(dispatch=Dispatch.PREPARING), name="message_preparing"
            ),
            models.Index(fields=["lease_until"], condition=Q(dispatch=Dispatch.SENDING), name="message_leased"),
            models.Index(
                fields=["accepted_at"], condition=Q(dispatch=Dispatch.HANDED_OVER), name="message_handed_over"
            ),
            models.Index(
                fields=["-id"],
                condition=Q(status__in=[Status.UNCERTAIN, Status.FAILED]),
                name="message_attention",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_direction_display()} {self.pk}"


class MessageEdit(models.Model):
    """What a message said before it got other words."""

    message = models.ForeignKey(Message, models.CASCADE, related_name="edits", verbose_name=_("message"))
    text = models.TextField(_("text before"), blank=True)
    at = models.DateTimeField(_("edited"))

    class Meta:
        verbose_name = _("edit")
        verbose_name_plural = _("edits")
        ordering = ["at", "id"]
        constraints = [models.UniqueConstraint(fields=["message", "at"], name="message_edit_once")]

    def __str__(self) -> str:
        return f"{self.message_id} {self.at}"


class Reaction(models.Model):
    """The emoji somebody put on a message; an empty one was taken back. `identity` null: it is ours."""

    message = models.ForeignKey(Message, models.CASCADE, related_name="reactions", verbose_name=_("message"))
    identity = models.ForeignKey(Identity, models.PROTECT, null=True, related_name="+", verbose_name=_("by the person"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("by the operator")
    )
    emoji = models.CharField(_("emoji"), max_length=40, blank=True)
    at = models.DateTimeField(_("time"))

    class Meta:
        verbose_name = _("reaction")
        verbose_name_plural = _("reactions")
        ordering = ["at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["message", "identity"], nulls_distinct=False, name="reaction_one_each")
        ]

    def __str__(self) -> str:
        return self.emoji
