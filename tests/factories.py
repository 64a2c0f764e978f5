"""Rows for tests: one function per model, required fields only, every name fresh."""

import hashlib
import itertools
from datetime import datetime
from typing import Any

from django.utils import timezone

from apps.accounts.actions import create_token
from apps.accounts.models import Membership, User
from apps.accounts.queries import actor_for_user
from apps.assistant.models import AIParam, AIProvider, AIValue, Completion, Respondent, RespondentValue, Suggestion
from apps.conversations.actions.receive import receive_message
from apps.conversations.models import Conversation, Message
from apps.core.actors import SYSTEM, Actor, Role
from apps.courses.models import Course, CourseEdition
from apps.inboxes.models import Inbox, ProviderAccount, WebhookBody, WebhookEvent
from apps.organization.models import Branch, Company
from providers import registry
from providers.contents import Content, Text
from providers.types import Address, AddressScope, InboundMessage

PASSWORD = "correct horse battery"
APP_SECRET = "app-secret-of-tests"
VERIFY_TOKEN = "verify-token-of-tests"
_numbers = itertools.count(1)


def make_branch(name: str = "", **fields: Any) -> Branch:
    number = next(_numbers)
    company = Company.objects.first() or Company.objects.create(name="Quirquincho")
    return Branch.objects.create(company=company, name=name or f"Branch {number}", slug=f"branch-{number}", **fields)


def make_user(role: Role = Role.OPERATOR, branches: tuple[Branch, ...] = (), **fields: Any) -> User:
    """Make a user whose password is PASSWORD."""
    number = next(_numbers)
    fields = {"username": f"user{number}", "name": f"User {number}", **fields}
    user = User.objects.create_user(password=PASSWORD, role=role, **fields)
    Membership.objects.bulk_create([Membership(user=user, branch=branch) for branch in branches])
    return user


def make_actor(role: Role = Role.OPERATOR, branches: tuple[Branch, ...] = ()) -> Actor:
    return actor_for_user(make_user(role, branches))


def make_token(user: User, *scopes: str) -> str:
    """Make an API token and return its text; without scopes it may do all that the user may."""
    _, token = create_token(user=user, name="test", scopes=scopes or ("*",), expires_at=None, actor=SYSTEM)
    return token


def make_account(kind: str = "whatsapp", **fields: Any) -> ProviderAccount:
    credentials = fields.pop("credentials", None)
    if credentials is None and kind == "whatsapp":
        credentials = {
            "app_secret": APP_SECRET,
            "access_token": "access-token-of-tests",
            "verify_token": VERIFY_TOKEN,
            "waba_id": "100200300",
        }
    fields = {"name": f"Account {next(_numbers)}", **fields}
    complete = registry.new_credentials(kind, credentials or {})
    return ProviderAccount.objects.create(kind=kind, credentials=complete, **fields)


def make_inbox(account: ProviderAccount | None = None, branch: Branch | None = None, **fields: Any) -> Inbox:
    number = next(_numbers)
    fields = {"address": f"5550{number:06}", "name": f"Inbox {number}", **fields}
    return Inbox.objects.create(account=account or make_account(), branch=branch or make_branch(), **fields)


def make_event(account: ProviderAccount | None = None, body: bytes = b"", **fields: Any) -> WebhookEvent:
    """Make a journal row and keep its bytes; nothing rings."""
    fields = {"size": len(body), "sha256": hashlib.sha256(body).hexdigest(), **fields}
    event = WebhookEvent.objects.create(account=account or make_account(), **fields)
    WebhookBody.objects.create(event_uid=event.uid, received_at=event.received_at, body=body)
    return event


def receive(
    inbox: Inbox,
    text: str = "Hola",
    *,
    sender: str = "5493875550101",
    name: str = "Ana",
    message_id: str = "",
    at: datetime | None = None,
    content: Content | None = None,
    reply_to: str | None = None,
) -> Message:
    """Let a person write to an inbox, and return the message."""
    at = at or timezone.now()
    scope = AddressScope.SIMULATOR if inbox.account.kind == "simulator" else AddressScope.PHONE
    message = receive_message(
        inbox=inbox,
        inbound=InboundMessage(
            path="",
            inbox_address=inbox.address,
            provider_message_id=message_id or f"wamid.{next(_numbers)}",
            sender=Address(scope=scope, value=sender),
            sender_name=name,
            provider_time=at,
            content=content or Text(body=text),
            reply_to=reply_to,
        ),
        received_at=at,
        window_hours=registry.PROVIDERS[inbox.account.kind].capabilities.window_hours,
        actor=SYSTEM,
    )
    assert message is not None
    return Message.objects.select_related("conversation__inbox__account", "conversation__identity").get(pk=message.pk)


def make_conversation(inbox: Inbox | None = None, **told: Any) -> Conversation:
    """Make a conversation by letting a person write."""
    return receive(inbox or make_inbox(), **told).conversation


def make_course(name: str = "", **fields: Any) -> Course:
    return Course.objects.create(name=name or f"Course {next(_numbers)}", **fields)


def make_edition(course: Course | None = None, branch: Branch | None = None, **fields: Any) -> CourseEdition:
    """Make an edition one can enrol in."""
    fields = {"state": CourseEdition.State.OPEN, **fields}
    return CourseEdition.objects.create(course=course or make_course(), branch=branch or make_branch(), **fields)


def make_ai_provider(**fields: Any) -> AIProvider:
    """Make a provider whom nobody answers at."""
    told = {"name": f"Model house {next(_numbers)}", "endpoint_url": "http://127.0.0.1:9/v1", **fields}
    return AIProvider.objects.create(**{"credentials": {"api_key": "key-of-tests"}, **told})


def make_suggestion(conversation: Conversation, text: str = "¡Hola! Sí, hay lugar.", **fields: Any) -> Suggestion:
    """Propose an answer to the last message of a conversation."""
    fields = {"state": Suggestion.State.SHOWN, "trigger": conversation.messages.latest("pk"), **fields}
    return Suggestion.objects.create(conversation=conversation, inbox=conversation.inbox, text=text, **fields)


def make_completion(suggestion: Suggestion, **fields: Any) -> Completion:
    """Log a request to a model that answered."""
    told = {
        "attempt": 1,
        "provider_id": 1,
        "provider_name": "Model house",
        "model_name": "m",
        "outcome": "ok",
        **fields,
    }
    words = {"request": [{"role": "system", "content": "Sos el asistente."}], "response": suggestion.text}
    return Completion.objects.create(
        suggestion=suggestion,
        conversation_id=suggestion.conversation_id,
        inbox_id=suggestion.inbox_id,
        **{**words, **told},
    )


def make_respondent(conversation: Conversation, **values: str) -> Respondent:
    """Draw these values, each under the name of its parameter, for a conversation."""
    respondent = Respondent.objects.create(conversation=conversation, seed=1)
    for position, (param_name, name) in enumerate(values.items()):
        param, _is_new = AIParam.objects.get_or_create(
            slug=param_name, defaults={"name": param_name, "position": position}
        )
        value, _is_new = AIValue.objects.get_or_create(param=param, name=name)
        RespondentValue.objects.create(respondent=respondent, param=param, value=value)
    return respondent
