"""What a provider says, as far as we read it."""

from pydantic import BaseModel


class Words(BaseModel):
    """A piece of what a model says, or all of it."""

    content: str | None = None
    refusal: str | None = None


class Choice(BaseModel):
    """What was chosen to be said. In a stream it grows in `delta`; a whole answer has a `message`."""

    delta: Words | None = None
    message: Words | None = None
    finish_reason: str | None = None

    @property
    def words(self) -> Words:
        """What it says, whichever way."""
        return self.delta or self.message or Words()


class Tokens(BaseModel):
    """What it cost."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class Chunk(BaseModel):
    """One event of a stream, or a whole answer."""

    id: str | None = None
    choices: list[Choice] | None = None
    usage: Tokens | None = None
