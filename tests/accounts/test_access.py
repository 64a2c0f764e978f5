"""Who comes in by a token or a session, with which rights, and until when."""

from datetime import timedelta
from functools import partial

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from apps.accounts.actions import create_token, revoke_token, set_access
from apps.accounts.models import ApiToken, Membership, User
from apps.accounts.queries import actor_for_token, actor_for_user, current_actor
from apps.core.actors import ROLE_SCOPES, SYSTEM, Role, Scope
from apps.core.models import LiveEvent
from tests.crowd import crowd
from tests.factories import make_actor, make_branch, make_token, make_user

pytestmark = pytest.mark.django_db


def token_of(user, *scopes, expires_at=None):
    return create_token(user=user, name="app", scopes=scopes or ("*",), expires_at=expires_at, actor=SYSTEM)


def test_a_token_may_what_both_it_and_its_user_may():
    branch = make_branch()
    user = make_user(Role.OPERATOR, (branch,))
    _, everything = token_of(user)
    _, some = token_of(user, Scope.CONVERSATIONS_READ, Scope.USERS_WRITE)
    actors = actor_for_token(everything), actor_for_token(some)
    assert all(actor and actor.branch_ids == frozenset({branch.pk}) and actor.user_id == user.pk for actor in actors)
    assert [actor.scopes for actor in actors if actor] == [ROLE_SCOPES[Role.OPERATOR], {Scope.CONVERSATIONS_READ}]


@pytest.mark.parametrize(
    "end",
    [
        lambda row, user: ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1)),
        lambda row, user: revoke_token(token=row, actor=SYSTEM),
        lambda row, user: User.objects.filter(pk=user.pk).update(is_active=False),
        lambda row, user: row.delete(),
    ],
)
def test_what_ended_opens_nothing(end):
    user = make_user()
    row, token = token_of(user, expires_at=timezone.now() + timedelta(hours=1))
    actor = actor_for_token(token)
    assert actor is not None
    end(row, user)
    assert (actor_for_token(token), current_actor(actor)) == (None, None)


@pytest.mark.parametrize("token", ["", "mst_", "x" * 10_000, "\x00", "\ud800", "mst_ñ", "' OR 1=1 --"])
def test_what_is_no_token_opens_nothing(token):
    token_of(make_user())
    assert actor_for_token(token) is None


def test_the_stored_row_does_not_open_anything():
    row, token = token_of(make_user())
    assert actor_for_token(row.digest) is None
    assert token not in str(vars(row))


def test_use_is_noted_once_a_minute():
    row, token = token_of(make_user())
    actor_for_token(token)
    row.refresh_from_db()
    first = row.last_used_at
    actor_for_token(token)
    row.refresh_from_db()
    assert first is not None
    assert row.last_used_at == first
    ApiToken.objects.update(last_used_at=first - timedelta(minutes=2))
    actor_for_token(token)
    row.refresh_from_db()
    assert row.last_used_at > first - timedelta(seconds=1)


def test_a_token_costs_two_statements_while_it_is_warm(django_assert_num_queries):
    token = make_token(make_user())
    actor_for_token(token)
    with django_assert_num_queries(2):
        actor_for_token(token)


def test_an_actor_read_again_has_the_rights_of_now():
    here, there = make_branch(), make_branch()
    user = make_user(Role.OPERATOR, (here,))
    actor = actor_for_user(user)
    set_access(user=user, role=Role.VIEWER, is_active=True, branches=iter([there]), actor=SYSTEM)
    again = current_actor(actor)
    assert again is not None
    assert (again.role, again.branch_ids) == (Role.VIEWER, frozenset({there.pk}))
    assert set(Membership.objects.filter(user=user).values_list("branch", flat=True)) == {there.pk}
    assert LiveEvent.objects.filter(kind="access_changed", user_id=user.pk).exists()
    set_access(user=user, role=Role.VIEWER, is_active=False, branches=[], actor=SYSTEM)
    assert current_actor(actor) is None
    with pytest.raises(PermissionDenied):
        actor_for_user(User.objects.get(pk=user.pk))


def test_nobody_makes_or_ends_tokens_of_others():
    user, other = make_user(), make_user()
    row, _ = token_of(other)
    actor = actor_for_user(user)
    create_token(user=user, name="mine", scopes=["*"], expires_at=None, actor=actor)
    for deed in (
        partial(create_token, user=other, name="theirs", scopes=["*"], expires_at=None),
        partial(revoke_token, token=row),
        partial(set_access, user=user, role=Role.ADMINISTRATOR, is_active=True, branches=[]),
    ):
        with pytest.raises(PermissionDenied):
            deed(actor=actor)
    own = actor_for_token(make_token(user))
    assert own is not None
    with pytest.raises(PermissionDenied):  # an application does not make itself another key
        create_token(user=user, name="more", scopes=["*"], expires_at=None, actor=own)


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"scopes": ["fly"]}, "scopes"),
        ({"scopes": []}, "scopes"),
        ({"name": "x" * 81}, "name"),
        ({"name": " "}, "name"),
    ],
)
def test_what_makes_no_token_is_said(told, field):
    told = {"name": "app", "scopes": ["*"], **told}
    with pytest.raises(ValidationError) as caught:
        create_token(user=make_user(), expires_at=None, actor=SYSTEM, **told)
    assert list(caught.value.message_dict) == [field]
    assert not ApiToken.objects.exists()


def test_the_last_administrator_stays():
    user = make_user(Role.ADMINISTRATOR)
    for role, is_active in ((Role.OPERATOR, True), (Role.ADMINISTRATOR, False)):
        with pytest.raises(ValidationError) as caught:
            set_access(user=user, role=role, is_active=is_active, branches=[], actor=SYSTEM)
        assert caught.value.code == "last_administrator"
    make_user(Role.ADMINISTRATOR)
    set_access(user=user, role=Role.OPERATOR, is_active=True, branches=[], actor=SYSTEM)


@pytest.mark.django_db(transaction=True)
def test_administrators_who_demote_each_other_leave_one():
    for _ in range(5):
        one, other, third = (make_user(Role.ADMINISTRATOR) for _ in range(3))
        with crowd(3) as together:

            def demote(user):
                try:
                    set_access(user=user, role=Role.VIEWER, is_active=True, branches=[], actor=SYSTEM)
                except ValidationError as error:
                    return error.code
                return "demoted"

            said = together.at_once(*(partial(demote, user) for user in (one, other, third)))
        assert sorted(said) == ["demoted", "demoted", "last_administrator"]
        User.objects.update(role=Role.VIEWER)


def test_a_user_without_branches_sees_none():
    assert make_actor(Role.OPERATOR).branch_ids == frozenset()
    assert make_actor(Role.ADMINISTRATOR).branch_ids is None
