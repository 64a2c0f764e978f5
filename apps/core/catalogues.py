"""The texts of the interface: finding them in the sources, and keeping `locale/` complete.

Texts of ours come from Python and from templates; those of unfold, which ships no translations, come from
its package. What Django translates itself stays Django's. Needs the development packages (Babel).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import django
import unfold
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_python
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation.template import templatize

LANGUAGES = ("es", "en")
SOURCE_LANGUAGE = "en"
OURS = ("apps", "backoffice", "graphql_api", "providers", "templates")
INSTALLED_OF_UNFOLD = ("contrib/filters", "contrib/forms", "contrib/inlines")
TRANSLATED_BY_DJANGO = ("conf", "contrib/admin", "contrib/auth", "contrib/contenttypes", "contrib/postgres")
KEYWORDS: dict[str, Any] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
NEVER = datetime(2000, 1, 1, tzinfo=UTC)
"""The date in a compiled catalogue, so that the same texts give the same file."""

Key = tuple[str | None, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One text of the sources and the files it was found in; `plural` is empty when it has none."""

    context: str | None
    singular: str
    plural: str = ""
    files: set[str] = field(default_factory=set, compare=False)

    @property
    def key(self) -> Key:
        """What a catalogue finds it by."""
        return self.context, self.singular

    @property
    def message_id(self) -> str | tuple[str, str]:
        """As Babel wants it."""
        return (self.singular, self.plural) if self.plural else self.singular


def texts() -> dict[Key, Text]:
    """Return every text the interface can show and Django does not translate."""
    found: dict[Key, Text] = {}
    for folder in OURS:
        for path in _sources(settings.BASE_DIR / folder):
            _add(found, path, str(path.relative_to(settings.BASE_DIR)))
    for key, text in unfold_texts().items():
        found.setdefault(key, text).files.add("unfold")
    return found


def unfold_texts() -> dict[Key, Text]:
    """Return the texts of the installed parts of unfold that Django does not translate."""
    package = Path(unfold.__file__).parent
    found: dict[Key, Text] = {}
    for path in _sources(package):
        place = path.relative_to(package)
        if place.parts[0] != "contrib" or str(place).startswith(INSTALLED_OF_UNFOLD):
            _add(found, path, "unfold")
    known = django_keys("es_AR") | django_keys("es")
    return {key: text for key, text in found.items() if key not in known}


def django_keys(locale: str) -> set[Key]:
    """Return what Django translates into a language."""
    package = Path(django.__file__).parent
    keys: set[Key] = set()
    for part in TRANSLATED_BY_DJANGO:
        compiled = package / part / "locale" / locale / "LC_MESSAGES" / "django.mo"
        if compiled.exists():
            keys |= set(contents(read_compiled(compiled)))
    return keys


def catalogue_path(language: str) -> Path:
    """Return where the catalogue of a language is kept; the compiled one lies beside it."""
    return Path(settings.BASE_DIR) / "locale" / language / "LC_MESSAGES" / "django.po"


def read_catalogue(language: str) -> Catalog:
    """Return a catalogue as it is kept, empty when there is none yet."""
    path = catalogue_path(language)
    if not path.exists():
        return Catalog(locale=language)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def read_compiled(path: Path) -> Catalog:
    """Return a compiled catalogue."""
    with path.open("rb") as file:
        return read_mo(file)


def contents(catalogue: Catalog) -> dict[Key, Any]:
    """Return the translations of a catalogue by what they translate."""
    whole = (message for message in catalogue if message.id and _is_whole(message.string))
    return {_key(message): _plain(message.string) for message in whole}


