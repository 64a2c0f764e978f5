"""What is done to users and tokens."""

import secrets
from collections.abc import Iterable
from datetime import datetime

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import ApiToken, Membership, User
from apps.accounts.queries import digest_of
from apps.core import live
from apps.core.actors import Actor, Role, Scope, require
from apps.organization.models import Branch

TOKEN_PREFIX = "mst_"  # noqa: S105 – lets people and scanners recognise a leaked token


@transaction.atomic
def create_token(
    *, user: User, name: str, scopes: Iterable[str], expires_at: datetime | None, actor: Actor
) -> tuple[ApiToken, str]:
    """Make a token for an application; the text is returned this once and never stored.

    Raises: PermissionDenied; ValidationError code "unknown_scope" (field scopes), or as the model says.
    """
    if actor.user_id != user.pk or actor.token_id is not None:
        require(actor, Scope.USERS_WRITE)
    wanted = sorted(set(scopes))
    unknown = [scope for scope in wanted if scope != "*" and scope not in set(Scope)]
    if unknown or not wanted:
        message = _("Unknown scopes: %(scopes)s. Known: %(known)s.")
        params = {"scopes": ", ".join(unknown) or "–", "known": ", ".join(["*", *Scope])}
        raise ValidationError({"scopes": ValidationError(message, code="unknown_scope", params=params)})
    token = TOKEN_PREFIX + secrets.token_urlsafe(32)
    row = ApiToken(user=user, name=name.strip(), scopes=wanted, expires_at=expires_at)
    row.digest, row.prefix = digest_of(token), token[:9]
    row.full_clean()
    row.save(force_insert=True)
    return row, token


@transaction.atomic
def revoke_token(*, token: ApiToken, actor: Actor) -> None:
    """End a token; its open sockets close at once."""
    if token.user_id != actor.user_id or actor.token_id is not None:
        require(actor, Scope.USERS_WRITE)
    ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=Now())
    announce_access(user_id=token.user_id)


@transaction.atomic
def add_user(
    *, username: str, name: str, email: str, password: str, role: Role, branches: Iterable[Branch], actor: Actor
) -> User:
    """Add a colleague. Raises PermissionDenied, or ValidationError as the model and the password rules say."""
    require(actor, Scope.USERS_WRITE)
    user = User(username=username, name=name, email=email, role=role)
    _check_password(user, password)
    user.set_password(password)
    user.full_clean()
    user.save(force_insert=True)
    Membership.objects.bulk_create([Membership(user=user, branch=branch) for branch in branches])
    return user


@transaction.atomic
def set_details(*, user: User, username: str, name: str, email: str, actor: Actor) -> None:
    """Change how a user is called. Raises PermissionDenied, or ValidationError as the model says."""
    require(actor, Scope.USERS_WRITE)
    user = User.objects.select_for_update().get(pk=user.pk)
    user.username, user.name, user.email = username, name, email
    user.full_clean()
    user.save(update_fields=["username", "name", "email"])


@transaction.atomic
def set_password(*, user: User, password: str, actor: Actor) -> None:
    """Give a user another password; every session with the old one ends.

    Raises: PermissionDenied; ValidationError (field password) as the password rules say.
    """
    require(actor, Scope.USERS_WRITE)
    user = User.objects.select_for_update().get(pk=user.pk)
    _check_password(user, password)
    user.set_password(password)
    user.save(update_fields=["password"])
    announce_access(user_id=user.pk)


def _check_password(user: User, password: str) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise ValidationError({"password": error}) from error


@transaction.atomic
def set_access(*, user: User, role: Role, is_active: bool, branches: Iterable[Branch], actor: Actor) -> None:
    """Change what a user may do and where; open screens are checked again at once.

    Raises: PermissionDenied; ValidationError code "last_administrator".
    """
    require(actor, Scope.USERS_WRITE)
    # All of them, in one order: two who take it from each other must not both be right, nor wait for ever.
    found = User.objects.select_for_update().filter(role=Role.ADMINISTRATOR, is_active=True).order_by("pk")
    administrators = {administrator.pk for administrator in found}
    if administrators == {user.pk} and not (is_active and role == Role.ADMINISTRATOR):
        raise ValidationError(_("The last administrator must stay one."), code="last_administrator")
    wanted = list(branches)
    User.objects.filter(pk=user.pk).update(role=role, is_active=is_active)
    Membership.objects.filter(user=user).exclude(branch__in=wanted).delete()
    Membership.objects.bulk_create([Membership(user=user, branch=branch) for branch in wanted], ignore_conflicts=True)
    announce_access(user_id=user.pk)


def announce_access(*, user_id: int) -> None:
    """Tell the open screens of a user that rights changed."""
    live.publish(live.LiveKind.ACCESS_CHANGED, user_id=user_id)
