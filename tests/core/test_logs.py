"""What reaches the log: places and classes, no words of people."""

import io
import logging
from typing import Any

import pytest
from django.conf import settings
from django.db import DatabaseError, connection
from django.utils.module_loading import import_string

from tests.factories import make_branch, receive
from tests.factories import make_inbox as _make_inbox

CANARY = "canary-5493875550199"


def logged(write):
    """Return what the configured formatter makes of what `write` logs."""
    configuration: Any = settings.LOGGING
    options = configuration["formatters"]["line"]
    handler = logging.StreamHandler(io.StringIO())
    handler.setFormatter(import_string(options["()"])(options["format"]))
    logger = logging.getLogger("test")
    logger.addHandler(handler)
    try:
        write(logger)
    finally:
        logger.removeHandler(handler)
    return handler.stream.getvalue()


def test_an_exception_is_told_by_class_and_place(caplog):
    def write(logger):
        try:
            try:
                int(CANARY)
            except ValueError as error:
                raise LookupError(CANARY) from error
        except LookupError:
            logger.exception("something.failed id=%s", 7)

    text = logged(write)
    assert CANARY not in text
    assert "something.failed id=7" in text
    assert "LookupError" in text
    assert "ValueError" in text
    assert "test_logs.py" in text


def test_a_line_stays_one_line():
    text = logged(lambda logger: logger.warning("name=%s", "Ana\r\n2026 ERROR forged"))
    assert text.count("\n") == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("_case", "statement"),
    [
        ("unique", "INSERT INTO people_tag (name, slug, hue) VALUES ('{0}', 'a', 0), ('{0}', 'b', 0)"),
        ("check", "INSERT INTO people_tag (name, slug, hue) VALUES ('{0}', 'a', 30000)"),
        ("not null", "INSERT INTO people_tag (name, slug, hue) VALUES ('{0}', NULL, 1)"),
    ],
)
def test_an_error_of_the_database_quotes_no_row(_case, statement):
    with pytest.raises(DatabaseError) as caught, connection.cursor() as sql:
        sql.execute(statement.format(CANARY))
    assert CANARY not in f"{caught.value} {caught.value.__cause__}"
    assert "constraint" in str(caught.value)


@pytest.mark.django_db
def test_an_error_of_the_models_quotes_no_row():
    inbox = _make_inbox(branch=make_branch())
    message = receive(inbox, CANARY, sender="5493875550199", message_id="wamid.1")
    message.pk = None
    with pytest.raises(DatabaseError) as caught:
        message.save(force_insert=True)
    assert CANARY not in f"{caught.value!r} {caught.value.__cause__!r}"
    assert "5493875550199" not in f"{caught.value!r} {caught.value.__cause__!r}"


def test_no_access_log_tells_paths_that_are_keys():
    configuration: Any = settings.LOGGING
    access = configuration["loggers"]["uvicorn.access"]
    assert (access["handlers"], access["propagate"], access["level"]) == ([], False, "CRITICAL")
