"""From users and tokens to actors; the doors of this room."""

import hashlib
from datetime import timedelta
from importlib import import_module

from django.conf import settings
from django.contrib.auth import get_user
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import ApiToken, Membership, User
from apps.core.actors import ROLE_SCOPES, Actor, Role, Scope

USED_EVERY = timedelta(minutes=1)


def digest_of(token: str) -> str:
    """Return what is stored of a token: it has 256 random bits, so a plain hash is enough."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def actor_for_user(user: User) -> Actor:
    """Return the actor a signed-in user is. Raises PermissionDenied when the user may no longer come in."""
    if not user.is_active:
        raise PermissionDenied(_("This user is not active."))
    return Actor(
        user_id=user.pk,
        name=str(user),
        role=Role(user.role),
        scopes=ROLE_SCOPES[user.role],
        branch_ids=_branch_ids(user),
    )


def actor_for_token(token: str) -> Actor | None:
    """Return the actor of an application, or None: unknown, expired, revoked and switched off look alike."""
    row = _live_tokens().filter(digest=digest_of(token)).select_related("user").first()
    if row is None:
        return None
    if row.last_used_at is None or row.last_used_at < timezone.now() - USED_EVERY:
        ApiToken.objects.filter(pk=row.pk).update(last_used_at=Now())
    return _actor_of_token(row)


def actor_of_header(authorization: str) -> Actor | None:
    """Return the actor of the token in an Authorization header, or None."""
    scheme, _space, token = authorization.partition(" ")
    return actor_for_token(token.strip()) if scheme.lower() == "bearer" and token.strip() else None


def actor_of_session(session_key: str | None) -> Actor | None:
    """Return whom a session belongs to by now; None when it ended or the user may no longer come in."""
    if not session_key:
        return None
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    user = get_user(request)
    try:
        return actor_for_user(user) if isinstance(user, User) else None
    except PermissionDenied:
        return None


def current_actor(actor: Actor) -> Actor | None:
    """Read the actor again: None when it no longer may come in, else with what it may do by now."""
    if actor.token_id is not None:
        row = _live_tokens().filter(pk=actor.token_id).select_related("user").first()
        return _actor_of_token(row) if row else None
    user = User.objects.filter(pk=actor.user_id, is_active=True).first() if actor.user_id else None
    return actor_for_user(user) if user else None


def users_for(actor: Actor) -> QuerySet[User]:
    """Return the colleagues of `actor`: everybody, or those who share a branch and whoever sees all."""
    users = User.objects.all()
    if actor.branch_ids is None:
        return users
    if actor.user_id is None:
        return users.none()
    return users.filter(
        Q(memberships__branch__in=actor.branch_ids) | Q(role=Role.ADMINISTRATOR) | Q(pk=actor.user_id)
    ).distinct()


def tokens_for(actor: Actor) -> QuerySet[ApiToken]:
    """Return every token to whoever manages users, and only their own to others."""
    tokens = ApiToken.objects.select_related("user")
    return tokens if actor.can(Scope.USERS_WRITE) else tokens.filter(user=actor.user_id)


def _live_tokens() -> QuerySet[ApiToken]:
    return ApiToken.objects.filter(Q(expires_at=None) | Q(expires_at__gt=Now()), revoked_at=None, user__is_active=True)


def _actor_of_token(row: ApiToken) -> Actor:
    return Actor(
        user_id=row.user_id,
        token_id=row.pk,
        name=f"{row.user} · {row.name}",
        role=Role(row.user.role),
        scopes=frozenset(Scope(scope) for scope in row.allowed_scopes()),
        branch_ids=_branch_ids(row.user),
    )


def _branch_ids(user: User) -> frozenset[int] | None:
    if user.role == Role.ADMINISTRATOR:
        return None
    return frozenset(Membership.objects.filter(user=user).values_list("branch_id", flat=True))
