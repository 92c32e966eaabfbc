/* SPDX-License-Identifier: MIT */
/*
 * lockfree.pml - a model of what is done without the engine lock: how light calls are
 * submitted, handed over and taken.
 *
 * Every read and write of a word that somebody may move without the lock is a step of its own;
 * so the engine lock is a variable here, and so is `taking`, the lock of a queue's takers. What
 * only holders of one of the two can see may share a step with its neighbours. All accesses to
 * words that are read and written crosswise are sequentially consistent in the code, as the
 * model takes them to be. Names are those of the code, as in engine.pml.
 *
 * Variants, each a set of defines (run.sh):
 *   FATE      one async context, whose light calls are submitted without the lock, run, posted
 *             to a queue and taken; while its settings are changed, it is cancelled, or freed
 *   POLLED    the same user polls the status, then drains with timeout 0
 *   LANE      light work that is put into an inbox, with threads of the pool that spin, nap,
 *             sleep for good and leave
 *   LOOP      the same with a queue whose descriptor a loop polls: the work is left to the loop;
 *             naps end by themselves only with NAPS_END
 *   POSTED    completions that several threads post, and two that take them by the descriptor
 *
 * What must hold, checked in each state (asserts) or at the end of each run:
 *   - no lost wake-up: no run ends with work or completions for which nobody comes
 *   - the descriptor is not readable when nothing waits, and is when something does
 *   - an accepted call notifies exactly once, unless it was freed
 *   - who runs, cancels or takes a call sees what was written at its submit, and nobody touches
 *     one that somebody else has or that was freed
 *   - who sees a final status finds the completion
 *   - nobody naps or sleeps through work that was put while it fell asleep
 */

#ifndef BROKEN
#define BROKEN 0
#endif

#define NONE 255

mtype = { ASYNC_IDLE, ASYNC_PENDING, ASYNC_FINISHING, ASYNC_COMPLETE, ASYNC_BUSY };
mtype = { WORK_NOWHERE, WORK_IN_INBOX, WORK_IN_LANE, WORK_IN_QUEUE };
mtype = { WATCH_CLOSED, WATCH_NOBODY, WATCH_NAPPER, WATCH_LOOKER };
mtype = { DEFERRED_NONE, DEFERRED_TO_NAP, DEFERRED_TO_LOOP };

bool engine = false; /* the engine lock is held */
bool taking = false; /* the queue's */
byte ended = 0;      /* processes */

inline engine_lock()
{
    atomic { !engine -> engine = true }
}

inline engine_unlock()
{
    engine = false
}

inline take_lock()
{
    atomic { !taking -> taking = true }
}

inline take_unlock()
{
    taking = false
}

#if defined(FATE) || defined(POLLED)
/* ==== The fate of an async context, and its call ============================================ */

#ifndef SUBMITS
#define SUBMITS 2
#endif
#define CALLS 5
#ifdef FATE
#define OTHERS 3 /* processes that end by themselves */
#else
#define OTHERS 1
#endif

/* The word: state and sequence move as one. */
mtype state = ASYNC_IDLE;
byte sequence = 0;

/* The handle: which life of it is open (0: it is closed), and the call it leads to. */
byte life = 1;
byte async_call = NONE;
#define IS_ATTACHED(c) (life == 1 && async_call == c)

/* struct call */
mtype place[CALLS] = WORK_NOWHERE;
bool alive[CALLS] = false;
bool parted[CALLS] = false;
bool written[CALLS] = false; /* its job, for the submit at hand */
bool writing[CALLS] = false; /* somebody is at it without the lock */
byte completion[CALLS] = NONE;
byte made = 0;

chan lane = [CALLS] of { byte }; /* inbox and list: what comes out is another variant's */
chan inbox = [CALLS] of { byte };
byte chain = NONE;
bool expected = false;

byte submits = 0;
bool accepted[SUBMITS] = false;
bool discarded[SUBMITS] = false;
byte notified[SUBMITS] = 0;
byte carried_out[SUBMITS] = 0;
bool user_done = false;

inline use(c)
{
    assert(c != NONE && alive[c])
}

inline call_new(c)
{
    assert(made < CALLS);
    c = made;
    made++;
    alive[c] = true
}

