"""Any storage class serves, named by a setting."""

import os
import subprocess
import sys

import pytest

SHOW = """
import django
django.setup()
from django.core.files.storage import default_storage as storage
storage.exists  # made now
kind = type(storage._wrapped)
print(kind.__module__, kind.__name__, getattr(storage, "location", ""), sep="|")
"""


@pytest.mark.parametrize(
    ("environment", "made"),
    [
        (
            {"MEDIA_STORAGE_OPTIONS": '{"location": "/elsewhere/files"}'},
            "django.core.files.storage.filesystem|FileSystemStorage|/elsewhere/files",
        ),
        (
            {
                "MEDIA_STORAGE": "storages.backends.ftp.FTPStorage",
                "MEDIA_STORAGE_OPTIONS": '{"location": "ftp://user:password@files.example.org:21/chat"}',
            },
            "storages.backends.ftp|FTPStorage|ftp://user:password@files.example.org:21/chat",
        ),
    ],
)
def test_the_environment_names_the_storage(environment: dict[str, str], made: str):
    told = {**os.environ, **environment, "DJANGO_SETTINGS_MODULE": "backoffice.settings"}
    shown = subprocess.run([sys.executable, "-c", SHOW], env=told, capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == made
