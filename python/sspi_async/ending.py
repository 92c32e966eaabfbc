# SPDX-License-Identifier: MIT
"""Calls that end something: deletes and frees. Their completion tells all there is to know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import _native
from .call import Call

if TYPE_CHECKING:
    from .queue import LoopQueue


class Ending(_native.Ending, Call[None]):
    """A call on the queue of a loop, without a call of the library (bindings/python/ending.c).

    Whoever wants to know its status hears what has come to the queue.
    """

    __slots__ = ()

    if TYPE_CHECKING:
        _queue: LoopQueue

    def _wait(self, timeout_ms: int) -> None:
        self._queue.listen(self, timeout_ms)
