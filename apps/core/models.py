"""Rows that belong to the house itself."""

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.functions import Now
from django.db.models.sql.compiler import SQLCompiler
from django.utils.translation import gettext_lazy as _


class Xid8Field(models.Field):  # type: ignore[type-arg]
    """The number of a PostgreSQL transaction (type xid8, 64 bits, never wraps)."""

    def db_type(self, connection: object) -> str:
        return "xid8"

    def from_db_value(self, value: str | int | None, *_: object) -> int | None:
        return None if value is None else int(value)


class CurrentTransaction(models.Func):
    """The number of the transaction that is writing."""

    function = "pg_current_xact_id"
    output_field = Xid8Field()


class Literal(models.Value):
    """A word of ours, written into the statement itself.

    A statement that PostgreSQL plans once for all parameters cannot use an index on some rows only, unless it
    can see that it asks for those.
    """

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[str | int, ...]]:
        if not str(self.value).isidentifier():
            raise ValueError("Only words of ours are written into statements.")
        return f"'{self.value}'", ()


class LiveEvent(models.Model):
    """One thing that happened, for open screens; written in the transaction of the change.

    `apps.core.live` writes and reads these; nobody else does.
    """

    xid = Xid8Field(db_default=CurrentTransaction(), editable=False)
    kind = models.CharField(max_length=40)
    at = models.DateTimeField(db_default=Now())
    branch_id = models.BigIntegerField(null=True)
    inbox_id = models.BigIntegerField(null=True)
    conversation_id = models.BigIntegerField(null=True)
    message_id = models.BigIntegerField(null=True)
    person_id = models.BigIntegerField(null=True)
    user_id = models.BigIntegerField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["xid", "id"], name="live_event_order"),
            models.Index(fields=["at"], name="live_event_age"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class Heartbeat(models.Model):
    """The last time a task of this cluster finished: the cluster's sign of life."""

    cluster = models.CharField(max_length=40, primary_key=True)
    finished_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.cluster


class SiteSettings(models.Model):
    """What an administrator may change while the house runs. One row."""

    id = models.SmallIntegerField(primary_key=True, default=1, editable=False)
    product_name = models.CharField(
        _("product name"),
        max_length=60,
        blank=True,
        help_text=_("Empty: the name the project was started with."),
    )
    auto_reply = models.BooleanField(_("automatic answers"), default=False)
    journal_days = models.PositiveSmallIntegerField(_("days to keep webhook bodies"), default=30)

    class Meta:
        verbose_name = verbose_name_plural = _("settings")
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="site_settings_one_row")]

    def __str__(self) -> str:
        return str(_("settings"))
