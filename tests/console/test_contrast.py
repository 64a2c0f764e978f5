"""Every pair of colours that meets on screen can be read, in both themes (WCAG 2.2: 4.5 for text, 3 for edges)."""

import math
import re
from pathlib import Path

import pytest
from django.conf import settings

CSS = (Path(settings.BASE_DIR) / "static/console/css/tokens.css").read_text()
TOKENS = dict(re.findall(r"--([\w-]+):\s*([^;{}]+);", CSS.split("@media")[0]))
HUES = re.findall(r"\.hue-\d \{ --h: (\d+)", CSS)
TEXT, EDGE = 4.5, 3.0
PANES = ("surface", "surface-side", "surface-canvas", "surface-raised", "surface-hover", "surface-selected")
BUBBLES = ("bubble-in", "bubble-out", "bubble-echo", "bubble-ai", "note-soft")
# OKLab to the cube roots of cone responses, and those to linear sRGB (Björn Ottosson, 2020).
CONES = ((0.3963377774, 0.2158037573), (-0.1055613458, -0.0638541728), (-0.0894841775, -1.2914855480))
SRGB = (
    (4.0767416621, -3.3077115913, 0.2309699292),
    (-1.2684380046, 2.6097574011, -0.3413193965),
    (-0.0041960863, -0.7034186147, 1.7076147010),
)
LUMINANCE = (0.2126, 0.7152, 0.0722)
PAIRS = [
    *((text, ground, TEXT) for text in ("text-strong", "text", "text-subtle") for ground in (*PANES, *BUBBLES)),
    *(("text-link", ground, TEXT) for ground in ("surface", "surface-canvas", *BUBBLES)),
    *(("primary-text", ground, TEXT) for ground in (*PANES, "primary-soft")),
    *(("text-on-primary", ground, TEXT) for ground in ("primary", "primary-hover", "bad-solid")),
    *((f"{kind}-text", ground, TEXT) for kind in ("warn", "bad") for ground in (*PANES, *BUBBLES, f"{kind}-soft")),
    *(("read", ground, TEXT) for ground in ("surface", "surface-hover", "surface-selected", *BUBBLES)),
    ("text-inverse", "surface-inverse", TEXT),
    *(("line-control", ground, EDGE) for ground in ("surface", "surface-canvas", "surface-field", "surface-raised")),
    *(("focus", ground, EDGE) for ground in (*PANES, *BUBBLES)),
    ("primary", "surface", EDGE),
    *((text, "ai-soft", TEXT) for text in ("text-strong", "text", "text-subtle", "ai-text", "warn-text", "bad-text")),
    *(("ai-text", ground, TEXT) for ground in ("surface", "surface-canvas")),
    ("on-ai", "ai-solid", TEXT),
    *((edge, "ai-soft", EDGE) for edge in ("focus", "warn-text", "ai-solid")),
]


def resolved(value: str, theme: int, hue: str = "0") -> str:
    """Follow var() and light-dark() down to one oklch()."""
    value = value.strip().replace("var(--h)", hue)
    if value.startswith("light-dark("):
        halves = re.split(r",(?![^(]*\))", value[len("light-dark(") : -1])
        return resolved(halves[theme], theme, hue)
    name = re.fullmatch(r"var\(--([\w-]+)\)", value)
    return resolved(TOKENS[name[1]], theme, hue) if name else value


def luminance(colour: str) -> float:
    found = re.match(r"oklch\(([\d.]+)% ([\d.]+) ([\d.]+)", colour)
    assert found, colour
    light, chroma, hue = (float(part) for part in found.groups())
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    cones = [(light / 100 + p * a + q * b) ** 3 for p, q in CONES]
    channels = [sum(weight * cone for weight, cone in zip(row, cones, strict=True)) for row in SRGB]
    return sum(share * min(1, max(0, value)) for share, value in zip(LUMINANCE, channels, strict=True))


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_pairs_can_be_read(theme):
    def ratio(one: str, other: str, hue: str = "0") -> float:
        return contrast(resolved(TOKENS[one], theme, hue), resolved(TOKENS[other], theme, hue))

    poor = {f"{one} on {other}": ratio(one, other) for one, other, floor in PAIRS if ratio(one, other) < floor}
    poor |= {
        f"hue {hue}": ratio("hue-text", "hue-soft", hue) for hue in HUES if ratio("hue-text", "hue-soft", hue) < TEXT
    }
    assert poor == {}
    assert len(HUES) == 8
