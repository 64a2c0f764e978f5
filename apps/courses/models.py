"""Courses, and when and where they are given."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.organization.models import Branch


class Weekday(models.IntegerChoices):
    """A day of the week, numbered as ISO 8601 does."""

    MONDAY = 1, _("Monday")
    TUESDAY = 2, _("Tuesday")
    WEDNESDAY = 3, _("Wednesday")
    THURSDAY = 4, _("Thursday")
    FRIDAY = 5, _("Friday")
    SATURDAY = 6, _("Saturday")
    SUNDAY = 7, _("Sunday")


class Course(models.Model):
    """Something that is taught, whenever and wherever that is."""

    class Modality(models.TextChoices):
        IN_PERSON = "in_person", _("In person")
        ONLINE = "online", _("Online")
        HYBRID = "hybrid", _("In person and online")

    name = models.CharField(_("name"), max_length=120, unique=True)
    modality = models.CharField(_("modality"), max_length=12, choices=Modality, default=Modality.IN_PERSON)
    duration = models.CharField(_("duration"), max_length=120, blank=True)
    information = models.TextField(_("information"), blank=True)
    price_scheme = models.TextField(_("price scheme"), blank=True)
    is_active = models.BooleanField(_("offered"), default=True)
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("course")
        verbose_name_plural = _("courses")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class CourseEdition(models.Model):
    """A course at a branch, with its days, times, ages and seats."""

    class State(models.TextChoices):
        PLANNED = "planned", _("Planned")
        OPEN = "open", _("Open for enrolment")
        FULL = "full", _("Full")
        RUNNING = "running", _("Running")
        FINISHED = "finished", _("Finished")
        CANCELED = "canceled", _("Canceled")

    course = models.ForeignKey(Course, models.CASCADE, related_name="editions", verbose_name=_("course"))
    branch = models.ForeignKey(Branch, models.PROTECT, related_name="editions", verbose_name=_("branch"))
    days = ArrayField(models.SmallIntegerField(choices=Weekday), verbose_name=_("days"), default=list, blank=True)
    starts_at = models.TimeField(_("from"), null=True, blank=True)
    ends_at = models.TimeField(_("until"), null=True, blank=True)
    min_age = models.PositiveSmallIntegerField(_("youngest age"), null=True, blank=True)
    max_age = models.PositiveSmallIntegerField(_("oldest age"), null=True, blank=True)
    seats = models.PositiveSmallIntegerField(_("free seats"), null=True, blank=True)
    state = models.CharField(_("state"), max_length=12, choices=State, default=State.PLANNED)
    estimated_date = models.DateField(_("estimated beginning"), null=True, blank=True)
    notes = models.TextField(_("notes"), blank=True)
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("course edition")
        verbose_name_plural = _("course editions")
        ordering = ["estimated_date", "course__name", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(starts_at=None) | Q(ends_at=None) | Q(ends_at__gt=F("starts_at")),
                name="course_edition_ends_after_it_starts",
                violation_error_message=_("It must end after it starts."),
            ),
            models.CheckConstraint(
                condition=Q(min_age=None) | Q(max_age=None) | Q(max_age__gte=F("min_age")),
                name="course_edition_ages_in_order",
                violation_error_message=_("The oldest age is below the youngest."),
            ),
            models.CheckConstraint(
                condition=Q(days__contained_by=list(Weekday.values)), name="course_edition_days_of_a_week"
            ),
        ]
        indexes = [
            models.Index(fields=["estimated_date", "id"], name="course_edition_next"),
        ]

    def __str__(self) -> str:
        return f"{self.course} · {self.branch}"
