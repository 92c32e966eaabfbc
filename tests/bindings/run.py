# SPDX-License-Identifier: MIT
"""Runs the list of cases in each language that is built, and prints who passed what.

    run.py [--write] LANGUAGE=COMMAND...

COMMAND, split at blanks, runs the cases that need no process of their own and prints
"PASS name" or "FAIL name: why" for each; with a name behind it, it begins one that does. A name
that is missing, not on the list, or failed, fails the run. So does docs/bindings.md or
README.md, if its table is not that of the list and the languages; --write puts it there. Runs
inside tests/support/realm.

MEMORY_CALLS: how many calls are made while the memory is watched, if not 200,000.
MEMORY_GROWTH: by how many KiB it may grow, if not 4096.
"""

from __future__ import annotations

import concurrent.futures
import os
import pathlib
import signal
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
EXAMPLES = HERE.parents[1] / "examples"
DOCS = EXAMPLES.parent / "docs"
SUFFIXES = {
    "node": "js", "lua": "lua", "go": "go", "ruby": "rb", "tcl": "tcl", "java": "java",
    "csharp": "cs", "dotnet": "cs", "perl": "pl",
}  # fmt: skip
SOURCES = {"dotnet": "csharp"}  # whose programs a language runs, if not those of its own
LIMIT = 240  # seconds for the cases of a language, on the busiest machine
EXITS = 30
LANGUAGES = ["python", *SUFFIXES]  # the columns of the table
BEGIN = "<!-- `./dev bindings --write` writes from here -->\n\n"
END = "\n<!-- to here -->"


def read_cases() -> dict[str, dict[str, str]]:
    """The names on the list, each with the languages that have no such thing, and why."""
    cases = {}
    for line in (HERE / "cases").read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            name, *without = (part.strip() for part in line.split("|"))
            cases[name] = dict(part.split(": ", 1) for part in without)
    return cases


def exits(command: list[str], name: str) -> str:
    """Why a program does not end by itself with 3; "" if it does, each time."""

    def once(_: int) -> str:
        done = subprocess.run(
            [*command, name], capture_output=True, text=True, timeout=LIMIT, check=False
        )
        if done.returncode == 3 and not done.stderr:
            return ""
        return f"exit code {done.returncode}: {done.stderr[-500:]}"

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        return next((why for why in pool.map(once, range(EXITS)) if why), "")


def killed(command: list[str], name: str) -> str:
    """Why a program that waits does not end by SIGTERM; "" if it does."""
    with subprocess.Popen([*command, name], stdout=subprocess.PIPE, text=True) as program:
        try:
            if program.stdout is None or program.stdout.readline() != "waiting\n":
                return "it never waits"
            program.send_signal(signal.SIGTERM)
            code = program.wait(LIMIT)
        except subprocess.TimeoutExpired:
            return "it goes on"
        finally:
            program.kill()
    # A run-time that cleans up first ends by itself, as shells say it.
    return "" if code in (-signal.SIGTERM, 128 + signal.SIGTERM) else f"exit code {code}"


def example(command: list[str], language: str) -> str:
    """How the example of a language differs from those of the others; "" if it does not."""
    (program,) = (EXAMPLES / SOURCES.get(language, language)).glob("handshake.*")
    who = ["alice", "TEST", os.environ["ALICE_PASSWORD"], os.environ["NTLM_USER_FILE"]]
    output = ""
    for arguments in (["Kerberos"], ["NTLM", *who]):
        done = subprocess.run(
            [command[0], program, *arguments],
            capture_output=True, text=True, timeout=LIMIT, check=False,
        )  # fmt: skip
        if done.returncode != 0 or done.stderr:
            return f"exit code {done.returncode}: {done.stderr[-500:]}"
        output += done.stdout
    return "" if output == (EXAMPLES / "handshake.expected").read_text() else output


def page(command: list[str], language: str) -> str:
    """Why the first program of a language's page does not run; "" if it does."""
    text = (DOCS / f"bindings-{SOURCES.get(language, language)}.md").read_text()
    program = text.split("\n```", 2)[1].split("\n", 1)[1]
    with tempfile.NamedTemporaryFile("w", suffix=f".{SUFFIXES[language]}") as file:
        file.write(program + "\n")
        file.flush()
        done = subprocess.run(
            [command[0], file.name], capture_output=True, text=True, timeout=LIMIT, check=False
        )
    if done.returncode == 0 and done.stdout == f"hello alice@{os.environ['REALM']} hi\n":
        return ""
    return f"exit code {done.returncode}: {done.stdout}{done.stderr[-500:]}"


def flat(command: list[str], name: str) -> str:
    """Why the memory of a program that makes many calls is not flat; "" if it is."""
    calls = int(os.environ.get("MEMORY_CALLS", "200000"))
    done = subprocess.run(
        [*command, name, str(calls)], capture_output=True, text=True, timeout=LIMIT, check=False
    )
    if done.returncode != 0 or done.stderr:
        return f"exit code {done.returncode}: {done.stderr[-500:]}"
    after = [int(float(line)) for line in done.stdout.split()]
    # The first lots are the run-time's, until its heap is as large as it likes. A collector
    # comes when it likes, too, so that what counts is the least of several.
    before, last = min(after[6:10]), min(after[16:])
    print(f"{command[-1]}: {calls} calls, {after[0]} KiB, then {before} and {last}", flush=True)
    most = int(os.environ.get("MEMORY_GROWTH", "4096"))
    return "" if last - before <= most else f"{last - before} KiB more: {after}"


