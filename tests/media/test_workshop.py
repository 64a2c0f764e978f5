"""Files are looked into and made over in a process with limits; what breaks them has no preview."""

import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import av
import pytest
from PIL import Image

from apps.core.workshop import run
from apps.core.workshop.run import WorkFailed
from tests.media.samples import GPS, VOICES, animation, film, photo, picture, png, sound


def written(folder: Path, content: bytes) -> Path:
    path = folder / "source"
    path.write_bytes(content)
    return path


def looked_into(folder: Path, content: bytes, mime_type: str) -> dict[str, object]:
    return run.look_into(written(folder, content), mime_type=mime_type, thumbnail=folder / "small")


def test_a_photo_is_upright_and_its_small_picture_tells_nothing(tmp_path: Path):
    content = photo((1200, 800), orientation=6)
    assert GPS.encode() in content

    assert looked_into(tmp_path, content, "image/jpeg") == {"width": 800, "height": 1200}

    with Image.open(tmp_path / "small") as small:
        assert (small.format, small.size, dict(small.getexif())) == ("WEBP", (320, 480), {})


@pytest.mark.parametrize("kind", ["PNG", "GIF", "WEBP"])
def test_every_picture_gets_a_small_one(tmp_path: Path, kind: str):
    found = looked_into(tmp_path, picture(kind, (30, 20), "P" if kind == "GIF" else "RGBA", 3), f"image/{kind.lower()}")
    assert found == {"width": 30, "height": 20}
    with Image.open(tmp_path / "small") as small:
        assert small.size == (30, 20)


@pytest.mark.parametrize(
    ("mime_type", "make"),
    [
        ("audio/webm", VOICES["chrome"][1]),
        ("audio/mp4", VOICES["safari"][1]),
        ("audio/ogg", lambda: sound("ogg", "libopus")),
        ("audio/mpeg", lambda: sound("mp3", "mp3", rate=44100)),
    ],
)
def test_a_sound_has_a_length_and_64_bars(tmp_path: Path, mime_type: str, make: Callable[[], bytes]):
    found = looked_into(tmp_path, make(), mime_type)
    length, bars = found["duration_ms"], found["waveform"]
    assert isinstance(length, int)
    assert isinstance(bars, list)
    assert 980 <= length <= 1060
    assert (len(bars), max(bars), min(bars) >= 0) == (64, 100, True)
    assert sum(bars[:16]) < sum(bars[16:32]) < sum(bars[32:48])
    assert not (tmp_path / "small").exists()


def test_silence_has_flat_bars(tmp_path: Path):
    silence = struct.pack(
        "<4sI4s4sIHHIIHH4sI", b"RIFF", 16036, b"WAVE", b"fmt ", 16, 1, 1, 8000, 16000, 2, 16, b"data", 16000
    )
    found = looked_into(tmp_path, silence + bytes(16000), "audio/wav")
    assert found == {"duration_ms": 1000, "waveform": [0] * 64}


def test_a_film_has_a_size_a_length_and_a_picture(tmp_path: Path):
    assert looked_into(tmp_path, film(), "video/mp4") == {"width": 64, "height": 48, "duration_ms": 1000}
    with Image.open(tmp_path / "small") as small:
        assert small.size == (64, 48)


