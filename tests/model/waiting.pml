/* SPDX-License-Identifier: MIT */
/*
 * waiting.pml - a model of a call whose package waits outside (waiting.c, pause.c).
 *
 * As in engine.pml an atomic block is one hold of the engine lock, inlines have the names of the
 * functions that make the move, and run.sh compares both with the code and breaks the model, a
 * rule at a time.
 *
 * What runs: one leg on a context, which waits until `come` is true, and a delete that waits for
 * its turn behind it; two threads of the lane; a peer that lets come what is waited for. Variants:
 *   RESUMED   the peer calls host->resume, twice: early, late or in time
 *   WATCHED   a descriptor becomes ready, and the reactor says so
 *   ENDED     beside either: a cancel, free or deadline, which are one to what is modelled here
 *   NEVER     beside ENDED: what is waited for never comes
 *   EXITS     beside either: the process exits
 *
 * What must hold:
 *   - no lost wake-up: no run ends with a call that waits for what has come
 *   - the package is inside once at a time; it is told to stop at most once, and then never
 *     called again; a call that ends early after it has begun is told to, once
 *   - nothing that the package may close is watched when it is called again or told to stop
 *   - a resume, an event or a timer never touches a call that pauses no more, nor memory that is
 *     gone
 *   - the delete comes when the package is neither inside nor stopping
 *   - the lane's counts are right at the end, the call is told of once, its memory freed once
 *
 * Not in it: the timer (as the event, but under one hold of the lock), lanes of their own for
 * those that ask for a thread, fork, and a reactor that cannot be had (tests/fault/ has that).
 */
#ifndef BROKEN
#define BROKEN 0
#endif

mtype = { WORK_NOWHERE, WORK_IN_LANE, WORK_PAUSED };
mtype = { RUNNING, RESUMED_EARLY, OUTSIDE }; /* the word of the handle */

/* struct call, and its lane */
mtype place = WORK_IN_LANE;
bool is_notice = false; /* what is left of it: the job, to be discarded */
bool attached = true;
byte told = 0;
byte admitted = 1;
byte away = 0;

/* struct waiting */
bool alive = true; /* its memory, the job's */
bool open = false; /* the handle */
mtype word = RUNNING;
bool outside = false;
bool is_due = false;
bool due = false; /* the hook: the call pauses */
bool watched = false;
bool fired = false; /* one event for each time that it is watched */

/* the package */
bool come = false;
bool begun = false;
byte inside = 0;
bool stopping = false;
byte stops = 0;
bool was_dropped = false;
bool deleted = false;

bool turn_free = false;
bool closing = false;
byte finished = 0; /* the peer, the one who ends, the one who deletes */

#ifdef ENDED
#define OTHERS 3
#else
#define OTHERS 2
#endif

inline pool_push()
{
    assert(place == WORK_NOWHERE && admitted > away);
    place = WORK_IN_LANE
}

inline turn_yield()
{
    assert(!turn_free);
    turn_free = true
}

inline job_discard()
{
    assert(alive && !outside && !open);
    alive = false
}

inline take_out()
{
    taken = outside;
    if
    :: outside ->
        if
        :: BROKEN != 210 -> outside = false
        :: else
        fi;
        if
        :: BROKEN != 206 -> word = RUNNING
        :: else
        fi
    :: else
    fi
}

inline go_outside()
{
    outside = true;
    is_due = (word == RESUMED_EARLY && BROKEN != 201);
    word = OUTSIDE
}

inline unwatch()
{
    if
    :: BROKEN != 205 -> watched = false
    :: else
    fi
}

/* After the gate; what is watched is not, before the package may close it. */
inline come_inside()
{
    entered = !closing;
    atomic { take_out() };
    if
    :: entered && taken
    :: else -> entered = false; open = false
    fi
}

/* Of a call that pauses. */
inline end_pause()
{
    assert(place == WORK_PAUSED);
    due = false;
    away--;
    place = WORK_NOWHERE;
    pool_push()
}

inline become_due()
{
    assert(alive);
    if
    :: is_due
    :: else ->
        is_due = true;
        if
        :: due -> end_pause()
        :: else
        fi
    fi
}

inline waiting_end()
{
    if
    :: word == RUNNING -> word = RESUMED_EARLY
    :: word == OUTSIDE -> become_due()
    :: else
    fi
}

/* The reference keeps the word from becoming another's. */
inline waiting_resume()
{
    if
    :: open -> atomic { waiting_end() }
    :: else
    fi
}

inline waiting_stop()
{
    if
    :: open ->
        come_inside();
        if
        :: entered ->
            unwatch();
            atomic {
                assert(inside == 0 && !stopping && !deleted && !watched);
                stopping = true
            };
            atomic { stopping = false; stops++ };
            open = false
        :: else
        fi
    :: else
    fi
}

inline pause_drop()
{
    was_dropped = true;
    if
    :: place == WORK_PAUSED ->
        if
        :: BROKEN != 204 -> due = false
        :: else
        fi;
        if
        :: BROKEN != 209 -> away--
        :: else
        fi
    :: else
    fi;
    admitted--;
    place = WORK_NOWHERE
}

