"""As whom the servers run, and where their files can lie.

PostgreSQL refuses to run as root. Started by root, both servers run as `nobody`, an account every Unix
has: nothing is created in the system and no permission of a folder that is not ours is touched. What
that account cannot reach (a project under a closed home) is copied to a place of its own.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from apps.core.servers.processes import ServerError

OUTSIDE = (Path("/var/lib"), Path("/var/tmp"))  # noqa: S108  a private folder is made in it by mkdtemp
NOTE = "Server data of {data_dir}. Safe to delete when that folder is gone.\n"

_launched: list[subprocess.Popen[bytes]] = []
"""Servers outlive whoever holds their process object: nobody shall be warned when it is forgotten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The user the server processes run as. None: the one we are."""

    uid: int | None = None
    gid: int | None = None

    @property
    def groups(self) -> list[int] | None:
        return None if self.uid is None else []

    def run(self, *command: str | Path, text: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run a short command to its end as this account, in a bare environment."""
        return subprocess.run(  # noqa: S603
            [str(part) for part in command],
            input=text if text is not None else "",
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            env=bare_environment(),
            user=self.uid,
            group=self.gid,
            extra_groups=self.groups,
        )

    def launch(self, *command: str | Path, log: IO[bytes], stdin: IO[bytes] | None = None) -> subprocess.Popen[bytes]:
        """Start a server as this account, in a session of its own, so that no Ctrl-C reaches it."""
        process = subprocess.Popen(  # noqa: S603
            [str(part) for part in command],
            stdin=stdin or subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            env=bare_environment(),
            start_new_session=True,
            user=self.uid,
            group=self.gid,
            extra_groups=self.groups,
        )
        _launched.append(process)
        return process

    def can_run(self, program: Path) -> bool:
        """Return whether the program starts here and tells its version."""
        try:
            return self.run(program, "--version").returncode == 0
        except OSError:
            return False

    def can_enter(self, folder: Path) -> bool:
        return self.run("/bin/sh", "-c", 'cd "$0"', folder).returncode == 0

    def own(self, path: Path) -> None:
        """Hand the folder or file over to this account."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)


def bare_environment() -> dict[str, str]:
    """Return the environment of the servers: nothing of ours, no secret."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def server_account() -> Account:
    """Return `nobody` when we are root, ourselves otherwise."""
    if os.geteuid() != 0:
        return Account()
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError as error:
        message = (
            "Started as root, the servers would run as `nobody`, and there is no such user: start as another user."
        )
        raise ServerError(message) from error
    return Account(uid=nobody.pw_uid, gid=nobody.pw_gid)


def make_data_dir(data_dir: Path) -> None:
    """Create the data folder: closed to others, but for root a passage to the servers' own folders."""
    if not data_dir.is_dir():
        data_dir.mkdir(parents=True, mode=0o711 if os.geteuid() == 0 else 0o700)


def servers_home(data_dir: Path, account: Account) -> Path:
    """Return the folder that holds the servers' files, where `account` can reach it.

    It is `<data_dir>/servers`, or what that link points to when the account cannot come in there.
    """
    home = data_dir / "servers"
    if not home.is_dir():
        home.unlink(missing_ok=True)  # a link to a folder that is gone
        if account.can_enter(data_dir):
            home.mkdir(mode=0o711)
        else:
            home.symlink_to(_outside(data_dir, account))
    return home.resolve()


def _outside(data_dir: Path, account: Account) -> Path:
    for parent in OUTSIDE:
        if parent.is_dir() and os.access(parent, os.W_OK) and account.can_enter(parent):
            home = Path(tempfile.mkdtemp(prefix="mostrador-", dir=parent))
            home.chmod(0o711)
            (home / "README").write_text(NOTE.format(data_dir=data_dir))
            return home
    raise ServerError(f"No folder for the servers' files: tried {data_dir} and {', '.join(map(str, OUTSIDE))}.")


def remove_home(data_dir: Path) -> None:
    """Delete the servers' files of a data folder, wherever they lie. The servers must have ended."""
    home = data_dir / "servers"
    if home.is_dir():
        shutil.rmtree(home.resolve())
    home.unlink(missing_ok=True)
