"""Writing what is taught, and when and where."""

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from apps.core.actors import Actor, Scope, require
from apps.courses.models import Course, CourseEdition

OLDEST = 120


def may_write_edition(actor: Actor, edition: CourseEdition) -> bool:
    """Tell whether `actor` may write an edition: the offer is read by everybody, and written by its branch."""
    return actor.can(Scope.COURSES_WRITE) and actor.sees_branch(edition.branch_id)


@transaction.atomic
def save_course(*, course: Course, actor: Actor) -> Course:
    """Write a new or a changed course. Raises PermissionDenied; ValidationError by field."""
    require(actor, Scope.COURSES_WRITE)
    course.full_clean()
    course.save()
    return course


@transaction.atomic
def save_edition(*, edition: CourseEdition, actor: Actor) -> CourseEdition:
    """Write a new or a changed edition, its days in the order of the week.

    Raises: PermissionDenied, also when it is or was of a branch that does not exist for `actor`;
            ValidationError by field: what cannot be, codes "half_hours", "too_old" and "no_seat" among it.
    """
    require(actor, Scope.COURSES_WRITE)
    kept = CourseEdition.objects.select_for_update().filter(pk=edition.pk).first()
    if not all(may_write_edition(actor, row) for row in (edition, kept) if row is not None):
        raise PermissionDenied(_("You may not do this."))
    edition.days = sorted({*edition.days})
    edition.full_clean()
    _refuse_what_cannot_be(edition)
    edition.save()
    return edition


def _refuse_what_cannot_be(edition: CourseEdition) -> None:
    errors = {}
    if edition.ends_at is not None and edition.starts_at is None:
        errors["starts_at"] = ValidationError(_("It has an end and no beginning."), code="half_hours")
    for name in ("min_age", "max_age"):
        if (getattr(edition, name) or 0) > OLDEST:
            errors[name] = ValidationError(_("Nobody is that old."), code="too_old")
    if edition.state == CourseEdition.State.OPEN and edition.seats == 0:
        errors["state"] = ValidationError(_("Without a free seat it is full."), code="no_seat")
    if errors:
        raise ValidationError(errors)
