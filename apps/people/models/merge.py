"""Who was found to be one person, and who was found not to be."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.people.models.person import Person


class PersonMerge(models.Model):
    """Two people became one: by whom, why, and what moved, so that it can be undone."""

    class Reason(models.TextChoices):
        BY_HAND = "by_hand", _("By hand")
        REPORTED = "reported", _("From the report of duplicates")
        PROVED = "proved", _("Proved by the provider")

    kept = models.ForeignKey(Person, models.CASCADE, related_name="merges", verbose_name=_("stayed"))
    merged = models.ForeignKey(Person, models.CASCADE, related_name="+", verbose_name=_("was joined to them"))
    reason = models.CharField(_("reason"), max_length=20, choices=Reason)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("by")
    )
    moved = models.JSONField(default=dict)
    filled = models.JSONField(default=dict)
    created_at = models.DateTimeField(_("merged at"), db_default=Now(), editable=False)
    undone_at = models.DateTimeField(_("undone at"), null=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("undone by")
    )

    class Meta:
        verbose_name = _("merge of people")
        verbose_name_plural = _("merges of people")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["merged"], condition=Q(undone_at=None), name="person_merged_once"),
            models.CheckConstraint(condition=~Q(kept=F("merged")), name="person_merge_of_two"),
        ]

    def __str__(self) -> str:
        return f"{self.merged} → {self.kept}"


class DifferentPeople(models.Model):
    """Somebody said that these two are not the same; no report and no provider joins them again."""

    first = models.ForeignKey(Person, models.CASCADE, related_name="+", verbose_name=_("person"))
    second = models.ForeignKey(Person, models.CASCADE, related_name="+", verbose_name=_("other person"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("by")
    )
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("different people")
        verbose_name_plural = _("different people")
        constraints = [
            models.UniqueConstraint(fields=["first", "second"], name="different_people_once"),
            models.CheckConstraint(condition=Q(first__lt=F("second")), name="different_people_in_order"),
        ]

    def __str__(self) -> str:
        return f"{self.first} ≠ {self.second}"
