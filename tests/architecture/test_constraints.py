"""The database itself refuses what may not be, whoever asks it."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import F
from django.utils import timezone

from apps.accounts.models import ApiToken, Membership, User
from apps.assistant.models import AIModel, AIParam, AIProvider, AIValue, AssistantSettings, Respondent, RespondentValue
from apps.conversations.models import Conversation, Message, PendingStatus, SendAttempt
from apps.core.models import SiteSettings
from apps.inboxes.models import AccountNotice, AccountOperation, DeadLetter, HistoryImport, Inbox, ProviderAccount
from apps.organization.models import Branch, Company
from apps.people.models import DifferentPeople, Identity, Person, PersonMerge, PersonTag, Tag
from tests.assistant.proposing import propose
from tests.factories import (
    make_account,
    make_branch,
    make_conversation,
    make_event,
    make_inbox,
    make_token,
    make_user,
    receive,
)

pytestmark = pytest.mark.django_db


def copy_of(row, **changes):
    """Return an unsaved copy of a row."""
    row = type(row).objects.get(pk=row.pk)
    row.pk = None
    for name, value in changes.items():
        setattr(row, name, value)
    return row


def our_message(**columns):
    conversation = Conversation.objects.first() or make_conversation()
    told = {"direction": "out", "sender": "operator", "dispatch": "queued", "next_attempt_at": timezone.now()}
    told |= {"valid_until": timezone.now(), **columns}
    return Message(conversation=conversation, inbox=conversation.inbox, **told)


def saved(row):
    row.save()
    return row


def event():
    return make_event()


def person_tag():
    return PersonTag.objects.create(person=Person.objects.create(), tag=Tag.objects.create(name="a", slug="a"))


def attempt(message=None, **columns):
    message = message or saved(our_message())
    return SendAttempt(message=message, **{"number": 1, "token": uuid4(), "owner": "x", **columns})


def dead_letter():
    return DeadLetter.objects.create(event=event(), error_class="X", path="a")


def operation():
    return AccountOperation.objects.create(account=make_account(), name="check")


def notice():
    return AccountNotice.objects.create(account=make_account(), code="x", level="info", at=timezone.now())


def pending_status():
    return PendingStatus.objects.create(inbox=make_inbox(), provider_message_id="1", status="sent", at=timezone.now())


def other_form(identity):
    """The same number, written in another way, as if it hung on nothing."""
    return copy_of(identity, address="543875550101")


def person_merge(kept, merged):
    return PersonMerge.objects.create(kept=kept, merged=merged, reason="by_hand")


def different(first, second):
    return DifferentPeople.objects.create(first=first, second=second)


def second_of(first, **changes) -> Callable[[], object]:
    return lambda: copy_of(first(), **changes).save(force_insert=True)


def first_user():
    return make_user(username="ana")


def ai_provider():
    return AIProvider.objects.create(name="Uno", endpoint_url="http://localhost/v1")


def ai_model():
    return AIModel.objects.create(provider=ai_provider(), name="m")


def ai_param():
    return AIParam.objects.create(name="Tono", slug="tono")


def ai_value():
    return AIValue.objects.create(param=ai_param(), name="a")


def respondent():
    return Respondent.objects.create(conversation=make_conversation(), seed=1)


def drawn_value():
    value = ai_value()
    return RespondentValue.objects.create(respondent=respondent(), param=value.param, value=value)


def token():
    make_token(make_user())
    return ApiToken.objects.get()


REFUSED: dict[str, Callable[[], object]] = {
    "company name": second_of(lambda: make_branch().company),
    "branch_name": second_of(make_branch, slug="other"),
    "branch slug": second_of(make_branch, name="Other"),
    "username": second_of(first_user),
    "user_role_known": lambda: User.objects.filter(pk=make_user().pk).update(role="emperor"),
    "membership_once": lambda: second_of(lambda: Membership.objects.get(user=make_user(branches=(make_branch(),))))(),
    "token digest": second_of(token),
    "account name": second_of(make_account, webhook_key="other"),
    "webhook key": second_of(make_account, name="Other"),
    "inbox_address": second_of(make_inbox, name="Other"),
    "inbox_name": second_of(make_inbox, address="other"),
    "event uid": second_of(event),
    "dead_letter_item": second_of(dead_letter),
    "account_operation_one_open": second_of(operation),
    "account_notice_once": second_of(notice),
    "history of an inbox": second_of(lambda: HistoryImport.objects.create(inbox=make_inbox())),
    "tag name": second_of(lambda: Tag.objects.create(name="a", slug="a"), slug="b"),
    "tag slug": second_of(lambda: Tag.objects.create(name="a", slug="a"), name="b"),
    "tag_hue_in_palette": lambda: Tag.objects.create(name="a", slug="a", hue=8),
    "person_tag_once": second_of(person_tag),
    "identity_address": second_of(lambda: make_conversation().identity),
    "identity_one_main": lambda: other_form(make_conversation().identity).save(),
    "identity_not_alias_of_itself": lambda: Identity.objects.filter(pk=make_conversation().identity_id).update(
        alias_of=F("pk")
    ),
    "person_not_into_itself": lambda: Person.objects.filter(pk=Person.objects.create().pk).update(merged_into=F("pk")),
    "person_merged_once": second_of(lambda: person_merge(Person.objects.create(), Person.objects.create())),
    "person_merge_of_two": lambda: person_merge(*[Person.objects.create()] * 2),
    "different_people_once": second_of(lambda: different(Person.objects.create(), Person.objects.create())),
    "different_people_in_order": lambda: different(*[Person.objects.create(), Person.objects.create()][::-1]),
    "conversation_joined_is_closed": lambda: Conversation.objects.filter(pk=make_conversation().pk).update(
        joined_to=make_conversation()
    ),
    "conversation_one_open": second_of(make_conversation),
    "conversation_pending_since": lambda: Conversation.objects.filter(pk=make_conversation().pk).update(
        is_pending=True
    ),
    "pending since without the mark": lambda: Conversation.objects.filter(pk=make_conversation().pk).update(
        pending_since=timezone.now()
    ),
    "unread below zero": lambda: Conversation.objects.filter(pk=make_conversation().pk).update(unread_count=-1),
    "message_provider_id": lambda: [our_message(provider_message_id="1", dispatch="accepted").save() for _ in range(2)],
    "message_client_key": lambda: [our_message(client_key="k").save() for _ in range(2)],
    "message_accepted_has_provider_id": lambda: our_message(dispatch="accepted").save(),
    "message_inbound_is_not_sent": lambda: our_message(direction="in", sender="person").save(),
    "message_sending_is_leased": lambda: our_message(dispatch="sending").save(),
    "message_unsent_is_scheduled": lambda: our_message(next_attempt_at=None).save(),
    "message without an end": lambda: our_message(dispatch="waiting", valid_until=None).save(),
    "send_attempt_number": lambda: second_of(lambda: saved(attempt(outcome="sent")), token=uuid4())(),
    "send_attempt_one_open": lambda: second_of(lambda: saved(attempt()), token=uuid4(), number=2)(),
    "attempt token": lambda: second_of(lambda: saved(attempt(outcome="sent")), number=2)(),
    "pending_status_once": second_of(pending_status),
    "site_settings_one_row": lambda: SiteSettings.objects.create(id=2),
    "AI provider name": second_of(ai_provider, uid=uuid4()),
    "AI provider uid": second_of(ai_provider, name="Dos"),
    "ai_provider_asks_at_all": lambda: AIProvider.objects.filter(pk=ai_provider().pk).update(concurrency=0),
    "an order below zero": lambda: AIProvider.objects.filter(pk=ai_provider().pk).update(priority=-1),
    "ai_model_name": second_of(ai_model),
    "parameter name": second_of(ai_param, slug="other"),
    "parameter slug": second_of(ai_param, name="Other"),
    "ai_value_name": second_of(ai_value),
    "chance below zero": lambda: AIValue.objects.filter(pk=ai_value().pk).update(chance=-1),
    "conversation_pause_has_a_reason": lambda: Conversation.objects.filter(pk=make_conversation().pk).update(
        assistant_paused_at=timezone.now()
    ),
    "suggestion_one_open": second_of(lambda: propose(receive(make_inbox()))),
    "suggestion_one_automatic_answer": second_of(lambda: propose(receive(make_inbox()), state="sent")),
    "suggestion_generating_is_leased": lambda: propose(receive(make_inbox()), state="generating"),
    "suggestion_rating_of_five": lambda: propose(receive(make_inbox()), rating=6),
    "suggestion_only_sent_ones_have_a_message": lambda: propose(
        receive(make_inbox()), message_id=saved(our_message()).pk
    ),
    "respondent_one_current": second_of(respondent),
    "respondent_one_value_each": second_of(drawn_value),
    "a value that was drawn": lambda: drawn_value().value.delete(),
    "a parameter that was drawn": lambda: drawn_value().param.delete(),
    "assistant_settings_one_row": lambda: AssistantSettings.objects.create(id=2),
    "company with branches": lambda: Company.objects.filter(pk=make_branch().company_id).delete(),
    "branch with inboxes": lambda: Branch.objects.filter(pk=make_inbox().branch_id).delete(),
    "account with inboxes": lambda: ProviderAccount.objects.filter(pk=make_inbox().account_id).delete(),
    "inbox with conversations": lambda: Inbox.objects.filter(pk=make_conversation().inbox_id).delete(),
    "person with conversations": lambda: Person.objects.filter(pk=make_conversation().person_id).delete(),
    "identity with conversations": lambda: Identity.objects.filter(pk=make_conversation().identity_id).delete(),
}


@pytest.mark.parametrize("name", REFUSED)
def test_the_database_refuses(name):
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        REFUSED[name]()
    assert "_" not in name or name in str(caught.value)


def test_what_looks_alike_and_is_not_is_taken(db):
    conversation = make_conversation()
    Conversation.objects.update(closed_at=timezone.now())
    copy_of(conversation, closed_at=None).save()
    for _ in range(2):
        our_message().save()  # without a key, without an id
    author, other = make_user(), make_user()
    for user in (author, other):
        our_message(client_key="k", author=user).save()
    message = saved(our_message())
    attempt(message, outcome="not_sent").save()
    attempt(message, number=2).save()


def test_the_status_is_the_databases_own_word(db):
    message = saved(our_message())
    with connection.cursor() as sql, pytest.raises(DatabaseError, match="status"):
        sql.execute("UPDATE conversations_message SET status = 'read' WHERE id = %s", [message.pk])


def test_every_change_of_the_models_has_its_migration(capsys):
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_every_rule_of_the_models_stands_in_the_database(db):
    with connection.cursor() as sql:
        sql.execute("SELECT conname FROM pg_constraint UNION SELECT indexname FROM pg_indexes")
        there = {name for (name,) in sql.fetchall()}
    wanted = {
        rule.name
        for model in apps.get_models()
        if model.__module__.startswith("apps.")
        for rule in (*model._meta.constraints, *model._meta.indexes)
    }
    assert wanted <= there
    assert {name for name in wanted if name.islower()} == wanted
