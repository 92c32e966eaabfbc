/* SPDX-License-Identifier: MIT */
/*
 * engine.pml - a model of the async context, its call, the completion queue and the pool.
 *
 * It is about what is done under the engine lock: legs, cancel, free, batches, callbacks, and the
 * wakes of the pool. Here light calls go by the lock as well, as they may in the code; what they
 * do without it (fate, inbox, watch, the queue's descriptor) is in lockfree.pml.
 *
 * The names are those of the code: states of enum async_state (fate.h), places of enum
 * work_place (work.h), and one inline for each move with the name of the C function that makes
 * it; tests/model/run.sh compares them. An atomic block is one hold of the engine lock: between
 * two of them other threads may do anything, as in the code. The wakes that fall due in a hold
 * are made after it, in a step of their own.
 *
 * What runs: one async context; threads of the pool, that spin, nap, sleep and leave when there
 * is no work and are started again by an admitted call; a user who submits, and reinitialises
 * and submits once more; one who cancels; one who frees; one who waits; one who drains a
 * completion queue, and one who frees that. All interleavings are tried, and at each choice that
 * only costs time (how long to spin or nap, how large a backlog or a chunk is) both ways.
 *
 * Variants, each a set of defines (run.sh), as all at once are too many states:
 *   POOL      a leg, then a delete, with a callback on the pool
 *   QUEUED    a leg, then a batch of deletes (light), on a queue that somebody drains
 *   CLOSED    the same, and somebody frees the queue
 *   UNHEARD   two batches with neither callback nor queue: light, and deferred
 *   NOBODY=n  a leg (heavy), beside n deletes that have no async context, each deferred or not:
 *             what the pool's wakes are about
 *
 * What must hold, checked in each state (asserts) or at the end of each run:
 *   - no lost wake-up: no run ends with work in a lane and everybody asleep for good, or with a
 *     waiter asleep (spin reports any process that is stuck as an invalid end state)
 *   - an accepted call notifies at most once, and exactly once if it was neither freed while
 *     pending nor delivered to a closed queue; cancelled calls too
 *   - an accepted delete is carried out once, whether cancelled, freed or unheard
 *   - outputs are written only while FINISHING, never after free or cancel has returned
 *   - no callback of a call starts after the free that found it pending has returned
 *   - nothing touches a call that was freed, and each is freed exactly once
 *   - there are never more wakes promised than threads asleep
 *   - who was promised a wake looks at the list, whether it wakes by itself before or not
 *
 * Not in it: several contexts and their turns, two lanes, fork, exit, memory or threads that run
 * out (tests/fault/ has that), how soon a nap ends, and the order of atomics outside the lock
 * (ThreadSanitizer has it).
 */

/* run.sh breaks the model on purpose, a rule at a time, and wants to see it fail. */
#ifndef BROKEN
#define BROKEN 0
#endif
#ifndef NOBODY
#define NOBODY 0
#endif

#if NOBODY
#define SUBMITS 1
#define LIMIT   2 /* of threads outside callbacks */
#define THREADS 2 /* all that can be alive at once */
#define CALLS   (2 + NOBODY)
#else
#define SUBMITS 2
#define CALLS   6 /* a call of its own for each that is parted, and for each notice */
#ifdef POOL
#define LIMIT   1
#define THREADS 3
#elif defined(CLOSED)
#define LIMIT   1
#define THREADS 1
#else
#define LIMIT   2
#define THREADS 2
#endif
#endif

/* Where every call is heavy or somebody waits for it, naps and spinning add nothing but states:
 * left out there. */
#if defined(UNHEARD) || NOBODY
#define NAPS
#endif

#define NONE       255
#define IS_SURPLUS (threads - in_callback > (admitted > 0 -> 1 : 0))
#define LOOKING    (starting + spinning + wakes)

mtype = { ASYNC_IDLE, ASYNC_PENDING, ASYNC_FINISHING, ASYNC_COMPLETE };
mtype = { WORK_NOWHERE, WORK_IN_LANE, WORK_IN_QUEUE };

/* The handle of the async context: which call it leads to, NONE once it is closed. */
byte async_call = NONE;
#define IS_ATTACHED(c) (async_call == c)

