#!/bin/sh
# SPDX-License-Identifier: MIT
#
# abi.sh [--update] INCLUDE_DIR LIBRARY
#
# Shows that programs built against 1.0 go on working: compares the functions and types of the
# built library with libsspi-async.abi (abidiff of libabigail; exits 77 without it), and the
# layouts on 32 bits with those of Windows x86, where the compiler has -m32. A new function is
# no failure. --update writes the description anew: at a release, or before the first one.

set -eu
LC_ALL=C
export LC_ALL

update=
if [ "$1" = --update ]; then
    update=yes
    shift
fi
include=$1
library=$2
folder=$(cd "$(dirname "$0")" && pwd)
recorded=$folder/libsspi-async.abi
failed=0

if echo 'int x;' | ${CC:-cc} -m32 -x c -fsyntax-only - 2>/dev/null &&
    printf '#include <stdint.h>\n' | ${CC:-cc} -m32 -x c -fsyntax-only - 2>/dev/null; then
    ${CC:-cc} -m32 -std=c11 -Wall -Wextra -Werror -DSSPI_ASYNC_NO_PLAIN_NAMES -I "$include" \
        -fsyntax-only "$folder/layout32.c" || failed=1
    echo "layouts on 32 bits: checked"
else
    echo "layouts on 32 bits: not checked (no -m32 here)"
fi

command -v abidiff >/dev/null 2>&1 || {
    echo "abidiff is not installed (Debian: abigail-tools)"
    [ $failed -eq 0 ] || exit 1
    exit 77
}
describe="--headers-dir $include --drop-private-types"
if [ -n "$update" ]; then
    # shellcheck disable=SC2086 # words
    abidw $describe --no-show-locs --no-corpus-path --no-comp-dir-path \
        --out-file "$recorded" "$library"
    # Where it was built is nobody's business, and differs everywhere.
    sed -i "s|path='$(cd "$folder/../.." && pwd)/|path='|" "$recorded"
    echo "written: $recorded"
    exit $failed
fi
abidiff --no-added-syms --no-show-locs "$recorded" "$library" || failed=1
[ $failed -ne 0 ] || echo "abi: $(grep -c '<elf-symbol ' "$recorded") symbols as recorded"
exit $failed
