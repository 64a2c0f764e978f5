"""The catalogues: complete, found by the browser's language, and a check that notices what is not."""

import shutil
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
import unfold
from django.core.management import CommandError, call_command
from django.utils import translation
from django.utils.translation import gettext, ngettext, pgettext
from pytest_django import Settings

from apps.core import catalogues

TEMPLATE = """{% load i18n %}
  {% translate "Hello" %} {% blocktranslate %}Dear {{ name }}{% endblocktranslate %}
    {% translate "May" context "month" %}
{% blocktranslate count n=n trimmed %}
   One {{ n }} day
{% plural %}
   Many {{ n }} days
{% endblocktranslate %} <a title="{% translate 'A title' %}">{{ _("In a variable") }}</a>
{# translate "No" #}
"""
CODE = """
from django.utils.translation import gettext_lazy as _, ngettext, pgettext

WORDS = _("A word")
SOME = ngettext("%(n)d cat", "%(n)d cats", 2)
MONTH = pgettext("month", "May")
LONG = _(
    "Two "
    "parts"
)
BUILT = _(f"never {WORDS}")
"""
FOUND = {
    (None, "Hello"),
    (None, "Dear %(name)s"),
    ("month", "May"),
    (None, "One %(n)s day"),
    (None, "A title"),
    (None, "In a variable"),
    (None, "A word"),
    (None, "%(n)d cat"),
    (None, "Two parts"),
}


@pytest.fixture
def project(tmp_path: Path, settings: Settings) -> Path:
    """A small project with texts and no catalogues yet."""
    settings.BASE_DIR = tmp_path
    (tmp_path / "templates").mkdir()
    (tmp_path / "apps").mkdir()
    (tmp_path / "templates/page.html").write_text(TEMPLATE)
    (tmp_path / "apps/words.py").write_text(CODE)
    return tmp_path


type Translate = Callable[[], None]


@pytest.fixture
def translated(project: Path) -> Path:
    """The same project, with every Spanish text filled in."""
    with pytest.raises(CommandError):
        call_command("messages")
    path = catalogues.catalogue_path("es")
    text = path.read_text()
    head, _, entries = text.partition("\n\n")
    path.write_text(f"{head}\n\n{fill(entries)}")
    call_command("messages")
    return project


def fill(entries: str) -> str:
    """Translate every entry by itself: enough to be whole, and its placeholders stay."""
    blocks = []
    for block in entries.split("\n\n"):
        source = block.partition("msgid ")[2].partition("\nmsg")[0]
        blocks.append(
            block.replace('msgstr ""', f"msgstr {source}")
            .replace('msgstr[0] ""', f"msgstr[0] {source}")
            .replace('msgstr[1] ""', f"msgstr[1] {source}")
        )
    return "\n\n".join(blocks)


def check() -> str:
    """Run the check and return what it complains about."""
    try:
        call_command("messages", "--check", stdout=StringIO())
    except CommandError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("language", catalogues.LANGUAGES)
def test_the_catalogue_is_complete(language: str) -> None:
    assert list(catalogues.problems(language, catalogues.texts())) == []


def test_the_browsers_language_gets_every_text() -> None:
    catalogue = catalogues.read_catalogue("es")
    with translation.override("es-ar"):
        for message in catalogue:
            if isinstance(message.id, tuple | list):
                assert [ngettext(message.id[0], message.id[1], n) for n in (1, 2)] == list(message.string or ())
            elif message.id and message.context:
                assert pgettext(message.context, message.id) == message.string
            elif message.id:
                assert gettext(message.id) == message.string


@pytest.mark.parametrize("language", ["en", "en-gb"])
def test_english_is_its_own_translation(language: str) -> None:
    with translation.override(language):
        assert gettext("Waiting for an answer") == "Waiting for an answer"


def test_every_text_of_code_and_templates_is_found(project: Path) -> None:
    ours = {key for key, text in catalogues.texts().items() if text.files != {"unfold"}}
    assert ours == FOUND
    plurals = {text.singular: text.plural for text in catalogues.texts().values() if text.plural}
    assert plurals["One %(n)s day"] == "Many %(n)s days"
    assert plurals["%(n)d cat"] == "%(n)d cats"


def test_a_whole_catalogue_passes_and_the_same_texts_give_the_same_files(translated: Path) -> None:
    assert check() == ""
    before = {path: path.read_bytes() for path in (translated / "locale").rglob("django.*")}
    assert len(before) == 4
    call_command("messages")
    assert {path: path.read_bytes() for path in before} == before


def test_a_new_text_is_missing_until_it_is_translated(translated: Path) -> None:
    with (translated / "apps/words.py").open("a") as file:
        file.write('NEW = _("A new word")\n')
    assert "es: missing: 'A new word' (apps/words.py)" in check()
    with pytest.raises(CommandError, match="es: missing: 'A new word'"):
        call_command("messages")
    assert 'msgid "A new word"\nmsgstr ""' in catalogues.catalogue_path("es").read_text()
    assert 'msgid "A new word"\nmsgstr "A new word"' in catalogues.catalogue_path("en").read_text()


def test_a_text_that_left_is_obsolete_until_collected(translated: Path) -> None:
    (translated / "apps/words.py").write_text("")
    assert "es: obsolete: 'A word'" in check()
    call_command("messages")
    assert check() == ""


@pytest.mark.parametrize(
    ("was", "becomes", "complaint"),
    [
        ('msgstr "Hello"', 'msgstr ""', "es: missing: 'Hello'"),
        ('msgid "Hello"', '#, fuzzy\nmsgid "Hello"', "es: fuzzy: 'Hello'"),
        ('msgstr "Dear %(name)s"', 'msgstr "Querida %(nombre)s"', "es: wrong: 'Dear %(name)s'"),
        ('msgstr "Hello"', 'msgstr "Hola"', "es: django.mo is not what django.po says"),
        ('msgid "Hello"', '#~ msgid "Gone"\n#~ msgstr "Ido"\n\nmsgid "Hello"', "es: obsolete: 'Gone'"),
    ],
)
def test_the_check_names_what_is_not_right(was: str, becomes: str, complaint: str, translated: Path) -> None:
    path = catalogues.catalogue_path("es")
    assert was in path.read_text()
    path.write_text(path.read_text().replace(was, becomes, 1))
    assert complaint in check()


def test_an_upgrade_of_unfold_with_a_new_text_is_noticed(
    translated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "unfold"
    shutil.copytree(Path(unfold.__file__).parent, package, ignore=shutil.ignore_patterns("static"))
    page = package / "templates/admin/login.html"
    page.write_text(page.read_text() + "{% translate 'Brand new button' %}")
    monkeypatch.setattr(unfold, "__file__", str(package / "__init__.py"))
    assert "es: missing: 'Brand new button' (unfold)" in check()