/* What is left goes to a thread. It was not admitted for that. */
inline hand_over()
{
    if
    :: BROKEN != 203 -> turn_yield()
    :: else
    fi;
    is_notice = true;
    place = WORK_IN_LANE
}

inline pause_settle()
{
    if
    :: BROKEN == 203 -> atomic { turn_yield() }
    :: else
    fi;
    waiting_stop();
    atomic { hand_over() }
}

inline start_pause()
{
    due = true;
    place = WORK_PAUSED;
    away++;
    if
    :: is_due && BROKEN != 202 -> end_pause()
    :: else
    fi
}

/* Leaves whether the call is in other hands. */
inline pause_begin()
{
#ifdef WATCHED
    atomic { fired = false; watched = true };
#endif
    atomic {
        gone = false;
        if
        :: attached || BROKEN == 208 -> start_pause(); gone = true
        :: else
        fi
    };
    if
    :: !gone -> was_dropped = true; waiting_stop()
    :: else
    fi
}

/* The package's function: it looks whether that has come which it waits for. */
inline ask_package()
{
    gone = false;
    if
    :: open -> come_inside(); if :: entered -> unwatch() :: else fi
    :: else -> entered = !closing; if :: entered -> open = true; word = RUNNING :: else fi
    fi;
    if
    :: entered ->
        atomic {
            begun = true;
            assert(inside == 0 && stops == 0 && !stopping && !deleted && !watched);
            inside++
        };
        waits = !come;
        if
        :: waits -> atomic { inside--; go_outside() }; pause_begin()
        :: else -> atomic { inside--; open = false }
        fi
    :: else
    fi
}

inline run_heavy()
{
    ask_package();
    if
    :: !gone ->
        atomic {
            if
            :: attached -> attached = false; told++
            :: else
            fi;
            turn_yield();
            admitted--
        };
        atomic { job_discard() }
    :: else
    fi
}

active [2] proctype thread_main()
{
    bool taken, entered, waits, gone, notice;

    do
    :: atomic { place == WORK_IN_LANE -> place = WORK_NOWHERE; notice = is_notice };
       if
       :: notice -> atomic { job_discard() }
       :: else -> run_heavy()
       fi;
       taken = false; entered = false; waits = false; gone = false; notice = false
    :: atomic { !alive && finished == OTHERS -> break }
    :: closing -> break
    od
}

/* Lets come what is waited for, and says so. */
active proctype peer()
{
    byte i = 0;

#ifndef NEVER
    come = true;
#endif
#ifdef RESUMED
    do
    :: i < 2 -> waiting_resume(); i++
    :: else -> break
    od;
#endif
    finished++
}

#ifdef WATCHED
/* An event that was taken finds the handle as it is by then. */
active proctype sleep_until_due()
{
    do
    :: atomic { come && watched && !fired -> fired = true };
       atomic { if :: open -> waiting_end() :: else fi }
    :: atomic { !alive && finished == OTHERS -> break }
    :: closing -> break
    od
}
#endif

#ifdef ENDED
/* Cancel, free, or the reactor at a deadline: told at once, whatever the call does. */
active proctype end_early()
{
    bool taken, entered, drops, withdraws;

    atomic {
        if
        :: attached ->
            attached = false;
            told++;
            drops = (place == WORK_PAUSED || (place == WORK_IN_LANE && outside && BROKEN != 207));
            withdraws = (place == WORK_IN_LANE && !drops);
            if
            :: drops -> pause_drop()
            :: withdraws ->
                if
                :: begun -> was_dropped = true
                :: else
                fi;
                admitted--;
                place = WORK_NOWHERE;
                turn_yield()
            :: else
            fi
        :: else
        fi
    };
    if
    :: drops -> pause_settle()
    :: withdraws ->
        if
        :: BROKEN == 207 -> outside = false; open = false
        :: else
        fi;
        atomic { job_discard() }
    :: else
    fi;
    finished++
}
#endif

/* A delete, whose turn comes when the leg gives it up. */
active proctype run_delete()
{
    (turn_free || closing);
    if
    :: turn_free && !closing ->
        atomic {
            assert(inside == 0 && !stopping);
            deleted = true
        }
    :: else
    fi;
    finished++
}

#ifdef EXITS
active proctype waiting_at_exit()
{
    bool taken;

    closing = true;
    do
    :: atomic { take_out() };
       if
       :: taken ->
           atomic { assert(stops == 0 && inside == 0); stops++ };
           if
           :: BROKEN == 210 -> atomic { take_out(); assert(!taken) }
           :: else
           fi
       :: else -> break
       fi
    od
}
#endif

active proctype at_the_end()
{
#ifndef EXITS
    (!alive && finished == OTHERS && place == WORK_NOWHERE);
    assert(told == 1 && admitted == 0 && away == 0 && deleted && !outside && !watched);
    assert(stops == (was_dropped -> 1 : 0))
#else
    (closing && finished == OTHERS);
    assert(stops <= 1)
#endif
}
