# SPDX-License-Identifier: MIT
"""The command line as a whole: what there is, and which function does it."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from typing import cast

from .. import __version__
from ..error import DeadlineExceeded, SspiError
from .report import FAILED, OK, TIME_RAN_OUT, Failure, Report, complain, write

PROGRAM = "sspi-async"
_EXIT_CODES = """\
exit codes:
  0  all is well
  1  something is wrong: a check failed, or the peer refused
  2  the command line is wrong
  3  an answer did not come in time
  4  something that the command needs is not installed
"""

# In the order of help. A module of that name has `HELP`, `add_arguments` and `run`.
COMMANDS = ("packages", "doctor", "whoami", "probe", "decode", "bench", "completion")


def build_parser() -> argparse.ArgumentParser:
    """Make the parser of the command line.

    Returns:
        The parser.
    """
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Kerberos, NTLM, Negotiate, TLS: what works here, and what services offer.",
        epilog=_EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name in COMMANDS:
        module = importlib.import_module(f".{name}", __package__)
        command = commands.add_parser(name, help=module.HELP, description=module.__doc__)
        command.add_argument(
            "--json", action="store_true", help="write JSON, for programs to read"
        )
        module.add_arguments(command)
        command.set_defaults(run=module.run, parser=parser)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: Its words; None: those of the process.

    Returns:
        What the process is to end with.
    """
    chosen = build_parser().parse_args(arguments)
    try:
        report = chosen.run(chosen)
        write(report, chosen.json, sys.stdout)
        return cast(int, report.code)
    except Failure as error:
        return _fail(chosen, str(error), error.code)
    except SspiError as error:
        code = TIME_RAN_OUT if isinstance(error, DeadlineExceeded) else FAILED
        return _fail(chosen, error.message, code)
    except BrokenPipeError:
        # Whoever read us has had enough; the interpreter would complain when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except KeyboardInterrupt:
        return 130


def _fail(chosen: argparse.Namespace, message: str, code: int) -> int:
    complain(message)
    if chosen.json:
        write(Report({"error": message, "code": code}, ()), True, sys.stdout)
    return code
