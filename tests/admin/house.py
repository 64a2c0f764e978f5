"""Two branches with one row of everything each, and somebody of every role."""

import uuid
from dataclasses import dataclass
from typing import Any

from django.core.files.base import ContentFile
from django.db import connection
from django.db.models import Model

from apps.accounts.models import ApiToken, User
from apps.assistant.models import (
    AIModel,
    AIParam,
    AIProvider,
    AIValue,
    AssistantSettings,
    Completion,
    Respondent,
    RespondentValue,
    Suggestion,
)
from apps.conversations.models import Attachment, Conversation, Message, PendingStatus, SendAttempt
from apps.core.actors import Role
from apps.core.models import SiteSettings
from apps.courses.models import Course, CourseEdition
from apps.inboxes.models import DeadLetter, Inbox, ProviderAccount, WebhookEvent
from apps.organization.models import Branch, Company, CompanyDocument
from apps.people.models import Identity, Person, PersonTag, Tag
from tests import factories

BODY = b'{"entry": [{"from": "5493875550101", "text": "Hola"}]}'
OF_THE_HOUSE = (Tag, SiteSettings, AIProvider, AIModel, AIParam, AssistantSettings, Course, CourseEdition)
"""Models whose rows are the same for every branch, or at least read by every one."""


@dataclass
class House:
    """`own` and `foreign` hold one row of each model, by model."""

    users: dict[str, User]
    own: dict[type[Model], Any]
    foreign: dict[type[Model], Any]


def build() -> House:
    """Fill an empty database."""
    tag = Tag.objects.create(name="Verano", slug="verano")
    settings = SiteSettings.objects.create(id=1)
    course = factories.make_course("Robótica Kids")
    shared: dict[type[Model], Any] = {Tag: tag, SiteSettings: settings, Course: course, **_assistant()}
    own, foreign = (_rows(name, tag) | shared for name in ("Centro", "Norte"))
    for rows in (own, foreign):
        rows[CourseEdition] = factories.make_edition(course, rows[Branch], days=[2, 4])
    here, there = (own[Branch],), (foreign[Branch],)
    users = {
        "administrator": factories.make_user(Role.ADMINISTRATOR),
        "supervisor": factories.make_user(Role.SUPERVISOR, here),
        "supervisor of the other branch": factories.make_user(Role.SUPERVISOR, there),
        "operator": factories.make_user(Role.OPERATOR, here),
        "viewer": factories.make_user(Role.VIEWER, here),
    }
    return House(users=users, own=own, foreign=foreign)


def fingerprint() -> dict[str, str | None]:
    """Return what every table holds, but for what visits leave behind: sessions and the time of a token's use."""
    with connection.cursor() as cursor:
        tables = [name for name in connection.introspection.table_names(cursor) if name != "django_session"]
        found = {}
        for table in tables:
            cursor.execute(f'SELECT md5(string_agg(row::text, chr(10) ORDER BY row::text)) FROM "{table}" row')
            (found[table],) = cursor.fetchone()
    return found


def _rows(name: str, tag: Tag) -> dict[type[Model], Any]:
    company = Company.objects.create(name=f"Instituto {name}")
    branch = Branch.objects.create(company=company, name=name, slug=name.lower())
    document = CompanyDocument(company=company, name=f"Aranceles {name}")
    document.file.save("aranceles.pdf", ContentFile(b"%PDF-1.4"))
    colleague = factories.make_user(Role.OPERATOR, (branch,), name=f"Colega {name}")
    factories.make_token(colleague)
    account = factories.make_account(name=f"Cuenta {name}")
    inbox = factories.make_inbox(account, branch, name=f"Canal {name}")
    received = factories.receive(inbox, f"Hola desde {name}", sender=f"54938755{len(name):05}", name=f"Ana de {name}")
    conversation = received.conversation
    PersonTag.objects.create(person=conversation.person, tag=tag)
    message = _failed_message(conversation)
    event = _event(account)
    suggestion = factories.make_suggestion(
        conversation, f"Hola, te escribo de {name}", state="edited", sent_text="Hola"
    )
    return {
        Company: company,
        Branch: branch,
        CompanyDocument: document,
        User: colleague,
        ApiToken: ApiToken.objects.get(user=colleague),
        ProviderAccount: account,
        Inbox: inbox,
        WebhookEvent: event,
        DeadLetter: DeadLetter.objects.create(event=event, path="entry[0]", error_class="ValueError"),
        Respondent: _respondent(conversation),
        Suggestion: suggestion,
        Completion: factories.make_completion(suggestion),
        Person: conversation.person,
        Identity: conversation.identity,
        Conversation: conversation,
        Message: message,
        SendAttempt: SendAttempt.objects.create(message=message, number=1, token=uuid.uuid4(), outcome="uncertain"),
        PendingStatus: PendingStatus.objects.create(
            inbox=inbox, provider_message_id=f"wamid.{name}", status="read", at=received.occurred_at
        ),
        Attachment: Attachment.objects.create(
            message=received, kind="image", name="foto.jpg", mime_type="image/jpeg", size=3, file="foto.jpg"
        ),
    }


def _assistant() -> dict[type[Model], Any]:
    provider = AIProvider(name="Modelos", endpoint_url="https://models.example.com/v1")
    provider.credentials = {"api_key": "sk-of-the-house"}
    provider.save()
    param = AIParam.objects.create(name="Tono", slug="tono")
    AIValue.objects.create(param=param, name="Cercano", text="Escribí de vos.")
    return {
        AIProvider: provider,
        AIModel: AIModel.objects.create(provider=provider, name="modelo-1"),
        AIParam: param,
        AssistantSettings: AssistantSettings.objects.create(),
    }


def _respondent(conversation: Conversation) -> Respondent:
    respondent = Respondent.objects.create(conversation=conversation, seed=7)
    value = AIValue.objects.get()
    RespondentValue.objects.create(respondent=respondent, param=value.param, value=value)
    return respondent


def _failed_message(conversation: Conversation) -> Message:
    return Message.objects.create(
        conversation=conversation,
        inbox=conversation.inbox,
        direction="out",
        sender="operator",
        text="Queda lugar",
        dispatch="uncertain",
    )


def _event(account: ProviderAccount) -> WebhookEvent:
    return factories.make_event(account, BODY, headers={"host": "example.org"}, state="dead")
