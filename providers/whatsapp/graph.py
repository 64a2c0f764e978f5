"""Calls to Graph that are no sends: they may be repeated, and a lost answer costs nothing."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from providers.base import FileSource, Reader
from providers.errors import (
    NotSent,
    RefusedForNow,
    Rejected,
    SendError,
    UncertainSend,
    Unreachable,
    UnreadablePayload,
)
from providers.meta import Rule, read_object, send_error
from providers.types import FailureReason, HttpAnswer
from providers.whatsapp import codes

_ID = re.compile(r"[A-Za-z0-9_-]{1,255}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """Graph for one token."""

    url: str
    version: str
    token: str = field(repr=False)

    @property
    def authorization(self) -> dict[str, str]:
        """Return the header that proves who we are; only for hosts of Meta's."""
        return {"Authorization": f"Bearer {self.token}"}

    def address(self, object_id: str, rest: str = "") -> str:
        """Return the address of an object, or of what is below it. Raises Rejected for what is no id."""
        if not _ID.fullmatch(object_id):
            raise Rejected("wrong_id", "This is no id of Graph's.")
        return f"{self.url.rstrip('/')}/{self.version}/{object_id}{rest}"

    async def get(self, client: Reader, object_id: str, rest: str = "") -> dict[str, Any]:
        """Return what an object says. Raises SendError, never UncertainSend."""
        address = self.address(object_id, rest)
        try:
            answer = await client.get(address, headers=self.authorization)
        except Unreachable as error:
            raise NotSent(error.code, http_status=error.http_status) from error
        return _object_of(answer)

    async def post(self, client: Reader, object_id: str, rest: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return what came of an order. Raises SendError, never UncertainSend."""
        address = self.address(object_id, rest)
        headers = self.authorization | {"Content-Type": "application/json"}
        try:
            answer = await client.post(address, json.dumps(body).encode(), headers=headers)
        except UncertainSend as error:
            raise _again(error) from error
        return _object_of(answer)

    async def post_file(
        self, client: Reader, object_id: str, rest: str, fields: Mapping[str, str], file: FileSource
    ) -> dict[str, Any]:
        """Return what came of a file. Raises SendError, never UncertainSend."""
        address = self.address(object_id, rest)
        try:
            answer = await client.post_file(address, fields, file, headers=self.authorization)
        except Unreachable as error:
            raise NotSent(error.code, http_status=error.http_status) from error
        return _object_of(answer, codes.UPLOAD_RULES)


def _object_of(answer: HttpAnswer, rules: Mapping[int, Rule] = codes.RULES) -> dict[str, Any]:
    if answer.status == 200:
        try:
            return read_object(answer.body)
        except UnreadablePayload as error:
            raise RefusedForNow("unreadable_answer", http_status=200) from error
    refusal = send_error(answer, rules)
    raise _again(refusal) if isinstance(refusal, UncertainSend) else refusal


def _again(error: SendError) -> RefusedForNow:
    """Return the error for an unknown outcome that does not matter: it may simply be done again."""
    return RefusedForNow(
        error.code,
        error.text,
        reason=FailureReason.BUSY,
        http_status=error.http_status,
        trace_id=error.trace_id,
        retry_after=error.retry_after,
    )
