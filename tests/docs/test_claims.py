"""What the pages name exists."""

import re
from functools import cache

import pytest
from django.core.management import get_commands, load_command_class

from apps.core.jobs import RECURRING, Job
from apps.core.supervisor.cluster import BEAT_SECONDS
from providers.registry import PROVIDERS
from tests.docs.pages import REPOSITORY, name, pages

PAGES = {name(page): page.read_text() for page in pages()}
JOBS = PAGES["docs/reference/jobs.md"]
COMMANDS = PAGES["docs/reference/commands.md"]
SETTINGS = PAGES["docs/reference/settings.md"]

TARGET = re.compile(r"^([a-z]+):", re.MULTILINE)
MAKE = re.compile(r"(?:^|`|&& )(?:[A-Z_]+=\S+ )*make ([a-z ]+?)(?=`| *#| *$| *\\$)", re.MULTILINE)
MANAGE = re.compile(r"manage\.py ([a-z_]+)((?:[^`\n]|\\\n)*)")
PLACE = re.compile(
    r"`((?:apps|backoffice|bench|bin|docs|graphql_api|locale|providers|static|templates|tests)/[\w./-]*)`"
)
MODULE = re.compile(r"python -m ((?:apps|bench|tests)[\w.]*)")


@cache
def options(command: str) -> set[str]:
    """Return the options of a management command."""
    parser = load_command_class(get_commands()[command], command).create_parser("manage.py", command)
    return {option for action in parser._actions for option in action.option_strings}


@pytest.mark.parametrize("page", PAGES)
def test_targets_of_make_exist(page: str) -> None:
    known = {*TARGET.findall((REPOSITORY / "Makefile").read_text())}
    named = {target for targets in MAKE.findall(PAGES[page]) for target in targets.split()}
    assert named - known == set()


@pytest.mark.parametrize("page", PAGES)
def test_commands_exist_with_their_options(page: str) -> None:
    for command, rest in MANAGE.findall(PAGES[page]):
        assert command in get_commands()
        assert {*re.findall(r"(?<!\S)--[a-z-]+", rest)} - options(command) == set(), command


@pytest.mark.parametrize("page", PAGES)
def test_places_in_the_project_exist(page: str) -> None:
    modules = [module.replace(".", "/") for module in MODULE.findall(PAGES[page])]
    missing = {place for place in PLACE.findall(PAGES[page]) if not (REPOSITORY / place).exists()}
    missing |= {module for module in modules if not any(REPOSITORY.glob(f"{module}*"))}
    assert missing == set()


def test_every_command_is_described_with_its_options() -> None:
    sections = dict(re.findall(r"^### (\w+)\n(.*?)(?=^##|\Z)", COMMANDS, re.MULTILINE | re.DOTALL))
    usual = options("check") | {"--json", "--skip-checks"}
    described = {command: {*re.findall(r"^\| `(--[\w-]+)`", text, re.MULTILINE)} for command, text in sections.items()}
    ours = [command for command, app in get_commands().items() if str(app).startswith(("apps.", "graphql_api"))]
    assert described == {command: options(command) - usual for command in ours}


def test_every_setting_is_described() -> None:
    read = {*re.findall(r"env\.\w+\(\s*\"(\w+)\"", (REPOSITORY / "backoffice/settings.py").read_text())}
    assert {*re.findall(r"^\| `(\w+)` \|", SETTINGS, re.MULTILINE)} == read


def test_every_provider_has_its_page() -> None:
    assert {kind for kind in PROVIDERS if f"docs/reference/providers/{kind}.md" not in PAGES} == set()


def test_jobs_are_all_described_with_their_tasks_and_times() -> None:
    rows = re.findall(r"^\| `([A-Z_]+)` \| `([\w.]+)` \| (.*?) \| .+ \|$", JOBS, re.MULTILINE)
    assert {job: task for job, task, _ in rows} == {job.name: str(job) for job in Job}
    rings = {job: when for job, _, when in rows}
    expected = {job.name: f"`{cluster}`, every {s} s" for cluster, jobs in RECURRING.items() for job, s in jobs.items()}
    expected["HEARTBEAT"] = f"each cluster, every {BEAT_SECONDS} s"
    said = {job: re.match(r".*, every \d+ s", when) for job, when in rings.items()}
    assert {job: match[0] for job, match in said.items() if match} == expected


def test_changes_to_come_have_their_place() -> None:
    assert re.search(r"^## Unreleased$", PAGES["CHANGELOG.md"], re.MULTILINE)
