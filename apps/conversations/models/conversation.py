"""Threads with people."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.conversations.models.choices import Direction, Pause
from apps.inboxes.models import AssistantMode, Inbox
from apps.people.models import Identity, Person, SearchKey


class Conversation(models.Model):
    """One thread per inbox and identity; open while `closed_at` is null.

    The `last_*` columns, the counters and the window repeat what the messages say, so that the list of
    chats reads one table. Only the actions of this room write them, in the transaction of the message.
    What the assistant did before `assistant_resumed_at` does not count against it any more.
    `reply_wanted_at` tells the assistant that the person said something new, until it has looked; `has_suggestion`
    that what it proposes may be overtaken.

    An identity that turned out to be another name of a main one gave its conversations to that (`came_from`).
    Two that were open are one since: the later is empty, exists for no door and names the other (`joined_to`).
    """

    inbox = models.ForeignKey(Inbox, models.PROTECT, related_name="conversations", verbose_name=_("inbox"))
    identity = models.ForeignKey(Identity, models.PROTECT, related_name="conversations", verbose_name=_("identity"))
    came_from = models.ForeignKey(
        Identity, models.PROTECT, null=True, editable=False, related_name="+", verbose_name=_("was with")
    )
    joined_to = models.ForeignKey(
        "self", models.CASCADE, null=True, editable=False, related_name="+", verbose_name=_("goes on in")
    )
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
    assistant_mode = models.CharField(
        _("assistant"), max_length=8, choices=AssistantMode, blank=True, default="", db_default=""
    )
    assistant_paused_at = models.DateTimeField(_("automatic answers paused"), null=True, blank=True)
    assistant_pause = models.CharField(
        _("reason of the pause"), max_length=12, choices=Pause, blank=True, default="", db_default=""
    )
    assistant_resumed_at = models.DateTimeField(_("automatic answers resumed"), null=True, editable=False)
    reply_wanted_at = models.DateTimeField(_("an answer is wanted since"), null=True, editable=False)
    has_suggestion = models.BooleanField(_("has a suggestion"), default=False, db_default=False, editable=False)
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
            models.CheckConstraint(
                condition=Q(assistant_paused_at=None, assistant_pause="")
                | Q(assistant_paused_at__isnull=False) & ~Q(assistant_pause=""),
                name="conversation_pause_has_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(joined_to=None) | Q(closed_at__isnull=False), name="conversation_joined_is_closed"
            ),
        ]
        indexes = [
            models.Index(fields=["came_from"], condition=Q(came_from__isnull=False), name="conversation_came_from"),
            models.Index(fields=["joined_to"], condition=Q(joined_to__isnull=False), name="conversation_joined_to"),
            models.Index(fields=["-last_message_at", "-id"], name="conversation_recent"),
            models.Index(fields=["inbox", "-last_message_at", "-id"], name="conversation_inbox_recent"),
            models.Index(fields=["inbox", "pending_since"], condition=Q(is_pending=True), name="conversation_pending"),
            models.Index(fields=["inbox"], condition=Q(unread_count__gt=0), name="conversation_unread"),
            models.Index(
                fields=["reply_wanted_at"], condition=Q(reply_wanted_at__isnull=False), name="conversation_reply_wanted"
            ),
            models.Index(
                fields=["id"],
                condition=Q(has_suggestion=True)
                & (
                    Q(reply_wanted_at__isnull=False)
                    | Q(closed_at__isnull=False)
                    | Q(assistant_mode=AssistantMode.OFF)
                    | Q(last_message_direction=Direction.OUT)
                ),
                name="conversation_overtaken",
            ),
            models.Index(fields=["assignee", "-last_message_at", "-id"], name="conversation_assignee"),
            GinIndex(OpClass(SearchKey("last_message_text"), name="gin_trgm_ops"), name="conversation_search"),
        ]

    def __str__(self) -> str:
        return f"{self.person} · {self.inbox}"


class ConversationJoin(models.Model):
    """One conversation went on in another: which messages moved and what it was like, so that it can be undone."""

    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="+", verbose_name=_("conversation"))
    joined = models.ForeignKey(Conversation, models.CASCADE, related_name="+", verbose_name=_("joined"))
    messages = ArrayField(models.BigIntegerField(), default=list)
    unread_count = models.PositiveIntegerField(default=0)
    window_ends_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)
    undone_at = models.DateTimeField(_("undone at"), null=True)

    class Meta:
        verbose_name = _("join of conversations")
        verbose_name_plural = _("joins of conversations")
        constraints = [
            models.UniqueConstraint(fields=["joined"], condition=Q(undone_at=None), name="conversation_joined_once"),
        ]

    def __str__(self) -> str:
        return f"{self.joined_id} → {self.conversation_id}"
