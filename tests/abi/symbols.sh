#!/bin/sh
# SPDX-License-Identifier: MIT
#
# symbols.sh INCLUDE_DIR LIBRARY COMPAT_LIBRARY
#
# Shows that the built libraries export what the public headers declare: no symbol more, none
# fewer, each in a version node. Otherwise a program would not link, or come to depend on
# something that may change. CC and NM name the tools.

set -eu
LC_ALL=C
export LC_ALL

include=$1
library=$2
compat=$3
work=$(mktemp -d "${TMPDIR:-/tmp}/symbols.XXXXXX")
trap 'rm -rf "$work"' EXIT
failed=0

# The functions that a header declares with SSPI_ASYNC_API, seen through the preprocessor:
# neither comments nor line breaks matter then.
declared() {
    for header in "$@"; do
        ${CC:-cc} -E -P -DSSPI_ASYNC_NO_PLAIN_NAMES -I "$include" "$include/$header"
    done | tr '\n' ' ' | sed 's/[;{}]/\n/g' |
        sed -n 's/.*__attribute__((visibility("default")))[^(]*[^A-Za-z0-9_(]\([A-Za-z0-9_]*\) *(.*/\1/p' |
        sort -u
}

# What a library defines for others, without the version nodes themselves.
exported() {
    ${NM:-nm} -D --defined-only "$1" | awk '$2 != "A" { print $3 }' | sort -u
}

compare() {
    what=$1
    node=$2
    exported "$3" >"$work/versioned"
    sed "s/@@$node\$//" "$work/versioned" >"$work/has"
    if ! [ -s "$work/want" ] || ! diff -u "$work/want" "$work/has" >"$work/diff"; then
        echo "$what does not export what the headers declare (- missing, + too many):"
        cat "$work/diff"
        failed=1
    fi
    if grep -v "@@$node\$" "$work/versioned" >"$work/bare"; then
        echo "$what: not in version node $node:"
        cat "$work/bare"
        failed=1
    fi
    echo "$what: $(wc -l <"$work/has") symbols in $node"
}

headers=$(cd "$include" && ls -- *.h)
# shellcheck disable=SC2086 # one word a header
declared $headers >"$work/want"
compare libsspi-async SSPI_ASYNC_1.0 "$library"

# The plain names: the synchronous functions of sspi.h, and of what it includes, without their
# prefix.
declared sspi.h | sed -n 's/^sspia_//p' | sort -u >"$work/want"
compare libsspi-async-compat SSPI_ASYNC_COMPAT_1.0 "$compat"

# The macros of sspi.h must lead to those names and to no other.
sed -n 's/^#define \([A-Za-z]*\) *sspia_\1$/\1/p' "$include/sspi.h" "$include/sspi_identity.h" |
    sort -u >"$work/macros"
if ! diff -u "$work/want" "$work/macros" >"$work/diff"; then
    echo "sspi.h does not map each plain name to its sspia_ symbol (- missing, + too many):"
    cat "$work/diff"
    failed=1
fi

exit $failed
