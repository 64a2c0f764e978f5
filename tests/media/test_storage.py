"""Any storage class serves, named by a setting."""

import json
import os
import subprocess
import sys
from pathlib import Path

SHOW = """
import django
django.setup()
from django.core.files.storage import default_storage as storage
storage.exists  # made now
kind = type(storage._wrapped)
print(kind.__module__, kind.__name__, getattr(storage, "location", ""), sep="|")
"""


def shown(**environment: str) -> str:
    told = {**os.environ, **environment, "DJANGO_SETTINGS_MODULE": "backoffice.settings"}
    done = subprocess.run([sys.executable, "-c", SHOW], env=told, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_the_environment_names_the_storage_and_its_options():
    location = "ftp://user:password@files.example.org:21/chat"
    made = shown(
        MEDIA_STORAGE="storages.backends.ftp.FTPStorage", MEDIA_STORAGE_OPTIONS=json.dumps({"location": location})
    )
    assert made == f"storages.backends.ftp|FTPStorage|{location}"


def test_files_lie_in_the_data_folder_otherwise(tmp_path: Path):
    assert shown(DATA_DIR=str(tmp_path)) == f"django.core.files.storage.filesystem|FileSystemStorage|{tmp_path}/media"