/* struct call */
mtype state[CALLS] = ASYNC_IDLE;
mtype place[CALLS] = WORK_NOWHERE;
bool notification[CALLS] = false; /* KIND_NOTIFICATION */
bool is_end[CALLS] = false;       /* operation.is_end */
bool light[CALLS] = false;
bool urgent[CALLS] = false;
byte rest[CALLS] = 0;   /* of a batch: slices that nobody has taken */
byte slices[CALLS] = 0; /* and those that are being worked off */
bool alive[CALLS] = false;
byte completion[CALLS] = NONE; /* which submit it tells of; NONE: it has no async context */
byte made = 0;
#define IS_PENDING(c) (state[c] == ASYNC_PENDING || state[c] == ASYNC_FINISHING)

/* Of each submit, for the checks. */
byte notified[SUBMITS] = 0;
bool accepted[SUBMITS] = false;
bool ends[SUBMITS] = false;      /* it is a delete */
byte carried_out[SUBMITS] = 0;
bool discarded[SUBMITS] = false; /* freed while pending: nobody is to hear of it */
bool lost[SUBMITS] = false;      /* delivered to a closed queue */
bool settled[SUBMITS] = false;   /* free or cancel has returned: nothing may be written */
byte submits = 0;
byte of_nobody = 0; /* deletes without an async context that were carried out */

/* struct lane_state: its list as a bounded channel, and its threads. */
chan lane = [CALLS] of { byte };
byte waiting = 0; /* length of the list */
byte threads = 0;
byte starting = 0;
byte spinning = 0;
byte sleepers = 0;
byte napping = 0;
byte wakes = 0;
byte at_light = 0;
byte in_callback = 0;
byte staying = 0;
byte admitted = 0;
bool deferring = false;
byte owed = 0; /* a bit for each thread */

/* struct worker: is it in `asleep`, was it promised a wake, does it wait on its condition? */
bool asleep[THREADS] = false;
bool promised[THREADS] = false;
bool blocked[THREADS] = false;
bool born[THREADS] = false;

/* struct queue */
chan done = [CALLS] of { byte };
bool closed = false;

bool user_done = false;
bool moved = false; /* the condition of the one in sspia_async_wait */
bool waits = false;
byte ended = 0; /* users */

/* ---- Calls ------------------------------------------------------------------------------- */

inline use(c)
{
    assert(c != NONE && alive[c])
}

inline call_free(c)
{
    use(c);
    assert(!IS_ATTACHED(c) && place[c] == WORK_NOWHERE);
    alive[c] = false;
    state[c] = ASYNC_IDLE; /* what nobody may look at any more need not tell states apart */
    notification[c] = false;
    is_end[c] = false;
    light[c] = false;
    urgent[c] = false;
    completion[c] = NONE
}

inline call_new(c)
{
    c = made;
    assert(c < CALLS);
    made++;
    alive[c] = true
}

inline fate_tell()
{
    if
    :: waits -> moved = true
    :: else
    fi
}

inline fate_move(c, s)
{
    use(c);
    state[c] = s;
    if
    :: IS_ATTACHED(c) -> fate_tell()
    :: else
    fi
}

/* Leads the handle to a fresh call. */
inline async_part(c, fresh)
{
    use(c);
    assert(IS_ATTACHED(c));
    call_new(fresh);
    state[fresh] = state[c];
    is_end[fresh] = is_end[c];
    completion[fresh] = completion[c];
    if
    :: BROKEN != 3 -> async_call = fresh
    :: else
    fi
}

/* The call of the context, whose settings may be changed. */
inline async_changeable()
{
    use(async_call);
    if
    :: place[async_call] != WORK_NOWHERE && BROKEN != 6 -> async_part(async_call, fresh)
    :: else
    fi
}

/* ---- Pool -------------------------------------------------------------------------------- */

inline start_thread()
{
    threads++;
    starting++;
    assert(threads <= THREADS)
}

inline promise(t)
{
    asleep[t] = false;
    promised[t] = true;
    wakes++;
    owed = owed | (1 << t)
}

