#!/bin/sh
# SPDX-License-Identifier: MIT
#
# run.sh SOURCE_DIR      SOURCE_DIR: core/src
#
# Checks the model of the engine (engine.pml) in every interleaving, for completions on the
# pool, on a queue, and on a queue that is freed. Then breaks the model on purpose, one rule at
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

states_of async_context.h async_state ASYNC_ >"$work/code"
names_of ASYNC_ >"$work/model"
diff "$work/code" "$work/model" || {
    echo "enum async_state and the model differ (< code, > model)"
    failed=1
}
# Turns are not modelled.
states_of work.h work_place WORK_ | grep -v WORK_WAITING >"$work/code"
names_of WORK_ >"$work/model"
diff "$work/code" "$work/model" || {
    echo "enum work_place and the model differ (< code, > model)"
    failed=1
}
for move in $(sed -n 's/^inline \([a-z_]*\)(.*/\1/p' "$model") async_start_finishing \
    async_finish run_notification queue_job call_deliver call_start have_call thread_main \
    wait_for_work discard_withdrawn SspiFreeAsyncContext SspiReinitAsyncContext \
    sspia_async_cancel sspia_async_wait sspia_queue_dispatch sspia_queue_free; do
    case $move in use | free_call | new_call | begin_callback) continue ;; esac
    grep -Eq "^[a-zA-Z].*[ *]$move\(" "$sources"/*.c || {
        echo "the model's move $move is no function of the code"
        failed=1
    }
done
[ $failed -eq 0 ] || exit 1

# ---- States ----------------------------------------------------------------------------------

# check NAME DEFINES...   Leaves errors, states and time in $errors, $states and $seconds.
check() {
    mkdir -p "$work/$1"
    cd "$work/$1"
    shift
    spin -a "$@" "$model" >spin.log 2>&1 || {
        cat spin.log
        exit 1
    }
    ${CC:-cc} -O2 -DSAFETY -DVECTORSZ=2048 -w -o pan pan.c
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

for variant in POOL QUEUED CLOSED; do
    case $variant in
    POOL) set -- ;;
    QUEUED) set -- -DQUEUED ;;
    CLOSED) set -- -DQUEUED -DCLOSED ;;
    esac
    check $variant "$@"
    echo "$variant: $states states, $errors errors, $seconds s"
    [ "$errors" -eq 0 ] || {
        spin -t -p "$@" "$model" 2>/dev/null | tail -n 60 || true
        failed=1
    }
done

for break in \
    '1:no signal for a thread that sleeps:' \
    '2:free does not wait while outputs are written:' \
    '3:cancel leaves the call attached:' \
    '4:a delivered notification can still be reached:' \
    '5:a call that is taken back stays admitted:' \
    '6:a call is used again while its completion waits:-DQUEUED'; do
    number=${break%%:*}
    rest=${break#*:}
    define=${rest#*:}
    # shellcheck disable=SC2086 # a word or none
    check "broken$number" -DBROKEN="$number" $define
    if [ "$errors" -gt 0 ]; then
        echo "broken on purpose, found: ${rest%%:*}"
    else
        echo "broken on purpose, NOT FOUND: ${rest%%:*}"
        failed=1
    fi
done
exit $failed