inline call_free(c)
{
    use(c);
    assert(!writing[c] && !IS_ATTACHED(c));
    alive[c] = false;
    parted[c] = false;
    written[c] = false;
    completion[c] = NONE;
    place[c] = WORK_NOWHERE
}

/* A write without the engine lock, and something else may come in the midst of it. */
inline write_begins(c)
{
    use(c);
    assert(!writing[c]);
    writing[c] = true
}

inline write_ends(c)
{
    use(c);
    writing[c] = false
}

inline put_state(s)
{
    state = s;
    sequence++
}

/* Word, object, and then whether the handle is open: three reads. */
inline fate_look()
{
    atomic { seen = state; at = sequence };
    call = async_call;
    found = (life == 1)
}

inline exchange(from, to)
{
    atomic {
        if
        :: seen == from && state == from && (sequence == at || BROKEN == 102) ->
            put_state(to);
            found = true
        :: else -> found = false
        fi
    }
}

inline fate_begin()
{
    exchange(ASYNC_IDLE, ASYNC_BUSY)
}

inline fate_reinit()
{
    exchange(ASYNC_COMPLETE, ASYNC_IDLE)
}

inline fate_back()
{
    atomic { assert(state == ASYNC_BUSY); put_state(ASYNC_IDLE) }
}

inline fate_submit()
{
    atomic { assert(state == ASYNC_BUSY); put_state(ASYNC_PENDING) }
}

#define IS_PENDING (state == ASYNC_PENDING || state == ASYNC_FINISHING)

/* With the engine lock. Spins while somebody has the context. */
inline fate_seize(was)
{
    atomic {
        state != ASYNC_BUSY || BROKEN == 101 ->
        was = state;
        if
        :: IS_PENDING
        :: else -> put_state(ASYNC_BUSY)
        fi
    }
}

inline fate_release(was)
{
    atomic {
        if
        :: state == ASYNC_BUSY -> put_state(was)
        :: else
        fi
    }
}

inline fate_move(s)
{
    atomic { put_state(s) }
}

/* To the taker, unless it has been there. */
inline queue_leave(c)
{
    take_lock();
    left = (place[c] == WORK_IN_QUEUE);
    if
    :: left -> parted[c] = true
    :: else
    fi;
    take_unlock()
}

inline async_part(c)
{
    call_new(fresh);
    completion[fresh] = completion[c];
    written[fresh] = written[c];
    async_call = fresh
}

/* Of a context that is BUSY: afterwards `call` is the one to change. */
inline async_changeable()
{
    if
    :: place[call] != WORK_NOWHERE ->
        queue_leave(call);
        if
        :: left -> atomic { async_part(call); call = fresh }
        :: else
        fi
    :: else
    fi
}

inline can_be_light()
{
    light = (place[call] == WORK_NOWHERE || BROKEN == 106)
}

inline make_ready()
{
    place[call] = WORK_IN_INBOX
}

inline put()
{
    atomic { use(call); assert(place[call] == WORK_IN_INBOX); lane!call }
}

/* By the lock. */
inline async_submit_to()
{
    engine_lock();
    if
    :: life == 1 ->
        call = async_call;
        fate_seize(was); /* seize_idle */
        if
        :: was != ASYNC_IDLE -> fate_release(was)
        :: else ->
            async_changeable();
            atomic {
                write_begins(call);
                completion[call] = submits;
                written[call] = true;
                accepted[submits] = true;
                submits++;
                write_ends(call)
            };
            fate_move(ASYNC_PENDING);
            atomic { place[call] = WORK_IN_LANE; lane!call }
        fi
    :: else
    fi;
    engine_unlock()
}

inline submit_light()
{
    fate_look();
    if
    :: found -> fate_begin()
    :: else
    fi;
    if
    :: found ->
        use(call);
        can_be_light();
        if
        :: !light -> fate_back(); async_submit_to()
        :: else ->
#ifdef FATE
            if
            :: BROKEN == 104 -> fate_submit()
            :: else
            fi;
#endif
            write_begins(call);
            atomic {
                completion[call] = submits;
                accepted[submits] = true;
                submits++
            };
            atomic { write_ends(call); written[call] = true };
            make_ready();
            if
            :: BROKEN != 104 && BROKEN != 107 -> fate_submit(); put()
            :: BROKEN == 104 -> put()
            :: BROKEN == 107 -> put(); fate_submit()
            fi
        fi
    :: else -> async_submit_to()
    fi
}

