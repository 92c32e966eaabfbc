# SPDX-License-Identifier: MIT
"""Calls that have a call of the library, which holds what they bring."""

from __future__ import annotations

from typing import TypeVar

from . import _native
from .call import Call

T = TypeVar("T")


class Operation(_native.Operation, Call[T]):
    """A call whose outcome is fetched when it is complete (bindings/python/operation.c)."""

    __slots__ = ()

    def _wait(self, timeout_ms: int) -> None:
        _native.call_wait(self._native, timeout_ms)
