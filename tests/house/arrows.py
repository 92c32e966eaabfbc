#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""arrows.py BUILD_DIR CORE_SRC

The wings of core/src, from the top down: hub, windows, operation, engine, package, data. An
include that goes up must not compile. For each wing this takes the command that compiles one
of its files, and has it compile one that includes a header of each other wing: those below
must be found, those above must not.
"""

import json
import pathlib
import shlex
import subprocess
import sys
import tempfile

WINGS = ["hub", "windows", "operation", "engine", "package", "data"]


def command_of(build: pathlib.Path, wing: pathlib.Path) -> list[str]:
    """How a file of the wing is compiled, up to what it is and where it goes."""
    for entry in json.loads((build / "compile_commands.json").read_text()):
        if pathlib.Path(entry["file"]).parent == wing:
            words = shlex.split(entry["command"])
            return words[: words.index("-o")]
    sys.exit(f"no file of {wing} is compiled in {build}")


def main() -> int:
    build, sources = (pathlib.Path(word).resolve() for word in sys.argv[1:3])
    failed = 0
    folders = {path.name for path in sources.iterdir() if path.is_dir()}
    if folders != set(WINGS):
        sys.exit(f"the wings in {sources} are {sorted(folders)}, not {sorted(WINGS)}")
    for place, wing in enumerate(WINGS):
        command = command_of(build, sources / wing)
        for other_place, other in enumerate(WINGS):
            header = sorted((sources / other).glob("*.h"))[0]
            with tempfile.NamedTemporaryFile("w", suffix=".c") as file:
                file.write(f'#include "{header.name}"\n')
                file.flush()
                run = subprocess.run(
                    [*command, "-fsyntax-only", file.name],
                    cwd=build,
                    capture_output=True,
                    text=True,
                    timeout=60,
                    check=False,
                )
            up = other_place < place
            missing = f"{header.name}: No such file" in run.stderr or (
                f"'{header.name}' file not found" in run.stderr
            )
            if up and not missing:
                print(f"{wing} can include {other}/{header.name}, which lies above it")
                failed = 1
            if not up and run.returncode != 0:
                print(f"{wing} cannot include {other}/{header.name}:\n{run.stderr}")
                failed = 1
    return failed


if __name__ == "__main__":
    sys.exit(main())
