"""The table of what each channel can carry, made from the capabilities.

python -m tests.providers.feature_table     writes it into docs/reference/providers/README.md
"""

from pathlib import Path

from providers.base import Provider
from providers.registry import PROVIDERS

PAGE = Path(__file__).resolve().parents[2] / "docs/reference/providers/README.md"
INTRODUCTION = """# Providers

What each channel can carry. Made from `capabilities` in each adapter by `python -m tests.providers.feature_table`;
do not edit it by hand.
"""


def page() -> str:
    """Return the whole page as it should be."""
    rows = [_row(provider) for provider in PROVIDERS.values()]
    names = list(rows[0])
    lines = [
        "| | " + " | ".join(f"[{row['']}]({kind}.md)" for kind, row in zip(PROVIDERS, rows, strict=True)) + " |",
        "|---" * (len(rows) + 1) + "|",
        *(f"| {name} | " + " | ".join(row[name] for row in rows) + " |" for name in names if name),
    ]
    return INTRODUCTION + "\n" + "\n".join(lines) + "\n"


def _row(provider: type[Provider]) -> dict[str, str]:
    can = provider.capabilities
    return {
        "": provider.label,
        "kind": f"`{provider.kind}`",
        "credentials": ", ".join(f"`{line.name}`" for line in provider.credential_fields()),
        "handshake by GET": _yes(can.has_handshake),
        "receives": ", ".join(sorted(can.receives)),
        "sends": ", ".join(sorted(can.sends)),
        "longest text": f"{can.text_max_length} {can.text_unit}",
        "replies quote": _yes(can.quotes_messages),
        "statuses": ", ".join(status for status in type(min(can.statuses)) if status in can.statuses),
        "free answers": f"for {can.window_hours} hours" if can.window_hours else "always",
        "lost answers are found again": _yes(can.resolves_uncertain),
    }


def _yes(value: bool) -> str:
    return "yes" if value else "no"


if __name__ == "__main__":
    PAGE.write_text(page())
