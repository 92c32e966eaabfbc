# SPDX-License-Identifier: MIT
"""Deadlines: the default of the process. Those of one call are arguments of that call."""

from __future__ import annotations

import math

from . import _native
from .argument import need_seconds
from .error import InvalidParameter
from .status import Status

_NONE = 0
_LONGEST_MS = 0xFFFFFFFE


def set_default_timeout(seconds: float | None) -> None:
    """Have acquires and legs end after some time, where the call says nothing else.

    For all that is submitted from now on in this process. A call with a `timeout` or `deadline`
    of its own, infinity among them, is not concerned; nor are deletes and frees, which ask no
    server.

    Args:
        seconds: How long a call may take; None, as at first: as long as it takes.

    Raises:
        InvalidParameter: If it is not positive.
        TypeError: If it is no number.
    """
    if seconds is None:
        _native.set_default_deadline(_NONE)
        return
    need_seconds("seconds", seconds)
    if not seconds > 0:
        raise InvalidParameter(
            Status.SEC_E_INVALID_PARAMETER,
            f"seconds must be positive, or None for no limit, not {seconds}",
        )
    milliseconds = _NONE if math.isinf(seconds) else math.ceil(seconds * 1000)
    _native.set_default_deadline(min(milliseconds, _LONGEST_MS))