/* The code takes the last to fall asleep; here it is any. */
inline wake_or_start()
{
    if
    :: asleep[0] -> promise(0)
    :: THREADS > 1 && asleep[1 % THREADS] -> promise(1 % THREADS)
    :: THREADS > 2 && asleep[2 % THREADS] -> promise(2 % THREADS)
    :: else ->
        if
        :: BROKEN == 8 -> wakes++
        :: BROKEN != 8 && threads - in_callback < LIMIT -> start_thread()
        :: else
        fi
    fi;
    assert(wakes <= sleepers || BROKEN == 8)
}

/* Either way where the size of a backlog decides. */
inline find_thread(c)
{
    if
    :: !light[c] ->
        if
        :: waiting > LOOKING -> wake_or_start()
        :: else
        fi
    :: light[c] ->
        if
        :: LOOKING > 0 /* and the backlog is small */
        :: (napping > 0 || BROKEN == 7) && !urgent[c] -> deferring = true
        :: napping > 0 && at_light > 0
        :: !(LOOKING > 0) && !((napping > 0 || BROKEN == 7) && !urgent[c]) -> wake_or_start()
        :: LOOKING > 0 || (napping > 0 && !urgent[c]) -> wake_or_start() /* it is large */
        fi
    fi
}

inline pool_push(c)
{
    use(c);
    assert(place[c] == WORK_NOWHERE);
    place[c] = WORK_IN_LANE;
    lane!c;
    waiting++;
    find_thread(c)
}

inline take_owed()
{
    due = owed;
    owed = 0
}

/* After the hold; no step of its own if none fell due. */
inline engine_unlock()
{
    if
    :: due > 0 -> atomic { make_owed() }
    :: else
    fi
}

/* The thread may have woken up by itself, and sleep again by now. */
inline make_owed()
{
    blocked[0] = blocked[0] && ((due & 1) == 0 || BROKEN == 1);
    if
    :: THREADS > 1 ->
        blocked[1 % THREADS] = blocked[1 % THREADS] && ((due & 2) == 0 || BROKEN == 1)
    :: else
    fi;
    if
    :: THREADS > 2 ->
        blocked[2 % THREADS] = blocked[2 % THREADS] && ((due & 4) == 0 || BROKEN == 1)
    :: else
    fi;
    due = 0
}

/* A thread lives as long as a call is admitted. */
inline pool_have_thread()
{
    if
    :: threads == in_callback -> start_thread()
    :: else
    fi
}

inline pool_admit()
{
    pool_have_thread();
    admitted++
}

inline stir()
{
    blocked[0] = blocked[0] && !asleep[0];
    blocked[1 % THREADS] = blocked[1 % THREADS] && !asleep[1 % THREADS];
    blocked[2 % THREADS] = blocked[2 % THREADS] && !asleep[2 % THREADS]
}

inline pool_dismiss()
{
    admitted--;
    if
    :: admitted == 0 && staying > 0 && IS_SURPLUS && BROKEN != 11 ->
        stir()
    :: else
    fi
}

inline lane_begin_callback()
{
    in_callback++;
    if
    :: waiting > LOOKING -> wake_or_start()
    :: else
    fi
}

inline lane_end_callback()
{
    in_callback--
}

inline pool_hurry()
{
    atomic {
        deferring = false;
        if
        :: waiting > 0 && LOOKING == 0 -> wake_or_start()
        :: else
        fi;
        take_owed()
    }
    engine_unlock();
}

/* When a thread turns to what it has taken. */
inline see_to_the_rest()
{
    if
    :: waiting > 0 && LOOKING + napping == 0 -> wake_or_start()
    :: else
    fi
}

inline sleep_until_begins()
{
    take_owed(); /* engine_wait makes them first */
    make_owed();
    asleep[me] = true;
    sleepers++;
    blocked[me] = true
}

inline sleep_until_ends()
{
    sleepers--;
    if
    :: promised[me] -> promised[me] = false; wakes--
    :: else -> asleep[me] = false
    fi
}

/* ---- Queue ------------------------------------------------------------------------------- */

