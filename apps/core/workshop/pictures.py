"""Pictures, inside the workshop."""

import io
import warnings
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps

MAX_PIXELS = 40_000_000
Image.MAX_IMAGE_PIXELS = MAX_PIXELS
warnings.simplefilter("error", Image.DecompressionBombWarning)
MADE_PIXELS = 220_000_000
"""Of a photo of ours that is to leave: telephones take large ones, and the limits of this process hold as well."""
MADE_SIZE = (4096, 4096)
FORMATS = ("JPEG", "PNG", "GIF", "WEBP")
NAMES = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
THUMBNAIL = (480, 480)
QUALITIES = (88, 75, 60)
SMALLEST_SIDE = 400


def look_into(source: Path, *, thumbnail: Path) -> dict[str, Any]:
    """Return width and height as they are seen, and write a small picture."""
    with Image.open(source, formats=FORMATS) as picture:
        width, height = picture.size
        picture.draft("RGB", THUMBNAIL)
        upright = ImageOps.exif_transpose(picture)
        if (upright.width > upright.height) != (width > height):
            width, height = height, width
        write_small(upright, thumbnail)
    return {"width": width, "height": height}


def write_small(picture: Image.Image, thumbnail: Path) -> None:
    """Write a picture for lists and bubbles."""
    small = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    small.thumbnail(THUMBNAIL)
    small.save(thumbnail, "WEBP", quality=75)


def convert(source: Path, *, target: Path, into: str, max_bytes: int, side: int | None) -> dict[str, Any]:
    """Write only the pixels again, upright; smaller and smaller until they fit. `side`: centred in such a square."""
    Image.MAX_IMAGE_PIXELS = MADE_PIXELS
    with Image.open(source, formats=FORMATS) as picture:
        picture.draft("RGB", MADE_SIZE)
        seen = ImageOps.exif_transpose(picture)
        is_clear = seen.has_transparency_data and into != "image/jpeg"
        plain = seen.convert("RGBA") if seen.has_transparency_data else seen.convert("RGB")
    if side:
        plain = ImageOps.pad(plain.convert("RGBA"), (side, side), color=(0, 0, 0, 0))
        is_clear = True
    if plain.mode == "RGBA" and not is_clear:
        paper = Image.new("RGB", plain.size, "white")
        paper.paste(plain, mask=plain.getchannel("A"))
        plain = paper
    while True:
        for quality in QUALITIES:
            out = io.BytesIO()
            plain.save(out, NAMES[into], quality=quality, optimize=into != "image/webp")
            if out.tell() <= max_bytes:
                target.write_bytes(out.getvalue())
                return {}
            if into == "image/png":
                break
        if side or max(plain.size) < SMALLEST_SIDE:
            raise ValueError
        plain = plain.resize((max(plain.width * 2 // 3, 1), max(plain.height * 2 // 3, 1)))
