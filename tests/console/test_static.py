"""What the pages are made of: modules, icons, colours."""

import re
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
STATIC = ROOT / "static" / "console"
MODULES = sorted((STATIC / "js").glob("*.js"))
TEMPLATES = [path for path in (ROOT / "templates").rglob("*.html") if "admin" not in path.parts]
SPRITE = (STATIC / "img" / "icons.svg").read_text()
ICONS = set(re.findall(r'<symbol id="([^"]+)"', SPRITE))


def text_of(paths) -> str:
    return "\n".join(path.read_text() for path in paths)


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_module_is_small_and_says_what_it_does(module):
    code = module.read_text()
    assert code.startswith("// ")
    assert len(code.splitlines()) < 150
    for other in re.findall(r'(?:from|import) "([^"]+)"', code):
        assert (module.parent / other).exists(), other


@pytest.mark.parametrize(
    "word", ["eval(", "new Function", "outerHTML", "document.write", "insertAdjacentHTML", "http:", ".randomUUID("]
)
def test_modules_do_without(word):
    assert word not in text_of(MODULES)


def test_markup_is_parsed_in_one_place_only():
    assert [path.name for path in MODULES if "innerHTML" in path.read_text()] == ["morph.js"]


def test_every_icon_is_in_the_sprite():
    code = text_of([*TEMPLATES, *(ROOT / "apps" / "console").rglob("*.py")])
    used = set(re.findall(r'{% icon "([^"]+)"', code)) | set(re.findall(r"sprite %}#([a-z-]+)", code))
    assert used
    assert used <= ICONS


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_template_has_nothing_inline(template):
    markup = template.read_text()
    assert not re.search(
        r"\sstyle=|<style|<script(?! type=\"module\" src=)|\son[a-z]+=|javascript:|\|safe|autoescape off", markup
    )


def test_the_admin_and_the_pages_share_one_colour():
    tokens = (STATIC / "css" / "tokens.css").read_text()
    ramp = dict(re.findall(r"--primary-(\d+): (oklch\([^)]*\));", tokens))
    assert ramp == settings.UNFOLD["COLORS"]["primary"]
