"""The tutorial as it is written, and a walk through it: nothing it names may be left out, nothing else be done."""

import os
import re
import shlex
import sys
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from django.utils import translation
from django.utils.translation import gettext
from playwright.async_api import Page

from apps.core.catalogues import contents, read_catalogue

REPOSITORY = Path(__file__).resolve().parents[2]
TUTORIAL = REPOSITORY / "docs/tutorial/first-answer.md"
IMAGES = TUTORIAL.parent / "images"
IS_WRITING = bool(os.environ.get("WRITE_IMAGES"))
LARGEST = 200_000

FENCED = re.compile(r"^```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
WORD = re.compile(r"\*\*([^*]+)\*\*(?: \(\*([^*]+)\*\))?")
QUOTED = re.compile(r"`([^`]+)`")
IMAGE = re.compile(r"!\[[^\]]+\]\(images/([^)]+)\)")


@cache
def sections() -> dict[int, str]:
    """Return the numbered sections of the tutorial."""
    _, *parts = re.split(r"^## ", TUTORIAL.read_text(), flags=re.MULTILINE)
    numbered = (re.match(r"(\d+)\. .*?\n(.*)", part, re.DOTALL) for part in parts)
    return {int(match[1]): match[2] for match in numbered if match}


@cache
def _catalogue() -> set[tuple[str, str]]:
    known = contents(read_catalogue("es")).items()
    return {(text.lower(), says.lower()) for (_context, text), says in known if isinstance(says, str)}


def is_translation(english: str, spanish: str) -> bool:
    """Tell whether the screen says this for that, in one of our texts or in one of Django's."""
    with translation.override("es-ar"):
        said = {(english.lower(), gettext(english).lower()), *_catalogue()}
    return english == spanish or (english.lower(), spanish.lower()) in said


def spanish_words(text: str) -> dict[str, str]:
    """Return the words of the screen that a text names, each with its English."""
    return {spanish: english or spanish for spanish, english in WORD.findall(_prose(text))}


def _prose(text: str) -> str:
    return re.sub(r"\s+", " ", FENCED.sub("", text))


@dataclass
class Walk:
    """A walk through some sections: every word, every quotation, every block and every picture once at least."""

    numbers: tuple[int, ...]
    server: str
    folder: Path
    words: set[str] = field(default_factory=set)
    quotations: set[str] = field(default_factory=set)
    blocks: list[str] = field(default_factory=list)
    pictures: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        text = "\n".join(sections()[number] for number in self.numbers)
        self.words = set(spanish_words(text))
        self.quotations = set(QUOTED.findall(_prose(text)))
        self.blocks = FENCED.findall(text)
        self.pictures = set(IMAGE.findall(text))
        self._seen: set[str] = set()

    def word(self, text: str) -> str:
        """Return a word of the screen; the tutorial has to name it."""
        return self._met(text, self.words)

    def quoted(self, text: str) -> str:
        """Return what has to be typed or read, with the address of this server; the tutorial has to quote it."""
        return self._here(self._met(text, self.quotations))

    def block(self, part: str) -> str:
        """Return the one block that contains `part`, with the address of this server."""
        (found,) = (block for block in self.blocks if part in block)
        self._seen.add(found)
        return self._here(found)

    def command(self, part: str) -> list[str]:
        """Return the arguments of the one `manage.py` command that contains `part`."""
        program, *arguments = shlex.split(self.block(part).replace("\\\n", " "))
        assert (program, arguments[0]) == (".venv/bin/python", "manage.py"), program
        return arguments[1:]

    def script(self, part: str) -> list[str]:
        """Return how to run the block that contains `part`: with this Python, in a shell."""
        return ["sh", "-c", self.block(part).replace(".venv/bin/python", f"exec {shlex.quote(sys.executable)}")]

    async def picture(self, page: Page, name: str) -> None:
        """Take a picture of the tutorial: into it with WRITE_IMAGES, else only for the test."""
        self._met(name, self.pictures)
        assert IS_WRITING or (IMAGES / name).is_file(), f"{name} was never taken: WRITE_IMAGES=1"
        await page.evaluate("document.fonts.ready")
        path = (IMAGES if IS_WRITING else self.folder) / name
        await page.screenshot(path=path, animations="disabled", caret="hide")
        assert path.stat().st_size < LARGEST

    def end(self) -> None:
        """Fail when something of these sections was left out."""
        everything = self.words | self.quotations | set(self.blocks) | self.pictures
        assert everything - self._seen == set()

    def _met(self, text: str, known: set[str]) -> str:
        assert text in known, f"The tutorial does not say {text!r} there."
        self._seen.add(text)
        return text

    def _here(self, text: str) -> str:
        return text.replace("http://127.0.0.1:8000", self.server).replace(
            "ws://127.0.0.1:8000", self.server.replace("http", "ws", 1)
        )
