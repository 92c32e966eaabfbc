# SPDX-License-Identifier: MIT
"""Identities and credentials."""

from __future__ import annotations

import dataclasses
from types import TracebackType
from typing import TYPE_CHECKING, Callable

from . import _native
from .call import Call
from .error import check, need_text
from .flags import CredentialUse
from .place import place

if TYPE_CHECKING:
    import datetime

_MANUAL_CRED_VALIDATION = 0x8
_CONSTRAINED = 0x1
_NEVER = 0x7FFFFFFFFFFFFFFF


def moment(seconds: int) -> datetime.datetime | None:
    """Turn seconds since 1970 UTC into an aware datetime; None: never."""
    if seconds >= _NEVER:
        return None
    import datetime

    try:
        return datetime.datetime.fromtimestamp(seconds, tz=datetime.timezone.utc)
    except (OverflowError, ValueError, OSError):
        return None


@dataclasses.dataclass(frozen=True)
class Identity:
    """Where a credential comes from; what is None is left to the system's configuration.

    Attributes:
        user: The user to log on, "alice" or "alice@EXAMPLE.ORG".
        domain: The user's domain or realm.
        password: The user's password.
        packages: What Negotiate may choose from: "Kerberos", or "!ntlm" for all but that.
        ccache: Kerberos tickets of a client: "FILE:/tmp/krb5cc_1000".
        keytab: Kerberos keys of a server: "FILE:/etc/http.keytab".
        client_keytab: Kerberos keys that a client gets its tickets with.
        replay_cache: Kerberos replay cache of a server: "none:", "dfl:", "file2:/path".
        ntlm_user_file: A file with lines DOMAIN:user:password, for an NTLM server.
        impersonate: The user for whom a service acts, "bob@EXAMPLE.ORG"; the other members say
            who the service is (Kerberos, S4U2Self and S4U2Proxy).
        constrained_delegation: With `CredentialUse.BOTH`: every context that is accepted has
            `SecurityContext.delegated`, for what the KDC lets this service reach as its client
            (Kerberos, S4U2Proxy).
    """

    user: str | None = None
    domain: str | None = None
    password: str | None = dataclasses.field(default=None, repr=False)
    packages: str | None = None
    ccache: str | None = None
    keytab: str | None = None
    client_keytab: str | None = None
    replay_cache: str | None = None
    ntlm_user_file: str | None = None
    impersonate: str | None = None
    constrained_delegation: bool = False

    def _pack(self) -> bytes | None:
        pairs = []
        if self.constrained_delegation:
            pairs.append(f"delegation\0{_CONSTRAINED}\0")
        for field in dataclasses.fields(self):
            if field.name == "constrained_delegation":
                continue
            value = need_text(field.name, getattr(self, field.name))
            if value is not None:
                pairs.append(f"{field.name}\0{value}\0")
        return "".join(pairs).encode() if pairs else None


@dataclasses.dataclass(frozen=True)
class TlsIdentity:
    """Certificates for the package Schannel; what is None is left to the system.

    Attributes:
        certificate: A PEM or PKCS#12 file: the certificate and its chain. Servers need one.
        key: The file of its private key, if that is another one.
        key_password: The password of the key.
        roots: A PEM file of the roots to trust; None: the system's.
        verify: False: nobody looks at the peer's certificate.
    """

    certificate: str | None = None
    key: str | None = None
    key_password: str | None = dataclasses.field(default=None, repr=False)
    roots: str | None = None
    verify: bool = True

    def _pack(self) -> bytes | None:
        pairs = [f"tls_flags\0{0 if self.verify else _MANUAL_CRED_VALIDATION}\0"]
        for name in ("certificate", "key", "key_password", "roots"):
            value = need_text(name, getattr(self, name))
            if value is not None:
                pairs.append(f"{name}\0{value}\0")
        return "".join(pairs).encode()


class Credential:
    """A credential of a package; made by `Credential.acquire`.

    A context manager of both kinds: leaving the block frees it. Contexts keep the credential
    alive for themselves. One that is left to the garbage collector is freed by it.

    Attributes:
        package: The package that was asked for.
        use: What it is for.
        expiry: Until when it is good; None: for ever, or not known.
    """

    def __init__(self, handle: int, package: str, use: CredentialUse, expiry: int) -> None:
        self._handle = handle
        self.package = package
        self.use = use
        self.expiry = moment(expiry)

    def __repr__(self) -> str:
        return f"<sspi_async.Credential {self.package} {self.use!s}>"

    @classmethod
    def acquire(
        cls,
        package: str = "Negotiate",
        use: CredentialUse = CredentialUse.OUTBOUND,
        *,
        principal: str | None = None,
        identity: Identity | TlsIdentity | None = None,
        callback: Callable[[Call[Credential]], object] | None = None,
    ) -> Call[Credential]:
        """Get a credential.

        Contacts no server. With a password, Kerberos asks the KDC on the first step of a
        context; missing tickets and keys show there, too.

        Args:
            package: The package.
            use: For clients (OUTBOUND), servers (INBOUND) or both.
            principal: Which identity of those that are there; None: the default one.
            identity: Where the credential comes from; None: the process's own.
            callback: Called when it is done.

        Returns:
            A call that yields the credential.

        Raises:
            SspiError: If it could not be queued. The call itself may fail with
                `PackageNotFound`, `NoCredentials` (an NTLM user file that is not there) and
                others.
        """
        need_text("the package", package)
        need_text("the principal", principal)
        packed = identity._pack() if identity is not None else None

        def finish(handle: int, expiry: int) -> Credential:
            return cls(handle, package, use, expiry)

        return place.acquire(package, principal, int(use), packed, finish, callback)

    @property
    def name(self) -> str:
        """The name of the principal."""
        status, text = _native.credential_name(self._handle)
        check(status)
        return text or ""

    def free(self, *, callback: Callable[[Call[None]], object] | None = None) -> Call[None]:
        """Free the credential; it cannot be used any more when this returns.

        Args:
            callback: Called when it is done.

        Returns:
            A call; `InvalidHandle` if it was freed before.
        """
        return place.end_credential(self._handle, callback)

    def free_nowait(self) -> None:
        """Free the credential and be told nothing."""
        _native.free_credential_now(self._handle)

    def __enter__(self) -> Credential:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.free_nowait()

    async def __aenter__(self) -> Credential:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.free_nowait()

    def __del__(self, free: Callable[[int], int] = _native.free_credential_now) -> None:
        handle = getattr(self, "_handle", 0)
        if handle != 0:
            free(handle)
