# SPDX-License-Identifier: MIT
"""Shows the results of a run against the goals: `./dev bench` runs it.

    report.py RESULTS           prints the tables
    report.py RESULTS --write   and writes docs/performance.md with its pictures

What stands in docs/performance.md between the two lines that say so is written by hand and
kept.
"""

from __future__ import annotations

import argparse
import pathlib
import sys
from collections.abc import Sequence

import machine
import plot
from results import Group, Line, Spread, read_goals, read_lines

ROOT = pathlib.Path(__file__).resolve().parents[1]

BEGIN = "<!-- written by hand from here: report.py keeps it -->"
END = "<!-- to here -->"

_HEAD = """\
# Performance

<!-- Made by bench/report.py; `./dev bench --long` makes it anew. -->

Each figure is measured against a named peer in the same run: rounds of ours and theirs take
turns, on the whole public API, in a realm with a KDC of its own. Figures are costs, so less is
better; a ratio is the peer's cost by ours, so more is better. Shown are medians; in brackets
are the quartiles, of ratios those of single rounds. "yes?" and "no?": the goal lies between the
quartiles, and another run may say otherwise.

`./dev bench` makes a short run in about a minute and prints these tables. `./dev bench --long`
takes more rounds and writes this page.
"""

_COLUMNS = ("", "case", "peer", "ours", "theirs", "ratio", "goal", "reached")


def _number(value: float) -> str:
    """Three digits that matter, and no exponent."""
    if value == 0:
        return "0"
    digits = 3 if abs(value) < 1 else 2 if abs(value) < 10 else 1 if abs(value) < 100 else 0
    return f"{value:,.{digits}f}"


def _samples(samples: Sequence[float], unit: str) -> str:
    if not samples:
        return ""
    spread = Spread.of(samples)
    unit = unit.replace("us", "µs")
    text = f"{_number(spread.middle)} {unit}"
    if spread.low == spread.high:
        return text
    return f"{text} ({_number(spread.low)}-{_number(spread.high)})"


def _ratio(line: Line) -> str:
    ratio = line.ratio
    if ratio is None:
        return ""
    text = f"{_number(ratio.middle)} ({_number(ratio.low)}-{_number(ratio.high)})"
    few = min(len(line.ours), len(line.theirs))
    return text if few >= 5 else f"{text} of {few}"


def cells(line: Line) -> tuple[str, ...]:
    """What the table says of a comparison."""
    goal = line.goal
    return (
        line.row.name,
        line.case,
        line.peer,
        _samples(line.ours, line.unit),
        _samples(line.theirs, line.unit),
        _ratio(line),
        goal.words if goal is not None else "",
        line.reached(),
    )


def text_table(lines: Sequence[Line]) -> str:
    """Make the table for a terminal."""
    table = [_COLUMNS, *(cells(line) for line in lines)]
    widths = [max(len(row[column]) for row in table) for column in range(len(_COLUMNS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip()
        for row in table
    )


def markdown_table(group: Group, lines: Sequence[Line]) -> str:
    """Make the table for the page; a row's words stand on its first line."""
    table = ["| " + " | ".join(_COLUMNS) + " |", "|" + " --- |" * len(_COLUMNS)]
    told = ""
    for line in lines:
        row = list(cells(line))
        row[0] = "" if line.row.what == told else f"**{line.row.name}**: {line.row.what}"
        told = line.row.what
        table.append("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |")
    return f"## {group.title}\n\n" + "\n".join(table)


def missing(groups: Sequence[Group], lines: Sequence[Line]) -> list[str]:
    """The rows that the run did not measure."""
    there = {line.row.name for line in lines}
    return [row.name for group in groups for row in group.rows if row.name not in there]


def by_hand(page: pathlib.Path) -> str:
    """What was written by hand into the page, or the empty place for it."""
    try:
        text = page.read_text(encoding="utf-8")
    except FileNotFoundError:
        return "\n"
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise ValueError(
            f"{page}: the marks of what is written by hand are not there once each"
        )
    return text.partition(BEGIN)[2].partition(END)[0]


def write_page(docs: pathlib.Path, groups: Sequence[Group], lines: Sequence[Line]) -> None:
    """Write performance.md and a picture for each group.

    Args:
        docs: The folder.
        groups: What there is to measure.
        lines: What was measured.
    """
    page = docs / "performance.md"
    kept = by_hand(page)
    parts = [_HEAD]
    for group in groups:
        there = [line for line in lines if line.row in group.rows]
        if not there:
            continue
        picture = f"performance-{group.name}.svg"
        (docs / picture).write_text(plot.picture(group.title, there), encoding="utf-8")
        parts.append(markdown_table(group, there))
        parts.append(f"![{group.title}: ratios with their goals, and the samples]({picture})")
    absent = missing(groups, lines)
    if absent:
        parts.append("Not measured in this run: " + ", ".join(absent) + ".")
    parts.append(f"{BEGIN}{kept}{END}")
    about = "\n".join(f"| {name} | {value} |" for name, value in machine.describe())
    parts.append(f"## The machine\n\n| | |\n| --- | --- |\n{about}")
    page.write_text("\n\n".join(part.strip("\n") for part in parts) + "\n", encoding="utf-8")


def main() -> int:
    """Report on one file of results."""
    parser = argparse.ArgumentParser(description="Hold results against the goals.")
    parser.add_argument("results", type=pathlib.Path)
    parser.add_argument("--write", action="store_true", help="write docs/performance.md")
    parser.add_argument("--docs", type=pathlib.Path, default=ROOT / "docs")
    options = parser.parse_args()
    groups = read_goals(ROOT / "bench" / "goals.json")
    lines = read_lines(options.results, groups)
    if not lines:
        print("nothing was measured")
        return 1
    for name, value in machine.describe():
        print(f"{name:14} {value}")
    for group in groups:
        there = [line for line in lines if line.row in group.rows]
        if there:
            print(f"\n{group.title}\n\n{text_table(there)}")
    print("\nratio: theirs by ours, with the quartiles of single rounds")
    if options.write:
        write_page(options.docs, groups, lines)
        print(f"written: {options.docs / 'performance.md'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
