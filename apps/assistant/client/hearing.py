"""What is heard of one answer while it comes."""

import time
from collections.abc import Callable

from apps.assistant.client.replies import is_complete, read_reply, words_so_far
from apps.assistant.client.tokens import MESSAGE_OVERHEAD, tokens_of
from apps.assistant.client.wire import Chunk, Tokens
from apps.assistant.types import Answer, Failure, ModelError, Prompt, Usage
from providers.meta import clean_id

LONGEST = 64 * 1024
PICTURE_TOKENS = 800


class Hearing:
    """One answer, from its first piece to its last."""

    def __init__(self, on_text: Callable[[str], None]) -> None:
        self.request_id = ""
        self.finish_reason = ""
        self._on_text = on_text
        self._began = time.monotonic()
        self._first_ms: int | None = None
        self._latency_ms = 0
        self._has_choices = False
        self._said = ""
        self._refusal = ""
        self._shown = ""
        self._tokens = Tokens()

    @property
    def has_begun(self) -> bool:
        """Whether anything was said."""
        return self._first_ms is not None

    @property
    def raw(self) -> str:
        """All that was said, as a database can hold it."""
        return clean_id(self._said or self._refusal)

    def take(self, chunk: Chunk) -> None:
        """Take the next piece and tell of it. Raises ModelError(UNREADABLE) for what has no end."""
        self._tokens = chunk.usage or self._tokens
        self._has_choices = self._has_choices or bool(chunk.choices)
        for choice in (chunk.choices or [])[:1]:
            words = choice.words
            self._hear(words.content or "", words.refusal or "")
            self.finish_reason = choice.finish_reason or self.finish_reason or ("stop" if choice.message else "")
        self._latency_ms = self._since()

    def answer(self, prompt: Prompt) -> Answer:
        """Return what it came to. Raises ModelError(BROKEN_OFF, REFUSED, EMPTY, UNREADABLE)."""
        if not self._has_choices:
            raise ModelError(Failure.UNREADABLE, "no_choices")
        if self.finish_reason == "error":
            raise ModelError(Failure.BROKEN_OFF, "error")
        if not self.finish_reason and not is_complete(self.raw):
            raise ModelError(Failure.BROKEN_OFF, "no_end")
        if self._refusal.strip() or self.finish_reason == "content_filter":
            raise ModelError(Failure.REFUSED, "content_filter" if self.finish_reason == "content_filter" else "refusal")
        raw = self.raw
        return Answer(
            reply=read_reply(raw, is_cut=self.finish_reason == "length"),
            raw=raw,
            usage=self.usage(prompt),
            request_id=self.request_id,
            first_text_ms=self._latency_ms if self._first_ms is None else self._first_ms,
            latency_ms=self._latency_ms,
        )

    def usage(self, prompt: Prompt) -> Usage:
        """Return what it cost as far as that is told, else about that."""
        read, written = self._tokens.prompt_tokens, self._tokens.completion_tokens
        if read is None or written is None:
            pictures = sum(len(turn.pictures) for turn in prompt.turns)
            told = [prompt.instructions, *(turn.text for turn in prompt.turns)]
            words = sum(tokens_of(text) + MESSAGE_OVERHEAD for text in told)
            return Usage(
                prompt_tokens=words + pictures * PICTURE_TOKENS,
                completion_tokens=tokens_of(self._said or self._refusal),
                is_estimated=True,
            )
        return Usage(prompt_tokens=max(read, 0), completion_tokens=max(written, 0))

    def _hear(self, content: str, refusal: str) -> None:
        if not content and not refusal:
            return
        if self._first_ms is None:
            self._first_ms = self._since()
        self._said += content
        self._refusal += refusal
        if len(self._said) + len(self._refusal) > LONGEST:
            raise ModelError(Failure.UNREADABLE, "too_large")
        words = words_so_far(self.raw) if not self._refusal else ""
        if words and words != self._shown:
            self._shown = words
            self._on_text(words)

    def _since(self) -> int:
        return round((time.monotonic() - self._began) * 1000)
