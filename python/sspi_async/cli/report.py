# SPDX-License-Identifier: MIT
"""What a command has found, for people (tables) and for programs (JSON)."""

from __future__ import annotations

import dataclasses
import json
import sys
import textwrap
from collections.abc import Sequence
from typing import Any, TextIO

# What the process ends with. 2 is argparse's: the command line itself is wrong.
OK = 0
FAILED = 1
USAGE = 2
TIME_RAN_OUT = 3
MISSING = 4

_GAP = "  "
_STYLES = {"ok": "green", "warning": "yellow", "failed": "bold red", "note": "cyan"}


class Failure(Exception):
    """The command cannot go on; the message says what to do next.

    Attributes:
        code: What the process ends with.
    """

    def __init__(self, message: str, code: int = FAILED) -> None:
        super().__init__(message)
        self.code = code


@dataclasses.dataclass(frozen=True)
class Table:
    """Rows under the names of their columns; without names they are a plain list.

    The last column is text, which may be folded; all others keep their width.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    title: str = ""


@dataclasses.dataclass(frozen=True)
class Report:
    """What a command has found.

    Attributes:
        data: For programs: what `json` can write.
        shown: For people.
        code: What the process ends with.
    """

    data: Any
    shown: Sequence[Table | str]
    code: int = OK


def write(report: Report, as_json: bool, output: TextIO) -> None:
    """Write a report.

    Args:
        report: The report.
        as_json: As one document of JSON.
        output: Where to. A terminal gets colours, if rich is installed.
    """
    if as_json:
        output.write(json.dumps(report.data, indent=2, ensure_ascii=False) + "\n")
        return
    console = _console(output)
    for number, part in enumerate(report.shown):
        if number:
            output.write("\n")
        if isinstance(part, str):
            output.write(part + "\n")
        elif console is not None:
            console.print(_rich_table(part))
        else:
            output.write(plain(part) + "\n")
    output.flush()


def folded(text: str) -> str:
    """Fold a paragraph, leaving words whole.

    Args:
        text: The paragraph.

    Returns:
        Its lines.
    """
    return textwrap.fill(_printable(text), 96, break_long_words=False, break_on_hyphens=False)


def plain(table: Table) -> str:
    """Lay out a table as text.

    Args:
        table: The table.

    Returns:
        Its lines.
    """
    rows = [[_printable(cell) for cell in row] for row in table.rows]
    if table.columns:
        rows.insert(0, list(table.columns))
    widths = [
        max((len(row[place]) for row in rows), default=0) for place in range(_width(rows))
    ]
    lines = [table.title] if table.title else []
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row[:-1], widths)]
        lines.append(_GAP.join([*cells, row[-1]]).rstrip())
    return "\n".join(lines)


def _width(rows: Sequence[Sequence[str]]) -> int:
    return len(rows[0]) if rows else 0


def _printable(text: str) -> str:
    """Leave out what a server could write to a terminal to have it do something."""
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)


def _console(output: TextIO) -> Any:
    """A console of rich, for a terminal if rich is installed; else None."""
    if not output.isatty():
        return None
    try:
        import rich.console
    except ImportError:
        return None
    return rich.console.Console(file=output, highlight=False)


def _rich_table(table: Table) -> Any:
    import rich.box
    import rich.table
    import rich.text

    made = rich.table.Table(
        title=table.title or None,
        title_justify="left",
        title_style="bold",
        box=rich.box.SIMPLE_HEAD if table.columns else None,
        show_header=bool(table.columns),
        pad_edge=False,
    )
    columns = table.columns or [""] * _width(table.rows)
    for place, name in enumerate(columns):
        last = place == len(columns) - 1
        made.add_column(name, no_wrap=not last, overflow="fold", header_style="bold")
    for row in table.rows:
        made.add_row(
            *(rich.text.Text(_printable(cell), style=_STYLES.get(cell, "")) for cell in row)
        )
    return made


def complain(message: str) -> None:
    """Write a message for people to the standard error.

    Args:
        message: The message.
    """
    sys.stderr.write(f"sspi-async: {_printable(message)}\n")
