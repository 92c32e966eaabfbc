# SPDX-License-Identifier: MIT
"""The command line: `sspi-async`, or `python -m sspi_async`. One command a file."""

from .command import main

__all__ = ["main"]
