"""Every door, tried by everybody: what is hidden and what is missing are the same."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

import pytest
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import QuerySet
from django.utils import timezone

from apps.accounts import queries as accounts
from apps.accounts.models import User
from apps.assistant import queries as assistant
from apps.assistant.actions import defaults, parameters, providers, trials
from apps.assistant.models import AIModel, AIParam, AIProvider, AIValue, AssistantSettings, Respondent
from apps.conversations import queries as conversations
from apps.conversations.actions import acts, marks, send
from apps.conversations.models import Attachment, Conversation, Message, PendingStatus, SendAttempt
from apps.core.actors import NOBODY, ROLE_SCOPES, SYSTEM, Actor, Role, Scope
from apps.inboxes import queries as inboxes
from apps.inboxes.actions.accounts import add_account, change_credentials, rename_account, set_account_active
from apps.inboxes.actions.inboxes import add_inbox, change_inbox
from apps.inboxes.actions.operations import begin_operation, request_due_checks, request_operation
from apps.inboxes.models import AccountNotice, AccountOperation, DeadLetter, HistoryImport, Inbox
from apps.organization import queries as organization
from apps.organization.models import Branch, Company, CompanyDocument
from apps.people import queries as people
from apps.people.models import Person, PersonMerge, PersonTag, Tag
from providers.contents import Location
from tests.factories import (
    make_account,
    make_actor,
    make_completion,
    make_event,
    make_inbox,
    make_suggestion,
    make_user,
    receive,
)

pytestmark = pytest.mark.django_db

DOORS: dict[str, tuple[Callable[[Actor], QuerySet[Any]], Scope | None]] = {
    "branches": (organization.branches_for, None),
    "companies": (organization.companies_for, None),
    "documents": (organization.company_documents_for, None),
    "users": (accounts.users_for, None),
    "inboxes": (inboxes.inboxes_for, Scope.INBOXES_READ),
    "accounts": (inboxes.accounts_for, Scope.INBOXES_READ),
    "operations": (inboxes.operations_for, Scope.INBOXES_READ),
    "notices": (inboxes.notices_for, Scope.INBOXES_READ),
    "imports": (inboxes.histories_for, Scope.INBOXES_READ),
    "events": (inboxes.events_for, Scope.JOURNAL_READ),
    "dead letters": (inboxes.dead_letters_for, Scope.JOURNAL_READ),
    "people": (people.people_for, Scope.PEOPLE_READ),
    "identities": (people.identities_for, Scope.PEOPLE_READ),
    "tags of people": (people.person_tags_for, Scope.PEOPLE_READ),
    "merges of people": (people.merges_for, Scope.PEOPLE_READ),
    "conversations": (conversations.conversations_for, Scope.CONVERSATIONS_READ),
    "chat list": (lambda actor: conversations.chat_list(actor, conversations.ChatFilter()), Scope.CONVERSATIONS_READ),
    "search": (
        lambda actor: conversations.chat_list(actor, conversations.ChatFilter(text="hola")),
        Scope.CONVERSATIONS_READ,
    ),
    "messages": (conversations.messages_for, Scope.CONVERSATIONS_READ),
    "attempts": (conversations.send_attempts_for, Scope.CONVERSATIONS_READ),
    "attachments": (conversations.attachments_for, Scope.CONVERSATIONS_READ),
    "waiting statuses": (conversations.pending_statuses_for, Scope.CONVERSATIONS_READ),
    "attention": (conversations.needs_attention, Scope.CONVERSATIONS_READ),
    "respondents": (assistant.respondents_for, Scope.ASSISTANT_READ),
    "suggestions": (assistant.suggestions_for, Scope.CONVERSATIONS_READ),
    "completions": (assistant.completions_for, Scope.ASSISTANT_READ),
}
OF_THE_HOUSE: dict[str, tuple[Callable[[Actor], QuerySet[Any]], Scope]] = {
    "AI providers": (assistant.providers_for, Scope.ASSISTANT_READ),
    "AI models": (assistant.models_for, Scope.ASSISTANT_READ),
    "parameters": (assistant.params_for, Scope.ASSISTANT_READ),
    "values": (assistant.values_for, Scope.ASSISTANT_READ),
    "settings of the assistant": (assistant.settings_for, Scope.ASSISTANT_WRITE),
}
"""What is the same for every branch."""
ROLES = [Role.VIEWER, Role.OPERATOR, Role.SUPERVISOR]


@dataclass
class Rooms:
    """A branch, and the one row of each door that belongs to it."""

    branch: Branch
    conversation: Conversation
    rows: dict[str, Any]


def furnish(name: str, tag: Tag) -> Rooms:
    company = Company.objects.create(name=name)
    branch = Branch.objects.create(company=company, name=name, slug=name)
    inbox = make_inbox(make_account(name=name), branch)
    said = receive(inbox, "Hola", sender="54938755501" + str(branch.pk % 90 + 10))
    conversation = said.conversation
    event = make_event(inbox.account)
    attempt = SendAttempt.objects.create(message=said, number=1, token=uuid4(), owner="x")
    status = PendingStatus.objects.create(inbox=inbox, provider_message_id="x", status="sent", at=timezone.now())
    Message.objects.filter(pk=said.pk).update(direction="out", dispatch="uncertain")
    suggestion = make_suggestion(conversation)
    rows = {
        "branches": branch,
        "companies": company,
        "documents": CompanyDocument.objects.create(company=company, name=name, file="x"),
        "users": make_user(Role.OPERATOR, (branch,)),
        "inboxes": inbox,
        "accounts": inbox.account,
        "events": event,
        "operations": AccountOperation.objects.create(account=inbox.account, name="check"),
        "notices": AccountNotice.objects.create(account=inbox.account, code="x", level="info", at=timezone.now()),
        "imports": HistoryImport.objects.create(inbox=inbox),
        "dead letters": DeadLetter.objects.create(event=event, error_class="X"),
        "people": conversation.person,
        "identities": conversation.identity,
        "merges of people": PersonMerge.objects.create(
            kept=conversation.person, merged=Person.objects.create(), reason="by_hand"
        ),
        "tags of people": PersonTag.objects.create(person=conversation.person, tag=tag),
        "conversations": conversation,
        "chat list": conversation,
        "search": conversation,
        "messages": said,
        "attempts": attempt,
        "attachments": Attachment.objects.create(message=said, kind="image", mime_type="image/png", size=1, file="x"),
        "waiting statuses": status,
        "attention": said,
        "suggestions": suggestion,
        "completions": make_completion(suggestion),
        "respondents": Respondent.objects.create(conversation=conversation, seed=1),
    }
    return Rooms(branch=branch, conversation=conversation, rows=rows)


@pytest.fixture
def tag():
    return Tag.objects.create(name="Verano", slug="verano")


@pytest.fixture
def here(tag):
    return furnish("here", tag)


@pytest.fixture
def there(tag):
    return furnish("there", tag)


@pytest.mark.parametrize("door", DOORS)
def test_a_door_shows_a_branch_to_its_own_people_only(door, here, there):
    open_door, scope = DOORS[door]
    mine, theirs = here.rows[door], there.rows[door]
    for role in ROLES:
        actor = make_actor(role, (here.branch,))
        may = scope is None or scope in ROLE_SCOPES[role]
        seen = set(open_door(actor).values_list("pk", flat=True))
        assert (mine.pk in seen, theirs.pk in seen) == (may, False), role
        for pk in (theirs.pk, 10**12, 2**70, -1):
            with pytest.raises(ObjectDoesNotExist):
                open_door(actor).get(pk=pk)
        both = set(open_door(make_actor(role, (here.branch, there.branch))).values_list("pk", flat=True))
        assert ({mine.pk, theirs.pk} <= both) == may
        assert not {mine.pk, theirs.pk} & set(open_door(make_actor(role)).values_list("pk", flat=True))


@pytest.mark.parametrize("door", DOORS)
def test_a_door_is_open_to_who_sees_all_and_shut_to_nobody(door, here, there):
    open_door, _ = DOORS[door]
    for actor in (SYSTEM, make_actor(Role.ADMINISTRATOR)):
        assert {here.rows[door].pk, there.rows[door].pk} <= set(open_door(actor).values_list("pk", flat=True))
    assert list(open_door(NOBODY)) == []


@pytest.mark.parametrize("door", [door for door, (_, scope) in DOORS.items() if scope is not None])
def test_a_token_opens_a_door_with_its_scope_alone(door, here):
    open_door, scope = DOORS[door]
    assert scope is not None
    for actor in (make_actor(Role.ADMINISTRATOR), make_actor(Role.SUPERVISOR, (here.branch,))):
        without = replace(actor, token_id=1, scopes=frozenset(Scope) - {scope})
        with_it = replace(actor, token_id=1, scopes=frozenset({scope}))
        assert list(open_door(without)) == []
        assert here.rows[door].pk in set(open_door(with_it).values_list("pk", flat=True))


def test_a_person_of_both_branches_shows_each_branch_its_own_address(here, there):
    person = here.conversation.person
    there.conversation.identity.person = person
    there.conversation.identity.save()
    actor = make_actor(Role.OPERATOR, (here.branch,))
    assert list(people.people_for(actor)) == [person]
    assert people.identities_of(actor, [person]) == {person.pk: [here.conversation.identity]}


def test_colleagues_are_those_of_the_same_branches_and_administrators(here, there):
    administrator = make_user(Role.ADMINISTRATOR)
    actor = make_actor(Role.OPERATOR, (here.branch,))
    assert set(accounts.users_for(actor)) == {
        administrator,
        here.rows["users"],
        User.objects.get(pk=actor.user_id or 0),
    }


# What may be done --------------------------------------------------------------------------

VERBS: dict[str, tuple[Scope, Callable[[Actor, Conversation], object]]] = {
    "send": (
        Scope.MESSAGES_SEND,
        lambda actor, chat: send.send_message(conversation=chat, text="Sí", client_key="k", actor=actor),
    ),
    "resend": (
        Scope.MESSAGES_SEND,
        lambda actor, chat: send.resend_message(message=_uncertain(chat), client_key="k", actor=actor),
    ),
    "mark as sent": (
        Scope.MESSAGES_SEND,
        lambda actor, chat: send.mark_as_sent(message=_uncertain(chat), actor=actor),
    ),
    "send a place": (
        Scope.MESSAGES_SEND,
        lambda actor, chat: send.send_content(
            conversation=chat, content=Location(latitude=1, longitude=1), client_key="k", actor=actor
        ),
    ),
    "send a file": (
        Scope.MESSAGES_SEND,
        lambda actor, chat: send.send_attachment(
            conversation=chat, attachment=Attachment(kind="image"), client_key="k", actor=actor
        ),
    ),
    "react": (
        Scope.MESSAGES_SEND,
        lambda actor, chat: acts.react(message=_uncertain(chat), emoji="👍", client_key="k", actor=actor),
    ),
    "correct": (
        Scope.MESSAGES_SEND,
        lambda actor, chat: acts.edit_message(message=_uncertain(chat), text="x", client_key="k", actor=actor),
    ),
    "withdraw": (
        Scope.MESSAGES_SEND,
        lambda actor, chat: acts.withdraw_message(message=_uncertain(chat), client_key="k", actor=actor),
    ),
    "mark read": (Scope.CONVERSATIONS_WRITE, lambda actor, chat: marks.mark_read(conversation=chat, actor=actor)),
    "set pending": (
        Scope.CONVERSATIONS_WRITE,
        lambda actor, chat: marks.set_pending(conversation=chat, is_pending=True, actor=actor),
    ),
    "assign": (
        Scope.CONVERSATIONS_WRITE,
        lambda actor, chat: marks.assign(conversation=chat, assignee=_stranger(), actor=actor),
    ),
    "close": (Scope.CONVERSATIONS_WRITE, lambda actor, chat: marks.close(conversation=chat, actor=actor)),
    "reopen": (Scope.CONVERSATIONS_WRITE, lambda actor, chat: marks.reopen(conversation=chat, actor=actor)),
}


def _uncertain(chat: Conversation) -> Message:
    return Message.objects.get(conversation=chat, status="uncertain")


def _stranger() -> User:
    return make_user(Role.OPERATOR)


@pytest.mark.parametrize("verb", VERBS)
def test_who_may_not_do_it_learns_nothing_and_changes_nothing(verb, here, there):
    from django.core.exceptions import PermissionDenied

    scope, do = VERBS[verb]
    before = list(Conversation.objects.order_by("pk").values()), Message.objects.count()
    operator = make_actor(Role.OPERATOR, (here.branch,))
    strangers = [
        (NOBODY, here),
        (make_actor(Role.VIEWER, (here.branch,)), here),
        (operator, there),
        (make_actor(Role.SUPERVISOR, (here.branch,)), there),
        (replace(operator, token_id=1, scopes=operator.scopes - {scope}), here),
    ]
    for actor, rooms in strangers:
        with pytest.raises(PermissionDenied):
            do(actor, rooms.conversation)
    assert (list(Conversation.objects.order_by("pk").values()), Message.objects.count()) == before


def test_setting_up_is_for_administrators(here):
    from django.core.exceptions import PermissionDenied

    account, inbox = here.rows["accounts"], here.rows["inboxes"]
    deeds: list[Callable[[Actor], object]] = [
        lambda actor: request_operation(account=account, name="check", actor=actor),
        lambda actor: begin_operation(account=account, name="check", actor=actor),
        lambda actor: request_due_checks(actor=actor),
        lambda actor: add_account(kind="simulator", name="New", credentials={}, actor=actor),
        lambda actor: change_credentials(account=account, credentials={}, actor=actor),
        lambda actor: rename_account(account=account, name="x", actor=actor),
        lambda actor: set_account_active(account=account, is_active=False, actor=actor),
        lambda actor: add_inbox(account=account, branch=here.branch, address="1", name="x", actor=actor),
        lambda actor: change_inbox(
            inbox=inbox, branch=here.branch, name="x", is_active=True, assistant_mode="", actor=actor
        ),
    ]
    for role in ROLES:
        for deed in deeds:
            with pytest.raises(PermissionDenied):
                deed(make_actor(role, (here.branch,)))
    assert Inbox.objects.count() == 1


def configured() -> tuple[AIProvider, AIModel, AIParam, AIValue]:
    """Make one row of everything the assistant is set up with."""
    AssistantSettings.objects.create()
    provider = AIProvider.objects.create(name="Uno", endpoint_url="http://localhost:1/v1")
    param = AIParam.objects.create(name="Tono", slug="tono")
    value = AIValue.objects.create(param=param, name="Cercano", text="x")
    return provider, AIModel.objects.create(provider=provider, name="m"), param, value


@pytest.mark.parametrize("door", OF_THE_HOUSE)
def test_what_is_the_same_for_every_branch_asks_the_scope_alone(door, here):
    configured()
    open_door, scope = OF_THE_HOUSE[door]
    for role in ROLES:
        actor = make_actor(role, (here.branch,))
        assert open_door(actor).exists() == (scope in ROLE_SCOPES[role]), role
        assert not open_door(replace(actor, token_id=1, scopes=frozenset(Scope) - {scope})).exists()
    assert open_door(SYSTEM).exists()
    assert not open_door(NOBODY).exists()


def test_the_assistant_is_set_up_by_administrators_and_described_by_supervisors(here):
    from django.core.exceptions import PermissionDenied

    provider, model, param, value = configured()
    told = {"name": "New", "endpoint_url": "http://localhost/v1", "api_key": "k", "model": "m"}
    text = {"name": "x", "text": "x"}
    by_administrators: list[Callable[[Actor], object]] = [
        lambda actor: providers.add_provider(**told, actor=actor),
        lambda actor: providers.change_provider(provider=provider, changes={"priority": 1}, actor=actor),
        lambda actor: providers.change_key(provider=provider, api_key="other", actor=actor),
        lambda actor: providers.add_model(provider=provider, columns={"name": "x"}, actor=actor),
        lambda actor: providers.change_model(model=model, changes={"position": 1}, actor=actor),
        lambda actor: trials.request_trial(provider=provider, actor=actor),
        lambda actor: trials.claim_trial(actor=actor),
    ]
    by_supervisors: list[Callable[[Actor], object]] = [
        lambda actor: parameters.add_param(columns={"name": "New"}, actor=actor),
        lambda actor: parameters.change_param(param=param, name="x", position=1, is_enabled=True, actor=actor),
        lambda actor: parameters.add_value(param=param, columns=text, actor=actor),
        lambda actor: parameters.change_value(value=value, changes={"chance": 2}, actor=actor),
        lambda actor: parameters.change_settings(changes={"auto_turns": 2}, actor=actor),
        lambda actor: defaults.ensure_defaults(actor=actor),
    ]
    allowed = {Role.VIEWER: [], Role.OPERATOR: [], Role.SUPERVISOR: by_supervisors}
    for role in ROLES:
        for deed in [*by_administrators, *by_supervisors]:
            if deed in allowed[role]:
                deed(make_actor(role, (here.branch,)))
            else:
                with pytest.raises(PermissionDenied):
                    deed(make_actor(role, (here.branch,)))
    assert (AIProvider.objects.count(), AIModel.objects.count()) == (1, 1)
