# SPDX-License-Identifier: MIT
"""Verdicts of the doctor: one a line, with what to do next."""

from __future__ import annotations

import dataclasses

GOOD = "ok"
NOTE = "note"  # something optional is not there
WARNING = "warning"  # it works, or will soon no longer
BAD = "failed"


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What a check has found.

    Attributes:
        check: What was looked at.
        verdict: GOOD, NOTE, WARNING or BAD.
        found: What was found.
        advice: What to do next; "" for nothing.
    """

    check: str
    verdict: str
    found: str
    advice: str = ""

    @property
    def line(self) -> str:
        """What was found, and what to do next."""
        return f"{self.found}. {self.advice}".rstrip() if self.advice else f"{self.found}."
