# SPDX-License-Identifier: MIT
"""What libkrb5 knows of this machine: its configuration, caches and keys, asked by ctypes.

Nothing here reads a file of Kerberos by itself: what libkrb5 makes of it is what counts. Only
`Krb5.default_realm` may ask the DNS, where krb5.conf says so (dns_lookup_realm).
"""

from __future__ import annotations

import ctypes
import dataclasses
import datetime
from ctypes import POINTER, byref, c_char_p, c_int, c_int32, c_uint, c_uint32, c_void_p
from types import TracebackType
from typing import Any

_LIBRARY = "libkrb5.so.3"
_STEP_CONTINUE = 1
_TICKET_GRANTING = "krbtgt/"


class Krb5Error(RuntimeError):
    """libkrb5 refused; the message is its own."""


class _Data(ctypes.Structure):
    _fields_ = [("magic", c_int32), ("length", c_uint), ("data", c_void_p)]


class _Keyblock(ctypes.Structure):
    _fields_ = [
        ("magic", c_int32),
        ("enctype", c_int32),
        ("length", c_uint),
        ("contents", c_void_p),
    ]


class _Times(ctypes.Structure):
    """They are unsigned since 2038 came near."""

    _fields_ = [
        ("authtime", c_uint32),
        ("starttime", c_uint32),
        ("endtime", c_uint32),
        ("renew_till", c_uint32),
    ]


class _Creds(ctypes.Structure):
    _fields_ = [
        ("magic", c_int32),
        ("client", c_void_p),
        ("server", c_void_p),
        ("keyblock", _Keyblock),
        ("times", _Times),
        ("is_skey", c_uint),
        ("ticket_flags", c_int32),
        ("addresses", c_void_p),
        ("ticket", _Data),
        ("second_ticket", _Data),
        ("authdata", c_void_p),
    ]


class _KeytabEntry(ctypes.Structure):
    _fields_ = [
        ("magic", c_int32),
        ("principal", c_void_p),
        ("timestamp", c_uint32),
        ("vno", c_uint),
        ("key", _Keyblock),
    ]


class _Error(ctypes.Structure):
    _fields_ = [
        ("magic", c_int32),
        ("ctime", c_uint32),
        ("cusec", c_int32),
        ("susec", c_int32),
        ("stime", c_uint32),
        ("error", c_uint32),
        ("client", c_void_p),
        ("server", c_void_p),
        ("text", _Data),
        ("e_data", _Data),
    ]


@dataclasses.dataclass(frozen=True)
class Ticket:
    """A ticket of a cache, with its times in UTC."""

    server: str
    start: datetime.datetime
    end: datetime.datetime

    @property
    def grants_tickets(self) -> bool:
        """Whether other tickets can be had with it."""
        return self.server.startswith(_TICKET_GRANTING)


@dataclasses.dataclass(frozen=True)
class Cache:
    """A credential cache; `principal` is None where there is none of that name."""

    name: str
    principal: str | None
    tickets: tuple[Ticket, ...]


@dataclasses.dataclass(frozen=True)
class Key:
    """A key of a keytab."""

    principal: str
    version: int
    enctype: str


def _moment(seconds: int) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(seconds, tz=datetime.timezone.utc)