def write_catalogue(language: str, found: dict[Key, Text]) -> None:
    """Bring a catalogue up to date with the sources and compile it; what lost its text is dropped."""
    kept = {_key(message): message for message in read_catalogue(language) if message.id}
    catalogue = Catalog(locale=language, project="Mostrador", fuzzy=False, creation_date=NEVER, revision_date=NEVER)
    for key, text in sorted(found.items(), key=lambda item: (item[0][1], item[0][0] or "")):
        old = kept.get(key)
        catalogue.add(
            text.message_id,
            _fitting(text, old.string if old else None, language),
            locations=[(file, None) for file in sorted(text.files)],  # type: ignore[misc]
            flags=(old.flags & {"fuzzy"}) if old else (),
            context=text.context,
        )
    path = catalogue_path(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    drawn = BytesIO()
    write_po(drawn, catalogue, omit_header=True, width=100)
    path.write_bytes(_header(catalogue).encode() + drawn.getvalue())
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    path.with_suffix(".mo").write_bytes(compiled.getvalue())


def problems(language: str, found: dict[Key, Text]) -> Iterator[str]:
    """Say what a catalogue lacks, keeps for nothing, or translates wrongly."""
    path = catalogue_path(language)
    catalogue = read_catalogue(language)
    kept = {_key(message): message for message in catalogue if message.id}
    for key, text in found.items():
        message = kept.get(key)
        if message is None or not _is_whole(message.string):
            yield f"{language}: missing: {text.singular!r} ({', '.join(sorted(text.files))})"
            continue
        if message.fuzzy:
            yield f"{language}: fuzzy: {text.singular!r}"
        yield from (f"{language}: wrong: {text.singular!r}: {error}" for error in message.check(catalogue))
    yield from (f"{language}: obsolete: {singular!r}" for context, singular in kept.keys() - found.keys())
    yield from (f"{language}: obsolete: {message.id!r}" for message in catalogue.obsolete.values())
    compiled = path.with_suffix(".mo")
    if not compiled.exists() or contents(read_compiled(compiled)) != contents(catalogue):
        yield f"{language}: {compiled.name} is not what {path.name} says; run `make messages`"


def _sources(folder: Path) -> Iterator[Path]:
    for pattern in ("*.py", "*.html"):
        yield from sorted(folder.rglob(pattern))


def _add(found: dict[Key, Text], path: Path, shown: str) -> None:
    for text in _extracted(path):
        found.setdefault(text.key, text).files.add(shown)


def _extracted(path: Path) -> Iterator[Text]:
    """Return what Babel finds; Django turns a template into something that reads like Python."""
    source = path.read_text(encoding="utf-8")
    if path.suffix == ".html":
        source = "\n".join(line.strip() for line in templatize(source, origin=str(path)).splitlines())
    calls: Any = extract_python(BytesIO(source.encode()), KEYWORDS, [], {"encoding": "utf-8"})
    for _line, keyword, content, _comments in calls:
        given = content if isinstance(content, list | tuple) else (content,)
        shape = KEYWORDS[keyword] or (1,)
        context = given[0] if isinstance(shape[0], tuple) else None
        wanted = [given[place - 1] for place in shape if isinstance(place, int) and place <= len(given)]
        if wanted and all(isinstance(part, str) and part for part in wanted):
            yield Text(context=context, singular=wanted[0], plural=wanted[1] if len(wanted) > 1 else "")


def _key(message: Message) -> Key:
    context: Any = message.context
    if isinstance(context, bytes):  # what Babel reads from a compiled catalogue
        context = context.decode()
    return context, message.id[0] if isinstance(message.id, tuple | list) else message.id


def _plain(string: Any) -> Any:
    return list(string) if isinstance(string, tuple | list) else string


def _is_whole(string: Any) -> bool:
    return all(string) if isinstance(string, tuple | list) else bool(string)


def _fitting(text: Text, old: Any, language: str) -> Any:
    """Return the translation kept so far, if it still has the right shape; the source language is its own."""
    if language == SOURCE_LANGUAGE:
        return text.message_id
    fits = isinstance(old, tuple | list) == bool(text.plural)
    return old if old and fits else ("", "") if text.plural else ""


def _header(catalogue: Catalog) -> str:
    wanted = ("Language", "MIME-Version", "Content-Type", "Content-Transfer-Encoding", "Plural-Forms")
    lines = [f'"{name}: {value}\\n"' for name, value in catalogue.mime_headers if name in wanted]
    return "\n".join(['msgid ""', 'msgstr ""', *lines, "", ""])