inline SspiReinitAsyncContext()
{
    fate_look();
    if
    :: found -> fate_reinit()
    :: else
    fi;
    if
    :: !found ->
        engine_lock();
        if
        :: life == 1 ->
            fate_seize(was);
            if
            :: !IS_PENDING -> fate_move(ASYNC_IDLE)
            :: else
            fi
        :: else
        fi;
        engine_unlock()
    :: else
    fi
}

/* With the engine lock: `expected`, the place, the final status, and then the post. */
inline conclude(c)
{
    use(c);
    assert(!writing[c]);
    if
    :: IS_ATTACHED(c) || BROKEN == 105 ->
        parted[c] = false;
        if
        :: BROKEN != 103 -> expected = true
        :: else
        fi;
        place[c] = WORK_IN_QUEUE;
        assert(IS_PENDING);
        fate_move(ASYNC_COMPLETE);
        if
        :: BROKEN == 103 -> expected = true
        :: else
        fi;
        chain = c
    :: else ->
        chain = NONE;
        call_free(c)
    fi
}

inline queue_post()
{
    if
    :: chain != NONE ->
        inbox!chain;
        chain = NONE;
        expected = false
    :: else
    fi
}

/* A thread that runs them. */
proctype runner()
{
    byte c = NONE;

    do
    :: atomic { lane?c -> use(c) };
        atomic {
            assert(written[c] && !writing[c]);
            place[c] = WORK_NOWHERE; /* lane_take */
            carried_out[completion[c]]++
        };
        engine_lock();
        atomic { written[c] = false };
        conclude(c); /* run_light */
        queue_post(); /* post */
        engine_unlock();
        c = NONE
    :: atomic { user_done && empty(lane) && life != 1 && ended >= OTHERS -> break }
    od;
    ended++
}

/* One that takes. */
inline queue_collect()
{
    taken = false;
    take_lock();
    if
    :: nempty(inbox) ->
        inbox?c;
        use(c);
        assert(!writing[c] && completion[c] != NONE);
        assert(notified[completion[c]] == 0);
        notified[completion[c]]++; /* it is read, and told of after this */
        taken = true;
        if
        :: parted[c] || BROKEN == 108 -> place[c] = WORK_NOWHERE
        :: else -> place[c] = WORK_NOWHERE; c = NONE
        fi
    :: empty(inbox)
    fi;
    take_unlock();
    if /* queue_let_go */
    :: taken && c != NONE -> engine_lock(); call_free(c); c = NONE; engine_unlock()
    :: else
    fi
}

#ifdef FATE
/* Submits, and again once it is complete. */
proctype user()
{
    byte call = NONE, fresh = NONE, at = 0;
    mtype seen = ASYNC_IDLE, was = ASYNC_IDLE;
    bool found = false, light = false, left = false;
    byte i;

    for (i : 1 .. SUBMITS) {
        submit_light();
        call = NONE;
        fresh = NONE;
        if
        :: state == ASYNC_COMPLETE || life != 1
        :: true /* it does not wait for it: then the next is refused, or not */
        fi;
        SspiReinitAsyncContext();
        call = NONE;
        at = 0;
        seen = ASYNC_IDLE;
        was = ASYNC_IDLE
    }
    atomic { i = 0; user_done = true; ended++ }
}

/* SspiSetAsyncNotifyCallback, sspia_async_set_queue; sspia_async_message looks likewise. */
proctype setter()
{
    byte call = NONE, fresh = NONE;
    mtype was = ASYNC_IDLE;
    bool left = false;

    engine_lock();
    if
    :: life == 1 ->
        call = async_call;
        fate_seize(was);
        if
        :: IS_PENDING
        :: else -> /* open_settings */
            async_changeable();
            write_begins(call);
            write_ends(call);
            fate_release(was)
        fi
    :: else
    fi;
    engine_unlock();
    ended++
}

