# SPDX-License-Identifier: MIT
"""Completion queues: how the end of a call gets to the thread that owns it.

Native threads never enter Python. They put completions on a queue of the library; Python takes
them from there in batches:

- on an asyncio loop, when the loop finds the queue's descriptor readable;
- in a trio run, by a system task that waits for the descriptor;
- without a loop, on one daemon thread that waits inside the library.

There is one queue for each loop, for each trio run, and for the thread. A call belongs to the
queue of the place where it was submitted, and its callbacks run there.
"""

from __future__ import annotations

import asyncio
import atexit
import itertools
import os
import sys
import threading
import weakref
from typing import TYPE_CHECKING, Any, Callable, Protocol

from . import _native
from .error import OutOfMemory
from .status import Status

if TYPE_CHECKING:
    import trio

_BATCH = 256

_ids = itertools.count(1)


class Entry(Protocol):
    """What waits for a completion."""

    def _deliver(self, queue: Queue) -> None: ...


class Queue:
    """A completion queue of the library and those who wait for its completions."""

    def __init__(self) -> None:
        self.native = _native.queue_create()
        if self.native == 0:
            raise OutOfMemory(Status.SEC_E_INSUFFICIENT_MEMORY)
        self._pending: dict[int, Entry] = {}
        # At exit the process takes it along; the library's own threads may still be at work.
        weakref.finalize(self, _native.queue_free, self.native).atexit = False

    def close(self) -> None:
        """Free the queue; nobody is told of what was still pending on it."""
        _native.queue_free(self.native)
        self._pending.clear()

    def register(self, entry: Entry) -> int:
        """Expect a completion for entry, under the id that is returned."""
        number = next(_ids)
        self._pending[number] = entry
        return number

    def forget(self, number: int) -> None:
        """No completion comes, or nobody wants it."""
        self._pending.pop(number, None)

    def drain(self) -> None:
        """Take one batch of completions and deliver them here."""
        self._deliver(_native.queue_poll(self.native, _BATCH)[1])

    def _deliver(self, completions: list[tuple[int, int, int]]) -> None:
        stop: BaseException | None = None
        for number, _, _ in completions:
            entry = self._pending.pop(number, None)
            if entry is None:
                continue
            try:
                entry._deliver(self)
            except BaseException as error:  # the batch is out of the queue already
                stop = error
        if stop is not None:
            raise stop

    def run(self, function: Callable[..., object], *arguments: object) -> None:
        """Run a callback; its exceptions go where this owner reports unhandled ones."""
        try:
            function(*arguments)
        except Exception as error:
            self.report(error, function)

    def post(self, function: Callable[[], object]) -> None:
        """Run a callback soon, on the thread of the owner."""
        raise NotImplementedError

    def report(self, error: Exception, function: Callable[..., object]) -> None:
        """Hand over an exception that nobody caught."""
        raise NotImplementedError


