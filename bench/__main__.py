"""`python -m bench [name…]`: measure against the floors, print a table, end."""

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path

from apps.core.servers import ServerError
from apps.core.supervisor.ledger import Occupied
from bench import accept, assist, memory, process, receive, send
from bench.figures import Report, load_average, table
from bench.house import ROOT, House

BENCHES: dict[str, Callable[[House, int], Report]] = {
    "accept": accept.run,
    "process": process.run,
    "receive": receive.run,
    "send": send.run,
    "assist": assist.run,
    "memory": memory.run,
}
ROUNDS = 3


def main() -> int:
    options = _options()
    os.chdir(ROOT)
    try:
        house = House(options.data_dir.resolve())
    except (Occupied, ServerError) as error:
        sys.exit(f"The benches cannot start: {error}")
    before, started = load_average(), time.strftime("%Y-%m-%d %H:%M")
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, load average {before:.1f} before"
    reports = []
    try:
        for name in options.names or BENCHES:
            reports.append(BENCHES[name](house, options.rounds))
            print(table(reports[-1:]), flush=True)
    finally:
        house.close()
    machine += f", {load_average():.1f} after"
    print(f"\n{started}; {machine}; medians of {options.rounds} alternating rounds")
    if options.json:
        told = {
            "at": started,
            "machine": machine,
            "rounds": options.rounds,
            "benches": [report.as_json() for report in reports],
        }
        Path(options.json).write_text(json.dumps(told, indent=1, ensure_ascii=False))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"{', '.join(BENCHES)}; all when none is named")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="alternating runs of floor and ours")
    parser.add_argument("--json", metavar="FILE", help="also write every figure of every round there")
    parser.add_argument("--data-dir", type=Path, default=ROOT / ".data/bench", help="made anew each time")
    options = parser.parse_args()
    if unknown := set(options.names) - set(BENCHES):
        parser.error(f"no such bench: {', '.join(sorted(unknown))}")
    return options


if __name__ == "__main__":
    sys.exit(main())
