/* SPDX-License-Identifier: MIT */
/*
 * engine.pml - a model of the async context, its call, the completion queue and the pool.
 *
 * The names are those of the code: states of enum async_state (async_context.h), places of
 * enum work_place (work.h), and one inline for each move with the name of the C function that
 * makes it; tests/model/run.sh compares them. An atomic block is one hold of the engine
 * lock: between two of them other threads may do anything, as in the code.
 *
 * What runs: one async context with a callback; threads of the pool, that leave when there is
 * no work and are started again by an admitted call; a user who submits, and reinitialises and
 * submits once more; a user who cancels; a user who frees; one who waits; and, with QUEUED, one
 * who drains a completion queue and one who frees that. All interleavings are tried.
 *
 * What must hold, checked in each state (asserts) or at the end of each run:
 *   - no lost wake-up: no run ends with work in a lane or a waiter asleep (spin reports any
 *     process that is stuck as an invalid end state)
 *   - an accepted call notifies at most once, and exactly once if it was neither freed while
 *     pending nor delivered to a closed queue; cancelled calls too
 *   - outputs are written only while FINISHING, never after free or cancel has returned
 *   - no callback of a call starts after the free that found it pending has returned
 *   - nothing touches a call that was freed, and each is freed exactly once
 *
 * Not in it: several contexts and their turns, two lanes, fork, exit, memory that runs out
 * (tests/fault/ has that), and the order of atomics outside the lock (ThreadSanitizer has it).
 *
 * With QUEUED completions go to a queue, with CLOSED somebody frees it. tests/model/run.sh
 * runs all three.
 */

/* run.sh breaks the model on purpose, a rule at a time, and wants to see it fail. */
#ifndef BROKEN
#define BROKEN 0
#endif

#define LIMIT 2 /* threads outside callbacks */
#define IS_SURPLUS (threads - in_callback > (admitted > 0 -> 1 : 0))
#define CALLS 4 /* two submits, a call of its own for each cancel */
#define NONE  255

mtype = { ASYNC_IDLE, ASYNC_PENDING, ASYNC_FINISHING, ASYNC_COMPLETE, ASYNC_FREED };
mtype = { WORK_NOWHERE, WORK_IN_LANE, WORK_IN_QUEUE };
mtype = { JOB, NOTIFICATION };

/* struct async_context */
mtype state = ASYNC_IDLE;
byte async_call = 0; /* the call attached or at hand */

/* struct call */
mtype place[CALLS] = WORK_NOWHERE;
mtype kind[CALLS] = JOB;     /* which function call->work.run is */
bool attached[CALLS] = false; /* call->async != NULL */
bool alive[CALLS] = false;
byte completion[CALLS] = NONE; /* which submit it tells of */
byte made = 1;

/* Of each submit, for the checks. */
byte notified[2] = 0;
bool accepted[2] = false;
bool discarded[2] = false; /* freed while pending: nobody is to hear of it */
bool lost[2] = false;      /* delivered to a closed queue */
bool settled[2] = false;   /* free or cancel has returned: nothing may be written */
byte submits = 0;

/* A lane: its list as a bounded channel, and its threads. */
chan lane = [CALLS] of { byte };
byte waiting = 0; /* length of the list */
byte threads = 0;
byte starting = 0;
byte idle = 0;
byte in_callback = 0;
byte admitted = 0;
byte signals = 0; /* sent to work_or_leave, and not yet taken by a sleeper */

/* struct queue */
chan done = [CALLS] of { byte };
bool closed = false;

bool user_done = false;
bool moved = false; /* the condition of the one in sspia_async_wait */
bool waits = false;

inline use(c)
{
    assert(c != NONE && alive[c]);
}

inline free_call(c)
{
    use(c);
    assert(!attached[c] && place[c] == WORK_NOWHERE);
    alive[c] = false;
}

inline new_call(c)
{
    c = made;
    assert(c < CALLS);
    made++;
    alive[c] = true;
    place[c] = WORK_NOWHERE;
}

inline move_to(s)
{
    state = s;
    if
    :: waits -> moved = true
    :: else
    fi
}

inline start_thread()
{
    run pool_thread();
    threads++;
    starting++
}

/* A thread lives as long as a call is admitted. */
inline pool_admit()
{
    if
    :: threads == in_callback -> start_thread()
    :: else
    fi;
    admitted++
}

inline pool_dismiss()
{
    admitted--
}

inline wake_or_start()
{
    if
    :: idle > signals && BROKEN != 1 -> signals++
    :: else
    fi;
    if
    :: waiting > idle + starting && threads - in_callback < LIMIT -> start_thread()
    :: else
    fi
}

inline pool_push(c)
{
    place[c] = WORK_IN_LANE;
    lane!c;
    waiting++;
    wake_or_start()
}

