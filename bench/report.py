# SPDX-License-Identifier: MIT
"""Shows the results of a run against the goals: `./dev bench` runs it.

    report.py RESULTS           prints the tables
    report.py RESULTS --write   and writes the pages with their pictures: docs/performance.md,
                                what programs do, and docs/performance-goals.md, for those who
                                work on the library: the engine, the goals, what is below them

What stands in docs/performance-goals.md between the two lines that say so is written by hand,
and is kept.
"""

from __future__ import annotations

import argparse
import pathlib
import sys
import textwrap
from collections.abc import Iterable, Sequence

import machine
import plot
from results import Group, Line, Row, Spread, bars_of, read_goals, read_lines

ROOT = pathlib.Path(__file__).resolve().parents[1]

BEGIN = "<!-- written by hand from here: report.py keeps it -->"
END = "<!-- to here -->"

_MADE = "<!-- Made by bench/report.py; `./dev bench --long` makes it anew. -->"

_HOW = """\
- **The ratio** is the peer's cost divided by ours. At 2, ours costs half as much; at 0.5, twice
  as much.
- **Rounds** of ours and of the peer alternate, and take turns in going first. The ratio is the
  median of the rounds' ratios, with the interquartile range in brackets. Costs are medians,
  also with the interquartile range."""

_USERS = f"""\
# Performance

{_MADE}

This page compares the cost of an asynchronous handshake with that of a handshake in the
calling thread, or in a program's own threads. Every figure is compared with a named peer in the
same run.

{_HOW}

`./dev bench` repeats the measurements on your machine, in a few minutes. Further comparisons
for developers of the library, and the goals that are not reached yet, are in
[Performance: the engine and the goals](performance-goals.md).
"""

_DEVELOPERS = f"""\
# Performance: the engine and the goals

{_MADE}

This page is for those who work on the library. [Performance](performance.md) covers whole
handshakes and Python.

{_HOW}
- **Goals** are the ratios that we aim for; "level" means to cost no more than the peer. "yes?"
  and "no?" mean that the goal lies within the spread, so that another run may differ.

`./dev bench` makes a short run in a few minutes and prints all tables; `./dev bench --long`
makes more rounds and writes both pages.
"""

_COLUMNS = ("row", "case", "peer", "ours", "theirs", "ratio", "goal", "reached")


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
    return (
        line.row.name,
        line.case,
        line.peer,
        _samples(line.ours, line.unit),
        _samples(line.theirs, line.unit),
        _ratio(line),
        line.goal_words(),
        line.reached(),
    )


def _paragraph(words: str) -> str:
    return textwrap.fill(words, 96, break_long_words=False, break_on_hyphens=False)


