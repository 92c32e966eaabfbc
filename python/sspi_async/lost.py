# SPDX-License-Identifier: MIT
"""Failures that were never retrieved: the call went with its exception.

They are reported as asyncio reports an exception that was never retrieved, and to the log.
"""

from __future__ import annotations

import logging
from typing import Any, Callable

from .call import Call

_logger = logging.getLogger("sspi_async")

# Who takes them over, and is given the call's description and the error: the pytest plug-in.
listeners: list[Callable[[str, BaseException], object]] = []


def note(call: Call[Any], error: BaseException) -> bool:
    """Write a failure to the log, and hand it to those who listen.

    Args:
        call: The call, on its way out.
        error: Why it failed.

    Returns:
        Whether somebody listens, so that it need not be reported elsewhere.
    """
    _logger.warning("%r failed, and its exception was never retrieved: %s", call, error)
    for listener in listeners:
        listener(repr(call), error)
    return bool(listeners)
