# SPDX-License-Identifier: MIT
"""Row "languages": calls that block, in each language, against what its programs do instead.

BENCH_LANGUAGES has a line for each language: its name, = and the command that runs its cases of
tests/bindings. In their place bench/languages/<folder>/calls.* is started twice, with "ours"
and with "theirs", and gets lines on its standard input, each answered by one:

    calls COUNT SCRIPT   so many logons of the package Scripted, 64 at a time, each with the
                         deletion of its context: threads at its end. For theirs SCRIPT is what
                         probe_log_on takes for a target
    silent COUNT         so many Kerberos logons while the KDC answers nothing: how many are
                         under way, threads meanwhile, and with ours how many of them are the
                         library's own. Ours end by their deadlines of 5 s before the answer;
                         theirs are left there

Threads are those of the process beyond what it had before the first line. A side that has no
answer gives an empty line.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import signal
import statistics
import subprocess
import time
from collections.abc import Iterator, Sequence

import measure

ROW = "languages"
HERE = pathlib.Path(__file__).resolve().parent / "languages"
LOGONS = 1000
MANY = {"java": 10_000}
OF_THEIRS = 64

NAMES = {
    "python": "Python", "node": "Node", "lua": "Lua", "go": "Go", "ruby": "Ruby", "tcl": "Tcl",
    "java": "Java", "csharp": "C#", "dotnet": "C# on .NET", "perl": "Perl",
}  # fmt: skip
# What programs do instead, around a function of C that blocks.
PEERS = {
    "python": "run_in_executor",
    "node": "napi_create_async_work",
    "lua": "in place",
    "go": "goroutines in cgo",
    "ruby": "Thread",
    "tcl": "thread pool (tpool)",
    "java": "newFixedThreadPool(64)",
    "csharp": "Task.Run",
    "dotnet": "Task.Run",
    "perl": "in place",
}


class Program:
    """A side of a language: a process that answers lines."""

    def __init__(self, command: Sequence[str], side: str) -> None:
        self._process = subprocess.Popen(
            [*command, side], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.can = True  # measure anything here

    def ask(self, line: str) -> list[float]:
        """Its answer's numbers."""
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("no pipe")
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"no answer to {line!r}")
        return [float(word) for word in answer.split()]

    def end(self) -> None:
        """It may have calls that end in half a minute."""
        self._process.kill()
        self._process.communicate()


@contextlib.contextmanager
def programs(command: Sequence[str]) -> Iterator[tuple[Program, Program]]:
    """Both sides of a language."""
    with contextlib.ExitStack() as stack:
        sides = []
        for name in ("ours", "theirs"):
            program = Program(command, name)
            stack.callback(program.end)
            program.can = bool(program.ask("calls 1 delay=1"))  # it may have to be compiled
            sides.append(program)
        yield sides[0], sides[1]


def tell_kdc(what: signal.Signals) -> None:
    """Freeze the KDC, or let it go on."""
    os.kill(int(os.environ["KDC_PID"]), what)


def with_threads(words: str, threads: list[float]) -> str:
    """Say how many it had in most rounds."""
    count = int(statistics.median(threads))
    return f"{words} ({count} thread{'' if count == 1 else 's'})"


def compare_calls(language: str, words: str, script: str, command: Sequence[str]) -> None:
    """Time of calls that take 1 ms, and with how many threads."""
    count = 640 if measure.options.short else 3200
    our_threads: list[float] = []
    their_threads: list[float] = []

    def side(program: Program, script: str, threads: list[float]) -> measure.Side:
        def cost() -> float:
            begun = time.perf_counter()
            (used,) = program.ask(f"calls {count} {script}")
            took = time.perf_counter() - begun
            threads.append(used)
            return took * 1e6 / count

        return cost

    with programs(command) as (ours, theirs):
        if not theirs.can:
            measure.note(f"not measured: {NAMES[language]} (no {PEERS[language]} here)")
            return
        samples = measure.alternate(
            side(ours, script, our_threads), side(theirs, "delay=1", their_threads)
        )
    case = with_threads(f"{NAMES[language]}, {words}", our_threads)
    measure.show(ROW, case, with_threads(PEERS[language], their_threads), "us", *samples)


def compare_silent(language: str, command: Sequence[str]) -> None:
    """Threads of logons on a silent KDC."""
    count = MANY.get(language, LOGONS)
    with programs(command) as (ours, theirs):
        tell_kdc(signal.SIGSTOP)
        try:
            under_way, threads, own = ours.ask(f"silent {count}")
            answer = theirs.ask(f"silent {OF_THEIRS}")
        finally:
            tell_kdc(signal.SIGCONT)
    name = NAMES[language]
    case = f"{name}, {int(under_way):,} logons on a silent KDC: threads of ours"
    measure.show(ROW, case, "", "threads", [own])
    if answer:
        case, peer = f"{name}, a logon on a silent KDC: threads", PEERS[language]
        begun, used = answer
        measure.show(ROW, case, peer, "threads", [threads / under_way], [used / begun])


def main() -> None:
    """Measure the row."""
    languages = os.environ.get("BENCH_LANGUAGES", "").splitlines()
    for entry in languages:
        language, command = entry.split("=", 1)
        *words, cases = command.split()
        found = list((HERE / pathlib.Path(cases).parent.name).glob("[cC]alls.*"))
        if not found:
            measure.note(f"not measured: {language} (bench/languages has no program of it)")
            continue
        words.append(str(found[0]))
        compare_calls(language, "1 ms outside", "all: quick; wait-until=1", words)
        compare_calls(language, "1 ms on a thread", "delay=1", words)
        if "KDC_PID" in os.environ:
            compare_silent(language, words)


if __name__ == "__main__" and measure.options.wants(ROW):
    main()
