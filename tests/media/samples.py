"""Real files, made here."""

import io
import math
import zipfile
from array import array
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from typing import Any

import av
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models.fields.files import FieldFile
from PIL import Image

GPS = "GPS of a school"


def content_of(stored: FieldFile) -> bytes:
    with stored.open("rb") as file:
        content: bytes = file.read()
    return content


def uploaded(name: str, content: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


@cache
def picture(kind: str = "PNG", size: tuple[int, int] = (30, 20), mode: str = "RGB", color: Any = "teal") -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, color).save(out, kind)
    return out.getvalue()


def png(size: tuple[int, int] = (30, 20)) -> bytes:
    return picture("PNG", size)


def photo(size: tuple[int, int] = (60, 40), *, orientation: int = 6) -> bytes:
    """A photo as a telephone takes it: lying on its side, and telling where it was."""
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = orientation, GPS
    Image.new("RGB", size, "teal").save(out, "JPEG", exif=exif)
    return out.getvalue()


def animation(frames: int) -> bytes:
    out = io.BytesIO()
    first, *others = [Image.new("RGB", (4, 4), (n % 256, n // 256 % 256, 0)) for n in range(frames)]
    first.save(out, "WEBP", save_all=True, append_images=others)
    return out.getvalue()


@cache
def sound(container: str, codec: str, *, rate: int = 48000, layout: str = "mono", seconds: float = 1.0) -> bytes:
    """A tone that grows louder from nothing."""
    out = io.BytesIO()
    with av.open(out, "w", format=container) as target:
        stream: Any = target.add_stream(codec, rate=rate, layout=layout)
        resample = av.AudioResampler(format=stream.format, layout=layout, rate=rate, frame_size=stream.frame_size or 0)
        count = int(rate * seconds)
        frame: Any = av.AudioFrame(format="s16", layout="mono", samples=count)
        frame.rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
        samples = array("h", (int(20000 * n / count * math.sin(n / 20)) for n in range(count)))
        frame.planes[0].update(samples.tobytes())
        for part in (*resample.resample(frame), *resample.resample(None), None):
            if part is None or part.samples:
                target.mux(stream.encode(part))
    return out.getvalue()


def film() -> bytes:
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as target:
        stream: Any = target.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(10):
            target.mux(stream.encode(av.VideoFrame.from_image(Image.new("RGB", (64, 48), "teal"))))
        target.mux(stream.encode(None))
    return out.getvalue()


def archive(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as target:
        for name in names:
            target.writestr(name, "<x/>" * 50)
    return out.getvalue()


VOICES: dict[str, tuple[str, Callable[[], bytes]]] = {
    "chrome": ("voice.webm", lambda: sound("webm", "libopus", layout="stereo")),
    "safari": ("voice.mp4", lambda: sound("mp4", "aac", rate=44100)),
}
