# SPDX-License-Identifier: MIT
"""Completion queues: how the end of a call gets to the thread that owns it.

Native threads never enter Python. They put completions on a queue of the library; Python takes
them from there in batches:

- on an asyncio loop, when the loop finds the queue's descriptor readable;
- in a trio run, by a system task that waits for the descriptor;
- without a loop, on one daemon thread that waits inside the library.

There is one queue for each loop, for each trio run, and for the thread. A call belongs to the
queue of the place where it was submitted, and its callbacks run there.

A completion is *heard* when it is taken from the library: its call gets the status, and joins
those that are to be delivered. Delivery (callbacks, tasks that wait) is the owner's, in the
order in which completions were heard. Any thread may hear on behalf of a loop, so that nobody
waits for a completion that is there already. Both are in C (bindings/python/queue.c).
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import contextvars
import os
import select
import sys
import threading
import weakref
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, Callable

from . import _native
from .error import failure
from .status import Status

if TYPE_CHECKING:
    import trio

    from .call import Call

# A plain number: a member of an enumeration takes longer to look up.
PENDING = int(Status.SEC_I_ASYNC_CALL_PENDING)


def _no_loop() -> None:
    """Return None: not an asyncio loop, or none any more."""


class Queue(_native.Queue):
    """A completion queue of the library and those who wait for its completions.

    Calls are found by the address that is their completion's id; see bindings/python/queue.h.
    What else waits for a completion is registered and has `_deliver(queue)`.
    """

    # Whether `start` can be called.
    runs_tasks = False

    def __init__(self, loop: Callable[[], Any] = _no_loop) -> None:
        super().__init__(place, loop, loop is not _no_loop)
        _all.add(self)

    def is_closed(self) -> bool:
        """Whether nobody drains it any more."""
        return False

    def run(self, function: Callable[..., object], *arguments: object) -> None:
        """Run a callback; its exceptions go where this owner reports unhandled ones."""
        try:
            function(*arguments)
        except Exception as error:
            self.report(error, function)

    def post_callback(
        self, context: contextvars.Context, callback: Callable[[Any], object], call: Call[Any]
    ) -> None:
        """Run a callback of a call that is complete soon."""
        self.post(lambda: context.run(callback, call))

    def post(self, function: Callable[[], object]) -> None:
        """Run a callback soon, on the thread of the owner."""
        raise NotImplementedError

    def start(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Have a coroutine run on the loop or in the run; by the owner."""
        coroutine.close()
        raise TypeError("await needs asyncio or trio, and neither is running here")

    def report(self, error: Exception, function: Callable[..., object]) -> None:
        """Hand over an exception that nobody caught."""
        raise NotImplementedError

    def lose(self, call: Call[Any], error: BaseException) -> bool:
        """Report the failure of a call that goes, and that was never retrieved.

        Returns:
            Whether that was done; else it goes to sys.unraisablehook.
        """
        from . import lost

        return lost.note(call, error)


class LoopQueue(Queue):
    """The queue of an asyncio event loop, which it does not keep alive.

    Other threads may listen to it, and whoever finds completions hears them: the loop by its
    reader, a thread that waits or asks. What was heard waits, in order, for the loop to deliver
    it.
    """

    runs_tasks = True

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(weakref.ref(loop))
        self._tasks: set[asyncio.Task[None]] = set()
        loop.add_reader(_native.queue_fd(self.native), self.drain)

    def is_closed(self) -> bool:
        loop = self.loop()
        return loop is None or loop.is_closed()

    def close(self) -> None:
        """Let go of what nobody can hear any more.

        Calls without a call of the library can be heard as long as somebody keeps them: then
        the queue goes when they do.
        """
        if not self.expects_endings():
            super().close()

    def listen(self, call: Call[Any], timeout_ms: int) -> None:
        """Wait until there is something to hear, or call has been heard, on any thread."""
        heard, hearer = os.pipe()
        try:
            os.set_blocking(hearer, False)
            self.listeners.append(hearer)
            try:
                if call._heard == PENDING:  # asked after it listens
                    poll = select.poll()
                    poll.register(heard, select.POLLIN)
                    poll.register(_native.queue_fd(self.native), select.POLLIN)
                    poll.poll(timeout_ms)
            finally:
                self.listeners.remove(hearer)
        finally:
            os.close(heard)
            os.close(hearer)

    def deliver_soon(self) -> None:
        """Have the loop deliver what was heard elsewhere."""
        self._call_soon(self.drain)

    def _call_soon(self, function: Callable[..., object], *arguments: Any) -> None:
        loop = self.loop()
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # it is closed
                loop.call_soon_threadsafe(function, *arguments)

    def post(self, function: Callable[[], object]) -> None:
        self._call_soon(self.run, function)

    def start(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def report(self, error: Exception, function: Callable[..., object]) -> None:
        loop = self.loop()
        if loop is not None:
            loop.call_exception_handler(
                {"message": f"Exception in callback {function!r}", "exception": error}
            )

    def lose(self, call: Call[Any], error: BaseException) -> bool:
        loop = self.loop()
        if super().lose(call, error):
            return True
        if loop is None or loop.is_closed():
            return False
        loop.call_exception_handler(
            {
                "message": f"{call!r} failed, and its exception was never retrieved",
                "exception": error,
            }
        )
        return True


class ThreadQueue(Queue):
    """The queue of all who have no event loop, drained by a thread of its own."""

    def __init__(self) -> None:
        super().__init__()
        self._thread = threading.Thread(target=self._run, name="sspi-async", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while self.take():
            try:
                self.deliver()
            except BaseException as error:  # SystemExit of a callback ends no thread but ours
                self.report(error, self.deliver)

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
        self.free()
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

    runs_tasks = True

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

    def start(self, coroutine: Coroutine[Any, Any, None]) -> None:
        self._lowlevel.spawn_system_task(lambda: coroutine, name="sspi-async")

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
    loop = running_loop()
    if "trio" in sys.modules:
        lowlevel = trio_task()
        if lowlevel is not None:
            return _of_trio(lowlevel)
    return _of_thread() if loop is None else _of_loop(loop)


# Submits calls from where it is asked; see bindings/python/place.h.
place = _native.Place(
    running_loop,
    sys.modules,
    trio_task,
    current_queue,
    contextvars.copy_context,
    failure,
    asyncio.CancelledError,
)
place.waiter = _native.Waiter


def _after_fork() -> None:
    """Start anew: loops, runs and the thread are the parent's."""
    global _lock, _thread, _trio_queue
    _lock = threading.RLock()
    place.after_fork()
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
