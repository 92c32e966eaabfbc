/* SPDX-License-Identifier: MIT */
/*
 * lockfree.pml - a model of what light calls do without the engine lock.
 *
 * An atomic block is one atomic operation, or a hold of a lock in which nothing is done that
 * others see half-way; all else is a step, between which other threads may do anything. Spin is
 * sequentially consistent. So are the accesses in the code that this relies on: a push into an
 * inbox and the look at `watch`; what is written to `watch` and the sweep after it; a post, or work
 * that is left, and the look at `raised`; its clearing and the look at what waits.
 *
 * What runs: a user who submits on an async context, hears of it and reinitialises; one
 * who frees it; one who submits beside; a thread of the quick lane, that naps, sleeps for good and
 * is woken; a loop that sleeps until the descriptor is readable. A nap ends by itself only where no
 * work waits, so whoever relies on its end is found.
 *
 * What must hold:
 *   - nobody is stuck, and no work or completion is left over (invalid end states)
 *   - the descriptor is not readable at the end
 *   - an accepted call is run once and told of once, unless its context was freed before
 *   - the job of a call is not written while anybody else has it, and a freed one not at all
 *   - who sees the final status and then drains without waiting finds the completion
 */
#ifndef BROKEN
#define BROKEN 0
#endif
#ifndef ROUNDS
#define ROUNDS 1 /* submits on the async context */
#endif
#ifndef OTHERS
#define OTHERS 1 /* submits beside, each by a thread of its own */
#endif

mtype = { IDLE, BUSY, PENDING, COMPLETE, DEAD };                 /* fate */
mtype = { WATCH_NOBODY, WATCH_NAPPER, WATCH_LOOKER };            /* enum lane_watch */
mtype = { NOTHING_LEFT, TO_LOOP };                               /* lane.deferral */

bool engine = false; /* the engine lock */
bool taking = false; /* the queue's */

mtype fate = IDLE;
byte sequence = 0;
bool writing = false; /* somebody writes the job of the context's call */
bool written = false; /* there is one that nobody has run */
bool parted = false;  /* the call is not its context's any more */
byte runs = 0, told = 0, accepted = 0;

byte inbox = 0; /* calls in the lane's inbox, and in its list */
byte list = 0;
bool inbox_own = false; /* is the context's call among them? */
bool list_own = false;
mtype watch = WATCH_NOBODY;
mtype deferral = NOTHING_LEFT;
bool napping = false, woken = false;

byte posted = 0;  /* completions in the queue; of these the context's */
bool posted_own = false;
bool expected = false;
bool raised = false, readable = false;

byte others = 0, heard = 0; /* submits beside: put, told */
bool user_done = false, freed = false;

#define ALL_DONE (user_done && others == OTHERS && heard == OTHERS)

inline lock(which) { atomic { !which -> which = true } }
inline unlock(which) { which = false }

/* ---- The descriptor ------------------------------------------------------------------------ */

inline raise_if_needed()
{
    if
    :: posted > 0 || (deferral == TO_LOOP && watch == WATCH_NAPPER) ->
        if
        :: atomic { !raised -> raised = true }; readable = true
        :: raised
        fi
    :: else
    fi
}

inline lower()
{
    readable = false;
    raised = false;
    raise_if_needed()
}

inline raise_descriptor()
{
    if
    :: raised
    :: !raised -> lock(taking); raise_if_needed(); unlock(taking)
    fi
}

/* ---- The lane ------------------------------------------------------------------------------ */

inline lane_sweep()
{
    atomic {
        list = list + inbox;
        inbox = 0;
        list_own = list_own || inbox_own;
        inbox_own = false
    }
}

/* After a push. */
inline lane_put(mine)
{
    if
    :: BROKEN == 1 -> skip /* it does not look who would see it */
    :: BROKEN != 1 && watch == WATCH_LOOKER
    :: BROKEN != 1 && watch == WATCH_NAPPER ->
        deferral = TO_LOOP;
        raise_descriptor() /* queue_hint */
    :: BROKEN != 1 && watch == WATCH_NOBODY ->
        lock(engine);
        if
        :: !woken && inbox + list > 0 -> atomic { woken = true; watch = WATCH_LOOKER }
        :: else
        fi;
        unlock(engine)
    fi
}

/* Runs what is in the list, with the engine lock held before and after; owes: to be told. */
inline run_light(own, count)
{
    lane_sweep();
    atomic { own = list_own; count = list; list = 0; list_own = false };
    if
    :: deferral == TO_LOOP && inbox == 0 ->
        deferral = NOTHING_LEFT;
        if
        :: inbox > 0 -> deferral = TO_LOOP
        :: else
        fi
    :: else
    fi;
    unlock(engine);
    if
    :: own -> assert(written && !writing); runs++
    :: else
    fi;
    lock(engine);
    if
    :: own && !parted ->
        written = false;
        if
        :: BROKEN != 4 -> expected = true
        :: else
        fi;
        atomic { fate = COMPLETE; sequence++ }; /* the user may see it from here on */
        atomic { posted++; posted_own = true };
        expected = false
    :: own && parted -> written = false
    :: else
    fi;
    if
    :: count > (own -> 1 : 0) -> posted = posted + count - (own -> 1 : 0)
    :: else
    fi
}