PROGRAMS = {
    "exit_with_calls_pending": exits,
    "natural_end_with_calls_pending": exits,
    "killed_by_sigterm_while_waiting": killed,
    "memory_stays_flat": flat,
}


def run(command: list[str], language: str) -> dict[str, str]:
    """What a language made of each case: "" or why it failed."""
    results = {}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as program:
        try:
            output, _ = program.communicate(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            program.kill()
            output, _ = program.communicate()
            print(f"{command[0]}: stopped after {LIMIT} seconds")
    for line in output.splitlines():
        kind, _, rest = line.partition(" ")
        name, _, why = rest.partition(": ")
        if kind == "PASS":
            results[name] = ""
        elif kind == "FAIL":
            results[name] = why or "failed"
        else:
            print(line)
    for name, program_of in PROGRAMS.items():
        results[name] = program_of(command, name)
    results["example"] = example(command, language)
    if language in SUFFIXES:
        results["page"] = page(command, language)
    return results


def faults(cases: dict[str, dict[str, str]], language: str, got: dict[str, str]) -> list[str]:
    """What is wrong with the results of a language."""
    wanted = {name for name, without in cases.items() if language not in without}
    return (
        [f"{name} is missing" for name in sorted(wanted - got.keys())]
        + [f"{name} is not on the list" for name in sorted(got.keys() - wanted)]
        + [f"{name} failed: {why}" for name, why in got.items() if why]
    )


def matrix(cases: dict[str, dict[str, str]], all_got: dict[str, dict[str, str]]) -> str:
    """A table in Markdown."""
    lines = ["| case | " + " | ".join(all_got) + " |", "| --- |" + " --- |" * len(all_got)]
    for name, without in cases.items():
        cells = (
            without.get(language, "passed" if got.get(name) == "" else "FAILED")
            for language, got in all_got.items()
        )
        lines.append(f"| {name.replace('_', ' ')} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def summary(cases: dict[str, dict[str, str]], all_got: dict[str, dict[str, str]]) -> str:
    """How many cases each language passes, of those that it can have; in Markdown."""
    counts = []
    for language, got in all_got.items():
        wanted = [name for name, without in cases.items() if language not in without]
        counts.append(f"{sum(got.get(name) == '' for name in wanted)} of {len(wanted)}")
    return (
        f"| {' | '.join(all_got)} |\n"
        + f"|{' --- |' * len(all_got)}\n"
        + f"| {' | '.join(counts)} |\n"
    )


PAGES = {DOCS / "bindings.md": matrix, DOCS.parent / "README.md": summary}


def page_parts(page: pathlib.Path) -> tuple[str, str, str]:
    """The page up to its table, the table, and what is behind."""
    head, _, rest = page.read_text().partition(BEGIN)
    table, _, tail = rest.partition(END)
    return head + BEGIN, table, END + tail


def check_pages(cases: dict[str, dict[str, str]]) -> list[str]:
    """What is wrong with the pages. They have all languages, also those that are not here."""
    all_pass = {language: dict.fromkeys(cases, "") for language in LANGUAGES}
    return [
        f"{page.name} is not current: run ./dev bindings --write, and commit it"
        for page, table in PAGES.items()
        if page_parts(page)[1] != table(cases, all_pass)
    ]


def write_pages(
    cases: dict[str, dict[str, str]], all_got: dict[str, dict[str, str]]
) -> list[str]:
    """Writes the tables of the pages; or why it does not."""
    absent = [language for language in LANGUAGES if language not in all_got]
    if absent:
        return [f"the pages are as they were: there is no {', '.join(absent)} here"]
    ordered = {language: all_got[language] for language in LANGUAGES}
    for page, table in PAGES.items():
        head, _, tail = page_parts(page)
        page.write_text(head + table(cases, ordered) + tail)
    return []


def make_certificate(folder: str) -> str:
    """A certificate of localhost, with its key."""
    path = pathlib.Path(folder, "certificate.pem")
    key = pathlib.Path(folder, "key.pem")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
         "subjectAltName=DNS:localhost", "-keyout", key, "-out", path],
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    path.write_text(key.read_text() + path.read_text())
    return str(path)


def main(arguments: list[str]) -> int:
    """Run all languages; 1 if something is wrong."""
    cases = read_cases()
    writes = arguments[:1] == ["--write"]
    languages = dict(argument.split("=", 1) for argument in arguments[writes:])
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TLS_CERTIFICATE"] = make_certificate(folder)
        all_got = {
            language: run(command.split(), language) for language, command in languages.items()
        }
    wrong = [
        f"{language}: {fault}"
        for language, got in all_got.items()
        for fault in faults(cases, language, got)
    ]
    if not writes:
        wrong += check_pages(cases)
    elif not wrong:
        wrong += write_pages(cases, all_got)
    print(matrix(cases, all_got))
    print(*wrong, sep="\n")
    passed = sum(why == "" for got in all_got.values() for why in got.values())
    print(f"{passed} passed, {len(wrong)} failed")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
