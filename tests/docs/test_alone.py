"""The project stands alone: it knows no machine it was made on and no registry it was fetched from."""

import re

import pytest

from tests.docs.pages import REPOSITORY, files, name

LOCKED = REPOSITORY / "uv.lock"
PLACES = ("home", "mnt", "root", "srv", "tmp", "Users", "work", "workspace")
REGISTRIES = ("crates.io", "docker.io", "ghcr.io", "npmjs.", "proxy.golang", "pypi.", "pythonhosted", "index-url")

ABSOLUTE = re.compile(rf"""(?<![\w.~$}}:<*/-])/(?:{"|".join(PLACES)})/[\w.]""")
HOST = re.compile("|".join(re.escape(host) for host in REGISTRIES), re.IGNORECASE)


def written() -> dict[str, str]:
    """Return every file somebody wrote, but this one."""
    texts = {}
    for path in files():
        if path not in (LOCKED, REPOSITORY / "tests/docs/test_alone.py"):
            content = path.read_bytes()
            if b"\0" not in content:
                texts[name(path)] = content.decode()
    return texts


@pytest.mark.parametrize("pattern", [ABSOLUTE, HOST], ids=["places", "registries"])
def test_no_machine_and_no_registry_is_named(pattern: re.Pattern[str]) -> None:
    found = {(path, match[0]) for path, text in written().items() for match in pattern.finditer(text)}
    assert found == set()


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ('"/home/ana/x"', True), ("cd /work/x", True), ("=/root/.local", True), ("/tmp/a.png", True),
        ("`/homework/`", False), ("apps/home/x", False), ("https://h/home/x", False), ("$HOME/x", False),
    ],
)  # fmt: skip
def test_places_are_recognised(text: str, is_one: bool) -> None:
    assert bool(ABSOLUTE.search(text)) is is_one
