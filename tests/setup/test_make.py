"""The Makefile is the table of contents."""

import subprocess

from tests.setup.installation import REPOSITORY

TARGETS = ["help", "run", "worker", "check", "fix", "test", "bench", "schema", "messages", "clean"]


def test_help_shows_every_target_and_no_other() -> None:
    asked = ["make", "--no-print-directory", "help"]
    shown = subprocess.run(asked, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout

    assert [line.split()[1] for line in shown.splitlines()] == TARGETS
    assert ".PHONY: " + " ".join(TARGETS) in (REPOSITORY / "Makefile").read_text()
