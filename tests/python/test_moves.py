# SPDX-License-Identifier: MIT
"""Random moves from several threads on shared async contexts, checked against a model.

What the model knows: each submit that was accepted calls back once, unless its async context
was freed while the call was pending; one that was refused never; statuses move only along
idle, pending, final, idle; and when everything is freed nothing of the package is left.
"""

from __future__ import annotations

import collections
import concurrent.futures
import threading
from typing import Any, Callable, ClassVar

import pytest
from conftest import Probe, eventually
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from sspi_async import Status, raw

THREADS = st.integers(0, 2)
SUBMIT_REFUSALS = {Status.SEC_E_INVALID_PARAMETER, Status.SEC_E_INVALID_HANDLE}


class Tracked:
    """An async context with what the model knows of it."""

    def __init__(self) -> None:
        context = raw.SspiCreateAsyncContext()
        assert context is not None
        self.context = context
        self.freed = False
        self.busy = False  # submitted and not reinitialised since
        self.accepted: list[int] = []  # numbers of submits
        self.may_be_dropped: set[int] = set()


class Moves(RuleBasedStateMachine):
    """The machine; `probe` is set by the test."""

    probe: ClassVar[Probe]
    contexts = Bundle("contexts")
    handles = Bundle("handles")

    @initialize()
    def begin(self) -> None:
        self.pools = [concurrent.futures.ThreadPoolExecutor(1) for _ in range(3)]
        self.called: collections.Counter[int] = collections.Counter()
        self.lock = threading.Lock()
        self.next_number = 0
        self.blocked = 0
        self.all: list[Tracked] = []
        self.made: list[raw.CtxtHandle] = []

    def on(self, thread: int, function: Callable[[], Any]) -> Any:
        return self.pools[thread].submit(function).result(30)

    def on_done(self, context: raw.AsyncContext, number: int) -> None:
        with self.lock:
            self.called[number] += 1

    def submit(self, thread: int, tracked: Tracked, operation: Callable[[], Status]) -> None:
        number = self.next_number
        self.next_number += 1

        def run() -> Status:
            raw.SspiSetAsyncNotifyCallback(tracked.context, self.on_done, number)
            return operation()

        status = self.on(thread, run)
        if tracked.freed:
            assert status is Status.SEC_E_INVALID_HANDLE
        elif tracked.busy:
            assert status is Status.SEC_E_INVALID_PARAMETER
        else:
            assert status is Status.SEC_E_OK
            tracked.busy = True
            tracked.accepted.append(number)

    @rule(target=contexts, thread=THREADS)
    def create(self, thread: int) -> Tracked:
        tracked: Tracked = self.on(thread, Tracked)
        self.all.append(tracked)
        return tracked

    @rule(
        target=handles, thread=THREADS, tracked=contexts, script=st.sampled_from(["", "more"])
    )
    def submit_leg(self, thread: int, tracked: Tracked, script: str) -> raw.CtxtHandle:
        made = raw.CtxtHandle()
        self.made.append(made)
        credential = raw.CredHandle(self.probe.credential._handle)
        self.submit(
            thread,
            tracked,
            lambda: raw.SspiInitializeSecurityContextAsync(
                tracked.context, credential, None, script, 0, 0, 0, None, 0, made,
                [raw.SecBuffer(raw.SECBUFFER_TOKEN)],
            ),
        )  # fmt: skip
        return made

    @rule(thread=THREADS, tracked=contexts)
    def submit_leg_that_blocks(self, thread: int, tracked: Tracked) -> None:
        made = raw.CtxtHandle()
        self.made.append(made)
        credential = raw.CredHandle(self.probe.credential._handle)
        accepted = len(tracked.accepted)
        self.submit(
            thread,
            tracked,
            lambda: raw.SspiInitializeSecurityContextAsync(
                tracked.context, credential, None, "block", 0, 0, 0, None, 0, made, None
            ),
        )
        if len(tracked.accepted) > accepted:
            self.blocked += 1
            self.probe.wait_blocked(self.blocked)

    @rule()
    def release_all(self) -> None:
        self.probe.release(self.blocked)
        self.blocked = 0

    @rule(thread=THREADS, tracked=contexts, handle=handles)
    def submit_delete(self, thread: int, tracked: Tracked, handle: raw.CtxtHandle) -> None:
        self.submit(
            thread,
            tracked,
            lambda: raw.SspiDeleteSecurityContextAsync(tracked.context, handle),
        )

    @rule(thread=THREADS, tracked=contexts)
    def poll(self, thread: int, tracked: Tracked) -> None:
        status = self.on(thread, lambda: raw.SspiGetAsyncCallStatus(tracked.context))
        if tracked.freed:
            assert status is Status.SEC_E_INVALID_HANDLE
        elif not tracked.busy:
            assert status is Status.SEC_E_NO_CONTEXT
        else:
            assert status is not Status.SEC_E_NO_CONTEXT

    @rule(thread=THREADS, tracked=contexts)
    def reinit(self, thread: int, tracked: Tracked) -> None:
        result = self.on(thread, lambda: raw.SspiReinitAsyncContext(tracked.context))
        if tracked.freed:
            assert result == raw.STATUS_INVALID_HANDLE
        elif result == raw.STATUS_SUCCESS:
            tracked.busy = False
        else:
            assert result == raw.STATUS_DEVICE_BUSY
            assert tracked.busy

    @rule(thread=THREADS, tracked=contexts)
    def free(self, thread: int, tracked: Tracked) -> None:
        def run() -> None:
            status = raw.SspiGetAsyncCallStatus(tracked.context)
            if status is Status.SEC_I_ASYNC_CALL_PENDING and tracked.accepted:
                tracked.may_be_dropped.add(tracked.accepted[-1])
            raw.SspiFreeAsyncContext(tracked.context)

        self.on(thread, run)
        tracked.freed = True

    @rule(tracked=consumes(contexts))
    def forget(self, tracked: Tracked) -> None:
        """Nobody keeps it any more; what is pending goes on."""

    @invariant()
    def nothing_calls_back_twice(self) -> None:
        with self.lock:
            assert all(count == 1 for count in self.called.values())

    def teardown(self) -> None:
        self.release_all()
        numbers = {number for tracked in self.all for number in tracked.accepted}
        droppable = {number for tracked in self.all for number in tracked.may_be_dropped}
        eventually(lambda: set(self.called) >= numbers - droppable)
        assert set(self.called) <= numbers
        self.nothing_calls_back_twice()
        for tracked in self.all:
            raw.SspiFreeAsyncContext(tracked.context)
        last = raw.SspiCreateAsyncContext()
        assert last is not None
        for handle in self.made:
            raw.SspiDeleteSecurityContextAsync(last, handle)
            raw.SspiFreeAsyncContext(last)
            last = raw.SspiCreateAsyncContext()
            assert last is not None
        eventually(lambda: self.probe.live_contexts == 0)
        for pool in self.pools:
            pool.shutdown()


@pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisDeprecationWarning")
def test_random_moves(probe: Probe) -> None:
    Moves.probe = probe
    run_state_machine_as_test(
        Moves,
        settings=settings(
            max_examples=60,
            stateful_step_count=40,
            deadline=None,
            phases=[Phase.generate],
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