inline queue_post(c)
{
    use(c);
    if
    :: closed -> lost[completion[c]] = true
    :: else -> place[c] = WORK_IN_QUEUE; done!c
    fi
}

inline begin_callback(s)
{
    assert(notified[s] == 0 && !discarded[s] && !lost[s]);
    notified[s]++
}

/* ---- A thread of the pool ---------------------------------------------------------------- */

/* Of a batch: one slice, beside other threads that have others. */
inline run_slice(c, goes_on)
{
    atomic {
        use(c);
        rest[c]--;
        slices[c]++;
        if
        :: rest[c] > 0 -> light[c] = false; pool_push(c)
        :: else
        fi;
        take_owed()
    }
    engine_unlock();
    /* handle_chain_release: inside packages, no lock held */
    atomic {
        use(c);
        slices[c]--;
        goes_on = (BROKEN == 12 -> slices[c] > 0 : slices[c] > 0 || rest[c] > 0)
    }
}

inline run_heavy(c, goes_on)
{
    if
    :: rest[c] > 0 -> run_slice(c, goes_on)
    :: else
    fi;
    atomic { /* operation.run: inside the package, no lock held */
        if
        :: !goes_on && is_end[c] && completion[c] != NONE -> carried_out[completion[c]]++
        :: !goes_on && is_end[c] && completion[c] == NONE -> of_nobody++
        :: else
        fi
    }
}

/* With the lock held. Afterwards c is what is to be freed, or NONE. */
inline conclude(c)
{
    use(c);
    wanted = state[c] == ASYNC_FINISHING || completion[c] == NONE ||
             (is_end[c] && (IS_ATTACHED(c) || BROKEN == 10));
    pool_dismiss();
    if
    :: wanted -> fate_move(c, ASYNC_COMPLETE) /* fate_move */
    :: else
    fi;
#ifdef QUEUED
    if
    :: wanted -> queue_post(c)
    :: else
    fi;
#endif
#ifdef POOL
    if
    :: wanted && completion[c] != NONE -> tells = completion[c]
    :: else
    fi;
#endif
    if
    :: place[c] == WORK_IN_QUEUE || IS_ATTACHED(c) -> c = NONE
    :: else
    fi
}

/* One, or several that are light. */
inline lane_take()
{
    lane?c;
    place[c] = WORK_NOWHERE;
    waiting--;
    was_urgent = urgent[c];
    was_light = light[c];
    if
    :: light[c] && nempty(lane) ->
        lane?<second>;
        if
        :: light[second] ->
            lane?second;
            place[second] = WORK_NOWHERE;
            waiting--;
            was_urgent = urgent[second]
        :: else -> second = NONE
        fi
    :: true
    fi;
    deferring = false;
    at_light = at_light + was_light;
    see_to_the_rest();
    take_owed()
}