class LoopQueue(Queue):
    """The queue of an asyncio event loop, which it does not keep alive."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._loop = weakref.ref(loop)
        loop.add_reader(_native.queue_fd(self.native), self.drain)

    def is_closed(self) -> bool:
        """Whether nobody drains it any more."""
        loop = self._loop()
        return loop is None or loop.is_closed()

    def post(self, function: Callable[[], object]) -> None:
        loop = self._loop()
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self.run, function)

    def report(self, error: Exception, function: Callable[..., object]) -> None:
        loop = self._loop()
        if loop is not None:
            loop.call_exception_handler(
                {"message": f"Exception in callback {function!r}", "exception": error}
            )


class ThreadQueue(Queue):
    """The queue of all who have no event loop, drained by a thread of its own."""

    def __init__(self) -> None:
        super().__init__()
        self._thread = threading.Thread(target=self._run, name="sspi-async", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            count, completions = _native.queue_take(self.native, -1, _BATCH)
            if count < 0:
                return
            self._deliver(completions)

    def _deliver(self, completions: list[tuple[int, int, int]]) -> None:
        try:
            super()._deliver(completions)
        except BaseException as error:  # SystemExit of a callback ends no thread but ours
            self.report(error, self._deliver)

    def post(self, function: Callable[[], object]) -> None:
        # A call that fails at once: its completion is a message to the thread.
        call = _native.call_create()
        number = self.register(_Message(function, call))
        if _native.delete_context(call, self.native, number, 0) < 0:
            self.forget(number)
            _native.call_free(call)

    def report(self, error: BaseException, function: Callable[..., object]) -> None:
        threading.excepthook(
            threading.ExceptHookArgs(
                (type(error), error, error.__traceback__, threading.current_thread())
            )
        )

    def stop(self) -> None:
        """At exit: a callback that runs may end, up to a second long."""
        _native.queue_free(self.native)
        if threading.current_thread() is not self._thread:
            self._thread.join(1.0)


class _Message:
    def __init__(self, function: Callable[[], object], call: int) -> None:
        self._function = function
        self._call = call

    def _deliver(self, queue: Queue) -> None:
        _native.call_free(self._call)
        queue.run(self._function)


class TrioQueue(Queue):
    """The queue of a trio run, drained by a system task."""

    def __init__(self, lowlevel: Any) -> None:
        super().__init__()
        self._lowlevel = lowlevel
        self._token: trio.lowlevel.TrioToken = lowlevel.current_trio_token()
        lowlevel.spawn_system_task(self._run, name="sspi-async")

    async def _run(self) -> None:
        fd = _native.queue_fd(self.native)
        try:
            while True:
                await self._lowlevel.wait_readable(fd)
                self.drain()
        finally:
            self.close()

    def post(self, function: Callable[[], object]) -> None:
        self._token.run_sync_soon(self.run, function)

    def report(self, error: Exception, function: Callable[..., object]) -> None:
        # Trio has no place for unhandled exceptions but the task, whose end would be that of
        # the run. The hook of threads is where people look.
        threading.excepthook(
            threading.ExceptHookArgs(
                (type(error), error, error.__traceback__, threading.current_thread())
            )
        )


_lock = threading.RLock()
_loops: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, LoopQueue]
_loops = weakref.WeakKeyDictionary()
_thread: ThreadQueue | None = None
_trio_queue: Any = None  # a RunVar, made when trio is there


def trio_task() -> Any:
    """Return trio.lowlevel inside a trio task, else None."""
    trio_module = sys.modules.get("trio")
    if trio_module is None:
        return None
    lowlevel = trio_module.lowlevel
    try:
        lowlevel.current_task()
    except RuntimeError:
        return None
    return lowlevel


def running_loop() -> asyncio.AbstractEventLoop | None:
    """Return the asyncio loop that runs on this thread, or None."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _of_trio(lowlevel: Any) -> Queue:
    global _trio_queue
    if _trio_queue is None:
        _trio_queue = lowlevel.RunVar("sspi_async")
    queue: Queue | None = _trio_queue.get(None)
    if queue is None:
        queue = TrioQueue(lowlevel)
        _trio_queue.set(queue)
    return queue


def _of_loop(loop: asyncio.AbstractEventLoop) -> Queue:
    queue = _loops.get(loop)
    if queue is None:
        with _lock:
            for old in [old for old in _loops.values() if old.is_closed()]:
                old.close()
            for closed in [closed for closed in _loops if closed.is_closed()]:
                del _loops[closed]
            queue = _loops[loop] = LoopQueue(loop)
    return queue


def _of_thread() -> Queue:
    global _thread
    with _lock:
        if _thread is None:
            _thread = ThreadQueue()
        return _thread


def current_queue() -> Queue:
    """Return the queue of the loop or run that is active here, or that of the thread."""
    lowlevel = trio_task()
    if lowlevel is not None:
        return _of_trio(lowlevel)
    loop = running_loop()
    return _of_loop(loop) if loop is not None else _of_thread()


def _after_fork() -> None:
    """Start anew: loops, runs and the thread are the parent's."""
    global _lock, _thread, _trio_queue
    _lock = threading.RLock()
    _loops.clear()
    _thread = None
    _trio_queue = None


def _at_exit() -> None:
    if _thread is not None:
        _thread.stop()


os.register_at_fork(after_in_child=_after_fork)
atexit.register(_at_exit)
