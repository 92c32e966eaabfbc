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
    `or_as` names a case of the same row, as a pattern: where its ratio is less than `ratio`,
    that will do, but nothing below 1; `or_words` says so.
    """

    case: str
    peer: str
    words: str
    ratio: float | None = None
    factor: float | None = None
    most: float | None = None
    or_as: str | None = None
    or_words: str = ""

    @property
    def least_ratio(self) -> float | None:
        """The goal as a ratio of theirs by ours; None for a figure with no peer."""
        if self.factor is not None:
            return 1 / self.factor
        return self.ratio


@dataclasses.dataclass(frozen=True)
class Bar:
    """A comparison that the picture shows; `case` and `peer` are shell patterns."""

    case: str
    peer: str
    label: str


@dataclasses.dataclass(frozen=True)
class Row:
    """A row of the table: what is measured, and what it is to reach."""

    name: str
    group: str
    title: str
    what: str
    goals: tuple[Goal, ...]
    bars: tuple[Bar, ...]

    def goal(self, case: str, peer: str) -> Goal | None:
        """The first goal that fits; None: the figure is there for information."""
        for goal in self.goals:
            if fnmatch.fnmatchcase(case, goal.case) and fnmatch.fnmatchcase(peer, goal.peer):
                return goal
        return None


@dataclasses.dataclass(frozen=True)
class Group:
    """Rows that share a chapter and a picture; `picture` is its title, "" if there is none."""

    name: str
    title: str
    what: str
    picture: str
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
    """One comparison: samples of costs, ours and the peer's (none: a figure with no peer).

    Samples of the same index belong to the same round.
    """

    row: Row
    case: str
    peer: str
    unit: str
    ours: list[float]
    theirs: list[float]
    # What the goal's `or_as` names.
    reference: Line | None = None

    @property
    def goal(self) -> Goal | None:
        """What it is to reach, if anything."""
        return self.row.goal(self.case, self.peer)

    @property
    def ratio(self) -> Spread | None:
        """The peer's cost by ours: median and quartiles of the rounds.

        A round of ours and the peer's round beside it had the same machine, so that their ratio
        says more than two medians do.
        """
        # A cost from which the clock's was taken may come out as nothing.
        rounds = [theirs / ours for ours, theirs in zip(self.ours, self.theirs) if ours > 0]
        return Spread.of(rounds) if rounds else None

    @property
    def least_ratio(self) -> float | None:
        """The least ratio that reaches the goal; None: there is no goal for a ratio."""
        least = self.goal.least_ratio if self.goal is not None else None
        reference = self.reference.ratio if self.reference is not None else None
        if least is None or reference is None:
            return least
        return min(least, max(reference.middle, 1.0))

    def goal_words(self) -> str:
        """The goal for people, or ""."""
        goal, least = self.goal, self.least_ratio
        if goal is None:
            return ""
        if least is None or least == goal.least_ratio:
            return goal.words
        return f"{least:.2f} times ({goal.or_words})"

    def reached(self) -> str:
        """Return "yes", "no", "yes?" or "no?" (the goal lies within the spread), or ""."""
        if self.goal is None:
            return ""
        ratio, least = self.ratio, self.least_ratio
        if least is not None:
            if ratio is None:
                return ""
            doubt = "?" if ratio.low < least <= ratio.high else ""
            return ("yes" if ratio.middle >= least else "no") + doubt
        ours, most = Spread.of(self.ours), self.goal.most or 0
        doubt = "?" if ours.low <= most < ours.high else ""
        return ("yes" if ours.middle <= most + _EXACT else "no") + doubt

    def is_defect(self) -> bool:
        """Whether ours costs more than the peer, and more than a goal allows."""
        ratio = self.ratio
        return ratio is not None and ratio.middle < 1 and not self.reached().startswith("yes")


def read_goals(path: pathlib.Path) -> list[Group]:
    """Read goals.json.

    Args:
        path: The file.

    Returns:
        The groups, with their rows, in its order.
    """
    content = json.loads(path.read_text(encoding="utf-8"))
    rows = [
        Row(
            row["row"],
            row["group"],
            row["title"],
            row["what"],
            tuple(Goal(**goal) for goal in row["goals"]),
            tuple(Bar(**bar) for bar in row["bars"]),
        )
        for row in content["rows"]
    ]
    return [
        Group(
            group["name"],
            group["title"],
            group["what"],
            group["picture"],
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
        ValueError: If a line is not such an object, names a row that goals.json has not, or
            has not as many samples of the peer's as of ours.
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
        if not ours or (theirs and len(theirs) != len(ours)):
            raise ValueError(f"{path}:{number}: not as many samples of each in {text!r}")
        line = lines.setdefault((row.name, case, peer), Line(row, case, peer, unit, [], []))
        if line.unit != unit:
            raise ValueError(f"{path}:{number}: {unit} after {line.unit}")
        line.ours += ours
        line.theirs += theirs
    for line in lines.values():
        pattern = line.goal.or_as if line.goal is not None else None
        line.reference = next(
            (
                other
                for other in lines.values()
                if pattern
                and other.row is line.row
                and fnmatch.fnmatchcase(other.case, pattern)
            ),
            None,
        )
    order = list(rows)
    return sorted(lines.values(), key=lambda line: order.index(line.row.name))


def bars_of(row: Row, lines: Sequence[Line]) -> list[tuple[str, Line]]:
    """Choose what the picture shows of a row.

    Args:
        row: The row.
        lines: What was measured.

    Returns:
        Labels and comparisons; a bar for which there is no comparison is left out.
    """
    chosen = []
    for bar in row.bars:
        for line in lines:
            if (
                line.row is row
                and line.ratio is not None
                and fnmatch.fnmatchcase(line.case, bar.case)
                and fnmatch.fnmatchcase(line.peer, bar.peer)
            ):
                chosen.append((bar.label, line))
                break
    return chosen