proctype pool_thread(byte me)
{
    byte c = NONE; /* the chunk: one call, */
    byte second = NONE; /* or two light ones */
    byte tells = NONE;
    byte due;
    bool was_urgent;
    bool was_light;
    bool wanted;
    bool stays;
    bool in_time;
    bool goes_on; /* elsewhere: c is not this thread's any more */
    bool second_goes_on;

end_unborn: /* the first that is free, as one is as good as another */
    atomic {
        starting > 0 && (me == 0 || born[0]) && (me < 2 || born[1 % THREADS]) ->
        starting--;
        born[me] = true;
        was_urgent = true
    };
look: /* thread_main, wait_for_work */
#ifdef NAPS
    atomic {
        if
        :: nempty(lane) -> lane_take(); goto taken
        :: empty(lane) && was_urgent && spinning == 0 -> spinning++; take_owed()
        :: empty(lane) && !(was_urgent && spinning == 0) -> goto nap
        fi
    }
    engine_unlock();
    atomic { spinning--; goto nap }; /* after a while */
nap:
    atomic {
        if
        :: nempty(lane) -> lane_take(); goto taken
        :: empty(lane) -> napping++; sleep_until_begins()
        fi
    }
    if
    :: !blocked[me]
    :: atomic { blocked[me] -> blocked[me] = false } /* it is over; the lock is still to come */
    fi;
    atomic {
        sleep_until_ends();
        napping--;
        if
        :: nempty(lane) -> lane_take(); goto taken
        :: empty(lane)
        fi
    }
#endif
sleep:
    atomic {
        if
        :: nempty(lane) -> lane_take(); goto taken
        :: empty(lane) ->
            stays = !(IS_SURPLUS);
            staying = staying + stays;
            sleep_until_begins()
        fi
    }
    if
    :: atomic { !blocked[me] -> in_time = true }
    :: atomic { blocked[me] && !stays -> blocked[me] = false }
    fi;
    atomic {
        sleep_until_ends();
        staying = staying - stays;
        stays = false;
        if
        :: nempty(lane) -> in_time = false; lane_take(); goto taken
        :: empty(lane) && in_time -> in_time = false; goto sleep
        :: empty(lane) && !in_time ->
            if
            :: IS_SURPLUS -> threads--; born[me] = false; take_owed(); goto leave
            :: else -> goto look
            fi
        fi
    }
leave:
    engine_unlock();
    was_urgent = false;
    goto end_unborn;
taken:
    engine_unlock();
    /* run_chunk */
    if
    :: atomic { notification[c] ->
            /* run_notification */
            use(c);
            tells = completion[c];
            goto clearing }
    :: atomic { !notification[c] -> use(c) }
    fi;
    run_heavy(c, goes_on);
    if
    :: second != NONE -> run_heavy(second, second_goes_on)
    :: else
    fi;
    if
    :: !goes_on && !is_end[c] ->
        atomic { /* publish */
            use(c);
            if
            :: IS_ATTACHED(c) -> state[c] = ASYNC_FINISHING; wanted = true
            :: else -> wanted = false
            fi
        }
        if
        :: wanted -> /* the caller's outputs, no lock held */
            assert(state[c] == ASYNC_FINISHING && !settled[completion[c]])
        :: else
        fi
    :: else
    fi;
    /* Final status, turn, count and delivery in one hold. */
    atomic {
        stays = goes_on || is_end[c]; /* else there are arguments to let go of unlocked */
        if
        :: goes_on -> c = NONE
        :: else -> conclude(c)
        fi;
        if
        :: second != NONE && second_goes_on -> second = NONE
        :: second != NONE && !second_goes_on -> conclude(second)
        :: else
        fi;
        goes_on = false;
        second_goes_on = false;
        wanted = stays;
        stays = false;
        if
        :: wanted && c == NONE && second == NONE && tells == NONE ->
            wanted = false;
            at_light = at_light - was_light;
            was_light = false;
            goto look
        :: else -> wanted = false
        fi
    }
clearing: /* clear_away */
    atomic {
        if
        :: tells != NONE -> lane_begin_callback()
        :: else
        fi;
        take_owed()
    }
    engine_unlock();
    if
    :: atomic { tells != NONE -> begin_callback(tells) } /* no lock held */
    :: tells == NONE
    fi;
    atomic {
        if
        :: c != NONE -> call_free(c)
        :: else
        fi;
        if
        :: second != NONE -> call_free(second)
        :: else
        fi;
        if
        :: tells != NONE -> lane_end_callback()
        :: else
        fi;
        c = NONE;
        second = NONE;
        tells = NONE;
        at_light = at_light - was_light;
        was_light = false;
        goto look
    }
}

/* ---- Users ------------------------------------------------------------------------------- */

/* Out of the lane if no thread has it. */
inline run_withdraw(c, result)
{
    use(c);
    if
    :: place[c] == WORK_IN_LANE ->
        lane??eval(c);
        waiting--;
        place[c] = WORK_NOWHERE;
        if
        :: BROKEN != 5 -> pool_dismiss()
        :: else
        fi;
        result = true
    :: else -> result = false
    fi
}