def flood() -> bytes:
    """A PNG of a few bytes that says it has 50,000 × 50,000 pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    size = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(1_000_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def playlist(folder: Path) -> bytes:
    """A list of other files, which a library that guesses would open."""
    (folder / "secret.ts").write_bytes(film())
    return f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://{folder}/secret.ts\n#EXT-X-ENDLIST\n".encode()


@pytest.mark.parametrize(
    ("_case", "make", "mime_type"),
    [
        ("pixel flood", lambda _folder: flood(), "image/png"),
        ("half a photo", lambda _folder: photo()[:200], "image/jpeg"),
        ("not what it says", lambda _folder: b"<svg/>", "image/png"),
        ("eps for the interpreter", lambda _folder: b"%!PS-Adobe-3.0 EPSF-3.0\n", "image/png"),
        ("half a sound", lambda _folder: sound("mp4", "aac", rate=44100)[:300], "audio/mp4"),
        ("a list of other files", playlist, "audio/ogg"),
        ("a list as film", playlist, "video/mp4"),
        ("a film without a track", lambda _folder: b"\0\0\0\x18ftypisom\0\0\0\0isom", "video/mp4"),
        ("a type nobody reads", lambda _folder: b"hola", "video/unheard-of"),
        ("a picture in a sound", lambda _folder: png(), "audio/mpeg"),
    ],
)
def test_what_cannot_be_read_has_no_preview(tmp_path: Path, _case: str, make: Callable[[Path], bytes], mime_type: str):
    with pytest.raises(WorkFailed) as caught:
        looked_into(tmp_path, make(tmp_path), mime_type)
    assert caught.value.code == "unreadable"


def test_only_the_first_of_many_frames_is_read(tmp_path: Path):
    assert looked_into(tmp_path, animation(1500), "image/webp") == {"width": 4, "height": 4}


def test_the_process_is_ended_where_its_limits_are(tmp_path: Path):
    order = {"do": "look_into", "source": str(written(tmp_path, photo())), "mime_type": "image/jpeg", "target": "/x"}
    with pytest.raises(WorkFailed) as caught:
        run._work(order, seconds=10, megabytes=20)
    assert caught.value.code in {"unreadable", "too_much"}


def test_the_process_knows_nothing_of_ours(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SECRET_KEY", "x")
    assert not {"SECRET_KEY", "DATABASE_URL"} & {*run.ENVIRONMENT}
    assert "SECRET_KEY" in os.environ


@pytest.mark.parametrize("browser", VOICES)
@pytest.mark.parametrize(
    ("into", "format_name", "codec"),
    [("audio/ogg", "ogg", "opus"), ("audio/mp4", "mov,mp4,m4a,3gp,3g2,mj2", "aac"), ("audio/mpeg", "mp3", "mp3")],
)
def test_a_voice_of_a_browser_becomes_what_channels_take(
    tmp_path: Path, browser: str, into: str, format_name: str, codec: str
):
    source, target = written(tmp_path, VOICES[browser][1]()), tmp_path / "made"
    run.convert_sound(
        source, mime_type={"chrome": "audio/webm", "safari": "audio/mp4"}[browser], target=target, into=into
    )
    with av.open(str(target)) as made:
        stream = made.streams.audio[0]
        found = (made.format.name, stream.codec_context.name.removesuffix("float"), stream.channels)
        samples = sum(frame.samples for frame in made.decode(stream))
    assert found == (format_name, codec, 1)
    assert 0.95 < samples / stream.rate < 1.2


def test_a_picture_is_made_over_without_what_the_camera_told(tmp_path: Path):
    target = tmp_path / "made"
    run.convert_picture(written(tmp_path, photo((60, 40))), target=target, into="image/jpeg", max_bytes=100_000)
    assert GPS.encode() not in target.read_bytes()
    with Image.open(target) as made:
        assert (made.format, made.size, dict(made.getexif())) == ("JPEG", (40, 60), {})


def test_a_clear_picture_gets_white_paper_where_the_format_has_none(tmp_path: Path):
    target = tmp_path / "made"
    source = written(tmp_path, picture("PNG", (20, 20), "RGBA", (0, 0, 0, 0)))
    run.convert_picture(source, target=target, into="image/jpeg", max_bytes=100_000)
    with Image.open(target) as made:
        assert (made.mode, made.getpixel((5, 5))) == ("RGB", (255, 255, 255))


def test_a_picture_becomes_smaller_until_it_fits(tmp_path: Path):
    noise = Image.effect_noise((900, 900), 90).convert("RGB")
    noise.save(tmp_path / "noise.png")
    target = tmp_path / "made"
    run.convert_picture(tmp_path / "noise.png", target=target, into="image/jpeg", max_bytes=100_000)
    assert target.stat().st_size <= 100_000
    with Image.open(target) as made:
        assert 300 <= made.width < 900


def test_a_sticker_is_a_square(tmp_path: Path):
    target = tmp_path / "made"
    run.convert_picture(written(tmp_path, png()), target=target, into="image/webp", max_bytes=100_000, side=512)
    with Image.open(target) as made:
        assert (made.format, made.size, made.convert("RGBA").getpixel((0, 0))[3]) == ("WEBP", (512, 512), 0)  # type: ignore[index]


def test_a_photo_too_large_for_a_preview_can_still_leave(tmp_path: Path):
    Image.new("L", (8000, 5100)).save(tmp_path / "large.jpg")
    with pytest.raises(WorkFailed):
        run.look_into(tmp_path / "large.jpg", mime_type="image/jpeg", thumbnail=tmp_path / "small")
    run.convert_picture(tmp_path / "large.jpg", target=tmp_path / "made", into="image/jpeg", max_bytes=5_000_000)
    assert (tmp_path / "made").stat().st_size <= 5_000_000