/* sspia_async_cancel */
proctype canceller()
{
    byte call = NONE, fresh = NONE, c = NONE;

    engine_lock();
    if
    :: life == 1 && IS_PENDING -> /* cancel */
        call = async_call;
        use(call);
        assert(written[call]);
        atomic { async_part(call); written[fresh] = false; completion[fresh] = completion[call] };
        conclude(fresh); /* run_post */
        queue_post()
    :: else
    fi;
    engine_unlock();
    ended++
}

/* SspiFreeAsyncContext, and another context in its slot. */
proctype freer()
{
    byte call = NONE;
    mtype was = ASYNC_IDLE;
    bool left = false;

    if
    :: true
    :: user_done
    fi;
    engine_lock();
    fate_seize(was);
    atomic {
        call = async_call;
        async_call = NONE
    };
    life = 0;
    if /* abandon */
    :: was == ASYNC_PENDING ->
        assert(written[call]);
        discarded[completion[call]] = true
    :: else ->
        left = false;
        if
        :: place[call] != WORK_NOWHERE -> queue_leave(call)
        :: else
        fi;
        if
        :: !left -> call_free(call)
        :: else
        fi
    fi;
    engine_unlock();
    engine_lock();
    atomic { call_new(call); async_call = call; life = 2 }; /* SspiCreateAsyncContext */
    fate_move(ASYNC_IDLE); /* fate_open */
    engine_unlock();
    ended++
}

proctype taker()
{
    byte c = NONE;
    bool taken;

    do
    :: nempty(inbox) -> queue_collect()
    :: atomic { ended >= OTHERS + 1 && empty(inbox) -> break }
    od;
    atomic { taken = false; ended++ }
}

init {
    byte i;

    atomic {
        call_new(i);
        async_call = i;
        run user();
#ifdef CANCELS
        run canceller();
#else
        run setter();
#endif
        run freer();
        run runner();
        run taker();
        i = 0
    }
    atomic {
        ended == OTHERS + 2 ->
        assert(empty(lane) && empty(inbox) && life == 2 && state == ASYNC_IDLE);
        for (i : 0 .. SUBMITS - 1) {
            assert(!accepted[i] || carried_out[i] == 1);
            assert(!accepted[i] || notified[i] == 1 || discarded[i])
        }
        for (i : 0 .. CALLS - 1) {
            assert(alive[i] == (i == async_call))
        }
    }
}
#endif

#ifdef POLLED
/* SspiGetAsyncCallStatus until it is final; then sspia_queue_dispatch with timeout 0. */
proctype user()
{
    byte call = NONE, fresh = NONE, at = 0, c = NONE;
    mtype seen = ASYNC_IDLE, was = ASYNC_IDLE;
    bool found = false, light = false, left = false, taken = false, look_again;
    byte i;

    for (i : 1 .. SUBMITS) {
        submit_light();
        state == ASYNC_COMPLETE;
        look_again = expected; /* next: queue_is_expecting */
        queue_collect();
        if
        :: !taken && look_again ->
            engine_lock();
            take_lock();
            if
            :: nempty(inbox) ->
                inbox?c;
                notified[completion[c]]++;
                place[c] = WORK_NOWHERE;
                c = NONE;
                taken = true
            :: empty(inbox)
            fi;
            take_unlock();
            engine_unlock()
        :: else
        fi;
        assert(taken && notified[i - 1] == 1);
        SspiReinitAsyncContext();
        assert(state == ASYNC_IDLE)
    }
    atomic { life = 0; async_call = NONE; user_done = true; ended++ }
}

init {
    byte i;

    atomic {
        call_new(i);
        async_call = i;
        run user();
        run runner()
    }
    atomic { ended == 2 -> assert(submits == SUBMITS) }
}
#endif
#endif

#if defined(LANE) || defined(LOOP) || defined(POSTED)
/* ==== The lane's inbox, and the queue with its descriptor =================================== */

/* All submits are light. No nap ends by itself unless NAPS_END says so: what is left to the loop
 * has to be done by the loop. With MIN_THREADS 1 a thread sleeps without a timeout. */
#ifndef MIN_THREADS
#define MIN_THREADS 0
#endif
#ifndef SUBMITS
#define SUBMITS 2
#endif
#ifndef POSTERS
#define POSTERS 0
#endif
#ifndef LIMIT
#define LIMIT 1
#endif
#ifndef LOOPS
#define LOOPS 1
#endif
#ifndef HELP_CHUNKS
#define HELP_CHUNKS 1
#endif
#define ALL (SUBMITS + POSTERS)

