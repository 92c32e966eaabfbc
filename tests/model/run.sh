#!/bin/sh
# SPDX-License-Identifier: MIT
#
# run.sh SOURCE_DIR      SOURCE_DIR: core/src/engine
#
# Checks three models of the engine in every interleaving. engine.pml has what is done under the
# engine lock: completions on the pool, on a queue, on a queue that is freed, and with none; and
# the wakes of the pool where several calls come at once. lockfree.pml has what is done without
# it: the fate of an async context, the inbox, the deferral to loops, and the queue with its
# descriptor. waiting.pml has a call whose package waits. Then breaks the models on purpose, one rule at a time, and wants each break found: a
# model that cannot fail proves nothing. Before that it compares the models' names with the
# code's. Needs spin and a C compiler; exits 77 without.

set -eu
LC_ALL=C
export LC_ALL

sources=$(cd "$1" && pwd)
cd "$(dirname "$0")"
models=$(pwd)
command -v spin >/dev/null 2>&1 || {
    echo "spin is not installed"
    exit 77
}
work=$(mktemp -d "${TMPDIR:-/tmp}/model.XXXXXX")
trap 'rm -rf "$work"' EXIT
failed=0

# ---- Names: a state, place or move that the code no longer has is found here ---------------

states_of() {
    sed -n "/^enum $2 {/,/^}/p" "$sources/$1" | grep -o "^ *$3[A-Z_]*" | tr -d ' ' | sort -u
}

names_of() {
    sed -n 's/^mtype = {\(.*\)};/\1/p' "$models"/*.pml | tr -d ' ' | tr ',' '\n' | grep "^$1" | sort -u
}

# compare FILE ENUM PREFIX [LEFT_OUT]
compare() {
    states_of "$1" "$2" "$3" | grep -v "^${4:-none}$" >"$work/code"
    names_of "$3" >"$work/model"
    diff "$work/code" "$work/model" || {
        echo "enum $2 and the models differ (< code, > models)"
        failed=1
    }
}

compare fate.h async_state ASYNC_
compare work.h work_place WORK_ WORK_WAITING # turns are not modelled
compare lane.h lane_watch WATCH_
compare lane.h lane_deferral DEFERRED_
for move in $(sed -n 's/^inline \([a-zA-Z_]*\)(.*/\1/p' "$models"/*.pml) \
    abandon async_submit_batch async_submit_to cancel end_early waiting_at_exit sleep_until_due \
    clear_away drain_is_under_way engine_wait crew_run_here make_notice next open_settings \
    publish run_chunk run_heavy run_light run_notification run_post run_start run_tell \
    seize_idle sleep_until \
    sspia_async_cancel sspia_async_message sspia_async_set_queue sspia_async_wait \
    sspia_queue_dispatch sspia_queue_free SspiCreateAsyncContext SspiFreeAsyncContext \
    SspiGetAsyncCallStatus SspiReinitAsyncContext SspiSetAsyncNotifyCallback spin thread_main \
    wait_for_work work_heavily work_lightly; do
    case $move in # steps of the models alone
    use | promise | take_owed | make_owed | begin_callback | sleep_until_begins | sleep_until_ends) continue ;;
    ask_package | job_discard) continue ;; # in another wing, or a header
    run_each | end_of_run | take_lock | take_unlock | write_begins | write_ends | put_state) continue ;;
    esac
    grep -Eq "^[a-zA-Z].*[ *]$move\(" "$sources"/*.c || {
        echo "the models' move $move is no function of the code"
        failed=1
    }
done
[ $failed -eq 0 ] || exit 1

# ---- States ----------------------------------------------------------------------------------

# check NAME OPTIMISATION MODEL DEFINES...   Leaves errors, states and time in $errors, $states
# and $seconds. To optimise takes longer than a search that is small or finds something.
check() {
    mkdir -p "$work/$1"
    cd "$work/$1"
    optimisation=$2
    model=$models/$3.pml
    shift 3
    spin -a "$@" "$model" >spin.log 2>&1 || {
        cat spin.log
        exit 1
    }
    ${CC:-cc} "$optimisation" -DSAFETY -DCOLLAPSE -w -o pan pan.c
    ./pan -m1000000 >pan.log 2>&1 || true
    errors=$(sed -n 's/.*errors: \([0-9]*\).*/\1/p' pan.log)
    states=$(sed -n 's/ *\([0-9.e+]*\) states, stored.*/\1/p' pan.log)
    seconds=$(sed -n 's/.*elapsed time \([0-9.]*\) .*/\1/p' pan.log)
    if [ -z "$errors" ] || grep -Eq "max search depth too small|out of memory" pan.log; then
        cat pan.log
        echo "the search was not complete"
        exit 1
    fi
}

# holds VARIANT OPTIMISATION MODEL DEFINES...
holds() {
    variant=$1
    check "$@"
    echo "$variant: $states states, $errors errors, $seconds s"
    [ "$errors" -eq 0 ] || {
        shift 3
        spin -k "${model##*/}.trail" -p "$@" "$model" 2>/dev/null | tail -n 60 || true
        failed=1
    }
}

