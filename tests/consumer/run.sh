#!/bin/sh
# SPDX-License-Identifier: MIT
#
# run.sh BUILD_DIR
#
# Installs a built tree into a temporary prefix, moves that, and there builds the program of
# this folder twice, with find_package and with pkg-config, and runs it. Shows that what is
# installed is complete, finds its own parts and can be moved. CC and CMAKE name the tools.

set -eu
LC_ALL=C
export LC_ALL

here=$(cd "$(dirname "$0")" && pwd)
build=$1
cmake=${CMAKE:-cmake}
cc=${CC:-cc}
work=$(mktemp -d "${TMPDIR:-/tmp}/consumer.XXXXXX")
trap 'rm -rf "$work"' EXIT

# Only what is installed may be found.
unset SSPI_ASYNC_PACKAGE_PATH LD_LIBRARY_PATH PKG_CONFIG_PATH CMAKE_PREFIX_PATH || true
cat >"$work/krb5.conf" <<END
[libdefaults]
    default_realm = INVALID.TEST
    dns_lookup_kdc = false
    dns_lookup_realm = false
    dns_canonicalize_hostname = false
    rdns = false
END
export KRB5_CONFIG="$work/krb5.conf" KRB5CCNAME="FILE:$work/ccache"

fail() {
    echo "consumer: $1"
    exit 1
}

# Runs a command; its output is shown if it fails.
quietly() {
    "$@" >"$work/out" 2>&1 || {
        cat "$work/out"
        fail "$* failed"
    }
}

quietly "$cmake" --install "$build" --prefix "$work/first"
mv "$work/first" "$work/prefix"
prefix=$work/prefix

pc=$(find "$prefix" -name sspi-async.pc)
[ -n "$pc" ] || fail "no sspi-async.pc was installed"
export PKG_CONFIG_PATH="${pc%/*}"
libdir=$(pkg-config --variable=libdir sspi-async)
if grep -rl -e "$build" -e "$work/first" "$prefix" --include='*.pc' --include='*.cmake'; then
    fail "these files name folders that users do not have"
fi
for file in sspi.h sspi_queue.h sspi_package.h sspi_windows.h sspi_types.h sspi_identity.h \
    security.h schannel.h; do
    [ -f "$prefix/include/sspi-async/$file" ] || fail "$file was not installed"
done
for file in libsspi-async.so libsspi-async.so.1 libsspi-async-compat.so.1 \
    sspi-async/libsspi-async-gss.so sspi-async/libsspi-async-ntlm.so; do
    [ -f "$libdir/$file" ] || fail "$file was not installed"
done

echo "== pkg-config"
# shellcheck disable=SC2046 # flags are words
quietly "$cc" -std=c99 -D_POSIX_C_SOURCE=200809L -Wall -Wextra -Werror \
    -o "$work/by-pkg-config" "$here/consumer.c" \
    $(pkg-config --cflags --libs sspi-async) -pthread -Wl,-rpath,"$libdir"
timeout 60 "$work/by-pkg-config" || fail "the program built with pkg-config failed"

echo "== find_package"
quietly "$cmake" -S "$here" -B "$work/build" -DCMAKE_PREFIX_PATH="$prefix" \
    -DCMAKE_C_COMPILER="$cc" -DCMAKE_BUILD_TYPE=Debug
quietly "$cmake" --build "$work/build"
timeout 60 "$work/build/consumer" || fail "the program built with find_package failed"
timeout 60 "$work/build/consumer_compat" >"$work/out" || fail "linked with compat it failed"

# As a part of another project: its packages are found where that builds them, and nothing of
# ours is installed with it. The second way only shows that it can be configured.
source=$(cd "$here/../.." && pwd)
echo "== add_subdirectory"
quietly "$cmake" -S "$here/inside" -B "$work/inside" -G Ninja -DHOW=subdirectory \
    -DSSPI_ASYNC_SOURCE="$source" -DCMAKE_C_COMPILER="$cc" -DCMAKE_BUILD_TYPE=Debug
quietly "$cmake" --build "$work/inside" --target consumer
timeout 60 "$work/inside/consumer" || fail "the program built with add_subdirectory failed"
quietly "$cmake" --install "$work/inside" --prefix "$work/nothing"
[ ! -d "$work/nothing" ] || fail "it was installed with somebody else's program"

echo "== FetchContent"
quietly "$cmake" -S "$here/inside" -B "$work/fetched" -G Ninja -DHOW=fetch \
    -DSSPI_ASYNC_SOURCE="$source" -DCMAKE_C_COMPILER="$cc" -DCMAKE_BUILD_TYPE=Debug
