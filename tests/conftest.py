"""Fixtures that every room's tests share."""

from collections.abc import Callable, Iterator

import pytest
from django.db import connections
from django.test import override_settings
from django.utils import translation
from pytest_django import Settings

from tests import jobs, web
from tests.databases import django_db_modify_db_settings
from tests.proxy import Proxy

__all__ = ["django_db_modify_db_settings"]


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[None]:
    """Passwords of tests need no half second of hashing each."""
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


@pytest.fixture(autouse=True)
def usual_language() -> Iterator[None]:
    """A request of Django's test client leaves its language behind."""
    yield
    translation.deactivate()


@pytest.fixture
def run_jobs(transactional_db: None) -> Callable[[], list[str]]:
    """Run everything that was rung so far."""
    return jobs.run_jobs


@pytest.fixture
def worker(transactional_db: None) -> Iterator[None]:
    """A worker that hears rings while the test runs."""
    with jobs.worker():
        yield


@pytest.fixture
def server(transactional_db: None, settings: Settings) -> Iterator[str]:
    """The address of the whole application behind a real server."""
    with web.serve() as url:
        settings.SIMULATOR_URL = url
        yield url


@pytest.fixture
def database_proxy(transactional_db: None) -> Iterator[Proxy]:
    """The way to the database of every connection made from now on; this thread keeps its own."""
    parameters = connections.settings["default"]
    port = parameters["PORT"]
    connections["default"].ensure_connection()
    with Proxy(int(port)) as proxy:
        parameters["PORT"] = proxy.port
        yield proxy
        parameters["PORT"] = port