active proctype worker()
{
    bool own;
    byte count;

    lock(engine);
    do
    :: inbox + list > 0 ->
        watch = WATCH_LOOKER;
        run_light(own, count);
        unlock(engine);
        if
        :: count > 0 -> raise_descriptor()
        :: else
        fi;
        lock(engine)
    :: inbox + list == 0 ->
        /* It naps, and is woken, or sleeps for good. */
        if
        :: BROKEN == 2 -> lane_sweep(); watch = WATCH_NAPPER
        :: else -> watch = WATCH_NAPPER; lane_sweep()
        fi;
        if
        :: list > 0 -> watch = WATCH_LOOKER
        :: else ->
            napping = true;
            unlock(engine);
            if
            :: woken
            :: inbox == 0 /* the nap ends; where work waits, nobody may count on that */
            fi;
            lock(engine);
            napping = false;
            if
            :: !woken ->
                if
                :: BROKEN == 2 -> lane_sweep(); watch = WATCH_NOBODY
                :: else -> watch = WATCH_NOBODY; lane_sweep()
                fi;
                if
                :: list > 0 -> skip
                :: else ->
                    unlock(engine);
end_asleep:         woken;
                    lock(engine)
                fi
            :: else
            fi;
            woken = false;
            watch = WATCH_LOOKER;
            lane_sweep()
        fi
    od
}

/* ---- Who drains ---------------------------------------------------------------------------- */

/* A loop: asleep until the descriptor is readable. */
active proctype loop()
{
    bool own;
    byte count;

end_polling:
    do
    :: readable ->
        /* pool_help_now */
        if
        :: inbox + list > 0 ->
            lock(engine);
            if
            :: inbox + list > 0 -> run_light(own, count)
            :: else
            fi;
            unlock(engine)
        :: else
        fi;
        if
        :: deferral == TO_LOOP && inbox + list == 0 ->
            deferral = NOTHING_LEFT;
            if
            :: inbox + list > 0 -> deferral = TO_LOOP
            :: else
            fi
        :: else
        fi;
        /* queue_collect */
        lock(taking);
        atomic {
            count = posted;
            own = posted_own;
            posted = 0;
            posted_own = false;
            if
            :: own -> told++
            :: else
            fi;
            heard = heard + count - (own -> 1 : 0)
        };
        if
        :: raised && posted == 0 && !(deferral == TO_LOOP && watch == WATCH_NAPPER) -> lower()
        :: else
        fi;
        unlock(taking);
        raise_descriptor() /* queue_leave_off */
    od
}

/* ---- Who submits --------------------------------------------------------------------------- */

active proctype user()
{
    byte round = 0, seen;
    mtype was;
    bool look;

    do
    :: round < ROUNDS ->
        /* fate_look, fate_begin */
        atomic { was = fate; seen = sequence };
        if
        :: was == IDLE ->
            if
            :: atomic { fate == IDLE && sequence == seen -> fate = BUSY; sequence++ };
                writing = true;
                assert(!written && fate == BUSY);
                written = true;
                writing = false;
                accepted++;
                atomic { fate = PENDING; sequence++ }; /* fate_submit */
                atomic { inbox++; inbox_own = true };
                lane_put(true)
            :: else -> goto gone
            fi
        :: else -> goto gone
        fi;
        /* It polls the status, and then drains without waiting: the completion is there, or the
         * loop has had it. */
        (fate != PENDING);
        if
        :: fate == COMPLETE ->
            if
            :: expected -> lock(engine); unlock(engine)
            :: else
            fi;
            atomic { look = (posted_own || told == accepted || fate != COMPLETE) };
            assert(look);
            (told == accepted || fate == DEAD);
            /* fate_reinit */
            if
            :: atomic { fate == COMPLETE -> fate = IDLE; sequence++ }
            :: fate != COMPLETE -> goto gone
            fi;
            round++
        :: else -> goto gone
        fi
    :: else -> break
    od;
gone:
    user_done = true
}

proctype other()
{
    inbox++;
    lane_put(false);
    others++
}

/* SspiFreeAsyncContext: fate_seize waits while the context is BUSY. */
active proctype freer()
{
    lock(engine);
    atomic {
        (fate != BUSY || BROKEN == 3) -> assert(!writing);
        if
        :: fate == PENDING -> parted = true
        :: else
        fi;
        fate = DEAD;
        sequence++;
        freed = true
    };
    unlock(engine)
}

/* When all have gone: nothing is left, and nothing pretends that there is. */
active proctype judge()
{
    (ALL_DONE && freed && timeout);
    assert(inbox + list == 0 && posted == 0);
    assert(!readable && !raised);
    assert(!written && runs == accepted);
    assert(told <= accepted && told + 1 >= accepted)
}

init
{
    byte i;

    atomic {
        i = 0;
        do
        :: i < OTHERS -> run other(); i++
        :: else -> break
        od
    }
}
