#!/bin/sh
# SPDX-License-Identifier: MIT
#
# names.sh INCLUDE_DIR LIBRARY
#
# Shows that a program may mention every name of Windows' sspi.h, schannel.h and security.h that
# docs/porting.md does not list as missing: names.txt has them, with what each is (type, value,
# function, macro). The program is compiled as C and C++, for UNICODE and not, without a warning,
# and linked. CC and CXX are compiled with.

set -eu
LC_ALL=C
export LC_ALL

include=$1
library=$2
work=$(mktemp -d "${TMPDIR:-/tmp}/names.XXXXXX")
trap 'rm -rf "$work"' EXIT
names=$(dirname "$0")/names.txt

{
    printf '%s\n' '#define _SEC_WINNT_AUTH_TYPES' '#include <sspi_windows.h>' \
        '#include <security.h>' '#include <schannel.h>'
    awk '$1 == "macro" { printf "#ifndef %s\n#error %s is missing\n#endif\n", $2, $2 }' "$names"
    echo 'typedef void (*any_function)(void);'
    printf '%s\n' 'int main(int argc, char **argv)' '{' \
        '    any_function last = (any_function)&main;' '    (void)argv;'
    awk '$1 == "type" { printf "    (void)sizeof(%s *);\n", $2 }
         $1 == "value" { printf "    (void)(%s);\n", $2 }
         $1 == "function" { printf "    if (argc < 0)\n        last = (any_function)%s;\n", $2 }' \
        "$names"
    printf '%s\n' '    return last == 0;' '}'
} >"$work/names.c"
cp "$work/names.c" "$work/names.cc"

for define in PLAIN UNICODE; do
    for language in "${CC:-cc} -std=c11 $work/names.c" \
        "${CXX:-c++} -std=c++17 $work/names.cc"; do
        compiler=${language%% *}
        command -v "$compiler" >/dev/null || {
            echo "$compiler is not here"
            continue
        }
        # shellcheck disable=SC2086 # compiler, standard and file
        $language -D$define -Wall -Wextra -Wno-cast-function-type -Werror -I "$include" \
            "$library" -o "$work/names"
    done
done
[ -x "$work/names" ] || exit 1
echo "$(wc -l <"$names") names"
