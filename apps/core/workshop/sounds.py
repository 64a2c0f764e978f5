"""Sounds and films, inside the workshop."""

from array import array
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any, cast

import av
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream

from apps.core.workshop import pictures

BARS = 64
RATE = 8000
STEP = RATE // 50  # 20 ms
FORMATS = {
    "audio/ogg": "ogg",
    "video/ogg": "ogg",
    "audio/webm": "matroska",
    "video/webm": "matroska",
    "audio/mp4": "mov",
    "video/mp4": "mov",
    "video/3gpp": "mov",
    "video/quicktime": "mov",
    "audio/mpeg": "mp3",
    "audio/aac": "aac",
    "audio/amr": "amr",
    "audio/flac": "flac",
    "audio/wav": "wav",
    "video/x-msvideo": "avi",
}
"""The one format each type is read as: left to guess, the library would follow playlists to other files."""
CODECS = {
    "audio/ogg": ("ogg", "libopus", 48000),
    "audio/mp4": ("mp4", "aac", 44100),
    "audio/mpeg": ("mp3", "mp3", 44100),
}
BIT_RATE = 32_000


def look_into(source: Path, *, mime_type: str, thumbnail: Path) -> dict[str, Any]:
    """Return how long a sound is and how loud where, or size and length of a film, of which a picture is written."""
    with _open(source, mime_type) as container:
        if container.streams.video:
            return _film(container, thumbnail)
        peaks = _peaks(container)
    return {"duration_ms": len(peaks) * 1000 * STEP // RATE, "waveform": waveform(peaks)}


def waveform(peaks: "array[int]") -> list[int]:
    """Return 64 bars of 0 to 100, the loudest of them 100."""
    if not peaks:
        return []
    count = len(peaks)
    bars = [max(peaks[n * count // BARS : max((n + 1) * count // BARS, n * count // BARS + 1)]) for n in range(BARS)]
    loudest = max(bars)
    return [round(bar * 100 / loudest) if loudest else 0 for bar in bars]


def convert(source: Path, *, mime_type: str, target: Path, into: str) -> dict[str, Any]:
    """Write the sound of a file again, with one channel."""
    name, codec, rate = CODECS[into]
    with _open(source, mime_type) as container, av.open(str(target), "w", format=name) as out:
        stream = cast(AudioStream, out.add_stream(codec, rate=rate, layout="mono"))
        stream.bit_rate = BIT_RATE if codec == "libopus" else 2 * BIT_RATE
        resampler = AudioResampler(format=stream.format, layout="mono", rate=rate, frame_size=stream.frame_size or 0)
        written = 0
        for frame in chain(container.decode(container.streams.audio[0]), [None]):
            for part in resampler.resample(frame):
                part.pts, part.time_base = written, Fraction(1, rate)
                written += part.samples
                out.mux(stream.encode(part))
        out.mux(stream.encode(None))
        if not written:
            raise ValueError
    return {}


def _open(source: Path, mime_type: str) -> Any:
    container = av.open(
        str(source),
        format=FORMATS[mime_type],
        options={"protocol_whitelist": "file"},
    )
    for stream in container.streams:
        stream.codec_context.thread_count = 1
    return container


def _peaks(container: Any) -> "array[int]":
    """Return the loudest sample of each 20 ms."""
    resampler = AudioResampler(format="s16", layout="mono", rate=RATE, frame_size=STEP)
    peaks = array("i")
    for frame in chain(container.decode(container.streams.audio[0]), [None]):
        peaks.extend(_loudest(part) for part in resampler.resample(frame))
    return peaks


def _loudest(frame: Any) -> int:
    samples = memoryview(frame.planes[0]).cast("B")[: frame.samples * 2].cast("h")
    return max(max(samples), -min(samples)) if len(samples) else 0


def _film(container: Any, thumbnail: Path) -> dict[str, Any]:
    stream = container.streams.video[0]
    seconds = (container.duration or 0) / 1_000_000
    if stream.width * stream.height > pictures.MAX_PIXELS:
        raise ValueError
    frame = next(container.decode(stream))
    pictures.write_small(frame.to_image(), thumbnail)
    return {"width": stream.width, "height": stream.height, "duration_ms": round(seconds * 1000) or None}
