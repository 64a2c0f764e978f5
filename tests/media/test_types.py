"""What a file is, is found in its content."""

import io
from collections.abc import Callable

import pytest

from apps.core.file_types import has_markup, type_of, with_ending
from tests.media.samples import archive, film, photo, picture, sound

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pytest.mark.parametrize(
    ("_case", "make", "name", "found"),
    [
        ("jpeg", photo, "x.png", "image/jpeg"),
        ("png", picture, "x.html", "image/png"),
        ("gif", lambda: picture("GIF"), "", "image/gif"),
        ("webp", lambda: picture("WEBP"), "", "image/webp"),
        ("avif", lambda: picture("AVIF"), "", "image/avif"),
        ("chrome voice", lambda: sound("webm", "libopus"), "voice.webm", "audio/webm"),
        ("safari voice", lambda: sound("mp4", "aac", rate=44100), "voice.mp4", "audio/mp4"),
        ("ogg", lambda: sound("ogg", "libopus"), "", "audio/ogg"),
        ("mp3", lambda: sound("mp3", "mp3", rate=44100), "", "audio/mpeg"),
        ("wav", lambda: sound("wav", "pcm_s16le"), "", "audio/wav"),
        ("aac", lambda: sound("adts", "aac", rate=44100), "", "audio/aac"),
        ("film", film, "x.m4a", "video/mp4"),
        ("amr", lambda: b"#!AMR\n\x3c", "", "audio/amr"),
        ("pdf", lambda: b"%PDF-1.7\n%\xe2\xe3", "x.jpg", "application/pdf"),
        ("docx", lambda: archive("[Content_Types].xml", "word/document.xml"), "x.docx", DOCX),
        ("xlsx", lambda: archive("[Content_Types].xml", "xl/workbook.xml"), "x.xlsx", XLSX),
        ("zip", lambda: archive("a.txt"), "x.zip", "application/zip"),
        ("text", lambda: "Año\n".encode(), "x.txt", "text/plain"),
        ("text that claims to be a picture", lambda: b"Hola", "x.jpg", "text/plain"),
        ("utf-16", lambda: "Año".encode("utf-16"), "", "text/plain"),
        ("long text", lambda: "ñ".encode() * 70_000, "", "text/plain"),
        ("csv", lambda: b"a,b\n", "x.csv", "text/csv"),
        ("card", lambda: b"BEGIN:VCARD\r\nEND:VCARD\r\n", "x.vcf", "text/vcard"),
        ("html", lambda: b"<html><script>alert(1)</script>", "x.jpg", "text/html"),
        ("html after blanks", lambda: b"\xef\xbb\xbf \n<!-- x --><b>", "x.txt", "text/html"),
        ("svg", lambda: b'<?xml version="1.0"?><svg onload="x()">', "x.png", "image/svg+xml"),
        ("xml", lambda: b'<?xml version="1.0"?><a/>', "x.txt", "text/xml"),
        ("program", lambda: b"MZ\x90\0", "factura.pdf", "application/x-executable"),
        ("script", lambda: b"#!/bin/sh\nrm -rf /\n", "x.txt", "application/x-executable"),
        ("nothing known", lambda: b"\0\1\2\3", "x.jpg", "application/octet-stream"),
        ("half a box", lambda: b"\0\0\0\x18ftypisom\0\0\0", "", "audio/mp4"),
    ],
)
def test_the_content_says_what_it_is(_case: str, make: Callable[[], bytes], name: str, found: str):
    assert type_of(io.BytesIO(make()), name) == found


@pytest.mark.parametrize(
    ("name", "mime_type", "told"),
    [
        ("foto.png", "image/jpeg", "foto.jpg"),
        ("foto.jpeg", "image/jpeg", "foto.jpeg"),
        ("voice", "audio/ogg", "voice.ogg"),
        ("nota.opus", "audio/ogg", "nota.opus"),
        ("v1.2", "application/pdf", "v1.2.pdf"),
        ("plan.pdf", "application/pdf", "plan.pdf"),
        ("datos.bin", "application/octet-stream", "datos.bin"),
        ("", "text/plain", "file.txt"),
    ],
)
def test_the_ending_of_a_name_says_the_same(name: str, mime_type: str, told: str):
    assert with_ending(name, mime_type) == told


@pytest.mark.parametrize("markup", [b"<script>", b"< SCRIPT ", b"<html", b"<!doctype html", b"<svg ", b"<?php"])
def test_markup_is_found_wherever_it_hides(markup: bytes):
    far = b"x" * (1024 * 1024 - 3)
    assert has_markup(io.BytesIO(picture() + markup))
    assert has_markup(io.BytesIO(far + markup))
    assert not has_markup(io.BytesIO(photo()))
