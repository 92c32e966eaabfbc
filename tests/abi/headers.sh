#!/bin/sh
# SPDX-License-Identifier: MIT
#
# headers.sh INCLUDE_DIR
#
# Shows that each public header compiles alone and twice, as C99, C11 and C++17, with and
# without UNICODE and the plain names, without a warning from any compiler that is here; and
# that it has nothing that bindings cannot use: bit-fields, variadic and inline functions,
# variables. CC is compiled with first.

set -eu
LC_ALL=C
export LC_ALL

include=$1
work=$(mktemp -d "${TMPDIR:-/tmp}/headers.XXXXXX")
trap 'rm -rf "$work"' EXIT
failed=0
compiled=0

fail() {
    echo "$1"
    sed 's/^/    /' "$work/out"
    failed=1
}

compile() {
    compiled=$((compiled + 1))
    "$@" -Wall -Wextra -Wpedantic -Wshadow -Werror -I "$include" -fsyntax-only >"$work/out" 2>&1 ||
        fail "$* fails"
}

compilers=
for compiler in "${CC:-cc}" gcc clang; do
    program=$(command -v "$compiler") || continue
    program=$(readlink -f "$program")
    case "$compilers " in *" $program "*) continue ;; esac
    compilers="$compilers $program"

    for header in "$include"/*.h; do
        name=$(basename "$header")
        for language in c99:c c11:c c++17:c++; do
            source=$work/test.${language#*:}
            printf '#include <%s>\n#include <%s>\nint unused_%s;\n' "$name" "$name" \
                "${name%.h}" >"$source"
            if [ "${language#*:}" = c++ ] &&
                ! echo 'int x;' | "$compiler" -x c++ -std=c++17 -fsyntax-only - 2>/dev/null; then
                echo "$compiler has no C++ here"
                continue
            fi
            for define in PLAIN UNICODE SSPI_ASYNC_NO_PLAIN_NAMES; do
                compile "$compiler" "-std=${language%:*}" "-D$define" "$source"
            done
        done
    done
done
[ "$compiled" -gt 0 ] || {
    echo "nothing was compiled: no compiler, or no header in $include"
    exit 1
}

# Beside WinPR, whose types are taken then. Its own headers are not for every -W, and those of
# version 2 not for UNICODE.
for version in winpr3 winpr2; do
    pkg-config --exists $version 2>/dev/null || continue
    winpr=$(pkg-config --cflags $version | sed 's/-I/-isystem /g')
    for compiler in $compilers; do
        for language in c11:c c++17:c++; do
            source=$work/test.${language#*:}
            printf '#include <winpr/wtypes.h>\n#include <sspi_windows.h>\n%s\n' \
                '#include <schannel.h>' >"$source"
            # shellcheck disable=SC2086 # words
            compile "$compiler" "-std=${language%:*}" -D_GNU_SOURCE $winpr "$source"
        done
    done
done

# What the preprocessor leaves of a header's own lines, one declaration a line.
for header in "$include"/*.h; do
    name=$(basename "$header")
    ${CC:-cc} -E -I "$include" "$header" | awk -v header="$header" '
        /^# [0-9]+ "/ { ours = index($0, "\"" header "\""); next }
        ours' | tr '\n' ' ' | sed 's/;/;\n/g' >"$work/text"
    grep -q typedef "$work/text" || [ "$name" = security.h ] || {
        echo "$name could not be read"
        failed=1
    }
    for rule in \
        'bit-field:[A-Za-z0-9_] *: *[0-9]' \
        'variadic function:\.\.\.' \
        'inline function:\(^\|[^A-Za-z0-9_]\)\(__\)\?inline\(__\)\?\([^A-Za-z0-9_]\|$\)' \
        'variable:^ *extern [^"(]*;'; do
        ! grep -n "${rule#*:}" "$work/text" >"$work/out" || fail "$name has a ${rule%%:*}"
    done
done

echo "headers: $compiled compilations by$compilers"
exit $failed
