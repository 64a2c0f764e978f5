"""An invented institute with its people, courses, conversations and assistant, for newcomers and screenshots.

People and numbers are made up.
"""

from django.db import transaction

from apps.accounts.actions import set_access
from apps.accounts.models import User
from apps.core.actors import SYSTEM, Role
from apps.organization.models import Branch, Company
from apps.simulator.management.demonstration import assistant, conversations, courses

USERS = (
    ("admin", "Ana Administradora", Role.ADMINISTRATOR, ()),
    ("noelia", "Noelia Burgos", Role.SUPERVISOR, ("centro", "tres-cerritos")),
    ("carla", "Carla Mamaní", Role.OPERATOR, ("centro",)),
    ("julian", "Julián Farfán", Role.OPERATOR, ("tres-cerritos",)),
    ("vera", "Vera Guaymás", Role.VIEWER, ("centro",)),
)


@transaction.atomic
def load(password: str) -> None:
    """Write the whole demonstration into an empty database."""
    branches = _branches()
    users = _users(password, branches)
    courses.load(branches)
    assistant.load()
    conversations.load(users, branches)


def _branches() -> dict[str, Branch]:
    company = Company.objects.create(
        name="Instituto Quirquincho", website="https://quirquincho.example", email="hola@quirquincho.example"
    )
    return {
        slug: Branch.objects.create(company=company, name=name, slug=slug, address=address)
        for name, slug, address in (
            ("Centro", "centro", "Balcarce 123, Salta"),
            ("Tres Cerritos", "tres-cerritos", "Los Ceibos 45, Salta"),
        )
    }


def _users(password: str, branches: dict[str, Branch]) -> dict[str, User]:
    users = {}
    for username, name, role, works_at in USERS:
        user = User.objects.create_user(username, password, name=name, role=role)
        places = [branches[slug] for slug in works_at]
        set_access(user=user, role=role, is_active=True, branches=places, actor=SYSTEM)
        users[username] = user
    return users
