"""Asking a model: one request, its deadlines, and what its faults are called."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from apps.assistant.client.addresses import endpoint_problem
from apps.assistant.client.hearing import Hearing
from apps.assistant.client.requests import Shape, body_of, turns_of
from apps.assistant.types import Answer, Endpoint, Failure, ModelError, Prompt

if TYPE_CHECKING:
    from apps.assistant.client.transport import Connections

LAST_WORD_SECONDS = 1.0
"""How long the cost of an answer is waited for that has ended."""


class Client:
    """A client for one event loop; use it as an async context manager.

    It remembers until then what an endpoint did not understand.
    """

    def __init__(self) -> None:
        self._connections: Connections | None = None
        self._shapes: dict[tuple[str, str, bool], Shape] = {}

    async def __aenter__(self) -> Self:
        # openai takes a while to load, and threads of its own do not survive a fork.
        from apps.assistant.client.transport import Connections  # noqa: PLC0415

        self._connections = Connections()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._connections is not None:
            await self._connections.close()
        self._connections = None

    async def ask(
        self,
        endpoint: Endpoint,
        prompt: Prompt,
        *,
        first_text_seconds: float,
        deadline_seconds: float,
        on_text: Callable[[str], None],
    ) -> Answer:
        """Return what a model answers; `on_text` gets the answer to the person so far, whenever it grew.

        Raises: ModelError, and nothing else for whatever a provider does.
        """
        if problem := endpoint_problem(endpoint.base_url):
            raise ModelError(Failure.UNREACHABLE, f"endpoint_{problem}")
        turns = await turns_of(prompt, with_pictures=endpoint.reads_images)
        hearing = Hearing(on_text)
        try:
            await self._hear_out(endpoint, prompt, turns, hearing, first_text_seconds, deadline_seconds)
            return hearing.answer(prompt)
        except ModelError as error:
            error.request_id = error.request_id or hearing.request_id
            error.raw = hearing.raw
            error.usage = hearing.usage(prompt) if hearing.has_begun else None
            raise

    async def _hear_out(
        self,
        endpoint: Endpoint,
        prompt: Prompt,
        turns: list[dict[str, Any]],
        hearing: Hearing,
        first_text_seconds: float,
        deadline_seconds: float,
    ) -> None:
        """Listen until the answer has ended, or time has. Raises ModelError."""
        deadline = asyncio.get_running_loop().time() + deadline_seconds
        first_text = deadline - deadline_seconds + min(first_text_seconds, deadline_seconds)
        patience = asyncio.timeout_at(first_text)
        try:
            async with patience:
                await self._converse(endpoint, prompt, turns, _Listener(hearing, patience, deadline))
        except TimeoutError:
            if not hearing.finish_reason:
                detail = "no_last_word" if hearing.has_begun else "no_first_word"
                raise ModelError(Failure.TOO_SLOW, detail) from None

    async def _converse(
        self, endpoint: Endpoint, prompt: Prompt, turns: list[dict[str, Any]], listener: "_Listener"
    ) -> None:
        """Ask, and once more without what the endpoint does not understand."""
        from apps.assistant.client.transport import BadRequest  # noqa: PLC0415

        key = (endpoint.base_url, endpoint.model, endpoint.takes_schema)
        shape = self._shapes.get(key, Shape(has_schema=endpoint.takes_schema))
        for is_last in (False, True):
            try:
                await listener.listen(self._opened(), endpoint, body_of(endpoint, prompt, turns, shape))
            except BadRequest as refused:
                simpler = None if is_last else shape.without(refused.param)
                if simpler is None:
                    raise refused.error from None
                shape = simpler
            else:
                break
        self._shapes[key] = shape

    def _opened(self) -> "Connections":
        if self._connections is None:
            raise RuntimeError("Client is used outside its `async with`.")
        return self._connections


class _Listener:
    """Hears one answer out, with the patience that is left at each moment."""

    def __init__(self, hearing: Hearing, patience: asyncio.Timeout, deadline: float) -> None:
        self._hearing = hearing
        self._patience = patience
        self._deadline = deadline

    async def listen(self, connections: "Connections", endpoint: Endpoint, body: dict[str, Any]) -> None:
        """Take every piece of what is said. Raises ModelError, BadRequest."""
        async with aclosing(connections.ask(endpoint, body)) as pieces:
            async for piece in pieces:
                if isinstance(piece, str):
                    self._hearing.request_id = piece
                else:
                    self._hearing.take(piece)
                    self._wait_on()

    def _wait_on(self) -> None:
        """Wait for the end of what has begun; for what comes behind the end only a moment."""
        if self._hearing.finish_reason:
            soon = asyncio.get_running_loop().time() + LAST_WORD_SECONDS
            self._patience.reschedule(min(soon, self._deadline))
        elif self._hearing.has_begun:
            self._patience.reschedule(self._deadline)