inline pool_begin_callback()
{
    in_callback++;
    if
    :: waiting > 0 -> wake_or_start()
    :: else
    fi
}

inline pool_end_callback()
{
    in_callback--
}

/* call_retire */
inline call_retire(c)
{
    use(c);
    place[c] = WORK_NOWHERE;
    if
    :: !attached[c] -> free_call(c)
    :: else
    fi
}

inline queue_post(c)
{
    use(c);
    if
    :: closed -> lost[completion[c]] = true; call_retire(c)
    :: else -> place[c] = WORK_IN_QUEUE; done!c
    fi
}

inline begin_callback(s)
{
    atomic {
        assert(notified[s] == 0 && !discarded[s]);
        notified[s]++
    }
}

/* call_withdraw: out of the lane if no thread has it. */
inline call_withdraw(c, result)
{
    use(c);
    if
    :: place[c] == WORK_IN_LANE ->
        lane??eval(c);
        waiting--;
        place[c] = WORK_NOWHERE;
        admitted = (BROKEN == 5 -> admitted : admitted - 1); /* pool_dismiss */
        result = true
    :: else -> result = false
    fi
}

/* A thread of the pool: thread_main, with run (a job) and run_notification. */
proctype pool_thread()
{
    byte c = NONE;
    byte tells;
    bool has_outcome;
    bool told_here;

    atomic { starting--; goto again }
again:
    atomic {
        if
        :: nempty(lane) -> lane?c; waiting--; place[c] = WORK_NOWHERE
        :: empty(lane) -> idle++; goto sleep
        fi
    }
    goto work;
sleep: /* wait_for_work */
    atomic {
        if
        :: signals > 0 -> signals--
        :: IS_SURPLUS /* its time is over, or the last call was dismissed */
        fi;
        idle--;
        if
        :: signals > idle -> signals = idle
        :: else
        fi;
        if
        :: nempty(lane) -> lane?c; waiting--; place[c] = WORK_NOWHERE
        :: empty(lane) && IS_SURPLUS -> threads--; goto leave
        :: empty(lane) && !(IS_SURPLUS) -> idle++; goto sleep
        fi
    }
work:
    if
    :: kind[c] == NOTIFICATION ->
        atomic { /* run_notification */
            use(c);
            tells = completion[c];
            call_retire(c);
            pool_begin_callback();
            told_here = true
        }
    :: else ->
        skip; /* job_run: inside the package, no lock held */
        atomic { /* finish, first hold */
            use(c);
            tells = completion[c];
            if
            :: attached[c] ->
                assert(state == ASYNC_PENDING && async_call == c);
                move_to(ASYNC_FINISHING);
                has_outcome = true
            :: else -> has_outcome = false
            fi
        }
        if
        :: has_outcome ->
            /* job_publish: the caller's outputs, no lock held */
            assert(state == ASYNC_FINISHING && !settled[tells])
        :: else
        fi;
        atomic { /* finish, second hold: final status, turn, count and delivery in one */
            use(c);
            told_here = false;
            if
            :: has_outcome ->
                assert(state == ASYNC_FINISHING);
                move_to(ASYNC_COMPLETE)
            :: else
            fi;
            pool_dismiss();
            if
            :: !has_outcome -> call_retire(c)
            :: else ->
#ifdef QUEUED
                queue_post(c)
#else
                told_here = true;
                call_retire(c);
                pool_begin_callback()
#endif
            fi
        }
    fi;
    if
    :: told_here ->
        begin_callback(tells); /* notify: no lock held */
        atomic { pool_end_callback() }
    :: else
    fi;
    c = NONE;
    told_here = false;
    goto again;
leave:
    skip
}

/* async_submit: queue_job and call_start. */
inline async_submit()
{
    atomic {
        if
        :: state == ASYNC_IDLE ->
            /* have_call: the one at hand, unless its completion still waits */
            if
            :: async_call != NONE && (place[async_call] == WORK_NOWHERE || BROKEN == 6)
            :: else ->
                if
                :: async_call != NONE -> attached[async_call] = false
                :: else
                fi;
                new_call(async_call);
                attached[async_call] = true
            fi;
            use(async_call);
            pool_admit();
            kind[async_call] = JOB;
            completion[async_call] = submits;
            accepted[submits] = true;
            submits++;
            move_to(ASYNC_PENDING);
            pool_push(async_call)
        :: else
        fi
    }
}

/* detach: result is the call if nobody else will free it. */
inline detach(result, was_pending)
{
    result = async_call;
    async_call = NONE;
    if
    :: result == NONE
    :: else ->
        use(result);
        attached[result] = false;
        if
        :: !was_pending ->
            if
            :: place[result] == WORK_NOWHERE
            :: else -> result = NONE
            fi
        :: else ->
            call_withdraw(result, withdrawn);
            if
            :: withdrawn
            :: else -> result = NONE
            fi
        fi
    fi
}

