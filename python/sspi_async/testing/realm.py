# SPDX-License-Identifier: MIT
"""A throw-away Kerberos realm on loopback: the `realm` script beside this file, for Python."""

from __future__ import annotations

import os
import pathlib
import re
import subprocess
from types import TracebackType

from ..credential import Identity

_SCRIPT = pathlib.Path(__file__).with_name("realm")
_UNAVAILABLE = 77


class RealmUnavailable(RuntimeError):
    """The programs of a KDC are not installed here; the message names them."""


class Realm:
    """A realm with a KDC of its own, in a folder; nothing outside it is used.

    Starting it sets KRB5_CONFIG and KRB5_KDC_PROFILE of this process, stopping it puts them
    back. Users: alice (whose tickets are in `ccache`) and bob; services HTTP/localhost and
    host/localhost.

    Attributes:
        folder: The folder.
        name: The realm's name.
        environment: What the script exports; see its first lines.
    """

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.name = ""
        self.environment: dict[str, str] = {}
        self._former: dict[str, str | None] = {}

    def start(self) -> Realm:
        """Start the KDC.

        Returns:
            This realm.

        Raises:
            RealmUnavailable: If the programs are not installed.
            RuntimeError: If it does not start.
        """
        self._script("start")
        for line in (self.folder / "env").read_text().splitlines():
            for key, value in re.findall(r"(\w+)='([^']*)'", line):
                self.environment[key] = value
        self.name = self.environment["REALM"]
        for key in ("KRB5_CONFIG", "KRB5_KDC_PROFILE"):
            self._former[key] = os.environ.get(key)
            os.environ[key] = self.environment[key]
        return self

    def stop(self) -> None:
        """Stop the KDC; the folder stays."""
        self._script("stop")
        for key, value in self._former.items():
            if value is None:
                os.environ.pop(key, None)
            else:
                os.environ[key] = value
        self._former.clear()

    def freeze(self) -> None:
        """Let the KDC fall silent: it takes connections and answers nothing."""
        self._script("freeze")

    def thaw(self) -> None:
        """Let the KDC answer again."""
        self._script("thaw")

    def add_principal(self, name: str, password: str | None = None) -> str:
        """Add a principal.

        Args:
            name: Its name, "carol" or "ldap/host".
            password: Its password; None: random keys.

        Returns:
            The full name.
        """
        secret = f"-pw {password}" if password is not None else "-randkey"
        self._kadmin(f"addprinc {secret} {name}")
        return f"{name}@{self.name}"

    def write_keytab(self, path: pathlib.Path, *principals: str) -> str:
        """Write the present keys of principals into a keytab.

        Args:
            path: The file; keys are added to what it holds.
            principals: Their names.

        Returns:
            The keytab's name, "FILE:...".
        """
        for principal in principals:
            self._kadmin(f"ktadd -k {path} -norandkey {principal}")
        return f"FILE:{path}"

    @property
    def ccache(self) -> str:
        """The name of a ccache with tickets of alice."""
        return self.environment["CCACHE"]

    @property
    def keytab(self) -> str:
        """The name of the services' keytab."""
        return self.environment["KEYTAB"]

    @property
    def client(self) -> Identity:
        """The identity of alice, by her tickets."""
        return Identity(ccache=self.ccache)

    @property
    def server(self) -> Identity:
        """The identity of the services, by their keys."""
        return Identity(keytab=self.keytab)

    def password_of(self, user: str) -> str:
        """Return the password of alice or bob.

        Args:
            user: Which one.

        Returns:
            The password.
        """
        return self.environment[f"{user.upper()}_PASSWORD"]

    def _script(self, command: str) -> None:
        # Its output goes into a file: the KDC inherits the descriptors, and a pipe would
        # stay open as long as it runs.
        log = self.folder.with_suffix(".log")
        with log.open("wb") as output:
            done = subprocess.run(
                ["/bin/sh", str(_SCRIPT), command, str(self.folder)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=120,
                check=False,
            )
        if done.returncode == _UNAVAILABLE:
            raise RealmUnavailable(log.read_text().strip())
        if done.returncode != 0:
            raise RuntimeError(f"realm {command}: {log.read_text().strip()}")

    def _kadmin(self, query: str) -> None:
        path = os.pathsep.join(
            [os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin", "/sbin"]
        )
        done = subprocess.run(
            ["kadmin.local", "-r", self.name, "-q", query],
            env={**os.environ, "PATH": path, **self.environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        # kadmin.local ends with 0 whatever happens.
        if done.returncode != 0 or re.search(r" while |does not exist", done.stderr):
            raise RuntimeError(f"kadmin {query.split()[0]}: {done.stderr.strip()}")

    def __enter__(self) -> Realm:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()
