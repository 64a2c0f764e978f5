"""Users and tokens."""

import re

import pytest

from apps.accounts.models import ApiToken, User
from apps.accounts.queries import actor_for_token
from apps.core.actors import Role, Scope
from apps.core.live import LiveKind
from apps.core.models import LiveEvent
from apps.organization.models import Branch
from tests.admin.conftest import Enter, send
from tests.admin.house import House, fingerprint
from tests.factories import PASSWORD

NEW_PASSWORD = "another horse battery"


def test_a_new_user_gets_role_and_branches(built: House, enter: Enter) -> None:
    sent = {
        "username": "nueva",
        "name": "Nueva Operadora",
        "email": "",
        "password": NEW_PASSWORD,
        "role": "operator",
        "branches": [built.own[Branch].pk],
        "is_superuser": "on",
        "is_staff": "on",
    }
    answer = enter("administrator").post("/admin/accounts/user/add/", sent)
    assert answer.status_code == 302
    user = User.objects.get(username="nueva")
    assert user.check_password(NEW_PASSWORD)
    assert (user.role, user.is_active, list(user.branches.all())) == (Role.OPERATOR, True, [built.own[Branch]])


def test_a_weak_password_comes_back_with_the_form(built: House, enter: Enter) -> None:
    sent = {"username": "nueva", "name": "Nueva", "email": "", "password": "nueva", "role": "operator"}
    answer = enter("administrator").post("/admin/accounts/user/add/", sent)
    assert answer.status_code == 200
    assert "password" in answer.context["adminform"].form.errors
    assert not User.objects.filter(username="nueva").exists()


def _change(user: User, **changed: object) -> dict[str, object]:
    kept = {"username": user.username, "name": user.name, "email": user.email, "role": user.role, "is_active": "on"}
    return {**kept, **changed}


def test_access_is_changed_by_the_action(built: House, enter: Enter) -> None:
    user = built.own[User]
    path = f"/admin/accounts/user/{user.pk}/change/"
    sent = _change(user, role="supervisor", branches=[built.foreign[Branch].pk])
    assert send(enter("administrator"), path, sent).status_code == 302
    user.refresh_from_db()
    assert (user.role, list(user.branches.all())) == (Role.SUPERVISOR, [built.foreign[Branch]])


def test_the_last_administrator_stays_one(built: House, enter: Enter) -> None:
    user = built.users["administrator"]
    answer = send(
        enter("administrator"), f"/admin/accounts/user/{user.pk}/change/", _change(user, role="viewer", name="Otro")
    )
    assert answer.status_code == 200
    assert "El último administrador" in answer.content.decode()
    user.refresh_from_db()
    assert (user.role, user.name != "Otro") == (Role.ADMINISTRATOR, True)


def test_another_password_ends_the_sessions_with_the_old_one(built: House, enter: Enter) -> None:
    there = enter("supervisor")
    assert there.get("/admin/").status_code == 200
    path = f"/admin/accounts/user/{built.users['supervisor'].pk}/set_password/"
    sent = {"_form_submitted": "True", "password": NEW_PASSWORD, "again": NEW_PASSWORD}
    assert enter("administrator").post(path, sent).headers["HX-Redirect"].endswith("/change/")
    assert there.get("/admin/").status_code == 302
    built.users["supervisor"].refresh_from_db()
    assert built.users["supervisor"].check_password(NEW_PASSWORD)


@pytest.mark.parametrize(("password", "again"), [(NEW_PASSWORD, "another horse"), ("12345678", "12345678"), ("", "")])
def test_a_password_that_will_not_do_changes_nothing(password: str, again: str, built: House, enter: Enter) -> None:
    path = f"/admin/accounts/user/{built.users['supervisor'].pk}/set_password/"
    enter("administrator").post(path, {"_form_submitted": "True", "password": password, "again": again})
    built.users["supervisor"].refresh_from_db()
    assert built.users["supervisor"].check_password(PASSWORD)


def test_a_supervisor_sees_colleagues_and_changes_none(built: House, enter: Enter) -> None:
    user = built.own[User]
    client = enter("supervisor")
    page = client.get(f"/admin/accounts/user/{user.pk}/change/").content.decode()
    assert user.name in page
    before = fingerprint()
    sent = _change(built.users["supervisor"], role="administrator")
    assert client.post(f"/admin/accounts/user/{built.users['supervisor'].pk}/change/", sent).status_code == 403
    path = f"/admin/accounts/user/{user.pk}/set_password/"
    sent = {"_form_submitted": "True", "password": NEW_PASSWORD, "again": NEW_PASSWORD}
    assert client.post(path, sent).status_code == 403
    assert fingerprint() == before


def test_a_token_is_shown_once_and_stored_as_a_digest(built: House, enter: Enter) -> None:
    client = enter("administrator")
    sent = {
        "user": built.own[User].pk,
        "name": "Web",
        "scopes": ["conversations:read"],
        "expires_at_0": "",
        "expires_at_1": "",
    }
    answer = client.post("/admin/accounts/apitoken/add/", sent)
    assert answer.status_code == 200
    assert "no-store" in answer.headers["Cache-Control"]
    (text,) = re.findall(r"mst_[\w-]{40,}", answer.content.decode())
    actor = actor_for_token(text)
    assert actor is not None
    assert (actor.user_id, actor.scopes) == (built.own[User].pk, frozenset({Scope.CONVERSATIONS_READ}))
    row = ApiToken.objects.get(name="Web")
    for path in (f"/admin/accounts/apitoken/{row.pk}/change/", "/admin/accounts/apitoken/", "/admin/"):
        assert text not in client.get(path).content.decode()
    assert text not in str(client.session.items())


def test_a_revoked_token_opens_nothing(built: House, enter: Enter) -> None:
    row = built.own[ApiToken]
    path = f"/admin/accounts/apitoken/{row.pk}/revoke/"
    assert enter("administrator").post(path, {"_form_submitted": "True"}).status_code == 200
    row.refresh_from_db()
    assert row.revoked_at is not None


def test_a_supervisor_makes_tokens_for_nobody_else(built: House, enter: Enter) -> None:
    client = enter("supervisor")
    sent = {"name": "Mía", "scopes": ["*"], "expires_at_0": "", "expires_at_1": ""}
    answer = client.post("/admin/accounts/apitoken/add/", {**sent, "user": built.users["administrator"].pk})
    assert not ApiToken.objects.filter(name="Mía").exists()
    assert "user" in answer.context["adminform"].form.errors
    client.post("/admin/accounts/apitoken/add/", {**sent, "user": built.users["supervisor"].pk})
    assert ApiToken.objects.get(name="Mía").allowed_scopes() < set(Scope)


def test_a_changed_password_ends_the_screens_that_live_by_the_old_one(built: House, enter: Enter) -> None:
    sent = {"old_password": PASSWORD, "new_password1": NEW_PASSWORD, "new_password2": "another"}
    client = enter("supervisor")
    assert client.post("/admin/password_change/", sent).status_code == 200
    assert not LiveEvent.objects.filter(kind=LiveKind.ACCESS_CHANGED).exists()
    assert client.post("/admin/password_change/", {**sent, "new_password2": NEW_PASSWORD}).status_code == 302
    told = LiveEvent.objects.get(kind=LiveKind.ACCESS_CHANGED)
    assert User.objects.get(pk=told.user_id or 0).check_password(NEW_PASSWORD)