class Krb5:
    """A context of libkrb5; a context manager."""

    def __init__(self) -> None:
        """Read the configuration.

        Raises:
            Krb5Error: If there is no libkrb5, or it cannot read its configuration.
        """
        try:
            self._library = ctypes.CDLL(_LIBRARY)
        except OSError as error:
            raise Krb5Error(str(error)) from None
        self._context = c_void_p()
        code = self._call("krb5_init_context", byref(self._context), bare=True)
        if code:
            raise Krb5Error(self._message(code))

    def close(self) -> None:
        """Free the context."""
        if self._context:
            self._library.krb5_free_context(self._context)
            self._context = c_void_p()

    def __enter__(self) -> Krb5:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    # ---- The configuration -------------------------------------------------------------------

    def files(self) -> list[str]:
        """Return the configuration files that libkrb5 looks for."""
        names = POINTER(c_char_p)()
        self._check(self._library.krb5_get_default_config_files(byref(names)))
        try:
            return _texts(names)
        finally:
            self._library.krb5_free_config_files(names)

    def default_realm(self) -> str:
        """Return the default realm.

        Raises:
            Krb5Error: If there is none.
        """
        name = c_void_p()
        self._check(self._call("krb5_get_default_realm", byref(name)))
        try:
            return ctypes.string_at(name.value or 0).decode()
        finally:
            self._call("krb5_free_default_realm", name)

    def values(self, *names: str) -> list[str]:
        """Return the values of a relation, `values("realms", "EXAMPLE.ORG", "kdc")`."""
        profile = c_void_p()
        self._check(self._call("krb5_get_profile", byref(profile)))
        try:
            wanted = (c_char_p * (len(names) + 1))(*(name.encode() for name in names), None)
            found = POINTER(c_char_p)()
            if self._library.profile_get_values(profile, wanted, byref(found)):
                return []  # there is no such relation
            try:
                return _texts(found)
            finally:
                self._library.profile_free_list(found)
        finally:
            self._library.profile_release(profile)

    # ---- Credential caches -------------------------------------------------------------------

    def default_cache(self) -> Cache:
        """Return the default cache, and what is in it."""
        cache = c_void_p()
        self._check(self._call("krb5_cc_default", byref(cache)))
        return self._describe(cache)

    def caches(self) -> list[Cache]:
        """Return the caches of the collection; those without a principal are left out."""
        cursor = c_void_p()
        self._check(self._call("krb5_cccol_cursor_new", byref(cursor)))
        found: list[Cache] = []
        try:
            while True:
                cache = c_void_p()
                self._check(self._call("krb5_cccol_cursor_next", cursor, byref(cache)))
                if not cache:
                    return found
                described = self._describe(cache)
                if described.principal is not None:
                    found.append(described)
        finally:
            self._call("krb5_cccol_cursor_free", byref(cursor))

    def copy_tickets(
        self, source: str, target: str, start: datetime.datetime, end: datetime.datetime
    ) -> None:
        """Write a cache with the tickets of another one, and other times.

        The tickets themselves are sealed by the KDC and keep theirs; who reads the cache goes
        by what is written here.
        """
        with _Handle(self, "krb5_cc_resolve", source) as former:
            principal = c_void_p()
            self._check(self._call("krb5_cc_get_principal", former, byref(principal)))
            try:
                with _Handle(self, "krb5_cc_resolve", target) as made:
                    self._check(self._call("krb5_cc_initialize", made, principal))
                    for creds in self._creds(former):
                        creds.times.starttime = int(start.timestamp())
                        creds.times.endtime = int(end.timestamp())
                        self._check(self._call("krb5_cc_store_cred", made, byref(creds)))
            finally:
                self._call("krb5_free_principal", principal)

    def _describe(self, cache: c_void_p) -> Cache:
        try:
            text = c_void_p()
            self._check(self._call("krb5_cc_get_full_name", cache, byref(text)))
            name = ctypes.string_at(text.value or 0).decode()
            self._call("krb5_free_string", text)
            principal = c_void_p()
            if self._call("krb5_cc_get_principal", cache, byref(principal)):
                return Cache(name, None, ())
            owner = self._name(principal)
            self._call("krb5_free_principal", principal)
            tickets = []
            for creds in self._creds(cache):
                server = self._name(c_void_p(creds.server))
                if "X-CACHECONF:" in server:
                    continue  # settings, which are kept as if they were tickets
                start = creds.times.starttime or creds.times.authtime
                tickets.append(Ticket(server, _moment(start), _moment(creds.times.endtime)))
            return Cache(name, owner, tuple(tickets))
        finally:
            self._call("krb5_cc_close", cache)

    def _creds(self, cache: c_void_p) -> Any:
        cursor = c_void_p()
        self._check(self._call("krb5_cc_start_seq_get", cache, byref(cursor)))
        try:
            creds = _Creds()
            while not self._call("krb5_cc_next_cred", cache, byref(cursor), byref(creds)):
                try:
                    yield creds
                finally:
                    self._call("krb5_free_cred_contents", byref(creds))
        finally:
            self._call("krb5_cc_end_seq_get", cache, byref(cursor))

    # ---- Keytabs -----------------------------------------------------------------------------

    def default_keytab(self) -> str:
        """Return the name of the default keytab."""
        text = ctypes.create_string_buffer(4096)
        self._check(self._call("krb5_kt_default_name", text, c_int(len(text))))
        return text.value.decode()

    def keys(self, keytab: str) -> list[Key]:
        """Return the keys of a keytab.

        Raises:
            Krb5Error: If it is not there, or cannot be read.
        """
        found = []
        with _Handle(self, "krb5_kt_resolve", keytab, "krb5_kt_close") as table:
            cursor = c_void_p()
            self._check(self._call("krb5_kt_start_seq_get", table, byref(cursor)))
            entry = _KeytabEntry()
            while not self._call("krb5_kt_next_entry", table, byref(entry), byref(cursor)):
                enctype = ctypes.create_string_buffer(100)
                self._library.krb5_enctype_to_name(
                    entry.key.enctype, c_uint(0), enctype, ctypes.c_size_t(len(enctype))
                )
                name = self._name(c_void_p(entry.principal))
                found.append(Key(name, entry.vno, enctype.value.decode()))
                self._call("krb5_free_keytab_entry_contents", byref(entry))
            self._call("krb5_kt_end_seq_get", table, byref(cursor))
        return found

    # ---- What goes to a KDC ------------------------------------------------------------------

    def request(self, principal: str) -> bytes:
        """Return the request that a KDC answers to whoever asks (AS-REQ), for a principal."""
        client = c_void_p()
        self._check(self._call("krb5_parse_name", principal.encode(), byref(client)))
        wanted = c_void_p()
        try:
            self._check(
                self._call(
                    "krb5_init_creds_init", client, None, None, c_int32(0), None, byref(wanted)
                )
            )
            nothing, request, realm, flags = _Data(), _Data(), _Data(), c_uint()
            self._check(
                self._call(
                    "krb5_init_creds_step",
                    wanted,
                    byref(nothing),
                    byref(request),
                    byref(realm),
                    byref(flags),
                )
            )
            try:
                return ctypes.string_at(request.data, request.length)
            finally:
                self._call("krb5_free_data_contents", byref(request))
                self._call("krb5_free_data_contents", byref(realm))
        finally:
            if wanted:
                self._call("krb5_init_creds_free", wanted)
            self._call("krb5_free_principal", client)

    def time_of_error(self, reply: bytes) -> float | None:
        """Return the KDC's time, which is in a reply if that is an error; None if it is not.

        Args:
            reply: What a KDC has answered to `request`.
        """
        text = ctypes.create_string_buffer(reply, len(reply))
        data = _Data(0, len(reply), ctypes.cast(text, c_void_p).value)
        error = POINTER(_Error)()
        if self._call("krb5_rd_error", byref(data), byref(error)):
            return None
        try:
            return float(error.contents.stime + error.contents.susec / 1e6)
        finally:
            self._call("krb5_free_error", error)

    # ---- ctypes ------------------------------------------------------------------------------

    def _call(self, name: str, *arguments: Any, bare: bool = False) -> int:
        if bare:
            return int(getattr(self._library, name)(*arguments))
        return int(getattr(self._library, name)(self._context, *arguments))

    def _check(self, code: int) -> None:
        if code:
            raise Krb5Error(self._message(code))

    def _message(self, code: int) -> str:
        get = self._library.krb5_get_error_message
        get.restype = c_void_p
        text = get(self._context, c_int32(code))
        message = ctypes.string_at(text).decode(errors="replace")
        self._library.krb5_free_error_message(self._context, c_void_p(text))
        return message

    def _name(self, principal: c_void_p) -> str:
        text = c_void_p()
        self._check(self._call("krb5_unparse_name", principal, byref(text)))
        try:
            return ctypes.string_at(text.value or 0).decode(errors="replace")
        finally:
            self._call("krb5_free_unparsed_name", text)


class _Handle:
    """A cache or keytab that is open."""

    def __init__(
        self, krb5: Krb5, resolve: str, name: str, close: str = "krb5_cc_close"
    ) -> None:
        self._krb5 = krb5
        self._close = close
        self._handle = c_void_p()
        krb5._check(krb5._call(resolve, name.encode(), byref(self._handle)))

    def __enter__(self) -> c_void_p:
        return self._handle

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._krb5._call(self._close, self._handle)


def _texts(names: Any) -> list[str]:
    found = []
    for name in names:
        if name is None:
            break
        found.append(name.decode(errors="replace"))
    return found
