#!/bin/sh
# SPDX-License-Identifier: MIT
#
# run.sh SOURCE_DIR      SOURCE_DIR: core/src/engine
#
# Checks the model of the engine (engine.pml) in every interleaving: with completions on the
# pool, on a queue, on a queue that is freed, and with none; and the wakes of the pool where
# several calls come at once. Then breaks the model on purpose, one rule at
# a time, and wants each break found: a model that cannot fail proves nothing. Before that it
# compares the model's names with the code's. Needs spin and a C compiler; exits 77 without.

set -eu
LC_ALL=C
export LC_ALL

sources=$(cd "$1" && pwd)
cd "$(dirname "$0")"
model=$(pwd)/engine.pml
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
    sed -n 's/^mtype = {\(.*\)};/\1/p' "$model" | tr -d ' ' | tr ',' '\n' | grep "^$1" | sort -u
}

# BUSY, and the inbox, are of the moves without the lock.
states_of fate.h async_state ASYNC_ | grep -v ASYNC_BUSY >"$work/code"
names_of ASYNC_ >"$work/model"
diff "$work/code" "$work/model" || {
    echo "enum async_state and the model differ (< code, > model)"
    failed=1
}
# Turns are not modelled.
states_of work.h work_place WORK_ | grep -Ev 'WORK_(WAITING|IN_INBOX)' >"$work/code"
names_of WORK_ >"$work/model"
diff "$work/code" "$work/model" || {
    echo "enum work_place and the model differ (< code, > model)"
    failed=1
}
for move in $(sed -n 's/^inline \([a-z_]*\)(.*/\1/p' "$model") \
    abandon async_submit_batch async_submit_to cancel \
    clear_away engine_wait make_notice next open_settings publish \
    run_chunk run_notification run_start sleep_until SspiFreeAsyncContext SspiGetAsyncCallStatus \
    SspiReinitAsyncContext SspiSetAsyncNotifyCallback sspia_async_cancel sspia_async_wait \
    sspia_queue_dispatch sspia_queue_free thread_main wait_for_work; do
    case $move in use | promise | take_owed | make_owed | begin_callback | sleep_until_begins | sleep_until_ends) continue ;; esac
    grep -Eq "^[a-zA-Z].*[ *]$move\(" "$sources"/*.c || {
        echo "the model's move $move is no function of the code"
        failed=1
    }
done
[ $failed -eq 0 ] || exit 1

# ---- States ----------------------------------------------------------------------------------

# check NAME OPTIMISATION DEFINES...   Leaves errors, states and time in $errors, $states and
# $seconds. To optimise takes longer than a search that is small or finds something.
check() {
    mkdir -p "$work/$1"
    cd "$work/$1"
    optimisation=$2
    shift 2
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

for variant in POOL QUEUED CLOSED UNHEARD NOBODY; do
    optimisation=-O2
    case $variant in
    POOL) optimisation=-O0 && set -- -DPOOL ;;
    QUEUED) set -- -DQUEUED ;;
    CLOSED) optimisation=-O0 && set -- -DQUEUED -DCLOSED ;;
    UNHEARD) set -- -DUNHEARD ;;
    NOBODY) set -- -DNOBODY=2 ;;
    esac
    check $variant $optimisation "$@"
    echo "$variant: $states states, $errors errors, $seconds s"
    [ "$errors" -eq 0 ] || {
        spin -k engine.pml.trail -p "$@" "$model" 2>/dev/null | tail -n 60 || true
        failed=1
    }
done

for break in \
    '1:a wake that is promised and not made:-DPOOL' \
    '2:free does not wait while outputs are written:-DPOOL' \
    '3:a parted call is still found by its handle:-DPOOL' \
    '4:the notice of a cancelled call is the call at hand:-DPOOL' \
    '5:a call that is taken back stays admitted:-DPOOL' \
    '6:a call is used again while its completion waits:-DQUEUED' \
    '7:a call is deferred with nobody napping:-DUNHEARD' \
    '8:a wake is promised without a sleeper:-DNOBODY=2' \
    '9:a cancelled delete is taken back:-DPOOL' \
    '10:a parted call is told of:-DPOOL' \
    '11:nobody tells those who stay that the last call has ended:-DPOOL' \
    '12:a batch ends with a slice that nobody has taken:-DUNHEARD'; do
    number=${break%%:*}
    rest=${break#*:}
    define=${rest#*:}
    check "broken$number" -O0 -DBROKEN="$number" "$define"
    if [ "$errors" -gt 0 ]; then
        echo "broken on purpose, found: ${rest%%:*}"
    else
        echo "broken on purpose, NOT FOUND: ${rest%%:*}"
        failed=1
    fi
done

# ---- Without the lock ------------------------------------------------------------------------

model=$(dirname "$model")/lockfree.pml
for variant in '-DROUNDS=2 -DOTHERS=0' '-DROUNDS=1 -DOTHERS=1' '-DROUNDS=0 -DOTHERS=2'; do
    # shellcheck disable=SC2086 # defines on purpose, here and below
    check lockfree -O2 $variant
    echo "lockfree, $variant: $states states, $errors errors, $seconds s"
    [ "$errors" -eq 0 ] || {
        # shellcheck disable=SC2086
        spin -k lockfree.pml.trail -p $variant "$model" 2>/dev/null | tail -n 60 || true
        failed=1
    }
done
for break in \
    '1:nobody looks who would see what was pushed' \
    '2:a thread says that it stops looking after its last look' \
    '3:free does not wait for a submit under way' \
    '4:a status is final before its completion is expected'; do
    check "unlocked${break%%:*}" -O0 -DBROKEN="${break%%:*}" -DROUNDS=2 -DOTHERS=0
    if [ "$errors" -gt 0 ]; then
        echo "broken on purpose, found: ${break#*:}"
    else
        echo "broken on purpose, NOT FOUND: ${break#*:}"
        failed=1
    fi
done
exit $failed
