# SPDX-License-Identifier: MIT
"""Waits that end: each has a number of seconds, whatever it is that it waits for."""

from __future__ import annotations

import concurrent.futures
import socket
import threading
import time
from typing import Callable, TypeVar

from .report import TIME_RAN_OUT, Failure

T = TypeVar("T")


class TimeRanOut(Failure):
    """Something did not come in time."""

    def __init__(self, what: str, seconds: float) -> None:
        super().__init__(f"{what} within {seconds:g} s.", TIME_RAN_OUT)


class Until:
    """A moment that several waits share."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    def left(self, what: str) -> float:
        """Return the seconds that are left.

        Args:
            what: What is waited for, as a sentence without its end.

        Raises:
            TimeRanOut: If there are none.
        """
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeRanOut(what, self.seconds)
        return left


def begin(function: Callable[[], T]) -> concurrent.futures.Future[T]:
    """Start a function that may block for good, on a thread that holds up no exit.

    Args:
        function: The function.

    Returns:
        What becomes of it.
    """
    future: concurrent.futures.Future[T] = concurrent.futures.Future()

    def run() -> None:
        try:
            future.set_result(function())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, daemon=True, name="sspi-async-cli").start()
    return future


def within(until: Until, what: str, function: Callable[[], T]) -> T:
    """Call a function that may block for good, and give it up at a moment.

    Args:
        until: The moment.
        what: What is waited for, as a sentence without its end.
        function: The function; it goes on alone if it is given up.

    Returns:
        What it returned.

    Raises:
        TimeRanOut: If it was given up.
    """
    future = begin(function)
    done, _ = concurrent.futures.wait([future], timeout=until.left(what))
    if not done:
        raise TimeRanOut(what, until.seconds)
    return future.result()


def connect(host: str, port: int, until: Until) -> socket.socket:
    """Connect by TCP; the name is looked up in time, too.

    Args:
        host: The host.
        port: The port.
        until: The moment at which to give up.

    Returns:
        The socket.

    Raises:
        Failure: If the name is not known, or nothing listens there.
        TimeRanOut: If neither is known in time.
    """
    what = f"{host}:{port} did not answer"
    try:
        return within(
            until, what, lambda: socket.create_connection((host, port), until.left(what))
        )
    except (socket.timeout, TimeoutError):  # two of them before Python 3.10
        raise TimeRanOut(what, until.seconds) from None
    except socket.gaierror as error:
        raise Failure(
            f"The name {host} is not known here ({error.strerror}). Check its spelling and the "
            "name servers in /etc/resolv.conf."
        ) from None
    except OSError as error:
        raise Failure(
            f"{host}:{port} cannot be reached: {error.strerror or error}. Check that the "
            "service runs, the port, and the firewalls in between."
        ) from None