def text_table(lines: Sequence[Line]) -> str:
    """Make the table for a terminal."""
    table = [_COLUMNS, *(cells(line) for line in lines)]
    widths = [max(len(row[column]) for row in table) for column in range(len(_COLUMNS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip()
        for row in table
    )


def markdown_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Make a table for the page."""
    table = ["| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns)]
    table += [
        "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows
    ]
    return "\n".join(table)


def section(row: Row, lines: Sequence[Line], *, goals: bool) -> str:
    """What a page says of a row; peers that have no goal or bar of their own are folded."""
    last = len(_COLUMNS) if goals else _COLUMNS.index("goal")
    columns = _COLUMNS[1:last]
    leading = {line.peer for _, line in bars_of(row, lines)}
    leading |= {line.peer for line in lines if line.goal is None or line.goal.ratio != 1}
    shown = [line for line in lines if line.peer in leading]
    folded = [line for line in lines if line not in shown]
    parts = [f"### {row.title}", _paragraph(f"{row.what} (`./dev bench {row.name}`)")]
    parts.append(markdown_table(columns, [cells(line)[1:last] for line in shown]))
    if folded:
        table = markdown_table(columns, [cells(line)[1:last] for line in folded])
        names = sorted({line.peer for line in folded})
        parts.append(
            f"<details>\n<summary>Against {', '.join(names)}</summary>\n\n{table}\n\n</details>"
        )
    return "\n\n".join(parts)


def tally(lines: Sequence[Line]) -> str:
    """How many comparisons are at least level, and how many goals beyond that are reached."""
    compared = [line for line in lines if line.ratio is not None]
    level = sum(not line.is_defect() for line in compared)
    goals = [line for line in lines if line.goal is not None and line.goal.ratio != 1]
    reached = sum(line.reached().startswith("yes") for line in goals)
    unsure = sum(line.reached().endswith("?") for line in goals)
    rounds = sorted({len(line.ours) for line in lines})
    span = f"{rounds[0]} to {rounds[-1]}" if len(rounds) > 1 else f"{rounds[0]}"
    return (
        f"In this run, ours costs no more than the peer, or than its goal allows, in {level} "
        f"of {len(compared)} comparisons. Of the {len(goals)} goals above level, {reached} are "
        f"reached, and {unsure} lie within the spread. Each figure is the median of {span} "
        f"rounds."
    )


def defects(lines: Sequence[Line]) -> str:
    """The comparisons in which ours costs more than the peer, and more than a goal allows."""
    found = [line for line in lines if line.is_defect()]
    parts = ["## Where ours costs more than the peer"]
    if not found:
        parts.append("Nowhere in this run.")
    else:
        parts.append(
            _paragraph(
                "Each of these is either a defect or the price of a guarantee that the peer "
                "does not give; the notes below say which. If the interquartile range includes "
                "1, another run may differ."
            )
        )
        columns = ("row", "case", "peer", "ours", "theirs", "ratio")
        parts.append(markdown_table(columns, [cells(line)[:6] for line in found]))
    return "\n\n".join(parts)


def missed(lines: Sequence[Line]) -> str:
    """The goals beyond being level that were not reached, of what programs do too."""
    found = [
        line
        for line in lines
        if line.goal is not None
        and line.goal.ratio != 1
        and not line.reached().startswith("yes")
    ]
    if not found:
        return "## Goals that are not reached\n\nNone in this run."
    columns = ("row", "case", "peer", "ratio", "goal", "reached")
    rows = [[cells(line)[_COLUMNS.index(name)] for name in columns] for line in found]
    return "## Goals that are not reached\n\n" + markdown_table(columns, rows)


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


def chapter(docs: pathlib.Path, group: Group, lines: Sequence[Line], *, goals: bool) -> str:
    """A group's rows, with its picture, which is written into docs; "" if none was measured."""
    there = [row for row in group.rows if any(line.row is row for line in lines)]
    if not there:
        return ""
    parts = [f"## {group.title}\n\n{_paragraph(group.what)}"]
    drawn = [(row, bars_of(row, lines)) for row in there]
    drawn = [(row, bars) for row, bars in drawn if bars]
    if group.picture and drawn:
        picture = f"performance-{group.name}.svg"
        (docs / picture).write_text(plot.picture(group.picture, drawn), encoding="utf-8")
        parts.append(f"![{group.picture}]({picture})")
    parts += [
        section(row, [line for line in lines if line.row is row], goals=goals) for row in there
    ]
    return "\n\n".join(parts)


def write_pages(docs: pathlib.Path, groups: Sequence[Group], lines: Sequence[Line]) -> None:
    """Write the two pages, and a picture for each group.

    Args:
        docs: The folder.
        groups: What there is to measure; the first is what programs do.
        lines: What was measured.
    """
    goals_page = docs / "performance-goals.md"
    kept = by_hand(goals_page)
    about = f"## The machine\n\n{markdown_table(('', ''), machine.describe())}"
    users = [_USERS, chapter(docs, groups[0], lines, goals=False), about]
    absent = missing(groups, lines)
    developers = [
        _DEVELOPERS,
        _paragraph(tally(lines)),
        defects(lines),
        missed(lines),
        *(chapter(docs, group, lines, goals=True) for group in groups[1:]),
        _paragraph("Not measured in this run: " + ", ".join(absent) + ".") if absent else "",
        f"{BEGIN}{kept}{END}",
        about,
    ]
    for page, parts in ((docs / "performance.md", users), (goals_page, developers)):
        text = "\n\n".join(part.strip("\n") for part in parts if part) + "\n"
        page.write_text(text, encoding="utf-8")


def main() -> int:
    """Report on one file of results."""
    parser = argparse.ArgumentParser(description="Hold results against the goals.")
    parser.add_argument("results", type=pathlib.Path)
    parser.add_argument("--write", action="store_true", help="write the pages")
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
    print("\nratio: the peer's cost by ours, median and middle half of the rounds")
    print(tally(lines))
    if options.write:
        write_pages(options.docs, groups, lines)
        print(f"written: performance.md and performance-goals.md in {options.docs}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
