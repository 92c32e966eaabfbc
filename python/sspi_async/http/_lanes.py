# SPDX-License-Identifier: MIT
"""Connections of NTLM that are one user's: kept for the next request, lent to one at a time.

Where a library cannot be told which connection to use, marks tell who came through it last.
"""

from __future__ import annotations

import threading
import weakref
from typing import Any, Callable, Generic, TypeVar

T = TypeVar("T")

# As many are kept for one server; more are forgotten.
_KEPT = 10


class Lanes(Generic[T]):
    """What leads to such connections, by the place where they end."""

    def __init__(self, idle: Callable[[T], bool] = lambda lane: True) -> None:
        self._idle = idle
        self._lock = threading.Lock()
        self._kept: dict[object, list[T]] = {}

    def take(self, place: object) -> T | None:
        """Borrow one that is idle; None: there is none."""
        with self._lock:
            kept = self._kept.get(place, [])
            for number, lane in enumerate(kept):
                if self._idle(lane):
                    return kept.pop(number)
        return None

    def give(self, place: object, lane: T) -> None:
        """Keep one for whoever comes next."""
        with self._lock:
            kept = self._kept.setdefault(place, [])
            kept.append(lane)
            del kept[:-_KEPT]


class Marks:
    """Who came through a connection last."""

    def __init__(self) -> None:
        self._last: weakref.WeakKeyDictionary[Any, tuple[object, object]]
        self._last = weakref.WeakKeyDictionary()

    def mark(self, connection: object, user: object) -> object:
        """Note that somebody came through.

        Returns:
            What is the same as after the last time if nobody else came in between.
        """
        former = self._last.get(connection)
        if former is None or former[0] is not user:
            former = self._last[connection] = (user, object())
        return former[1]
