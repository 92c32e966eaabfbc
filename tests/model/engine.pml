/* SPDX-License-Identifier: MIT */
/*
 * engine.pml - a model of what is done under the engine lock: the async context, its call, the
 * completion queue and the pool.
 *
 * The names are those of the code: states of enum async_state (fate.h), places of enum
 * work_place (work.h), and one inline for each move with the name of the C function that makes
 * it; tests/model/run.sh compares them. An atomic block is one hold of the engine lock: between
 * two of them other threads may do anything, as in the code. The wakes that fall due in a hold
 * are made after it, in a step of their own.
 *
 * Light calls are submitted here by the way that the code takes when the pool is not open to
 * them: under the lock, into the lane's list. Their way without the lock is in lockfree.pml:
 * the moves of the fate, the inbox and `watch`, the deferral to loops, and the steps of those
 * who post to a queue, take from it, and raise and lower its descriptor. Here each of these is
 * one with the hold that it happens in.
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
 * Not in it: several contexts and their turns, two lanes, callers' threads that do work of the
 * pool while they wait, fork, exit, memory or threads that run out (tests/fault/ has that), how
 * soon a nap ends, and what lockfree.pml has.
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
#define ATTENDED   (at_light > 0 && heavy == 0) /* if what is light is cheap, or else not */

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
bool parted[CALLS] = false; /* in a queue: whoever takes it is to free it */
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
byte heavy = 0;   /* of these, those that are not light */
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
bool deferring = false; /* deferral is not DEFERRED_NONE */
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
    parted[c] = false;
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

/* To whoever takes its completion. */
inline queue_leave(c)
{
    use(c);
    assert(place[c] == WORK_IN_QUEUE);
    parted[c] = true
}

