#!/bin/sh
# SPDX-License-Identifier: MIT
#
# try.sh: for a new system, as root: installs the packages that lie in /root as a user would, then
# builds and runs the README's programs with what they brought. ./dev package SUITE runs it.

set -eu
here=$(cd "$(dirname "$0")" && pwd)
readme=$here/../../README.md

apt="env DEBIAN_FRONTEND=noninteractive apt-get -y -q --no-install-recommends"
$apt update
$apt install /root/*.deb gcc libc6-dev pkg-config

"$here/../readme/run.sh" "$readme" -

work=$(mktemp -d)
cd "$work"
echo TEST:alice:correct-horse >users
python3 - "$readme" <<'END'
import pathlib
import re
import subprocess
import sys

found = re.search(
    r"<!-- python example.*?-->\n```python\n(.*?)```.*?```console\n(.*?)```",
    pathlib.Path(sys.argv[1]).read_text(),
    re.S,
)
done = subprocess.run(
    [sys.executable, "-c", found[1]], capture_output=True, text=True, timeout=60
)
if done.returncode != 0 or done.stdout != found[2]:
    sys.exit(done.stdout + done.stderr)
print("readme: the Python example does what it says")
END
[ -z "$(find / -xdev -name '_lib' -path '*sspi_async*')" ]
echo "the packages work"
