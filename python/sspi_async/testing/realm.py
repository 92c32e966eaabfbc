# SPDX-License-Identifier: MIT
"""A throw-away Kerberos realm on loopback: the `realm` script beside this file, for Python."""

from __future__ import annotations

import contextlib
import datetime
import itertools
import os
import pathlib
import re
import subprocess
from collections.abc import Iterator
from types import TracebackType
from typing import Callable

from .. import _krb5
from ..credential import Identity

_SCRIPT = pathlib.Path(__file__).with_name("realm")
_UNAVAILABLE = 77
_PASSWORD = "hunter-2-hunter"  # noqa: S105
_LONG_AGO = "1/1/2020"
_HOUR = datetime.timedelta(hours=1)


class RealmUnavailable(RuntimeError):
    """The programs of a KDC are not installed here; the message names them."""


def _seconds(time: float | datetime.timedelta) -> str:
    """Write a time as kinit reads it."""
    return f"{round(time.total_seconds() if isinstance(time, datetime.timedelta) else time)}s"


class Realm:
    """A realm with a KDC of its own, in a folder; nothing outside it is used.

    Starting it sets KRB5_CONFIG and KRB5_KDC_PROFILE of this process, stopping it puts them
    back. Users: alice (whose tickets are in `ccache`) and bob; services HTTP/localhost and
    host/localhost. What else there is, from `expired` to `trusted`, is made when it is first
    asked for.

    Attributes:
        folder: The folder.
        name: The realm's name.
        environment: What the script exports; see its first lines.
    """

    def __init__(self, folder: pathlib.Path, name: str = "SSPI.TEST") -> None:
        self.folder = folder
        self.name = name
        self.environment: dict[str, str] = {}
        self._former: dict[str, str | None] = {}
        self._made: dict[str, Identity] = {}
        self._trusted: Realm | None = None
        self._numbers = itertools.count(1)

    def start(self) -> Realm:
        """Start the KDC.

        Returns:
            This realm.

        Raises:
            RealmUnavailable: If the programs are not installed.
            RuntimeError: If it does not start.
        """
        self._start()
        for key in ("KRB5_CONFIG", "KRB5_KDC_PROFILE"):
            self._former[key] = os.environ.get(key)
            os.environ[key] = self.environment[key]
        return self

    def _start(self) -> None:
        self._script("start")
        for line in (self.folder / "env").read_text().splitlines():
            for key, value in re.findall(r"(\w+)='([^']*)'", line):
                self.environment[key] = value

    def stop(self) -> None:
        """Stop the KDC, and that of `trusted`; the folder stays."""
        if self._trusted is not None:
            self._trusted.stop()
            self._trusted = None
        self._made.clear()
        self._script("stop")
        for key, value in self._former.items():
            if value is None:
                os.environ.pop(key, None)
            else:
                os.environ[key] = value
        self._former.clear()

    @contextlib.contextmanager
    def frozen(self) -> Iterator[Realm]:
        """Let the KDC be silent for a block: `with realm.frozen():`.

        Yields:
            This realm.
        """
        self.freeze()
        try:
            yield self
        finally:
            self.thaw()

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

    def add_user(
        self,
        name: str,
        password: str = _PASSWORD,
        *,
        expired: bool = False,
        password_expired: bool = False,
        locked: bool = False,
    ) -> Identity:
        """Add a user.

        Args:
            name: The user's name, "carol".
            password: The password.
            expired: Whether the account has ended.
            password_expired: Whether the password is to be changed before it logs on.
            locked: Whether the KDC gives it no tickets.

        Returns:
            The identity of the user, by the password.
        """
        wants = [f"-expire {_LONG_AGO}"] * expired
        wants += [f"-pwexpire {_LONG_AGO}"] * password_expired
        wants += ["-allow_tix"] * locked
        self._kadmin(" ".join(["addprinc", *wants, f"-pw {password}", name]))
        return Identity(user=f"{name}@{self.name}", password=password)

    def kinit(
        self,
        user: str = "alice",
        lifetime: float | datetime.timedelta | None = None,
        *,
        password: str | None = None,
        starts_in: float | datetime.timedelta | None = None,
    ) -> Identity:
        """Get tickets for a user, in a cache of their own.

        Args:
            user: Which one: alice, bob, or one of `add_user`.
            lifetime: How long the ticket is good, in seconds or a timedelta; None: ten hours.
            password: The password; None: that of alice or bob, or the one of `add_user`.
            starts_in: When it begins to be good, likewise (a postdated ticket); None: now.

        Returns:
            The identity of the user, by the tickets; its `ccache` names the cache.

        Raises:
            RuntimeError: If the KDC gives none.
        """
        cache = self._new_cache()
        command = ["kinit", "-c", cache]
        if lifetime is not None:
            command += ["-l", _seconds(lifetime)]
        if starts_in is not None:
            command += ["-s", _seconds(starts_in)]
        known = self.environment.get(f"{user.upper()}_PASSWORD", _PASSWORD)
        done = subprocess.run(
            [*command, f"{user}@{self.name}"],
            env={**os.environ, **self.environment, "LC_ALL": "C"},
            input=f"{known if password is None else password}\n",
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"kinit {user}: {done.stderr.strip()}")
        return Identity(ccache=cache)

    @property
    def expired(self) -> Identity:
        """A user whose account has ended, by the password."""
        return self._once("expired", lambda: self.add_user("expired", expired=True))

    @property
    def password_expired(self) -> Identity:
        """A user whose password is to be changed first, by that password."""
        return self._once(
            "password_expired", lambda: self.add_user("password_expired", password_expired=True)
        )

    @property
    def locked(self) -> Identity:
        """A user to whom the KDC gives no tickets, by the password."""
        return self._once("locked", lambda: self.add_user("locked", locked=True))

    @property
    def expired_tickets(self) -> Identity:
        """Alice, by tickets that ended an hour ago."""
        return self._once("expired_tickets", self._past)

    @property
    def future_tickets(self) -> Identity:
        """Alice, by a postdated ticket, which is good from tomorrow on."""
        return self._once("future_tickets", lambda: self.kinit(starts_in=24 * _HOUR))

    @property
    def stale_keytab(self) -> str:
        """The name of a keytab with keys of HTTP/localhost that are no longer right."""
        return self.environment["STALE_KEYTAB"]

    @property
    def stale_server(self) -> Identity:
        """The identity of HTTP/localhost, by `stale_keytab`."""
        return Identity(keytab=self.stale_keytab)

    @property
    def trusted(self) -> Realm:
        """Another realm, OTHER.TEST, with a KDC of its own; each of the two trusts the other.

        Its service is HTTP@service.other.test, with the keytab `trusted.keytab`. It ends with
        this realm.
        """
        if self._trusted is None:
            other = Realm(self.folder / "trusted", "OTHER.TEST")
            other._start()
            try:
                self._trust(other, "other.test")
            except BaseException:
                other.stop()
                raise
            self._trusted = other
        return self._trusted

    def _trust(self, other: Realm, domain: str) -> None:
        """Share a key with another realm, and have clients of this one find it."""
        for realm in (self, other):
            for one, two in ((self.name, other.name), (other.name, self.name)):
                realm._kadmin(f"addprinc -requires_preauth -pw {_PASSWORD} krbtgt/{one}@{two}")
        service = other.add_principal(f"HTTP/service.{domain}")
        other.write_keytab(pathlib.Path(other.keytab.partition(":")[2]), service)
        for realm, peer in ((self, other), (other, self)):
            with pathlib.Path(realm.environment["KRB5_CONFIG"]).open("a") as file:
                file.write(
                    f"[realms]\n    {peer.name} = {{\n"
                    f"        kdc = 127.0.0.1:{peer.environment['KDC_PORT']}\n    }}\n"
                    f"[domain_realm]\n    .{domain} = {other.name}\n"
                )

    def _once(self, name: str, make: Callable[[], Identity]) -> Identity:
        if name not in self._made:
            self._made[name] = make()
        return self._made[name]

    def _past(self) -> Identity:
        cache = self._new_cache()
        now = datetime.datetime.now(datetime.timezone.utc)
        with _krb5.Krb5() as krb5:
            krb5.copy_tickets(self.ccache, cache, now - 2 * _HOUR, now - _HOUR)
        return Identity(ccache=cache)

    def _new_cache(self) -> str:
        return f"FILE:{self.folder}/ccache.{next(self._numbers)}"

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
                env={**os.environ, "REALM_NAME": self.name},
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
