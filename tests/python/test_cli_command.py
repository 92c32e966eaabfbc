# SPDX-License-Identifier: MIT
"""The command line as a whole: words, exit codes, tables, completion."""

from __future__ import annotations

import io
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys

import pytest
from cli_run import GUARD, ask, run, spawn
from conftest import ROOT

import sspi_async
from sspi_async.cli import completion, main
from sspi_async.cli.command import COMMANDS, build_parser
from sspi_async.cli.report import Report, Table, plain, write

TABLE = Table(("name", "what"), [("one", "the first"), ("twenty", "the second")], "Numbers")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_module_and_script_are_one_program() -> None:
    """Wrong would be: an entry point that leads nowhere."""
    done = spawn("--version")
    assert (done.returncode, done.stdout) == (0, f"sspi-async {sspi_async.__version__}\n")
    assert '\nsspi-async = "sspi_async.cli:main"\n' in (ROOT / "pyproject.toml").read_text()


def test_help_names_every_command_and_exit_code() -> None:
    done = spawn("--help")
    assert done.returncode == 0
    for word in (*COMMANDS, "exit codes"):
        assert word in done.stdout


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["sing"],
        ["doctor", "--timeout", "0"],
        ["doctor", "--timeout", "soon"],
        ["bench", "--count", "-1"],
    ],
)
def test_wrong_words_are_exit_code_2(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        run(capsys, *words)
    assert caught.value.code == 2


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("localhost", "https://localhost/"),
        ("gopher://localhost/", "names no service"),
        ("http://alice:secret@localhost/", "--user"),
        ("http://localhost:port/", "cannot be read"),
        ("http:///page", "names no service"),
    ],
)
def test_what_cannot_be_probed_is_said(
    what: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, output, complaint = run(capsys, "probe", what)
    assert (code, output) == (2, "")
    assert said in complaint


def test_failure_is_json_too(capsys: pytest.CaptureFixture[str]) -> None:
    """Wrong would be: a program that asked for JSON and has to read a sentence."""
    code, data = ask(capsys, "decode", "nonsense!")
    assert code == 2
    assert data["code"] == 2
    assert "Base64" in data["error"]


def test_reader_who_has_enough_is_no_fault() -> None:
    """Wrong would be: a traceback in `sspi-async packages | head -1`."""
    end, other = os.pipe()
    os.close(end)
    with open(other, "wb") as closed:  # noqa: PTH123
        done = subprocess.run(
            [sys.executable, "-m", "sspi_async", "packages"],
            stdout=closed,
            stderr=subprocess.PIPE,
            timeout=GUARD,
            cwd="/",
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, b"")


def test_commands_of_the_page_are_understood(capsys: pytest.CaptureFixture[str]) -> None:
    """Wrong would be: a page of options that the program does not know."""
    page = (ROOT / "docs" / "command-line.md").read_text()
    lines = re.findall(r"^\$ (.*)", page, re.M)
    assert len(lines) == 7
    for line in lines:
        words = re.sub(r'^eval "\$\((.*)\)"$', r"\1", line).split(" | ")[0]
        assert build_parser().parse_args(shlex.split(words)[1:]).run, line
    for name in COMMANDS:
        with pytest.raises(SystemExit):
            main([name, "--help"])
    text = capsys.readouterr().out
    for option in set(re.findall(r"`(--[a-z-]+)", page)):
        assert option in text, option


# ---- Tables ----------------------------------------------------------------------------------


def test_plain_table_has_straight_columns() -> None:
    assert plain(TABLE).splitlines() == [
        "Numbers",
        "name    what",
        "one     the first",
        "twenty  the second",
    ]


def test_terminal_gets_the_same_words_by_rich() -> None:
    pytest.importorskip("rich")
    terminal = Terminal()
    write(Report(None, [TABLE, "The end."]), False, terminal)
    text = terminal.getvalue()
    for word in ("Numbers", "name", "twenty", "the second", "The end."):
        assert word in text
    assert text != plain(TABLE) + "\n\nThe end.\n"


def test_terminal_without_rich_gets_plain_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rich.console", None)
    monkeypatch.setitem(sys.modules, "rich", None)
    terminal = Terminal()
    write(Report(None, [TABLE]), False, terminal)
    assert terminal.getvalue() == plain(TABLE) + "\n"


@pytest.mark.parametrize("output", [io.StringIO, Terminal])
def test_terminal_is_told_nothing_by_a_server(output: type[io.StringIO]) -> None:
    """Wrong would be: a header field of a server that clears the screen, or sets the title."""
    made = output()
    write(Report(None, [Table(("a", "b"), [("x", "evil\x1b[2J\x07")])]), False, made)
    assert "evil" in made.getvalue()
    assert "\x1b[2J" not in made.getvalue()
    assert "\x07" not in made.getvalue()


# ---- Completion ------------------------------------------------------------------------------


def complete(*words: str) -> list[str]:
    """What bash offers for the last of these words."""
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("bash is not installed")
    script = completion.script(build_parser(), "bash")
    line = " ".join(f"'{word}'" for word in ("sspi-async", *words))
    done = subprocess.run(
        [bash, "--norc", "-c",
         f"{script}\nCOMP_WORDS=({line}); COMP_CWORD={len(words)}; _sspi_async\n"
         'printf "%s\\n" "${COMPREPLY[@]}"'],
        capture_output=True,
        text=True,
        timeout=GUARD,
        check=True,
    )  # fmt: skip
    return done.stdout.split()


def test_bash_completes_commands_options_and_choices() -> None:
    assert complete("d") == ["doctor", "decode"]
    assert complete("doctor", "--t") == ["--timeout"]
    assert complete("completion", "z") == ["zsh"]
    assert "--roots" in complete("probe", "--")


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_can_read_theirs(shell: str, tmp_path: pathlib.Path) -> None:
    script = tmp_path / "script"
    done = spawn("completion", shell)
    assert done.returncode == 0
    assert all(name in done.stdout for name in COMMANDS)
    script.write_text(done.stdout)
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed: only the words were looked at")
    read = subprocess.run([program, "-n", str(script)], timeout=GUARD, check=False)
    assert read.returncode == 0
