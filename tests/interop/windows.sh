#!/bin/sh
# SPDX-License-Identifier: MIT
#
# windows.sh EXAMPLES INCLUDE_DIR LIBRARY_DIR
#
# Shows that the client and server that are written for Windows (examples/windows) compile
# without a warning, as C and as C++, with UNICODE and without, and talk to each other over
# loopback by NTLM. CC names a compiler that is tried first.

set -eu
examples=$1
include=$2
library=$3
work=$(mktemp -d "${TMPDIR:-/tmp}/windows.XXXXXX")
server=
# shellcheck disable=SC2317 # the trap calls it
clean_up() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    rm -rf "$work"
}
trap clean_up EXIT

printf 'TEST:alice:correct-horse\n' >"$work/users"
NTLM_USER_FILE=$work/users
export NTLM_USER_FILE

# The port that a server has printed; fails if it ends first.
port() {
    tries=0
    until sed -n 's/^port //p' "$work/server.out" | grep .; do
        kill -0 "$server" 2>/dev/null && [ "$tries" -lt 400 ] || return 1
        tries=$((tries + 1))
        sleep 0.05
    done
}

fail() {
    echo "$*"
    cat "$work"/*.out
    exit 1
}

# talk: the pair that was compiled last; a wrong password first, which ends nobody.
talk() {
    : >"$work/server.out"
    timeout 60 "$work/server" 2 >"$work/server.out" 2>&1 &
    server=$!
    at=$(port) || fail "the server does not listen"
    ! timeout 30 "$work/client" "$at" alice TEST wrong >"$work/client.out" 2>&1 ||
        fail "a wrong password logs on"
    timeout 30 "$work/client" "$at" alice TEST correct-horse >"$work/client.out" 2>&1 ||
        fail "the right password does not log on"
    wait "$server" || fail "the server failed"
    server=
    grep -q 'the server says: good day' "$work/client.out" || fail "the client read nothing"
    grep -q 'refused: 0x8009030c' "$work/server.out" || fail "nothing was refused"
    grep -q 'by NTLM: TEST.alice' "$work/server.out" || fail "the server knows nobody"
    grep -q 'the client says: and a good day' "$work/server.out" || fail "it read nothing"
}

pairs=0
compilers=
for compiler in "${CC:-cc}" gcc clang; do
    program=$(command -v "$compiler") || continue
    program=$(readlink -f "$program")
    case "$compilers " in *" $program "*) continue ;; esac
    compilers="$compilers $program"
    for language in c:gnu11 c++:gnu++17; do
        if ! echo 'int x;' | "$compiler" -x "${language%:*}" -fsyntax-only - 2>/dev/null; then
            echo "$compiler has no ${language%:*} here"
            continue
        fi
        for define in PLAIN UNICODE; do
            for program in client server; do
                "$compiler" -x "${language%:*}" "-std=${language#*:}" "-D$define" \
                    -Wall -Wextra -Werror -I "$include" -o "$work/$program" \
                    "$examples/$program.c" -L "$library" -lsspi-async \
                    "-Wl,-rpath,$library" || fail "$program.c does not compile"
            done
            talk
            pairs=$((pairs + 1))
        done
    done
done
[ "$pairs" -gt 0 ] || fail "no compiler here"
echo "windows: $pairs pairs by$compilers"
