# SPDX-License-Identifier: MIT
"""Completion queues: how the end of a call gets to the thread that owns it.

Native threads never enter Python. They put completions on a queue of the library; Python takes
them from there in batches:

- on an asyncio loop, when the loop finds the queue's descriptor readable;
- in a trio run, by a system task that waits for the descriptor;
- without a loop, on one daemon thread that waits inside the library.

There is one queue for each loop, for each trio run, and for the thread. A call belongs to the
queue of the place where it was submitted, and its callbacks run there.

A completion is *heard* when it is taken from the library: under the queue's lock its entry gets
the status, and joins those that are to be delivered. Delivery (callbacks, tasks that wait) is
the owner's, in the order in which completions were heard. Any thread may hear on behalf of a
loop, so that nobody waits for a completion that is there already.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import itertools
import os
import select
import sys
import threading
import weakref
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Callable

from . import _native
from .error import OutOfMemory
from .status import Status

if TYPE_CHECKING:
    import trio

_BATCH = 256

# Plain numbers: a member of an enumeration takes longer to look up.
PENDING = int(Status.SEC_I_ASYNC_CALL_PENDING)
_SHUT_DOWN = int(Status.SEC_E_SHUTDOWN_IN_PROGRESS)

ids = itertools.count(1)


class Entry:
    """What waits for a completion.

    `_heard` is PENDING, or the status that the completion had; written under the queue's lock.
    `_needs_queue` tells whether the completion is all that will ever be heard of it.
    """

    __slots__ = ("_heard",)

    _heard: int
    _needs_queue = False

    def _deliver(self, queue: Queue) -> None:
        """Tell those who wait, on the thread of the owner."""
        raise NotImplementedError


def _no_loop() -> None:
    """Return None: not an asyncio loop, or none any more."""


class Queue:
    """A completion queue of the library and those who wait for its completions.

    Attributes:
        native: The queue of the library.
        loop: Gives the asyncio loop that owns it, if one does.
        lock: Held while completions are noted, and by who must not miss one.
        pending: Those who wait, by id.
    """

    loop: Callable[[], asyncio.AbstractEventLoop | None]

    def __init__(self) -> None:
        self.loop = _no_loop
        self.native = _native.queue_create()
        if self.native == 0:
            raise OutOfMemory(Status.SEC_E_INSUFFICIENT_MEMORY)
        self.lock = threading.RLock()
        self.pending: dict[int, Entry] = {}
        # At exit the process takes it along; the library's own threads may still be at work.
        weakref.finalize(self, _native.queue_free, self.native).atexit = False
        _all.add(self)

    def close(self) -> None:
        """Free the queue; nobody is told of what was still pending on it."""
        _native.queue_free(self.native)
        self.pending.clear()

    def register(self, entry: Entry) -> int:
        """Expect a completion for entry, under the id that is returned."""
        number = next(ids)
        self.pending[number] = entry
        return number

    def forget(self, number: int) -> None:
        """No completion comes, or nobody wants it."""
        self.pending.pop(number, None)

    def drain(self) -> None:
        """Take one batch of completions and deliver them here."""
        _, numbers, statuses = _native.queue_poll(self.native, _BATCH)
        self._deliver(self._hear(numbers, statuses))

    def _hear(self, numbers: list[int], statuses: list[int] | None) -> list[Entry]:
        """Note what completions say; statuses: None if all are successes."""
        expect = self.pending.pop
        heard = []
        with self.lock:
            for number, status in zip(numbers, statuses or itertools.repeat(0)):
                entry = expect(number, None)
                if entry is not None:
                    entry._heard = status
                    heard.append(entry)
        return heard

    def _deliver(self, heard: Iterable[Entry]) -> None:
        stop: BaseException | None = None
        for entry in heard:
            try:
                entry._deliver(self)
            except BaseException as error:  # nobody else would deliver the rest
                stop = error
        if stop is not None:
            raise stop

    def is_closed(self) -> bool:
        """Whether nobody drains it any more."""
        return False

    def after_fork(self) -> None:
        """In the child: what was pending is the parent's."""
        self.lock = threading.RLock()
        for entry in self.pending.values():
            entry._heard = _SHUT_DOWN
        self.pending.clear()

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
    """The queue of an asyncio event loop, which it does not keep alive.

    Other threads may listen to it, and whoever finds completions hears them: the loop by its
    reader, a thread that waits or asks by `look`. Both leave them in `_undelivered`, in order,
    for the loop to deliver.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self.loop = weakref.ref(loop)
        self._undelivered: list[Entry] = []
        self._listeners: list[int] = []  # write ends of pipes
        loop.add_reader(_native.queue_fd(self.native), self.drain)

    def is_closed(self) -> bool:
        loop = self.loop()
        return loop is None or loop.is_closed()

    def close(self) -> None:
        """Let go of what nobody can hear any more.

        Calls without a call of the library can be heard as long as somebody keeps them: then
        the queue goes when they do.
        """
        kept = {
            number: entry for number, entry in list(self.pending.items()) if entry._needs_queue
        }
        if kept:
            self.pending = kept
        else:
            super().close()

    def drain(self) -> None:
        with self.lock:
            self._take()
            heard, self._undelivered = self._undelivered, []
        self._deliver(heard)

    def _take(self) -> bool:
        """Hear one batch, under the lock; whether there may be more."""
        count, numbers, statuses = _native.queue_poll(self.native, _BATCH)
        if count > 0:
            self._undelivered += self._hear(numbers, statuses)
            self._wake_listeners()
        return count == _BATCH

    def look(self) -> None:
        """Hear what is there, on any thread."""
        with self.lock:
            while self._take():
                pass
            found = bool(self._undelivered)
        if found:
            self._call_soon(self.drain)

    def drop(self, number: int, entry: Entry, status: int) -> bool:
        """Have an entry hear a status instead of its completion, unless that has come."""
        self.look()
        with self.lock:
            if entry._heard != PENDING:
                return False
            self.forget(number)
            entry._heard = status
            self._undelivered.append(entry)
            self._wake_listeners()
        self._call_soon(self.drain)
        return True

    def listen(self, entry: Entry, timeout_ms: int) -> None:
        """Wait until there is something to hear, or entry has been heard, on any thread."""
        heard, hearer = os.pipe()
        try:
            with self.lock:
                if entry._heard != PENDING:
                    return
                self._listeners.append(hearer)
            poll = select.poll()
            poll.register(heard, select.POLLIN)
            poll.register(_native.queue_fd(self.native), select.POLLIN)
            try:
                poll.poll(timeout_ms)
            finally:
                with self.lock:
                    self._listeners.remove(hearer)
        finally:
            os.close(heard)
            os.close(hearer)

    def _wake_listeners(self) -> None:
        for hearer in self._listeners:
            os.write(hearer, b"!")

    def after_fork(self) -> None:
        super().after_fork()
        self._undelivered.clear()
        self._listeners.clear()

    def _call_soon(self, function: Callable[..., object], *arguments: Any) -> None:
        loop = self.loop()
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # it is closed
                loop.call_soon_threadsafe(function, *arguments)

    def post(self, function: Callable[[], object]) -> None:
        self._call_soon(self.run, function)

    def report(self, error: Exception, function: Callable[..., object]) -> None:
        loop = self.loop()
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
            count, numbers, statuses = _native.queue_take(self.native, -1, _BATCH)
            if count < 0:
                return
            self._deliver(self._hear(numbers, statuses))

    def _deliver(self, heard: Iterable[Entry]) -> None:
        try:
            super()._deliver(heard)
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


class _Message(Entry):
    def __init__(self, function: Callable[[], object], call: int) -> None:
        self._heard = PENDING
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
_all: weakref.WeakSet[Queue] = weakref.WeakSet()
_loops: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, LoopQueue]
_loops = weakref.WeakKeyDictionary()
_recent: Callable[[], LoopQueue | None] = _no_loop  # of the loop that came here last
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


# The asyncio loop that runs on this thread, or None.
running_loop: Callable[[], asyncio.AbstractEventLoop | None] = asyncio._get_running_loop


def _of_trio(lowlevel: Any) -> Queue:
    global _trio_queue
    if _trio_queue is None:
        _trio_queue = lowlevel.RunVar("sspi_async")
    queue: Queue | None = _trio_queue.get(None)
    if queue is None:
        queue = TrioQueue(lowlevel)
        _trio_queue.set(queue)
    return queue


def _of_loop(loop: asyncio.AbstractEventLoop) -> LoopQueue:
    global _recent
    queue = _loops.get(loop)
    if queue is None:
        with _lock:
            for old in [old for old in _loops.values() if old.is_closed()]:
                old.close()
            for closed in [closed for closed in _loops if closed.is_closed()]:
                del _loops[closed]
            queue = _loops[loop] = LoopQueue(loop)
    _recent = weakref.ref(queue)
    return queue


def _of_thread() -> Queue:
    global _thread
    with _lock:
        if _thread is None:
            _thread = ThreadQueue()
        return _thread


def current_queue() -> Queue:
    """Return the queue of the loop or run that is active here, or that of the thread."""
    loop = running_loop()
    if "trio" in sys.modules:
        lowlevel = trio_task()
        if lowlevel is not None:
            return _of_trio(lowlevel)
    if loop is None:
        return _of_thread()
    queue = _recent()
    if queue is not None and queue.loop() is loop:
        return queue
    return _of_loop(loop)


def _after_fork() -> None:
    """Start anew: loops, runs and the thread are the parent's."""
    global _lock, _recent, _thread, _trio_queue
    _lock = threading.RLock()
    _recent = _no_loop
    for queue in list(_all):
        queue.after_fork()
    _loops.clear()
    _thread = None
    _trio_queue = None


def _at_exit() -> None:
    if _thread is not None:
        _thread.stop()


os.register_at_fork(after_in_child=_after_fork)
atexit.register(_at_exit)
