# SPDX-License-Identifier: MIT
"""Measurements against a named peer, by the rules of measure.h: what measure.c is for C.

Rounds of ours and theirs take turns; each result is one line of JSON on standard output. A side
returns what one operation cost in one round: costs only, never rates.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Callable, NoReturn

Side = Callable[[], float]

# What a program exits with that cannot measure on this machine.
SKIPPED = 77


class Options:
    """The words of the command line: --short, and rows."""

    def __init__(self, arguments: Sequence[str]) -> None:
        self.short = "--short" in arguments
        self.rows = [word for word in arguments if not word.startswith("--")]

    @property
    def rounds(self) -> int:
        """How many rounds count."""
        return 5 if self.short else 15

    def count(self, of_the_long_form: int) -> int:
        """How many operations, if the long form takes so many."""
        return (of_the_long_form + 9) // 10 if self.short else of_the_long_form

    def wants(self, row: str) -> bool:
        """Whether this run is to measure the row."""
        return not self.rows or row in self.rows


options = Options(sys.argv[1:])


def show(
    row: str,
    case: str,
    peer: str,
    unit: str,
    ours: Sequence[float],
    theirs: Sequence[float] | None = None,
) -> None:
    """Print samples; theirs is None for a figure with no peer."""
    line: dict[str, object] = {"row": row, "case": case, "peer": peer, "unit": unit}
    line["ours"] = [float(f"{sample:.6g}") for sample in ours]
    if theirs is not None:
        line["theirs"] = [float(f"{sample:.6g}") for sample in theirs]
    print(json.dumps(line), flush=True)


def alternate(ours: Side, theirs: Side) -> tuple[list[float], list[float]]:
    """Run one round of both that does not count, then the rounds: what ours and theirs cost."""
    our_samples: list[float] = []
    their_samples: list[float] = []
    sides = [(our_samples, ours), (their_samples, theirs)]
    ours()
    theirs()
    for _ in range(options.rounds):
        for samples, cost in sides:
            samples.append(cost())
        sides.reverse()  # neither always finds what the other has left behind
    return our_samples, their_samples


def compare(row: str, case: str, peer: str, unit: str, ours: Side, theirs: Side) -> None:
    """Run the rounds of both, and print."""
    show(row, case, peer, unit, *alternate(ours, theirs))


def note(words: str) -> None:
    """Say what is not measured, and why, where it is no result."""
    print(words, file=sys.stderr, flush=True)


def skip(words: str) -> NoReturn:
    """Say why nothing can be measured, and end."""
    note(f"skipped: {words}")
    sys.exit(SKIPPED)