/* A delete is a batch, with a slice or two, whose handles are closed without the lock. */
inline async_submit(end)
{
    atomic {
        if
        :: async_call != NONE && state[async_call] == ASYNC_IDLE ->
            async_changeable();
            call = async_call;
            pool_admit();
            is_end[call] = end;
            completion[call] = submits;
            accepted[submits] = true;
            ends[submits] = end;
            submits++;
            fate_move(call, ASYNC_PENDING);
            take_owed()
        :: else -> call = NONE
        fi
    }
    if
    :: call != NONE ->
#ifndef POOL
        if
        :: end -> engine_unlock() /* async_submit_batch closes the handles without the lock */
        :: else
        fi;
#endif
        atomic { /* call_start */
#ifdef POOL
            light[call] = false;
            urgent[call] = true;
#else
            light[call] = end;
#ifdef QUEUED
            urgent[call] = true;
#else
            urgent[call] = !end;
#endif
#ifdef UNHEARD
            if
            :: end -> rest[call] = 2
            :: true
            fi;
#endif
#endif
            pool_push(call);
            due = due | owed;
            owed = 0;
            call = NONE
        }
        engine_unlock();
    :: else
    fi
}

inline sspia_async_wait()
{
    /* SspiGetAsyncCallStatus */
    if
    :: deferring -> pool_hurry()
    :: true
    fi;
    atomic {
        if
        :: async_call != NONE && IS_PENDING(async_call) -> waits = true
        :: else
        fi
    }
    do
    :: atomic { waits && moved -> moved = false;
        if
        :: async_call != NONE && IS_PENDING(async_call)
        :: else -> waits = false
        fi }
    :: atomic { !waits -> break }
    od
}

/* The user submits, waits for the end of it, reinitialises, and does it again. */
proctype submitter()
{
    byte call = NONE;
    byte fresh = NONE;
    byte due = 0;

#ifdef UNHEARD
    async_submit(true);
#else
    async_submit(false);
#endif
    sspia_async_wait();
#if SUBMITS > 1
#if defined(QUEUED) && !defined(CLOSED)
    if /* SspiSetAsyncNotifyCallback: open_settings, perhaps while the completion waits */
    :: atomic { async_call != NONE && !IS_PENDING(async_call) -> async_changeable(); fresh = NONE }
    :: true
    fi;
#endif
    atomic { /* SspiReinitAsyncContext */
        if
        :: async_call != NONE && state[async_call] == ASYNC_COMPLETE ->
            fate_move(async_call, ASYNC_IDLE)
        :: else
        fi
    }
    async_submit(true);
    sspia_async_wait();
#endif
    atomic { user_done = true; ended++ }
}

#if NOBODY
/* async_submit_to without an async context. */
proctype submitter_for_nobody()
{
    byte call;
    byte due;

    atomic {
        call_new(call);
        pool_admit();
        is_end[call] = true;
        light[call] = true;
        if
        :: urgent[call] = true
        :: true
        fi;
        state[call] = ASYNC_PENDING;
        pool_push(call);
        take_owed()
    }
    engine_unlock();
    atomic { ended++ }
}
#endif

/* The call of a context that is not in the midst of writing its outputs. */
#define AT_REST (async_call == NONE || state[async_call] != ASYNC_FINISHING || BROKEN == 2)

/* sspia_async_cancel: cancel */
proctype canceller()
{
    byte call = NONE;
    byte fresh = NONE;
    byte notice = NONE;
    byte due = 0;
    bool withdrawn = false;

    if
    :: true
    :: goto leave /* or nobody cancels: it must not take a cancel to get a call done */
    fi;
    atomic {
        AT_REST ->
        if
        :: async_call != NONE && IS_PENDING(async_call) ->
            call = async_call;
#ifdef POOL
            /* make_notice: the context may be used again before a thread comes to it */
            if
            :: BROKEN != 4 -> call_new(notice)
            :: else -> notice = call
            fi;
            notification[notice] = true;
            completion[notice] = completion[call];
            pool_have_thread();
#endif
            if
            :: !is_end[call] || BROKEN == 9 -> run_withdraw(call, withdrawn)
            :: else
            fi;
            if
            :: !withdrawn -> async_part(call, fresh); call = fresh
            :: else
            fi;
            settled[completion[call]] = true;
            fate_move(call, ASYNC_COMPLETE); /* fate_move */
#ifdef POOL
            pool_push(notice);
#endif
#ifdef QUEUED
            queue_post(call);
#endif
            take_owed()
        :: else
        fi;
        call = NONE;
        fresh = NONE;
        notice = NONE;
        withdrawn = false
    }
    engine_unlock();
leave:
    atomic { ended++ }
}

