# SPDX-License-Identifier: MIT
"""Print what a shell needs to complete the words of this command line.

bash: eval "$(sspi-async completion bash)". zsh: the same with zsh, after compinit. fish:
sspi-async completion fish | source.
"""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Iterator

from .report import Report

HELP = "completion for bash, zsh or fish"
_SHELLS = ("bash", "zsh", "fish")

_BASH = """\
_sspi_async() {{
    local word=${{COMP_WORDS[COMP_CWORD]}} words
    case ${{COMP_WORDS[1]-}} in
{cases}
    *) words={first} ;;
    esac
    [ "$COMP_CWORD" -gt 1 ] || words={first}
    COMPREPLY=($(compgen -W "$words" -- "$word"))
}}
complete -o default -F _sspi_async {program}
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command.

    Args:
        parser: Where to.
    """
    parser.add_argument("shell", choices=_SHELLS)


def run(arguments: argparse.Namespace) -> Report:
    """Print the commands for a shell.

    Args:
        arguments: The command line.

    Returns:
        The commands, as they are.
    """
    text = script(arguments.parser, arguments.shell)
    return Report(text, [text.rstrip("\n")])


def script(parser: argparse.ArgumentParser, shell: str) -> str:
    """Write the commands for a shell.

    Args:
        parser: The whole command line.
        shell: "bash", "zsh" or "fish".

    Returns:
        The commands.
    """
    commands = dict(_commands(parser))
    if shell == "fish":
        return _fish(parser, commands)
    text = _BASH.format(
        cases="\n".join(
            f"    {name}) words={shlex.quote(' '.join(_words(command)))} ;;"
            for name, command in commands.items()
        ),
        first=shlex.quote(" ".join([*commands, *_words(parser)])),
        program=parser.prog,
    )
    return f"autoload -U +X bashcompinit && bashcompinit\n{text}" if shell == "zsh" else text


def _fish(parser: argparse.ArgumentParser, commands: dict[str, argparse.ArgumentParser]) -> str:
    lines = []
    for name, command in commands.items():
        about = shlex.quote(command.description.splitlines()[0] if command.description else "")
        lines.append(
            f"complete -c {parser.prog} -f -n __fish_use_subcommand -a {name} -d {about}"
        )
        for word in _words(command):
            seen = f"-n '__fish_seen_subcommand_from {name}'"
            kind = f"-l {word[2:]}" if word.startswith("--") else f"-f -a {word}"
            lines.append(f"complete -c {parser.prog} {seen} {kind}")
    return "\n".join(lines) + "\n"


def _commands(
    parser: argparse.ArgumentParser,
) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield from action.choices.items()


def _words(parser: argparse.ArgumentParser) -> list[str]:
    """The long options of a command, and the words that it can choose from."""
    words = []
    for action in parser._actions:
        words += [option for option in action.option_strings if option.startswith("--")]
        if action.choices and not isinstance(action, argparse._SubParsersAction):
            words += [str(choice) for choice in action.choices]
    return words
