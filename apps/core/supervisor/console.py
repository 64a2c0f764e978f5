"""What the supervisor and its children write, line by line, each with its writer's name."""

import sys
import threading

NAME_WIDTH = 9
COLOURS = ("36", "32", "33", "35", "34", "31")


class Console:
    """One output for many writers; lines are never mixed. In colour on a terminal."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._colours: dict[str, str] = {}
        self._in_colour = sys.stdout.isatty()

    def say(self, name: str, line: str) -> None:
        """Write one line of a writer. A reader that went away is no reason to stop."""
        with self._lock:
            try:
                sys.stdout.write(f"{self._prefix(name)} {line}\n")
                sys.stdout.flush()
            except (BrokenPipeError, ValueError):
                return

    def _prefix(self, name: str) -> str:
        prefix = f"{name:<{NAME_WIDTH}}|"
        if not self._in_colour:
            return prefix
        colour = self._colours.setdefault(name, COLOURS[len(self._colours) % len(COLOURS)])
        return f"\x1b[{colour}m{prefix}\x1b[0m"
