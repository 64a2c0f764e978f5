"""The pages of the documentation, and what they point at."""

import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]

_FENCED = re.compile(r"^( *)```.*?^\1```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`[^`]*`")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def pages() -> list[Path]:
    """Return every page of the project."""
    return sorted(path for path in files() if path.suffix == ".md")


@cache
def files() -> tuple[Path, ...]:
    """Return the files of the project: those git knows, and new ones it does not ignore."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=REPOSITORY, capture_output=True, check=True, text=True).stdout
    paths = (REPOSITORY / name for name in listed.split("\0") if name)
    return tuple(path for path in paths if path.is_file())


def prose(page: Path) -> str:
    """Return a page without its blocks of code."""
    return _FENCED.sub("", page.read_text())


def anchors(page: Path) -> set[str]:
    """Return the anchors of the headings, as they are made where the project is shown."""
    headings = (_CODE.sub(lambda match: match[0].strip("`"), heading) for heading in _HEADING.findall(prose(page)))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(page: Path) -> Iterator[tuple[Path, str]]:
    """Yield the file and the anchor that each link inside the project points at."""
    for target in _LINK.findall(_CODE.sub("", prose(page))):
        if not re.match(r"[a-z]+:", target):
            name, _, anchor = target.partition("#")
            yield ((page.parent / name).resolve() if name else page), anchor


def name(path: Path) -> str:
    """Return the place of a file in the project."""
    return str(path.relative_to(REPOSITORY))
