"""What a file is, by its content. Names and claims of whoever sent it decide nothing.

What a browser is ever allowed to show is recognised here, strictly; the long tail is for puremagic, whose word is
good enough to name a document that is only handed over for saving.
"""

import mimetypes
import re
from pathlib import PurePath
from typing import BinaryIO

import puremagic

OCTETS = "application/octet-stream"
HEAD_BYTES = 64 * 1024
BOX_BYTES = 4 * 1024 * 1024
UNSAFE = re.compile(r"text/(html|xml|javascript)|image/svg\+xml|application/(xhtml\+xml|xml|javascript|x-.*exec.*)")
"""What could act, in a browser or on a computer."""
MARKUP = re.compile(rb"<\s*(script|html|iframe|!doctype\s+html|svg[\s>])|<\?php", re.IGNORECASE)
_SIMPLE = (
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "image/webp"),
    (re.compile(rb"RIFF....WAVE", re.DOTALL), "audio/wav"),
    (re.compile(rb"RIFF....AVI ", re.DOTALL), "video/x-msvideo"),
    (re.compile(rb"#!AMR(-WB)?\n"), "audio/amr"),
    (re.compile(rb"fLaC"), "audio/flac"),
    (re.compile(rb"ID3[\x02-\x04]|\xff[\xfb\xf3\xf2\xfa]"), "audio/mpeg"),
    (re.compile(rb"\xff[\xf1\xf9]"), "audio/aac"),
    (re.compile(rb"%PDF-\d"), "application/pdf"),
    (re.compile(rb"MZ|\x7fELF|#!|\xca\xfe\xba\xbe|\xcf\xfa\xed\xfe"), "application/x-executable"),
)
_BRANDS = {b"qt  ": "video/quicktime", b"heic": "image/heic", b"heix": "image/heic", b"mif1": "image/heic"}
_TEXTS = {".csv": "text/csv", ".vcf": "text/vcard", ".ics": "text/calendar"}
_ENDINGS = {
    "audio/ogg": ".ogg",
    "audio/mp4": ".m4a",
    "audio/mpeg": ".mp3",
    "audio/webm": ".weba",
    "image/jpeg": ".jpg",
    "text/plain": ".txt",
    OCTETS: "",
}


def type_of(file: BinaryIO, name: str = "") -> str:
    """Return the type of a file; its name only tells kinds of plain text from each other."""
    file.seek(0)
    head = file.read(HEAD_BYTES)
    if known := next((mime_type for magic, mime_type in _SIMPLE if magic.match(head)), ""):
        return known
    if head.startswith(b"OggS"):
        return "video/ogg" if b"\x80theora" in head else "audio/ogg"
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "video/webm" if re.search(rb"V_(VP|AV1|MPEG|MS/)", head) else "audio/webm"
    if head[4:8] == b"ftyp":
        return _of_boxes(file, head)
    if (text := _text(head)) is not None:
        return _of_text(text, name)
    return _of_magic(head, name)


def family(mime_type: str) -> str:
    """Return image, audio, video, or nothing for what is a document."""
    first = mime_type.partition("/")[0]
    return first if first in {"image", "audio", "video"} and not UNSAFE.fullmatch(mime_type) else ""


def claimed_type(name: str) -> str:
    """Return what the ending of a name claims; nothing if it claims nothing."""
    return mimetypes.guess_type(f"x{PurePath(name).suffix.lower()}")[0] or ""


def with_ending(name: str, mime_type: str) -> str:
    """Return a name whose ending says what the file is."""
    path = PurePath(name or "file")
    if mime_type == OCTETS or mimetypes.guess_type(path.name)[0] == mime_type or path.suffix == _ENDINGS.get(mime_type):
        return path.name
    ending = _ENDINGS.get(mime_type) or mimetypes.guess_extension(mime_type) or ""
    return f"{path.stem if ending and claimed_type(name) else path.name}{ending}"


def has_markup(file: BinaryIO) -> bool:
    """Tell whether markup that could act is hidden in a file of another type."""
    return holds(file, MARKUP)


def holds(file: BinaryIO, mark: re.Pattern[bytes]) -> bool:
    """Tell whether something short stands anywhere in a file."""
    file.seek(0)
    rest = b""
    while chunk := file.read(1024 * 1024):
        if mark.search(rest + chunk):
            return True
        rest = chunk[-32:]
    return False


def _of_boxes(file: BinaryIO, head: bytes) -> str:
    """Read the boxes of an MP4 relative: it is a video only if it has a picture track."""
    brand = head[8:12]
    if brand in _BRANDS:
        return _BRANDS[brand]
    if brand[:3] == b"avi":
        return "image/avif"
    if b"vide" not in _movie(file):
        return "audio/mp4"
    return "video/3gpp" if brand[:3] == b"3gp" else "video/mp4"


def _movie(file: BinaryIO) -> bytes:
    """Return the box that tells of tracks; it may stand at the end."""
    at = 0
    for _box in range(64):
        file.seek(at)
        header = file.read(16)
        if len(header) < 8:
            break
        size, start = int.from_bytes(header[:4]), 8
        if size == 1:
            size, start = int.from_bytes(header[8:16]), 16
        if header[4:8] == b"moov":
            file.seek(at + start)
            return file.read(BOX_BYTES if size == 0 else min(size, BOX_BYTES))
        if size < start:
            break
        at += size
    return b""


def _text(head: bytes) -> str | None:
    """Return the head as text, unless it is none."""
    encoding = "utf-16" if head.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        text = head.decode(encoding)
    except UnicodeDecodeError as error:
        if len(head) < HEAD_BYTES or error.start < len(head) - 4:
            return None
        text = head[: error.start].decode(encoding, "ignore")
    return text if all(letter.isprintable() or letter in "\t\r\n\f\v" for letter in text) else None


def _of_text(text: str, name: str) -> str:
    start = text.lstrip()[:4096].lower()
    if start.startswith("%pdf-"):
        return "text/plain"
    if start.startswith("<"):
        if re.search(r"<svg[\s>]", start):
            return "image/svg+xml"
        return "text/xml" if start.startswith("<?xml") and "<html" not in start else "text/html"
    return _TEXTS.get(PurePath(name).suffix.lower(), "text/plain")


def _of_magic(head: bytes, name: str) -> str:
    try:
        found = puremagic.magic_string(head)
    except (puremagic.PureError, ValueError):
        return OCTETS
    claimed = claimed_type(name)
    types = [match.mime_type for match in found if match.mime_type and not family(match.mime_type)]
    best = claimed if claimed in types else next(iter(types), "")
    return best if re.fullmatch(r"[a-z]+/[a-z0-9.+-]+", best) else OCTETS
