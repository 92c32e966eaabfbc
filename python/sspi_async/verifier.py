# SPDX-License-Identifier: MIT
"""Accounts that the program looks up itself: what NTLM servers ask a function of its own.

The library's threads do not call it. They leave their questions with a verifier of the library,
and a call that waits for one is told of by the queue of the place where the credential was
acquired; so the function runs there, as callbacks do.

The credential keeps the `Verifier`, and the queue the `_Listener`, which knows the verifier
weakly. When either goes, the verifier of the library goes with it, and whoever asks later is
answered at once that nobody can tell.
"""

from __future__ import annotations

import inspect
import weakref
from collections.abc import Awaitable
from typing import Any, Callable, Union

from . import _native
from .error import check
from .queue import Queue, current_queue

Account = Union[str, bytes, None]
Function = Callable[[str, str], Union[Account, Awaitable[Account]]]

# Answers of sspi_queue.h.
_NO, _UNABLE, _HASH, _PASSWORD = 0, 1, 2, 4

# So many questions are put to the function before the loop has its turn.
_LOT = 64


class Verifier:
    """Puts the questions about a credential's clients to a function.

    Attributes:
        native: The library's verifier, for the identity.
    """

    __slots__ = ("__weakref__", "_function", "native")

    def __init__(self, function: Function) -> None:
        self.native = 0
        queue = current_queue()
        if not callable(function):
            raise TypeError(
                f"identity.ntlm_verifier must be callable, not {type(function).__name__}"
            )
        if inspect.iscoroutinefunction(function) and not queue.runs_tasks:
            raise TypeError(
                "identity.ntlm_verifier is an async function: acquire the credential where "
                "asyncio or trio runs, or pass a plain function"
            )
        self._function = function
        self.native = _native.verifier_create()
        _Listener(self).listen(queue)

    def ask(self, queue: Queue, question: int, user: str, domain: str) -> None:
        """Put one question to the function, and answer it, now or later.

        Args:
            queue: Where that is done.
            question: The library's number for it.
            user: Whose password is asked for.
            domain: The user's domain; "" if the client named none.
        """
        try:
            account = self._function(user, domain)
            if inspect.isawaitable(account):
                queue.start(self._answer_later(queue, question, account))
            else:
                _answer(question, account)
        except Exception as error:
            _refuse(question)
            queue.report(error, self._function)
        except BaseException:
            _refuse(question)
            raise

    async def _answer_later(
        self, queue: Queue, question: int, account: Awaitable[Account]
    ) -> None:
        try:
            _answer(question, await account)
        except Exception as error:
            _refuse(question)
            queue.report(error, self._function)
        except BaseException:  # cancelled: the loop ends
            _refuse(question)
            raise

    def __del__(self, free: Callable[[int], None] = _native.verifier_free) -> None:
        free(self.native)


class _Listener:
    """Waits on a queue for the questions of one verifier."""

    __slots__ = ("_call", "_native", "_verifier")

    def __init__(self, verifier: Verifier) -> None:
        self._call = _native.call_create()
        self._native = verifier.native
        self._verifier = weakref.ref(verifier)

    def listen(self, queue: Queue) -> None:
        number = queue.register(self)
        status = _native.verifier_wait(self._call, queue.native, number, self._native)
        if status < 0:
            queue.forget(number)
        check(status)

    def _deliver(self, queue: Queue) -> None:
        verifier = self._verifier()
        if verifier is None or _native.call_status(self._call) < 0:
            return
        try:
            for _ in range(_LOT):
                status, question, user, domain = _native.verifier_take(self._native)
                if status != 0:
                    break
                verifier.ask(queue, question, user or "", domain or "")
        finally:
            _native.call_reinit(self._call)
            self.listen(queue)

    def __del__(
        self,
        free: Callable[[int], None] = _native.verifier_free,
        free_call: Callable[[int], None] = _native.call_free,
    ) -> None:
        free(self._native)
        free_call(self._call)


def _answer(question: int, account: Any) -> None:
    if account is None:
        check(_native.verifier_answer(question, _NO, None))
    elif isinstance(account, str):
        check(_native.verifier_answer(question, _PASSWORD, account.encode()))
    elif isinstance(account, bytes):
        check(_native.verifier_answer(question, _HASH, account))
    else:
        raise TypeError(
            "an ntlm_verifier returns a password (str), an NT hash (bytes) or None, not "
            f"{type(account).__name__}"
        )


def _refuse(question: int) -> None:
    _native.verifier_answer(question, _UNABLE, None)