/* SspiFreeAsyncContext */
proctype freer()
{
    byte call = NONE;
    byte due = 0;
    bool withdrawn = false;

#if NOBODY
    user_done;
#else
    if
    :: true
    :: user_done /* resolved to wait: it must not take a free to get a call done */
    fi;
#endif
    atomic {
        AT_REST ->
        call = async_call;
        use(call);
        async_call = NONE;
        fate_tell();
        /* abandon */
        if
        :: IS_PENDING(call) ->
            discarded[completion[call]] = true;
            settled[completion[call]] = true;
            if
            :: !is_end[call] -> run_withdraw(call, withdrawn)
            :: else
            fi;
            if
            :: withdrawn -> call_free(call)
            :: else
            fi
        :: else ->
            if
            :: place[call] == WORK_NOWHERE -> call_free(call)
            :: else
            fi
        fi;
        call = NONE;
        withdrawn = false;
        ended++
    }
}

#ifdef QUEUED
/* sspia_queue_dispatch: next takes a lot, then come the callbacks without the lock. */
proctype drainer()
{
    byte c;
    byte tells;
    byte then = NONE;

    do
    :: atomic { nempty(done) ->
            done?c; place[c] = WORK_NOWHERE; tells = completion[c];
            if
            :: !IS_ATTACHED(c) -> call_free(c)
            :: else
            fi;
            if
            :: nempty(done) ->
                done?c; place[c] = WORK_NOWHERE; then = completion[c];
                if
                :: !IS_ATTACHED(c) -> call_free(c)
                :: else
                fi
            :: true
            fi;
            c = 0 }
    another:
        if
        :: atomic { closed -> lost[tells] = true }
        :: atomic { !closed -> skip };
            atomic { begin_callback(tells) }
        fi;
        if
        :: atomic { then != NONE -> tells = then; then = NONE; goto another }
        :: atomic { then == NONE -> tells = 0 }
        fi
    :: atomic { user_done && empty(done) && admitted == 0 && async_call == NONE -> break }
    :: closed -> break
    od;
    atomic { ended++ }
}

/* sspia_queue_free */
proctype closer()
{
    byte c;

    atomic {
        closed = true;
        do
        :: nempty(done) -> done?c; place[c] = WORK_NOWHERE; lost[completion[c]] = true;
            if
            :: !IS_ATTACHED(c) -> call_free(c)
            :: else
            fi
        :: empty(done) -> break
        od;
        c = 0;
        ended++
    }
}
#endif

/* When everybody has ended: nothing is in a list, every call is freed, every delete was carried
 * out, and every accepted submit was told of as promised. */
init {
    byte i;
    byte users;

    atomic {
        call_new(i); /* SspiCreateAsyncContext */
        async_call = i;
        for (i : 0 .. THREADS - 1) {
            run pool_thread(i)
        }
        run submitter();
        run freer();
        users = 2;
#if NOBODY
        for (i : 1 .. NOBODY) {
            run submitter_for_nobody()
        }
        users = users + NOBODY;
#else
        run canceller();
        users++;
#endif
#ifdef QUEUED
        run drainer();
        users++;
#ifdef CLOSED
        run closer();
        users++;
#endif
#endif
        i = 0
    }
    atomic {
        ended == users && threads == 0 ->
        assert(admitted == 0 && empty(lane) && empty(done) && wakes == 0 && sleepers == 0);
        assert(at_light == 0 && in_callback == 0 && staying == 0 && of_nobody == NOBODY);
        for (i : 0 .. SUBMITS - 1) {
            assert(!accepted[i] || !ends[i] || carried_out[i] == 1);
#if defined(POOL) || defined(QUEUED)
            assert(!accepted[i] || discarded[i] || lost[i] || notified[i] == 1);
#endif
        }
        for (i : 0 .. CALLS - 1) {
            assert(!alive[i])
        }
    }
}
