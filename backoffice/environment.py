"""What the environment and the data folder tell the settings."""

import json
import os
import secrets
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.fernet import Fernet


def read_json(path: Path) -> dict[str, str]:
    """Return the flat object stored at `path`, or nothing when there is no such file yet."""
    try:
        content: dict[str, str] = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    return content


def own_secrets(data_dir: Path) -> dict[str, str]:
    """Return the keys of an installation that was given none; made once, readable by the owner only."""
    path = data_dir / "secrets.json"
    if known := read_json(path):
        return known
    made = {"SECRET_KEY": secrets.token_urlsafe(50), "ENCRYPTION_KEYS": Fernet.generate_key().decode()}
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o711)  # nobody lists it; the servers pass through
    draft = data_dir / f".secrets.{os.getpid()}"
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(made, file)
    try:
        os.link(draft, path)  # two first starts at once agree on one file
    except FileExistsError:
        made = read_json(path)
    finally:
        draft.unlink()
    return made


def host_of(url: str) -> str:
    """Return the host a URL names, as a Host header writes it and without a port."""
    host = urlsplit(url).hostname or ""
    return f"[{host}]" if ":" in host else host