/* struct lane_state */
byte inbox = 0;   /* how much is in it, */
byte waiting = 0; /* and in the list */
mtype watch = WATCH_CLOSED;
mtype deferral = DEFERRED_NONE;
byte threads = 0;
byte starting = 0;
byte hired = 0; /* have not come to the lock yet */
byte spinning = 0;
byte napping = 0;
byte wakes = 0;
byte at_light = 0;
byte staying = 0;
byte admitted = 0;
byte done = 0; /* of the submits */

/* struct worker */
bool asleep[LIMIT] = false;
bool promised[LIMIT] = false;
bool blocked[LIMIT] = false;

/* struct queue: posted onto the inbox; put aside by a taker; taken */
byte posted = 0;
byte aside = 0;
byte taken = 0;
bool raised = false;
bool fd = false; /* is readable */

#define LAST       (LIMIT - 1)
#define LOOKING    (starting + spinning + wakes)
#define IS_SURPLUS (threads > (admitted > 0 || MIN_THREADS > 0 -> 1 : 0))
#define HAS_WORK   (waiting > 0 || inbox > 0)

/* With the lock held, what only its holders look at shares a step with what comes next, as the
 * taking and the giving back of the lock do. */

/* ---- The lane, with the engine lock held ------------------------------------------------- */

/* The new value is made of what only holders of the lock change: one write. */
inline lane_say_watch()
{
    atomic {
        if
        :: threads == 0 -> watch = WATCH_CLOSED
        :: else ->
            if
            :: LOOKING > 0 || (at_light > 0 && napping > 0) ||
                   (!asleep[0] && !asleep[LAST] && threads >= LIMIT) ->
                watch = WATCH_LOOKER
            :: else -> watch = (napping > 0 -> WATCH_NAPPER : WATCH_NOBODY)
            fi
        fi
    }
}

inline lane_sweep()
{
    atomic {
        waiting = waiting + inbox;
        admitted = admitted + inbox;
        inbox = 0
    }
}

/* The signal is made when the lock is let go of; engine.pml has it after that. */
inline promise(t)
{
    asleep[t] = false;
    promised[t] = true;
    blocked[t] = false;
    wakes++
}

inline start_thread()
{
    threads++;
    starting++;
    hired++
}

inline crew_wake()
{
    atomic {
        if
        :: asleep[0] -> promise(0)
        :: asleep[LAST] -> promise(LAST)
        :: else ->
            if
            :: threads < LIMIT -> start_thread()
            :: else
            fi
        fi
    };
    lane_say_watch()
}

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

inline intake_see_to_the_rest()
{
    lane_sweep();
    if
    :: waiting > 0 && LOOKING == 0 -> crew_wake()
    :: else
    fi
}

inline intake_dismiss(n)
{
    atomic {
        admitted = admitted - n;
        if
        :: admitted == 0 && staying > 0 && IS_SURPLUS -> /* crew_stir */
            blocked[0] = blocked[0] && !asleep[0];
            blocked[LAST] = blocked[LAST] && !asleep[LAST]
        :: else
        fi
    }
}

/* All of the list, or one. */
inline lane_take()
{
    atomic {
        lane_sweep();
        if
        :: count = waiting
        :: waiting > 1 -> count = 1
        fi;
        waiting = waiting - count
    };
    lane_stop_deferring()
}

/* Lets go of the lock in between. */
inline run_light()
{
    atomic { at_light++; lane_say_watch() };
    lane_sweep();
    atomic { see_to_the_rest() };
    atomic { see_to_the_backlog(); engine_unlock() };
    atomic { engine_lock(); intake_dismiss(count); done = done + count }; /* run_chunk */
#ifdef LOOP
    queue_post(count);
#endif
    atomic { count = 0; at_light--; lane_sweep() }
}

inline crew_run_here()
{
    run_light();
    lane_say_watch();
    lane_sweep();
    atomic { see_to_the_rest(); engine_unlock() }
}

inline intake_hurry()
{
    if
    :: deferral != DEFERRED_NONE ->
        deferral = DEFERRED_NONE;
        intake_see_to_the_rest()
    :: else
    fi
}

