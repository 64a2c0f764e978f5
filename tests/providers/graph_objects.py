"""What the Graph-shaped server knows besides messages: files, numbers, subscriptions, the phone's data.

In a test: `graph.objects.add_media(b"…", "image/jpeg")` gives an id as a webhook would name it; `uploads`, `receipts`,
`subscriptions` and `syncs` tell what we asked for; `script` says what becomes of the next requests, as for sends.
"""

import itertools
import json
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import BodyPartReader, web

from tests.providers.graph_behaviour import Behaviour, graph_error

MEGABYTE = 1024 * 1024

type Json = dict[str, Any]
type Handler = Callable[[web.Request], Awaitable[Behaviour]]

#: What may be uploaded; the largest size of each. Anything else is a document where it has a known type.
UPLOADS = {
    **dict.fromkeys(("audio/aac", "audio/mp4", "audio/mpeg", "audio/amr", "audio/ogg"), 16 * MEGABYTE),
    **dict.fromkeys(("image/jpeg", "image/png"), 5 * MEGABYTE),
    **dict.fromkeys(("video/mp4", "video/3gpp"), 16 * MEGABYTE),
    "image/webp": 500 * 1024,
    **dict.fromkeys(("application/pdf", "text/plain"), 100 * MEGABYTE),
}


@dataclass(slots=True, kw_only=True)
class StoredMedia:
    """A file at the server, uploaded by us or sent by a person."""

    content: bytes = field(repr=False)
    mime_type: str
    name: str = ""
    is_gone: bool = False
    links: set[str] = field(default_factory=set)  #: those that still work


