"""What the settings make of the environment."""

import os
import subprocess
import sys

import pytest

TOLD = "from django.conf import settings as s; print(s.PUBLIC_URL, s.SIMULATOR_URL, s.ALLOWED_HOSTS[3])"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "http://127.0.0.1:8000 http://127.0.0.1:8000 127.0.0.1"),
        ({"HOST": "0.0.0.0"}, "http://127.0.0.1:8000 http://127.0.0.1:8000 127.0.0.1"),
        ({"HOST": "192.0.2.7", "PORT": "81"}, "http://192.0.2.7:81 http://192.0.2.7:81 192.0.2.7"),
        ({"HOST": "2001:db8::7"}, "http://[2001:db8::7]:8000 http://[2001:db8::7]:8000 [2001:db8::7]"),
        (
            {"PUBLIC_URL": "https://chat.example.org/"},
            "https://chat.example.org http://127.0.0.1:8000 chat.example.org",
        ),
    ],
)
def test_where_it_answers(given, told, tmp_path):
    known = {name: os.environ[name] for name in ("PATH", "DATABASE_URL", "REDIS_URL") if name in os.environ}
    environment = {**known, "DATA_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "backoffice.settings", **given}
    done = subprocess.run([sys.executable, "-c", TOLD], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == told