/* ---- The lane, without the lock ---------------------------------------------------------- */

/* With the lock, against those who put work into an inbox without it. */
inline lane_stop_deferring()
{
    was = deferral;
    if
    :: was == DEFERRED_NONE
    :: else ->
        if
        :: HAS_WORK
        :: else ->
            deferral = DEFERRED_NONE;
            if
            :: HAS_WORK && BROKEN != 116 ->
                atomic {
                    if
                    :: deferral == DEFERRED_NONE -> deferral = was
                    :: else
                    fi
                }
            :: else
            fi
        fi
    fi;
    was = DEFERRED_NONE
}

inline pool_leaves_work()
{
    is = (deferral == DEFERRED_TO_LOOP);
    if
    :: is -> is = (watch == WATCH_NAPPER || BROKEN == 118)
    :: else
    fi
}

inline lane_defer_to_nap()
{
    atomic {
        if
        :: deferral == DEFERRED_NONE -> deferral = DEFERRED_TO_NAP
        :: else
        fi
    }
}

inline wake_for_inbox()
{
    atomic {
        engine_lock();
        if
        :: LOOKING == 0 && HAS_WORK -> crew_wake()
        :: else
        fi;
        engine_unlock()
    }
}

/* tells: nobody is woken for it. */
inline intake_put(urgent)
{
    tells = false;
    atomic { before = inbox; inbox++ };
    if
    :: (before > 0 && !urgent) || BROKEN == 109
    :: else ->
        seen = watch;
        if
        :: seen == WATCH_LOOKER
        :: seen == WATCH_NAPPER && urgent -> deferral = DEFERRED_TO_LOOP; tells = true
        :: seen == WATCH_NAPPER && !urgent -> lane_defer_to_nap()
        :: seen == WATCH_CLOSED || seen == WATCH_NOBODY -> wake_for_inbox()
        fi
    fi;
    seen = WATCH_CLOSED;
    before = 0
}

#if defined(LOOP) || defined(POSTED)
/* ---- The queue --------------------------------------------------------------------------- */

inline queue_is_ready()
{
    is = (aside > 0);
    if
    :: !is -> is = (posted > 0)
    :: else
    fi
}

/* The next three with `taking`. */
inline raise_if_needed()
{
    queue_is_ready();
    if
    :: !is && BROKEN != 113 -> pool_leaves_work()
    :: else
    fi;
    if
    :: is ->
        atomic { b = raised; raised = true }; /* set_raised */
        if
        :: !b -> fd = true
        :: else
        fi;
        atomic { is = false; b = false }
    :: else
    fi
}

inline lower()
{
    fd = false;
    raised = false;
    if
    :: BROKEN != 112 -> raise_if_needed()
    :: else
    fi
}

inline queue_collect()
{
    take_lock();
    if
    :: aside == 0 && posted > 0 -> /* collect_chains */
        atomic { number = posted; posted = 0 };
        atomic { aside = number; number = 0 }
    :: else
    fi;
    atomic {
        if
        :: number = aside
        :: aside > 1 -> number = 1
        fi;
        aside = aside - number;
        taken = taken + number
    };
    if
    :: raised ->
        queue_is_ready();
        if
        :: !is || aside == 0 -> is = false; lower() /* it took fewer than it asked for */
        :: is -> is = false
        fi
    :: else
    fi;
    take_unlock()
}

inline raise_descriptor()
{
    if
    :: raised
    :: else ->
        if
        :: BROKEN != 114 -> take_lock(); raise_if_needed(); take_unlock()
        :: else -> raise_if_needed()
        fi
    fi
}

/* With the engine lock. */
inline queue_post(n)
{
    posted = posted + n;
    if
    :: !raised -> owes = true /* note_untold */
    :: else
    fi
}

inline queue_tell()
{
    raise_descriptor()
}

inline queue_hint()
{
    if
    :: BROKEN != 115 -> raise_descriptor()
    :: else
    fi
}

inline queue_leave_off()
{
    if
    :: BROKEN != 112 -> queue_is_ready()
    :: else -> is = false
    fi;
    if
    :: is -> queue_tell()
    :: else ->
        if
        :: BROKEN != 112 -> pool_leaves_work()
        :: else
        fi;
        if
        :: is -> raise_descriptor()
        :: else
        fi
    fi
}
#endif

