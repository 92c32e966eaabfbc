# SPDX-License-Identifier: MIT
"""The threads that run the calls."""

from __future__ import annotations

import dataclasses

from . import _native
from .error import check


@dataclasses.dataclass(frozen=True)
class PoolCounts:
    """The threads and calls of the pool at one point in time.

    Attributes:
        threads: The threads that exist.
        idle: Threads without work.
        in_callbacks: Threads inside a callback.
        pending: Calls that were accepted and are not finished.
        submitted: Calls that were accepted since the start of the process.
        completed: Calls that were finished since the start of the process.
    """

    threads: int
    idle: int
    in_callbacks: int
    pending: int
    submitted: int
    completed: int


def pool_counts() -> PoolCounts:
    """Count threads and calls.

    Returns:
        The counts.
    """
    return PoolCounts(*(_native.pool_count(member) for member in range(6)))


def configure_pool(
    *,
    min_threads: int = 0,
    max_threads: int = 0,
    max_quick_threads: int = 0,
    max_queued: int = 0,
    idle_ms: int = 0,
) -> None:
    """Set the limits of the pool; they take effect at once.

    Args:
        min_threads: How many threads of each lane stay once they were started.
        max_threads: The limit for calls that may block on the network; 0: the default, 64.
        max_quick_threads: The limit for calls that cannot block; 0: the number of processors.
        max_queued: The limit of unfinished calls in each lane; 0: the default, 1048576.
        idle_ms: How long a thread without work stays; 0: the default, 2000.

    Raises:
        InvalidParameter: If a limit is out of range.
    """
    check(
        _native.pool_configure(min_threads, max_threads, max_quick_threads, max_queued, idle_ms)
    )
