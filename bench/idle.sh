#!/bin/sh
# SPDX-License-Identifier: MIT
#
# idle.sh PROGRAM [--short] [ROW ...] - counts the system calls that an idle process makes
#
# PROGRAM is bench_idle. Prints one line of JSON for each case, as the other programs do: how
# many calls of any thread began or returned while the process was idle for 5 s (1 s in the
# short form), but for the main thread's own sleep. Needs strace; says so where it cannot.

set -eu

program=$1
shift
seconds=5
wanted=
for word in "$@"; do
    case $word in
    --short) seconds=1 ;;
    idle) wanted=yes ;;
    *) wanted=${wanted:-no} ;;
    esac
done
[ "$wanted" != no ] || exit 0

log=$(mktemp "${TMPDIR:-/tmp}/idle.XXXXXX")
trap 'rm -f "$log"' EXIT
if ! strace -f -o "$log" true 2>/dev/null; then
    echo "idle: left out: strace is not there, or may not trace" >&2
    exit 0
fi

# measure CASE THREADS
measure() {
    timeout 60 strace -f -o "$log" "$program" "$2" "$seconds" >/dev/null
    # A thread that slept since before shows as "resumed" when it wakes up.
    count=$(awk '
        /write\(1, "idle ends/ { seen++; inside = 0 }
        inside && !/clock_nanosleep/ { count++ }
        /write\(1, "idle begins/ { seen++; inside = 1 }
        END { if (seen != 2) exit 1; print count + 0 }' "$log")
    echo "{\"row\": \"idle\", \"case\": \"$1\", \"peer\": \"\", \"unit\": \"system calls\"," \
        "\"ours\": [$count]}"
}

measure "threads left" 0
measure "threads kept" 2