/* ---- A thread of the pool ---------------------------------------------------------------- */

inline spin()
{
    atomic { spinning++; lane_say_watch(); engine_unlock() };
    atomic { engine_lock(); spinning--; lane_sweep() }
}

/* With the lock; may_end: there is a deadline. */
inline sleep_until(may_end)
{
    atomic { asleep[me] = true; staying = staying + (1 - may_end) };
    if
    :: BROKEN != 110 -> lane_say_watch(); lane_sweep()
    :: else -> lane_sweep(); lane_say_watch()
    fi;
    in_time = true;
    if
    :: waiting == 0 ->
        atomic { blocked[me] = true; engine = false };
end_asleep:
        if
        :: !blocked[me]
        :: atomic { blocked[me] && may_end -> blocked[me] = false; in_time = false }
        fi;
        atomic { engine_lock(); lane_sweep() }
    :: else
    fi;
    atomic {
        staying = staying - (1 - may_end);
        woken = promised[me];
        if
        :: woken -> promised[me] = false; wakes--
        :: else -> asleep[me] = false
        fi
    };
    if
    :: woken && waiting == 0 && spinning == 0 -> spin()
    :: else
    fi;
    atomic { woken = false; lane_say_watch() }
}

#ifdef NAPS_END
#define NAP_ENDS 1
#else
#define NAP_ENDS 0
#endif

/* leaves: it finds nothing. */
inline finds_work_at_the_door()
{
    if
    :: BROKEN != 111 -> threads--; lane_say_watch(); lane_sweep()
    :: else -> lane_sweep(); threads--; lane_say_watch()
    fi;
    leaves = (waiting == 0);
    if
    :: !leaves -> threads++; lane_say_watch()
    :: else
    fi
}

proctype pool_thread(byte me)
{
    byte count = 0;
    mtype was = DEFERRED_NONE;
    bool woken = false, in_time = false, is = false, b = false, surplus = false, leaves = false;
    bool owes = false;
    bool new = true;

end_unborn:
    atomic { hired > 0 -> hired-- };
    atomic { engine_lock(); starting--; lane_sweep() };
look: /* thread_main */
    if
    :: waiting > 0 ->
        lane_take();
        run_light(); /* work_lightly */
#ifdef LOOP
        if
        :: owes -> engine_unlock(); owes = false; queue_tell(); engine_lock() /* tell */
        :: else
        fi;
#endif
        goto look
    :: else
    fi;
    if /* wait_for_work */
    :: new && spinning == 0 -> spin()
    :: else
    fi;
    atomic {
        new = false;
        if
        :: waiting == 0 && napping == 0 -> napping++
        :: else -> goto nap_over
        fi
    };
    sleep_until(NAP_ENDS);
    napping--;
nap_over:
    in_time = true;
    do
    :: atomic { waiting == 0 && in_time -> surplus = IS_SURPLUS };
        sleep_until(surplus);
        surplus = false
    :: else -> break
    od;
    atomic {
        in_time = false;
        if
        :: waiting > 0 || !IS_SURPLUS -> goto look
        :: else
        fi
    };
    finds_work_at_the_door();
    if
    :: !leaves -> goto look
    :: else
    fi;
    atomic {
        leaves = false;
        new = true;
        see_to_the_rest();
        engine_unlock();
        goto end_unborn
    }
}

#if defined(LOOP) || defined(POSTED)
/* ---- Users ------------------------------------------------------------------------------- */

/* help: a chunk, from a loop. */
inline help()
{
    helped = false;
    if
    :: HAS_WORK ->
        atomic {
            engine_lock();
            busy = !asleep[0] && !asleep[LAST] && LOOKING == 0 && at_light == 0 &&
                   threads >= LIMIT;
            lane_sweep(); /* lane_wants_help */
            helped = (waiting > 0 && !busy);
            busy = false;
            if
            :: helped
            :: else -> engine_unlock()
            fi
        };
        if
        :: helped -> lane_take(); crew_run_here()
        :: else
        fi
    :: else
    fi
}

inline leave()
{
    if
    :: HAS_WORK -> atomic { engine_lock(); lane_sweep() };
        atomic { intake_see_to_the_rest(); engine_unlock() }
    :: else
    fi
}

