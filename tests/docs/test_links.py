"""Every link leads somewhere, and every page can be found."""

import re

import pytest

from tests.docs.pages import REPOSITORY, anchors, links, name, pages

PAGES = {name(page): page for page in pages()}
README = REPOSITORY / "README.md"
DECISIONS = REPOSITORY / "docs/adr"


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    dead = {
        f"{target}#{anchor}" if anchor else str(target)
        for target, anchor in links(PAGES[page])
        if not target.exists() or (anchor and anchor not in anchors(target))
    }
    assert dead == set()


def test_every_page_is_reached_from_the_first() -> None:
    reached, ahead = {README}, [README]
    while ahead:
        found = {target for target, _ in links(ahead.pop()) if target.suffix == ".md" and target.exists()}
        ahead += found - reached
        reached |= found
    documents = {page for page in PAGES.values() if page.is_relative_to(REPOSITORY / "docs")}
    assert {name(page) for page in documents - reached} == set()


def test_decisions_are_numbered_without_a_gap() -> None:
    titles = [path.read_text().partition("\n")[0] for path in sorted(DECISIONS.glob("[0-9]*.md"))]
    assert [int(path.name[:4]) for path in sorted(DECISIONS.glob("[0-9]*.md"))] == [*range(1, len(titles) + 1)]
    assert [re.match(r"# (\d+)\. \S", title)[1] for title in titles] == [str(n + 1) for n in range(len(titles))]  # type: ignore[index]
