# SPDX-License-Identifier: MIT
"""The first leg of a context that has no credential: one is acquired, and then the leg made.

Whoever asks what became of it moves it on, on any thread, so that it goes on when its loop
stands still or is closed. Those who wait are told by the owner of its queue.

Invariants

 1. One thread submits the leg: the one that takes the function out of `_submit`.
 2. The call is pending until it is `_in_leg` or there is an `_error`; then the leg, which is
    `_part` before that, or the error tells the rest. Nothing of the acquire is kept.
 3. `_told` runs on the owner when the acquire and the leg have come to their ends, and once
    more after an error, which may have been noted behind its back. The first time that the
    call is complete it says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable

from . import _native
from .call import Call
from .error import Cancelled, ShuttingDown, SspiError
from .place import place
from .queue import PENDING
from .status import Status

if TYPE_CHECKING:
    from .context import SecurityContext
    from .credential import Credential


class FirstLeg(_native.Relay, Call[bytes]):
    """A call that is an acquire at first, and then a leg (bindings/python/relay.c)."""

    __slots__ = ("_context", "_error", "_in_leg", "_part", "_stopped", "_submit")

    if TYPE_CHECKING:
        _context: SecurityContext | None
        _error: BaseException | None
        _in_leg: bool
        _part: Call[Any]
        _stopped: bool
        _submit: list[Callable[[Credential], Call[bytes]]]

    def begin(
        self,
        context: SecurityContext,
        acquire: Call[Credential],
        submit: Callable[[Credential], Call[bytes]],
    ) -> None:
        """Go on to the leg when the acquire is complete.

        Args:
            context: Whose leg it is.
            acquire: Yields the credential.
            submit: Makes the leg with it.
        """
        self._context = context
        self._error = None
        self._in_leg = False
        self._part = acquire
        self._stopped = False
        self._submit = [submit]
        context._begin_first(self)
        acquire.add_done_callback(self._told)

    def _told(self, _: Call[Any]) -> None:
        status = self._status_now()
        if status != PENDING and self._heard == PENDING:
            self._finish(status)

    def _move_on(self) -> None:
        acquire = self._part
        if self._in_leg or self._error is not None or acquire._status_now() == PENDING:
            return
        try:
            submit = self._submit.pop()
        except IndexError:  # another thread is at it
            return
        context, self._context = self._context, None
        try:
            leg = submit(acquire.result(0))
        except BaseException as error:
            if context is not None:
                context._begin_first(None)
            self._error = error.with_traceback(None)
            acquire.add_done_callback(self._told)
            return
        leg._looked_at = True  # what became of it is reported here
        self._part = leg
        self._in_leg = True
        leg.add_done_callback(self._told)
        if self._stopped:
            leg._cancel()

    # ---- What every call is asked ---------------------------------------------------------

    def _status_now(self) -> int:
        self._move_on()
        if self._in_leg:
            return self._part._status_now()
        if self._error is None:
            return PENDING
        if isinstance(self._error, SspiError):
            return self._error.status
        return Status.SEC_E_INTERNAL_ERROR

    def _take_result(self) -> bytes:
        self._looked_at = True
        if self._in_leg:
            token: bytes = self._part._take_result()
            return token
        if self._error is None:
            raise RuntimeError("the call is still pending")
        raise self._error._copy() if isinstance(self._error, SspiError) else self._error

    def _cancel(self) -> bool:
        self._move_on()
        self._stopped = True
        return self._part._cancel()

    def _failure(self) -> BaseException | None:
        """Return why the call has failed, if it has, and not on purpose."""
        error = self._error
        if self._in_leg and self._part._status_now() != PENDING:
            error = self._part.exception(0)
        return None if isinstance(error, (Cancelled, ShuttingDown)) else error

    def _wait(self, timeout_ms: int) -> None:
        self._part._wait(timeout_ms)


place.relay = FirstLeg