inline pool_help_now()
{
    chunks = 0;
    do
    :: chunks < HELP_CHUNKS ->
        help();
        if
        :: helped -> chunks++
        :: else -> break
        fi
    :: else -> break
    od;
    if
    :: deferral != DEFERRED_NONE -> engine_lock(); lane_stop_deferring(); engine_unlock()
    :: else
    fi;
    if
    :: chunks == HELP_CHUNKS ->
        if
        :: HAS_WORK ->
            deferral = DEFERRED_TO_LOOP; /* lane_leave_to_loop */
            pool_leaves_work();
            if
            :: !is -> leave()
            :: else -> is = false
            fi
        :: else
        fi
    :: else ->
        if
        :: chunks > 0 -> leave()
        :: else ->
            pool_leaves_work();
            if
            :: is -> is = false; leave()
            :: else
            fi
        fi
    fi;
    chunks = 0;
    helped = false
}

/* Sleeps in epoll until the descriptor is readable, and drains: sspia_queue_dispatch, which goes
 * on until it finds nothing, or sspia_queue_next, which may take one. */
proctype loop()
{
    byte count = 0, number = 0, chunks = 0;
    mtype was = DEFERRED_NONE;
    bool is = false, b = false, owes = false, helped = false, busy = false, quiet = false;

    do
    :: atomic { taken == ALL && ended >= ALL && !fd -> break }
    :: atomic { fd -> quiet = (taken == ALL && ended >= ALL) };
    again:
#ifdef LOOP
        pool_help_now();
        /* run_tell: not to this thread, which is taking */
        owes = false;
#endif
        queue_collect();
        if
        :: number > 0 ->
            queue_leave_off();
            number = 0;
            goto again /* after the callbacks */
        :: true
        fi;
        number = 0;
        queue_leave_off();
        is = false;
        b = false;
        assert(!quiet || !fd);
        quiet = false
    od;
    ended++
}

/* What posts the completion of a call that is not light, as run_heavy does. */
proctype poster()
{
    bool is = false, b = false, owes = false;

    engine_lock();
    queue_post(1);
    engine_unlock();
    if
    :: owes -> queue_tell() /* run_tell */
    :: else
    fi;
    ended++
}
#endif

#if defined(LANE) || defined(LOOP)
proctype submitter(bool urgent)
{
    byte before = 0;
    mtype seen = WATCH_CLOSED;
    bool tells = false, is = false, b = false;

    if /* pool_is_open: else it is submitted by the lock */
    :: watch == WATCH_CLOSED ->
        engine_lock();
        lane_sweep();
        atomic {
            if
            :: threads == 0 -> start_thread()
            :: else
            fi
        };
        lane_say_watch();
        atomic { waiting++; admitted++ };
        if
        :: LOOKING > 0
        :: else -> crew_wake() /* find_thread */
        fi;
        engine_unlock()
    :: else -> intake_put(urgent)
    fi;
#ifdef LOOP
    if
    :: tells -> queue_hint()
    :: else
    fi;
#else
    if
    :: tells -> engine_lock(); intake_hurry(); engine_unlock() /* pool_wake */
    :: else
    fi;
#endif
    ended++
}
#endif

init {
    byte i;

    atomic {
#if defined(LANE) || defined(LOOP)
        for (i : 0 .. LIMIT - 1) {
            run pool_thread(i)
        }
        threads = 1; /* one is on its way, for a call of before */
        starting = 1;
        hired = 1;
        watch = WATCH_LOOKER;
#ifdef LANE
        run submitter(true);
        for (i : 2 .. SUBMITS) {
            run submitter(false)
        }
#else
        for (i : 1 .. SUBMITS) {
            run submitter(true)
        }
#endif
#endif
#if defined(LOOP) || defined(POSTED)
#if POSTERS
        for (i : 1 .. POSTERS) {
            run poster()
        }
#endif
        for (i : 1 .. LOOPS) {
            run loop()
        }
#endif
        i = 0
    }
#if defined(LOOP) || defined(POSTED)
    ended == ALL + LOOPS && done == SUBMITS;
#else
    ended == ALL && done == SUBMITS;
#endif
    assert(!fd && !HAS_WORK && posted + aside == 0)
}
#endif
