"""A pytest plugin: the browser that the set-up found (`bin/chromium`), and a loud word when there is none.

Tests marked `browser` are skipped without one; with CI=true that fails the run.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

FOUND = Path(__file__).resolve().parent.parent / ".tools/chromium"
MISSING = "no Chromium: run bin/chromium, or set CHROMIUM_PATH"


def executable() -> str | None:
    """Return the path of the browser, None without one."""
    kept = FOUND.read_text().strip() if FOUND.is_file() else ""
    path = os.environ.get("CHROMIUM_PATH") or kept or shutil.which("chromium") or ""
    return path if os.access(path, os.X_OK) else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if executable() is None:
        for item in items:
            if item.get_closest_marker("browser"):
                item.add_marker(pytest.mark.skip(reason=MISSING))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Iterator[None]:
    yield  # the last word is ours
    if count := _skipped_for_it(terminalreporter):
        terminalreporter.section("NO BROWSER", sep="!", red=True, bold=True)
        terminalreporter.line(f"{count} browser tests did not run: {MISSING}.", red=True, bold=True)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") == "true" and reporter is not None and _skipped_for_it(reporter):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _skipped_for_it(reporter: pytest.TerminalReporter) -> int:
    return sum(MISSING in str(report.longrepr) for report in reporter.stats.get("skipped", []))
