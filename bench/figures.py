"""Samples, their medians over rounds, and the table."""

import math
import os
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a figure must reach."""

    at_most: float = math.inf
    at_least: float = -math.inf

    def met(self, value: float) -> bool:
        return self.at_least <= value <= self.at_most

    def __str__(self) -> str:
        return f"≥ {self.at_least:g}" if math.isinf(self.at_most) else f"≤ {self.at_most:g}"


@dataclass(kw_only=True)
class Figure:
    """One measured quantity, once per round: of the floor, where there is one, and ours."""

    name: str
    unit: str
    floor: list[float] = field(default_factory=list)
    ours: list[float] = field(default_factory=list)
    target: Target | None = None
    """Of our value."""
    ratio_target: Target | None = None

    @property
    def ratio(self) -> float | None:
        """Ours to the floor's, by their medians."""
        return statistics.median(self.ours) / statistics.median(self.floor) if self.floor else None

    @property
    def is_met(self) -> bool:
        ratio = self.ratio
        good = self.target is None or self.target.met(statistics.median(self.ours))
        return good and (self.ratio_target is None or ratio is None or self.ratio_target.met(ratio))

    def as_json(self) -> dict[str, object]:
        targets = {"target": self.target, "ratio_target": self.ratio_target}
        return {
            "name": self.name,
            "unit": self.unit,
            "floor": [round(value, 3) for value in self.floor],
            "ours": [round(value, 3) for value in self.ours],
            "ratio": None if self.ratio is None else round(self.ratio, 3),
            **{name: str(target) for name, target in targets.items() if target is not None},
            "is_met": self.is_met,
        }


@dataclass(frozen=True, slots=True)
class Report:
    """What one bench found."""

    title: str
    figures: list[Figure]
    notes: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, object]:
        return {"title": self.title, "figures": [figure.as_json() for figure in self.figures], "notes": self.notes}


def percentile(values: Iterable[float], share: float) -> float:
    """Return the smallest value that is at least as large as `share` of all."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def milliseconds(seconds: Sequence[float], share: float) -> float:
    return percentile(seconds, share) * 1000


def load_average() -> float:
    return os.getloadavg()[0]


def table(reports: Sequence[Report]) -> str:
    """Return every report for people: medians over the rounds, and the range of ours."""
    lines = []
    for report in reports:
        lines += ["", report.title, f"  {'':50}{'floor':>10}{'ours':>10}  {'range':17}{'ratio':>7}  target"]
        lines += [_line(figure) for figure in report.figures]
        lines += [f"  {note}" for note in report.notes]
    return "\n".join(lines)


def _line(figure: Figure) -> str:
    floor = _number(statistics.median(figure.floor)) if figure.floor else "–"
    ours = _number(statistics.median(figure.ours))
    spread = f"{_number(min(figure.ours))} … {_number(max(figure.ours))}" if len(figure.ours) > 1 else ""
    ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}"
    wanted = " ".join(
        text for text in (figure.target and str(figure.target), figure.ratio_target and f"ratio {figure.ratio_target}")
        if text
    )  # fmt: skip
    verdict = f"{wanted}  {'✓' if figure.is_met else '✗ MISSED'}" if wanted else ""
    return f"  {f'{figure.name} ({figure.unit})':50}{floor:>10}{ours:>10}  {spread:17}{ratio:>7}  {verdict}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"
