"""The assistant at work in a test: providers that are the model server, the engine of this process, and waiting."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from apps.assistant import engine
from apps.assistant.actions.providers import add_provider
from apps.assistant.models import AIProvider, AssistantSettings, Completion, Suggestion
from apps.conversations.models import Conversation, Message
from apps.core.actors import SYSTEM
from tests import jobs
from tests.assistant.model_server import ModelServer
from tests.waiting import eventually

State = Suggestion.State
OVER = (*(set(State) - {State.QUEUED, State.GENERATING}),)


def ask_at(server: ModelServer, name: str = "Modelos", *, model: str = "m-1", **fields: Any) -> AIProvider:
    """Make a provider that is this server; `fields` are columns of the provider."""
    provider = add_provider(name=name, endpoint_url=server.url, api_key=f"key-of-{name}", model=model, actor=SYSTEM)
    AIProvider.objects.filter(pk=provider.pk).update(**fields)
    provider.refresh_from_db()
    return provider


def settle(**fields: Any) -> None:
    """Change the settings of the assistant."""
    AssistantSettings.objects.update_or_create(pk=1, defaults=fields)


@contextmanager
def engine_only() -> Iterator[None]:
    """Let the test ring itself, by calling the tasks; in the end the engine of this process stops."""
    try:
        yield
    finally:
        engine.stop()


@contextmanager
def at_work() -> Iterator[None]:
    """Run the cluster of the assistant, and its engine, in this process."""
    with engine_only(), jobs.worker("ai"):
        yield


def newest(conversation: Conversation) -> Suggestion | None:
    """Return the newest suggestion of a conversation, whatever became of it."""
    return Suggestion.objects.filter(conversation=conversation.pk).order_by("-pk").first()


def wait_for(message: Message, state: str = State.SHOWN, *, within: float = 10) -> Suggestion:
    """Return the suggestion that answers a message once it is in this state."""
    rows = Suggestion.objects.filter(trigger=message.pk, state=state)
    what = f"a {state} suggestion"
    return eventually(lambda: rows.order_by("-pk").first(), within=within, what=what)


def outcomes_of(suggestion: Suggestion) -> list[tuple[str, str]]:
    """Return whom it was asked of and what came of it, one after the other."""
    log = Completion.objects.filter(suggestion=suggestion).order_by("pk")
    return list(log.values_list("provider_name", "outcome"))