class GraphObjects:
    """Everything Graph keeps for one app."""

    def __init__(self) -> None:
        self.media: dict[str, StoredMedia] = {}
        self.uploads: list[StoredMedia] = []
        self.downloads: list[str] = []  #: the ids, one for each file given
        self.receipts: list[Json] = []
        self.subscriptions: list[Json] = []  #: what each subscribed app overrides: {} or the URL and token
        self.syncs: list[Json] = []
        self.phones: dict[str, Json] = {
            "1060403000001": {
                "id": "1060403000001",
                "display_phone_number": "+54 387 444-0000",
                "verified_name": "Academia del Sol",
                "status": "CONNECTED",
                "quality_rating": "GREEN",
                "platform_type": "CLOUD_API",
                "is_on_biz_app": False,
                "code_verification_status": "VERIFIED",
            }
        }
        self.users = {"me": {"id": "122100000", "name": "Mostrador"}}
        self.wabas = {"102030405060708": {"id": "102030405060708", "name": "Academia del Sol"}}
        self._script: deque[Behaviour] = deque()
        self._numbers = itertools.count(1)

    def script(self, *behaviours: Behaviour) -> None:
        """Say what becomes of the next requests that are no sends; then the usual again."""
        self._script.extend(behaviours)

    def add_media(self, content: bytes, mime_type: str, *, name: str = "") -> str:
        """Keep a file as if a person had sent it; return its id."""
        media_id = f"7700000{next(self._numbers):06d}"
        self.media[media_id] = StoredMedia(content=content, mime_type=mime_type, name=name)
        return media_id

    def expire_links(self) -> None:
        """Let every link given so far be too old."""
        for media in self.media.values():
            media.links.clear()

    def routes(self, base_url: Callable[[], str], answer: Callable[..., Awaitable[web.StreamResponse]]) -> list[Any]:
        """Return the routes; `answer` writes a Behaviour, `base_url` is known once the server listens."""
        self._base_url = base_url

        def scripted(handler: Handler) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
            async def handle(request: web.Request) -> web.StreamResponse:
                behaviour = await handler(request)  # read before answering, as a server does
                return await answer(request, self._script.popleft() if self._script else behaviour)

            return handle

        return [
            web.post("/{version}/{phone}/media", scripted(self._upload)),
            web.get("/_media/{media}/{link}", self._download),
            web.post("/{version}/{waba}/subscribed_apps", scripted(self._subscribe)),
            web.get("/{version}/{waba}/subscribed_apps", scripted(self._subscribed)),
            web.get("/{version}/{waba}/phone_numbers", scripted(self._phone_numbers)),
            web.post("/{version}/{phone}/smb_app_data", scripted(self._sync)),
            web.get("/{version}/{object}", scripted(self._object)),
        ]

    # Files ---------------------------------------------------------------------------------

    async def _upload(self, request: web.Request) -> Behaviour:
        fields: dict[str, str] = {}
        stored: StoredMedia | None = None
        async for part in await request.multipart():
            assert isinstance(part, BodyPartReader)
            if part.name == "file":
                stored = StoredMedia(
                    content=await part.read(), mime_type=part.headers.get("Content-Type", ""), name=part.filename or ""
                )
            else:
                fields[part.name or ""] = await part.text()
        if fields.get("messaging_product") != "whatsapp" or stored is None:
            return graph_error(100)
        limit = UPLOADS.get(stored.mime_type.partition(";")[0])
        if limit is None or stored.name.endswith(".opus"):
            return graph_error(100, message="(#100) Param file must be a file with one of the following types: …")
        if len(stored.content) > limit:
            return graph_error(100, message="(#100) Media upload error")
        self.uploads.append(stored)
        media_id = f"8800000{next(self._numbers):06d}"
        self.media[media_id] = stored
        return _json({"id": media_id})

    def _resolved(self, media_id: str, media: StoredMedia) -> Behaviour:
        if media.is_gone:
            return no_such_object()
        link = f"link{next(self._numbers)}"
        media.links.add(link)
        return _json(
            {
                "messaging_product": "whatsapp",
                "url": f"{self._base_url()}/_media/{media_id}/{link}",
                "mime_type": media.mime_type,
                "sha256": "not-checked",
                "file_size": str(len(media.content)),
                "id": media_id,
            }
        )

    async def _download(self, request: web.Request) -> web.Response:
        media_id = request.match_info["media"]
        media = self.media.get(media_id)
        if media is None or request.match_info["link"] not in media.links:
            return web.Response(status=404)
        if not request.headers.get("Authorization", "").startswith("Bearer "):
            return web.Response(status=401, text="<html>Log in</html>", content_type="text/html")
        self.downloads.append(media_id)
        return web.Response(body=media.content, headers={"Content-Type": media.mime_type})

    # Numbers and accounts ------------------------------------------------------------------

    async def _object(self, request: web.Request) -> Behaviour:
        name = request.match_info["object"]
        if name in self.media:
            return self._resolved(name, self.media[name])
        found = self.phones.get(name) or self.wabas.get(name) or self.users.get(name)
        if found is None:
            return no_such_object()
        wanted = request.query.get("fields", "id").split(",")
        return _json({key: value for key, value in found.items() if key in {"id", *wanted}})

    async def _phone_numbers(self, request: web.Request) -> Behaviour:
        if request.match_info["waba"] not in self.wabas:
            return no_such_object()
        return _json({"data": list(self.phones.values())})

    async def _subscribe(self, request: web.Request) -> Behaviour:
        if request.match_info["waba"] not in self.wabas:
            return no_such_object()
        body = await request.read()
        self.subscriptions = [json.loads(body) if body else {}]
        return _json({"success": True})

    async def _subscribed(self, request: web.Request) -> Behaviour:
        if request.match_info["waba"] not in self.wabas:
            return no_such_object()
        return _json(
            {
                "data": [
                    {"whatsapp_business_api_data": {"id": "990011", "name": "Mostrador", "link": "https://…"}, **item}
                    for item in self.subscriptions
                ]
            }
        )

    async def _sync(self, request: web.Request) -> Behaviour:
        """Take each kind of synchronization once, as Meta does."""
        body = await request.json()
        known = {item["sync_type"] for item in self.syncs}
        if body.get("sync_type") not in {"smb_app_state_sync", "history"}:
            return graph_error(100)
        if body["sync_type"] in known:
            return graph_error(2593107)
        self.syncs.append(body)
        return _json({"messaging_product": "whatsapp", "request_id": f"REQ{len(self.syncs)}"})


def no_such_object() -> Behaviour:
    """What Graph says of an id it does not know, or does not know any more."""
    return graph_error(100, error_subcode=33, message="Unsupported get request. Object does not exist.")


def _json(content: Json) -> Behaviour:
    return Behaviour(delivers=False, body=json.dumps(content))
