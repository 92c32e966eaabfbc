#!/bin/sh
# SPDX-License-Identifier: MIT
#
# run.sh README BUILD_DIR      or - for the library that the system has
#
# Takes the C program out of the README, builds it against an installed copy as the README
# says, runs it, and compares what it prints with what the README says that it prints.
# CC and CMAKE name the tools.

set -eu
LC_ALL=C
export LC_ALL

readme=$1
build=$2
work=$(mktemp -d "${TMPDIR:-/tmp}/readme.XXXXXX")
trap 'rm -rf "$work"' EXIT
unset SSPI_ASYNC_PACKAGE_PATH PKG_CONFIG_PATH NTLM_USER_FILE || true

fail() {
    echo "readme: $1"
    exit 1
}

# The first block of a kind that comes after the marker.
block() {
    awk -v fence="\`\`\`$1" '
        /^<!-- example:/ { marked = 1 }
        inside && /^```$/ { exit }
        inside { print }
        marked && $0 == fence { inside = 1 }' "$readme"
}

block c >"$work/example.c"
block text >"$work/users.txt"
block console >"$work/expected"
for file in example.c users.txt expected; do
    [ -s "$work/$file" ] || fail "$readme has no block for $file behind its marker"
done

if [ "$build" != - ]; then
    "${CMAKE:-cmake}" --install "$build" --prefix "$work/prefix" >"$work/out" 2>&1 || {
        cat "$work/out"
        fail "cmake --install failed"
    }
    pc=$(find "$work/prefix" -name sspi-async.pc)
    export PKG_CONFIG_PATH="${pc%/*}"
fi
libdir=$(pkg-config --variable=libdir sspi-async)
# shellcheck disable=SC2046 # flags are words
"${CC:-cc}" -std=c99 -Wall -Wextra -Werror -o "$work/example" "$work/example.c" \
    $(pkg-config --cflags --libs sspi-async) || fail "the example does not compile"

printf '[libdefaults]\ndefault_realm = INVALID.TEST\ndns_lookup_kdc = false\n%s\n%s\n%s\n' \
    'dns_lookup_realm = false' 'dns_canonicalize_hostname = false' 'rdns = false' \
    >"$work/krb5.conf"
status=0
(cd "$work" && KRB5_CONFIG=$work/krb5.conf LD_LIBRARY_PATH=$libdir timeout 60 ./example) \
    >"$work/printed" || status=$?
diff -u "$work/expected" "$work/printed" || fail "it prints (+) other than the README says (-)"
[ $status -eq 0 ] || fail "the example ended with $status"
echo "readme: the example does what it says"