inline sspia_async_wait()
{
    atomic {
        if
        :: state == ASYNC_PENDING || state == ASYNC_FINISHING -> waits = true
        :: else
        fi
    }
    do
    :: atomic { waits && moved -> moved = false;
        if
        :: state == ASYNC_PENDING || state == ASYNC_FINISHING
        :: else -> waits = false
        fi }
    :: atomic { !waits -> break }
    od
}

/* The callback was set before. The user submits, waits for the end of it, reinitialises, and
 * does it again. */
proctype submitter()
{
    async_submit();
    sspia_async_wait();
    atomic { /* SspiReinitAsyncContext */
        if
        :: state == ASYNC_COMPLETE -> move_to(ASYNC_IDLE)
        :: else
        fi
    }
    async_submit();
    sspia_async_wait();
    user_done = true
}

/* sspia_async_cancel */
proctype canceller()
{
    byte call = NONE;
    byte bearer = NONE;
    byte whose = NONE;
    bool withdrawn = false;

    if
    :: skip
    :: goto leave /* or nobody cancels: it must not take a cancel to get a call done */
    fi;
    atomic {
        state != ASYNC_FINISHING ->
        if
        :: state == ASYNC_PENDING ->
            whose = completion[async_call];
            call = async_call;
            new_call(bearer);
            attached[bearer] = true;
            completion[bearer] = whose;
            /* call_deliver */
#ifdef QUEUED
            queue_post(bearer);
#else
            kind[bearer] = NOTIFICATION;
            attached[bearer] = (BROKEN == 4); /* else: the thread's alone */
            if
            :: threads == in_callback -> start_thread()
            :: else
            fi;
            pool_push(bearer);
#endif
            if
            :: BROKEN != 3 -> detach(call, true)
            :: else -> call = NONE
            fi;
            if
            :: attached[bearer] -> async_call = bearer
            :: else -> async_call = NONE
            fi;
            settled[whose] = true;
            move_to(ASYNC_COMPLETE)
        :: else
        fi
    }
    /* discard_withdrawn, without the lock */
    if
    :: call != NONE -> atomic { free_call(call) }
    :: else
    fi;
leave:
    skip
}

/* SspiFreeAsyncContext */
proctype freer()
{
    byte call = NONE;
    bool was_pending;
    bool withdrawn = false;

    if
    :: skip
    :: true -> user_done /* resolved to wait: it must not take a free to get a call done */
    fi;
    atomic {
        (state != ASYNC_FINISHING || BROKEN == 2) ->
        was_pending = (state == ASYNC_PENDING);
        if
        :: was_pending -> discarded[completion[async_call]] = true;
                          settled[completion[async_call]] = true
        :: else
        fi;
        detach(call, was_pending);
        move_to(ASYNC_FREED)
    }
    if
    :: call != NONE -> atomic { free_call(call) }
    :: else
    fi
}

#ifdef QUEUED
/* sspia_queue_dispatch: take, then the callback without the lock. */
proctype drainer()
{
    byte c;
    byte tells;

    do
    :: atomic { nempty(done) -> done?c; place[c] = WORK_NOWHERE; tells = completion[c];
                call_retire(c) }
        begin_callback(tells);
    :: atomic { user_done && empty(done) && admitted == 0 && state == ASYNC_FREED -> break }
    :: closed -> break
    od
}

/* sspia_queue_free */
proctype closer()
{
    byte c;

    atomic {
        closed = true;
        do
        :: nempty(done) -> done?c; place[c] = WORK_NOWHERE; lost[completion[c]] = true;
                           call_retire(c)
        :: empty(done) -> break
        od
    }
}
#endif

/* When everybody has ended: nothing is in a list, every call is freed or at hand of nobody,
 * and every accepted submit was told of as promised. */
proctype judge()
{
    byte i;

    atomic {
        user_done && state == ASYNC_FREED && threads == 0 && admitted == 0 && empty(lane) &&
            (closed || empty(done)) && _nr_pr == 2 ->
        for (i : 0 .. 1) {
            assert(notified[i] <= 1);
            assert(!accepted[i] || discarded[i] || lost[i] || notified[i] == 1);
        }
        for (i : 0 .. CALLS - 1) {
            assert(!alive[i]);
        }
    }
}

init {
    atomic {
        alive[0] = true; /* SspiCreateAsyncContext */
        attached[0] = true;
        run judge();
        run submitter();
        run canceller();
        run freer();
#ifdef QUEUED
        run drainer();
#ifdef CLOSED
        run closer();
#endif
#endif
    }
}