/* The call of the context, whose settings may be changed. */
inline async_changeable()
{
    use(async_call);
    if
    :: place[async_call] != WORK_NOWHERE && BROKEN != 6 ->
        queue_leave(async_call);
        async_part(async_call, fresh)
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
inline crew_wake()
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

/* Either way where the size of a backlog decides. BROKEN 7: as if somebody napped. */
#define DEFERS(c) ((napping > 0 || BROKEN == 7) && !urgent[c])

inline find_thread(c)
{
    if
    :: LOOKING > (light[c] -> 0 : waiting - 1)
    :: else ->
        if
        :: DEFERS(c) -> deferring = true
        :: light[c] && napping > 0 && at_light > 0 /* and the backlog is small */
        :: !DEFERS(c) || light[c] -> crew_wake()
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
    heavy = heavy + !light[c];
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

inline crew_stir()
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
        crew_stir()
    :: else
    fi
}

inline crew_begin_callback()
{
    in_callback++;
    if
    :: waiting > LOOKING -> crew_wake()
    :: else
    fi
}

inline crew_end_callback()
{
    in_callback--
}

inline pool_hurry()
{
    atomic {
        if
        :: deferring ->
            deferring = false;
            intake_see_to_the_rest()
        :: else
        fi;
        take_owed()
    }
    engine_unlock();
}

inline intake_see_to_the_rest()
{
    if
    :: waiting > 0 && LOOKING == 0 -> crew_wake()
    :: else
    fi
}

/* When a thread turns to what it has taken. */
inline see_to_the_rest()
{
    if
    :: waiting > 0 && LOOKING + napping == 0 -> crew_wake()
    :: else
    fi
}

/* It may be enough for one more. */
inline see_to_the_backlog()
{
    if
    :: waiting > 0 && LOOKING == 0 -> crew_wake()
    :: true
    fi
}

inline lane_stop_deferring()
{
    if
    :: waiting == 0 -> deferring = false
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
    :: promised[me] -> promised[me] = false; wakes--; was_woken = true
    :: else -> asleep[me] = false; was_woken = false
    fi
}

/* ---- Queue ------------------------------------------------------------------------------- */

inline post(c)
{
    use(c);
    assert(!closed && place[c] == WORK_IN_QUEUE);
    done!c
}

/* Afterwards c is what is to be freed, or NONE. */
inline queue_collect(c, tells)
{
    done?c;
    use(c);
    place[c] = WORK_NOWHERE;
    tells = completion[c];
    if
    :: !parted[c] -> c = NONE /* it is its async context's again */
    :: else
    fi
}

inline queue_let_go(c)
{
    if
    :: c != NONE -> call_free(c); c = NONE
    :: else
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
        :: rest[c] > 0 ->
            if /* cheap or not */
            :: light[c] = false
            :: true
            fi;
            pool_push(c)
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

/* What run_light and run_heavy do with one call before they take the lock. */
inline run_each(c, goes_on)
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

/* With the lock held, like what comes next. Is the call its context's, and told of? */
inline conclude(c)
{
    use(c);
    wanted = IS_ATTACHED(c) || BROKEN == 10;
#ifdef QUEUED
    if
    :: wanted && !closed ->
        parted[c] = false;
        place[c] = WORK_IN_QUEUE
    :: wanted && closed -> lost[completion[c]] = true
    :: else
    fi;
#endif
    if
    :: wanted -> fate_move(c, ASYNC_COMPLETE)
    :: else
    fi
}

/* Afterwards c is what is to be freed, or NONE. */
inline end_of_run(c)
{
    pool_dismiss();
    conclude(c);
#ifdef POOL
    if
    :: wanted && completion[c] != NONE -> tells = completion[c]
    :: else
    fi;
#endif
    if
    :: place[c] == WORK_IN_QUEUE -> post(c); c = NONE
    :: place[c] != WORK_IN_QUEUE && IS_ATTACHED(c) -> c = NONE
    :: else
    fi
}

/* One, or several that are light. */
inline lane_take()
{
    lane?c;
    place[c] = WORK_NOWHERE;
    waiting--;
    heavy = heavy - !light[c];
    was_light = light[c];
    if
    :: light[c] && nempty(lane) ->
        lane?<second>;
        if
        :: light[second] ->
            lane?second;
            place[second] = WORK_NOWHERE;
            waiting--
        :: else -> second = NONE
        fi
    :: true
    fi;
    lane_stop_deferring();
    at_light = at_light + was_light; /* work_lightly, work_heavily */
    see_to_the_rest();
    if
    :: was_light -> see_to_the_backlog()
    :: else
    fi;
    took_its_time = !was_light;
    take_owed()
}

/* None: only an inbox can have some. */
inline finds_work_at_the_door()
{
    threads--;
    see_to_the_rest()
}

proctype pool_thread(byte me)
{
    byte c = NONE; /* the chunk: one call, */
    byte second = NONE; /* or two light ones */
    byte tells = NONE;
    byte due;
    bool took_its_time;
    bool was_light;
    bool was_woken;
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
        took_its_time = true
    };
look: /* thread_main, wait_for_work */
#ifdef NAPS
    atomic {
        if
        :: nempty(lane) -> lane_take(); goto taken
        :: nempty(lane) && ATTENDED && napping == 0 -> goto beside
        :: empty(lane) && took_its_time && spinning == 0 -> spinning++; take_owed()
        :: empty(lane) && !(took_its_time && spinning == 0) -> goto nap
        fi
    }
    engine_unlock();
    atomic { spinning--; goto nap }; /* spin: after a while */
nap:
    atomic {
        if
        :: nempty(lane) -> lane_take(); goto taken
        :: empty(lane) && napping > 0 -> goto sleep
        :: empty(lane) && napping == 0 -> napping++; sleep_until_begins()
        fi
    }
    if
    :: !blocked[me]
    :: atomic { blocked[me] -> blocked[me] = false } /* it is over; the lock is still to come */
    fi;
    atomic {
        sleep_until_ends();
        if
        :: was_woken && waiting == 0 && spinning == 0 -> spinning++; take_owed()
        :: else -> was_woken = false
        fi
    }
    if
    :: was_woken -> engine_unlock(); atomic { spinning--; was_woken = false } /* spin */
    :: else
    fi;
    atomic {
        napping--;
        if
        :: nempty(lane) -> lane_take(); goto taken
        :: empty(lane)
        fi
    }
    goto sleep;
beside: /* stand_by */
    atomic { napping++; sleep_until_begins() }
    if
    :: !blocked[me]
    :: atomic { blocked[me] -> blocked[me] = false }
    fi;
    atomic {
        sleep_until_ends();
        if
        :: was_woken && waiting == 0 && spinning == 0 -> spinning++; take_owed()
        :: else -> was_woken = false
        fi
    }
    if
    :: was_woken -> engine_unlock(); atomic { spinning--; was_woken = false } /* spin */
    :: else
    fi;
    atomic {
        napping--;
        if
        :: nempty(lane) -> lane_take(); goto taken
        :: nempty(lane) && ATTENDED -> goto beside
        :: empty(lane) -> goto look
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
        :: nempty(lane) -> in_time = false; was_woken = false; lane_take(); goto taken
        :: empty(lane) && was_woken && spinning == 0 -> spinning++; take_owed()
        :: empty(lane) && !(was_woken && spinning == 0) -> was_woken = false
        fi
    }
    if
    :: was_woken -> engine_unlock(); atomic { spinning--; was_woken = false } /* spin */
    :: else
    fi;
    atomic {
        if
        :: nempty(lane) -> in_time = false; lane_take(); goto taken
        :: empty(lane) && in_time -> in_time = false; goto sleep
#ifdef NAPS
        :: empty(lane) && in_time -> in_time = false; goto look /* the lane was used */
#endif
        :: empty(lane) && !in_time ->
            if
            :: IS_SURPLUS -> finds_work_at_the_door(); born[me] = false; take_owed(); goto leave
            :: else -> goto look
            fi
        fi
    }
leave:
    engine_unlock();
    took_its_time = false;
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
    run_each(c, goes_on);
    if
    :: second != NONE -> run_each(second, second_goes_on)
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
        :: else -> end_of_run(c)
        fi;
        if
        :: second != NONE && second_goes_on -> second = NONE
        :: second != NONE && !second_goes_on -> end_of_run(second)
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
        :: tells != NONE -> crew_begin_callback()
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
        :: tells != NONE -> crew_end_callback()
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
        heavy = heavy - !light[c];
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
inline async_submit(is_delete)
{
    atomic {
        if
        :: async_call != NONE && state[async_call] == ASYNC_IDLE ->
            async_changeable();
            call = async_call;
            pool_admit();
            is_end[call] = is_delete;
            completion[call] = submits;
            accepted[submits] = true;
            ends[submits] = is_delete;
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
        :: is_delete -> engine_unlock() /* async_submit_batch closes the handles without the lock */
        :: else
        fi;
#endif
        atomic { /* call_start */
#ifdef POOL
            light[call] = false;
            urgent[call] = true;
#else
            light[call] = is_delete;
#ifdef QUEUED
            urgent[call] = true;
#else
            urgent[call] = !is_delete;
#endif
#ifdef UNHEARD
            if
            :: is_delete -> rest[call] = 2
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
    bool wanted = false;

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
            conclude(call); /* run_post */
#ifdef POOL
            pool_push(notice);
#endif
            if
            :: place[call] == WORK_IN_QUEUE -> post(call)
            :: else
            fi;
            take_owed()
        :: else
        fi;
        call = NONE;
        fresh = NONE;
        notice = NONE;
        withdrawn = false;
        wanted = false
    }
    engine_unlock(); /* run_tell */
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
            :: place[call] == WORK_IN_QUEUE -> queue_leave(call)
            fi
        fi;
        call = NONE;
        withdrawn = false;
        ended++
    }
}

#ifdef QUEUED
/* sspia_queue_dispatch: next takes a lot, then come the callbacks, and at the end the parted
 * calls go. */
proctype drainer()
{
    byte c = NONE;
    byte second = NONE;
    byte tells;
    byte then = NONE;

    do
    :: atomic { nempty(done) ->
            queue_collect(c, tells);
            if
            :: nempty(done) -> queue_collect(second, then)
            :: true
            fi }
    another:
        if
        :: atomic { closed -> lost[tells] = true }
        :: atomic { !closed -> skip };
            atomic { begin_callback(tells) }
        fi;
        if
        :: atomic { then != NONE -> tells = then; then = NONE; goto another }
        :: atomic { then == NONE -> tells = 0; queue_let_go(c); queue_let_go(second) }
        fi
    :: atomic { user_done && empty(done) && admitted == 0 && async_call == NONE -> break }
    :: closed -> break
    od;
    atomic { ended++ }
}

/* sspia_queue_free */
proctype closer()
{
    byte c = NONE;
    byte tells;

    atomic {
        closed = true;
        do
        :: nempty(done) -> queue_collect(c, tells); lost[tells] = true; queue_let_go(c)
        :: empty(done) -> break
        od;
        tells = 0;
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
