/* SPDX-License-Identifier: MIT */
/*
 * fork, and the start of the engine.
 *
 * `prepare` shuts the gate, waits a bounded time for packages to be empty, and takes every
 * lock. The child therefore finds every structure of ours whole. Several threads may fork at
 * once: the locks let one through at a time. What the child cannot find whole is the inside of
 * a package that was still running (a call stuck on the network): the objects in use there are
 * marked broken by what their kind has for fork (handle_define), and never entered again.
 */
#include <pthread.h>

#include "async_context.h"
#include "deadline.h"
#include "drain.h"
#include "ending.h"
#include "fate.h"
#include "gate.h"
#include "handle.h"
#include "lock.h"
#include "memory.h"
#include "package.h"
#include "pause.h"
#include "pool.h"
#include "queue.h"
#include "reactor.h"
#include "run.h"
#include "waiting.h"

static void before_fork(void)
{
    gate_shut_for_fork();
    package_lock();
    engine_lock();
    gate_before_fork();
    handle_lock();
    memory_lock();
}

static void unlock_all(void)
{
    memory_unlock();
    handle_unlock();
    gate_open_after_fork();
    engine_unlock();
    package_unlock();
}

/* Only this thread exists in the child: counts and lists that speak of others are void. */
static void after_fork_child(void)
{
    lock_after_fork();
    gate_in_child();
    pool_after_fork();
    reactor_after_fork();
    drain_after_fork();
    fate_after_fork();
    handle_after_fork();
    unlock_all();
    waiting_after_fork(gate_was_empty());
}

__attribute__((constructor)) static void engine_start(void)
{
    gate_start(waiting_at_exit);
    pool_start(run_chunk, run_tell);
    reactor_start(ending_tell, waiting_end);
    deadline_start(ending_by_deadline);
    handle_start();
    queue_start();
    async_start();
    waiting_start();
    package_start(gate_quiesce, waiting_resume, pause_is_wanted);
    pthread_atfork(before_fork, unlock_all, after_fork_child);
}