# breaks NUMBER RULE MODEL DEFINES...
breaks() {
    number=$1
    rule=$2
    shift 2
    check "broken$number" -O0 "$@" -DBROKEN="$number"
    if [ "$errors" -gt 0 ]; then
        echo "broken on purpose, found: $rule"
    else
        echo "broken on purpose, NOT FOUND: $rule"
        failed=1
    fi
}

holds POOL -O0 engine -DPOOL
holds QUEUED -O2 engine -DQUEUED
holds CLOSED -O0 engine -DQUEUED -DCLOSED
holds UNHEARD -O2 engine -DUNHEARD
holds NOBODY -O2 engine -DNOBODY=2
holds FATE -O1 lockfree -DFATE
holds CANCELLED -O1 lockfree -DFATE -DCANCELS
holds POLLED -O0 lockfree -DPOLLED
holds LANE -O0 lockfree -DLANE -DNAPS_END -DSUBMITS=3
holds STAYING -O0 lockfree -DLANE -DNAPS_END -DMIN_THREADS=1 -DSUBMITS=3
holds LOOP -O1 lockfree -DLOOP
holds LOOP_AND_NAPS -O1 lockfree -DLOOP -DNAPS_END -DSUBMITS=1 -DPOSTERS=1
holds POSTED -O0 lockfree -DPOSTED -DSUBMITS=0 -DPOSTERS=2 -DLOOPS=2
holds RESUMED -O0 waiting -DRESUMED
holds WATCHED -O0 waiting -DWATCHED
holds RESUMED_OR_ENDED -O0 waiting -DRESUMED -DENDED
holds WATCHED_OR_ENDED -O0 waiting -DWATCHED -DENDED
holds NEVER_RESUMED -O0 waiting -DRESUMED -DENDED -DNEVER
holds NEVER_READY -O0 waiting -DWATCHED -DENDED -DNEVER
holds RESUMED_AT_EXIT -O0 waiting -DRESUMED -DEXITS
holds WATCHED_AT_EXIT -O0 waiting -DWATCHED -DEXITS

breaks 1 'a wake that is promised and not made' engine -DPOOL
breaks 2 'free does not wait while outputs are written' engine -DPOOL
breaks 3 'a parted call is still found by its handle' engine -DPOOL
breaks 4 'the notice of a cancelled call is the call at hand' engine -DPOOL
breaks 5 'a call that is taken back stays admitted' engine -DPOOL
breaks 6 'a call is used again while its completion waits' engine -DQUEUED
breaks 7 'a call is deferred with nobody napping' engine -DUNHEARD
breaks 8 'a wake is promised without a sleeper' engine -DNOBODY=2
breaks 9 'a cancelled delete is taken back' engine -DPOOL
breaks 10 'a parted call is told of' engine -DPOOL
breaks 11 'nobody tells those who stay that the last call has ended' engine -DPOOL
breaks 12 'a batch ends with a slice that nobody has taken' engine -DUNHEARD

breaks 101 'free and settings do not wait for BUSY' lockfree -DFATE
breaks 102 'a move without the lock does not compare the sequence' lockfree -DFATE
breaks 103 'the final status comes before expected' lockfree -DPOLLED
breaks 104 'a context is PENDING before its call is written' lockfree -DFATE
breaks 105 'a parted call moves its context' lockfree -DFATE
breaks 106 'a light call is submitted while its completion waits' lockfree -DFATE
breaks 107 'a call is put before its context is PENDING' lockfree -DFATE
breaks 108 'a taker frees a call that was not left' lockfree -DFATE
breaks 109 'nobody looks at watch after a push' lockfree -DLANE -DNAPS_END
breaks 110 'watch is written after the last sweep' lockfree -DLANE -DNAPS_END \
    -DMIN_THREADS=1
breaks 111 'a thread leaves that says so after its last sweep' lockfree -DLANE -DNAPS_END
breaks 112 'nobody looks again after the descriptor was lowered' lockfree -DPOSTED -DSUBMITS=0 \
    -DPOSTERS=2
breaks 113 'who raises or lowers does not look for work that was left' lockfree -DLOOP
breaks 114 'the descriptor is raised without taking' lockfree -DPOSTED -DSUBMITS=0 -DPOSTERS=2
breaks 115 'work is left to a loop that is not told' lockfree -DLOOP
breaks 116 'what is put as deferring stops is forgotten' lockfree -DLOOP
breaks 118 'work counts as left to loops while somebody looks' lockfree -DLOOP

breaks 201 'a resume while the package is at work is forgotten' waiting -DRESUMED
breaks 202 'who pauses does not look whether that has come which it waits for' waiting -DRESUMED
breaks 203 'the turn passes before the package has stopped' waiting -DRESUMED -DENDED
breaks 204 'what was dropped is still told when it is due' waiting -DRESUMED -DENDED
breaks 205 'a descriptor is watched when the package is called again' waiting -DWATCHED
breaks 206 'a wait that was taken out can still be found' waiting -DRESUMED -DENDED
breaks 207 'a call that has come back to its lane is taken for one that never began' waiting \
    -DRESUMED -DENDED
breaks 208 'a call that nobody wants to know of pauses' waiting -DRESUMED -DENDED -DNEVER
breaks 209 'a call that is dropped stays away' waiting -DRESUMED -DENDED
breaks 210 'two stop the same wait at exit' waiting -DRESUMED -DEXITS
exit $failed
