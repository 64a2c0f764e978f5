"""Two branches, each with a conversation, and applications of every kind of user."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from apps.conversations.models import Conversation
from apps.core.actors import Role
from apps.organization.models import Branch
from tests.factories import make_branch, make_conversation, make_inbox, make_token, make_user
from tests.graphql_api.clients import Application


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What is there in every test of this room."""

    here: Branch
    elsewhere: Branch
    ours: Conversation
    theirs: Conversation


@pytest.fixture
def house(db: None) -> House:
    here, elsewhere = make_branch("Here"), make_branch("Elsewhere")
    ours = make_conversation(make_inbox(branch=here), text="Hola", name="Ana")
    theirs = make_conversation(make_inbox(branch=elsewhere), text="Otra", name="Beto", sender="5493875550202")
    return House(here=here, elsewhere=elsewhere, ours=ours, theirs=theirs)


@pytest.fixture
def application(house: House) -> Callable[..., Application]:
    """Return a function that makes the application of a user of the branch here."""

    def make(role: Role = Role.OPERATOR, *scopes: str) -> Application:
        return Application(make_token(make_user(role, (house.here,)), *scopes))

    return make
