# SPDX-License-Identifier: MIT
"""What a probe has found, whatever the protocol."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from .handshake import Handshake
from .report import FAILED, OK, TIME_RAN_OUT, Report, Table, folded
from .stream import Stream
from .tls import Tls


class Finding:
    """What a probe has found.

    Attributes:
        name: What was probed.
        tls: What TLS has told.
        handshake: How the handshake went.
        last: What the service last said.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.tls: Tls | None = None
        self.handshake: Handshake | None = None
        self.last = ""
        self._facts: list[tuple[str, str]] = []
        self._after: list[tuple[str, str]] = []
        self._offers: dict[str, list[str]] = {}
        self._advice: list[str] = []
        self._failures: list[str] = []

    @property
    def endpoint_bindings(self) -> bytes | None:
        """The channel bindings of TLS that services expect."""
        return self.tls.bindings.get("tls-server-end-point") if self.tls is not None else None

    def connected(self, stream: Stream) -> None:
        """Note the connection."""
        self._facts.append(("connected", f"{stream.name} in {stream.connecting:.1f} ms"))

    def fact(self, name: str, text: str) -> None:
        """Note what the service tells of itself."""
        self._facts.append((name, text))

    def after(self, name: str, text: str) -> None:
        """Note what came of the handshake."""
        self._after.append((name, text))

    def offers(self, what: str, names: Sequence[str]) -> None:
        """Note what the service offers."""
        self._offers[what] = list(names)

    def advise(self, text: str) -> None:
        """Say what to do next."""
        self._advice.append(text)

    def fail(self, text: str) -> None:
        """Note that something is wrong, and what to do next."""
        self._failures.append(text)

    def may_log_on(self, arguments: argparse.Namespace) -> bool:
        """Tell whether to make the handshake; says why if not."""
        if arguments.no_logon:
            return False
        if self.tls is not None and self.tls.fault and not arguments.insecure:
            self._advice.append(
                "There is no logon without a trusted certificate: see --insecure."
            )
            return False
        return True

    def report(self) -> Report:
        """Return it all."""
        failures = list(self._failures)
        if self.tls is not None and self.tls.fault:
            failures.insert(
                0,
                f"The certificate is not trusted: {self.tls.fault.rstrip('.')}. If it is "
                "right, give its root by --roots FILE.",
            )
        if self.handshake is not None and self.handshake.failure:
            failures.append(self.handshake.failure)
        facts = list(self._facts)
        if self.tls is not None:
            facts += self.tls.facts()
        facts += [(f"offered by {what}", ", ".join(names) or "nothing")
                  for what, names in self._offers.items()]  # fmt: skip
        shown: list[Table | str] = [Table((), facts, self.name)] if facts else []
        if self.handshake is not None:
            shown += self.handshake.shown()
        if self._after:
            shown.append(Table((), self._after))
        shown += [folded(text) for text in [*failures, *self._advice]]
        timed_out = self.handshake is not None and self.handshake.timed_out
        code = TIME_RAN_OUT if timed_out else FAILED if failures else OK
        return Report(self._data(failures), shown, code)

    def _data(self, failures: list[str]) -> dict[str, object]:
        return {
            "probed": self.name,
            "facts": dict(self._facts),
            "offers": self._offers,
            "tls": self.tls.data() if self.tls is not None else None,
            "handshake": self.handshake.data() if self.handshake is not None else None,
            "afterwards": dict(self._after),
            "failures": failures,
            "advice": self._advice,
        }
