# SPDX-License-Identifier: MIT
"""The place where code runs, which submits calls to the queue that they belong to there."""

from __future__ import annotations

from .ending import Ending
from .operation import Operation
from .queue import place

__all__ = ["place"]

place.ending = Ending
place.operation = Operation
