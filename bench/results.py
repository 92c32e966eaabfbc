# SPDX-License-Identifier: MIT
"""Results of a run (lines of JSON, see measure.h) and the goals they are held against."""

from __future__ import annotations

import dataclasses
import fnmatch
import json
import pathlib
import statistics
from collections.abc import Sequence

# A goal on a figure that has no peer is met exactly or not at all.
_EXACT = 1e-9

# Units of time, in seconds: what can stand on one axis.
SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}


@dataclasses.dataclass(frozen=True)
class Goal:
    """What a case is to reach against a peer; `case` and `peer` are shell patterns.

    One of the three is set: `ratio`, what theirs by ours is to be at least; `factor`, what ours
    by theirs is to be at most; `most`, what ours is to be at most where there is no peer.
    """

    case: str
    peer: str
    words: str
    ratio: float | None = None
    factor: float | None = None
    most: float | None = None

    @property
    def least_ratio(self) -> float | None:
        """The goal as a ratio of theirs by ours; None for a figure with no peer."""
        if self.factor is not None:
            return 1 / self.factor
        return self.ratio


@dataclasses.dataclass(frozen=True)
class Row:
    """A row of the table: what is measured, and what it is to reach."""

    name: str
    group: str
    what: str
    goals: tuple[Goal, ...]

    def goal(self, case: str, peer: str) -> Goal | None:
        """The first goal that fits; None: the figure is there for information."""
        for goal in self.goals:
            if fnmatch.fnmatchcase(case, goal.case) and fnmatch.fnmatchcase(peer, goal.peer):
                return goal
        return None


@dataclasses.dataclass(frozen=True)
class Group:
    """Rows that are shown in one table and one picture."""

    name: str
    title: str
    rows: tuple[Row, ...]


@dataclasses.dataclass(frozen=True)
class Spread:
    """Median and quartiles of samples."""

    low: float
    middle: float
    high: float

    @classmethod
    def of(cls, samples: Sequence[float]) -> Spread:
        """Of any number of samples, also of one."""
        if len(samples) == 1:
            return cls(samples[0], samples[0], samples[0])
        low, middle, high = statistics.quantiles(samples, n=4, method="inclusive")
        return cls(low, middle, high)


@dataclasses.dataclass
class Line:
    """One comparison: samples of costs, ours and the peer's (none: a figure with no peer)."""

    row: Row
    case: str
    peer: str
    unit: str
    ours: list[float]
    theirs: list[float]

    @property
    def goal(self) -> Goal | None:
        """What it is to reach, if anything."""
        return self.row.goal(self.case, self.peer)

    @property
    def ratio(self) -> Spread | None:
        """The peer's cost by ours: of the medians, with the quartiles of single rounds.

        A round of ours and the peer's round after it had the same machine, so that their ratio
        says more than the two spreads do.
        """
        if not self.theirs or statistics.median(self.ours) <= 0:
            return None
        if len(self.ours) == len(self.theirs):
            # A cost from which the clock's was taken may come out as nothing.
            pairs = Spread.of([b / a for a, b in zip(self.ours, self.theirs) if a > 0])
        else:
            ours, theirs = Spread.of(self.ours), Spread.of(self.theirs)
            pairs = Spread(theirs.low / ours.high, 0, theirs.high / ours.low)
        middle = statistics.median(self.theirs) / statistics.median(self.ours)
        return Spread(min(pairs.low, middle), middle, max(pairs.high, middle))

    def reached(self) -> str:
        """Return "yes", "no", "yes?" or "no?" (the goal lies within the spread), or ""."""
        goal = self.goal
        if goal is None:
            return ""
        ratio, least = self.ratio, goal.least_ratio
        if least is not None:
            if ratio is None:
                return ""
            doubt = "?" if ratio.low < least <= ratio.high else ""
            return ("yes" if ratio.middle >= least else "no") + doubt
        ours, most = Spread.of(self.ours), goal.most or 0
        doubt = "?" if ours.low <= most < ours.high else ""
        return ("yes" if ours.middle <= most + _EXACT else "no") + doubt


def read_goals(path: pathlib.Path) -> list[Group]:
    """Read goals.json.

    Args:
        path: The file.

    Returns:
        The groups, with their rows, in its order.
    """
    content = json.loads(path.read_text(encoding="utf-8"))
    rows = [
        Row(row["row"], row["group"], row["what"], tuple(Goal(**goal) for goal in row["goals"]))
        for row in content["rows"]
    ]
    return [
        Group(
            group["name"],
            group["title"],
            tuple(row for row in rows if row.group == group["name"]),
        )
        for group in content["groups"]
    ]


def read_lines(path: pathlib.Path, groups: Sequence[Group]) -> list[Line]:
    """Read the results of a run; samples of the same comparison are put together.

    Args:
        path: A file with one JSON object a line.
        groups: The rows that there are.

    Returns:
        The comparisons, in the order of the rows and then of the file.

    Raises:
        ValueError: If a line is not such an object, or names a row that has no goals.
    """
    rows = {row.name: row for group in groups for row in group.rows}
    lines: dict[tuple[str, str, str], Line] = {}
    for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            entry = json.loads(text)
            row, unit = rows[entry["row"]], str(entry["unit"])
            case, peer = str(entry["case"]), str(entry["peer"])
            ours = [float(sample) for sample in entry["ours"]]
            theirs = [float(sample) for sample in entry.get("theirs", [])]
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path}:{number}: {error!r} in {text!r}") from error
        if not ours:
            raise ValueError(f"{path}:{number}: no samples in {text!r}")
        line = lines.setdefault((row.name, case, peer), Line(row, case, peer, unit, [], []))
        if line.unit != unit:
            raise ValueError(f"{path}:{number}: {unit} after {line.unit}")
        line.ours += ours
        line.theirs += theirs
    order = list(rows)
    return sorted(lines.values(), key=lambda line: order.index(line.row.name))
