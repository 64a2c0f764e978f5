"""Files: handed over by multipart before a message, fetched in two steps after one."""

from dataclasses import replace
from typing import BinaryIO, Final

from pydantic import ValidationError

from providers.base import FetchedFile, FileSource, HostRule, Reader
from providers.capabilities import MEGABYTE
from providers.contents import RemoteFile
from providers.errors import AuthFailed, MediaGone, RefusedForNow, Rejected, SendError, Unreachable
from providers.whatsapp import wire
from providers.whatsapp.graph import Graph

#: Where Meta keeps files; our token goes nowhere else.
HOSTS: Final = ("*.fbsbx.com", "*.fbcdn.net", "*.whatsapp.net")
MAX_BYTES: Final = 100 * MEGABYTE


async def upload(graph: Graph, client: Reader, *, phone_number_id: str, file: FileSource) -> str:
    """Hand over a file and return its id, good for 30 days at this number. Raises SendError.

    Graph believes the part's type and the name's ending, which must agree.
    """
    mime_type = file.mime_type.partition(";")[0].strip().lower()
    named = replace(file, mime_type=mime_type, name=_fit_name(file.name, mime_type))
    fields = {"messaging_product": "whatsapp", "type": mime_type}
    answer = await graph.post_file(client, phone_number_id, "/media", fields, named)
    try:
        return wire.UploadAnswer.model_validate(answer).id
    except ValidationError as error:
        raise RefusedForNow("no_media_id", "The answer names no file.", http_status=200) from error


async def fetch(graph: Graph, client: Reader, *, phone_number_id: str, file: RemoteFile, to: BinaryIO) -> FetchedFile:
    """Write a file that arrived into `to`: ask where it is, then get it from there.

    A link lives for minutes, an id for days: a link that does not work any more is asked for once again.
    Raises Unreachable, MediaGone, MediaRefused, AuthFailed.
    """
    rule = HostRule(hosts=HOSTS, base_url=graph.url, max_bytes=MAX_BYTES)
    if not file.media_id:
        if not file.url:
            raise MediaGone("no_file")
        return await client.download(file.url, headers=graph.authorization, rule=rule, to=to)
    for _ in range(2):
        link = await _resolve(graph, client, phone_number_id=phone_number_id, media_id=file.media_id)
        try:
            return await client.download(link, headers=graph.authorization, rule=rule, to=to)
        except MediaGone as error:
            last = error
    raise Unreachable("link_gone", http_status=last.http_status) from last  # the id still lives


async def _resolve(graph: Graph, client: Reader, *, phone_number_id: str, media_id: str) -> str:
    try:
        answer = await graph.get(client, media_id, f"?phone_number_id={phone_number_id}")
        return wire.MediaAnswer.model_validate(answer).url
    except AuthFailed:
        raise
    except Rejected as error:
        raise MediaGone(error.code, http_status=error.http_status) from error
    except SendError as error:
        raise Unreachable(error.code, http_status=error.http_status) from error
    except ValidationError as error:
        raise Unreachable("no_link", http_status=200) from error


def _fit_name(name: str, mime_type: str) -> str:
    """Return the name as Graph reads it: a file called .opus would be an audio/opus, which nobody takes."""
    stem, dot, ending = name.rpartition(".")
    if mime_type == "audio/ogg" and ending.lower() != "ogg":
        return f"{stem if dot else name}.ogg"
    return name or "file"
