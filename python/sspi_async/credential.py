# SPDX-License-Identifier: MIT
"""Identities and credentials."""

from __future__ import annotations

import dataclasses
import os
import warnings
from collections.abc import Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Callable

from . import _native, trace
from .argument import Path, need_path, need_text, need_type
from .call import Call
from .error import InvalidParameter, NoCredentials, check
from .flags import CredentialUse
from .place import place
from .status import Status
from .verifier import Function, Verifier

if TYPE_CHECKING:
    import datetime

_MANUAL_CRED_VALIDATION = 0x8
_CONSTRAINED = 0x1
_FILES = (
    "ccache",
    "keytab",
    "client_keytab",
    "armor_cache",
    "ntlm_user_file",
    "ntlm_helper",
)
_TEXTS = ("user", "domain", "password", "packages", "replay_cache", "impersonate")
_TLS_FILES = ("certificate", "key", "roots")
_SCHANNEL = ("schannel", "microsoft unified security protocol provider")
_OTHERS = ("kerberos", "ntlm", "negotiate")
_NEVER = -1


def moment(seconds: int) -> datetime.datetime | None:
    """Turn seconds since 1970 UTC into an aware datetime; None: never."""
    if seconds == _NEVER:
        return None
    import datetime

    try:
        return datetime.datetime.fromtimestamp(seconds, tz=datetime.timezone.utc)
    except (OverflowError, ValueError, OSError):
        return None


def _check_fields(identity: Identity | TlsIdentity, names: Iterable[str]) -> None:
    """Refuse fields of the wrong type, by their names."""
    for name in names:
        need = need_path if name in _FILES or name in _TLS_FILES else need_text
        need(name, getattr(identity, name))


def _describe(identity: Identity | TlsIdentity) -> str:
    """Write an identity as it was made: the fields that were given, and no secret."""
    fields = (
        f"{field.name}={getattr(identity, field.name)!r}"
        for field in dataclasses.fields(identity)
        if field.repr and getattr(identity, field.name) != field.default
    )
    return f"{type(identity).__name__}({', '.join(fields)})"


@dataclasses.dataclass(frozen=True, repr=False)
class Identity:
    """Where a credential comes from; what is None is left to the system's configuration.

    For Kerberos, NTLM and Negotiate; TLS (Schannel) takes a `TlsIdentity`. Files may be
    `os.PathLike`.

    Attributes:
        user: The user to log on, "alice" or "alice@EXAMPLE.ORG".
        domain: The user's domain or realm.
        password: The user's password.
        packages: What Negotiate may choose from: "Kerberos", or "!ntlm" for all but that.
        ccache: Kerberos tickets of a client: "FILE:/tmp/krb5cc_1000".
        keytab: Kerberos keys of a server: "FILE:/etc/http.keytab".
        client_keytab: Kerberos keys that a client gets its tickets with.
        replay_cache: Kerberos replay cache of a server: "none:", "dfl:", "file2:/path".
        armor_cache: Kerberos tickets, a machine's as a rule, that encrypt the requests which a
            client makes with its password or client keytab (FAST). They are required then.
        ntlm_user_file: A file with lines DOMAIN:user:password, for an NTLM server.
        ntlm_helper: The absolute path of Samba's ntlm_auth, for an NTLM server that is a
            member of a domain.
        ntlm_verifier: A function that knows the accounts of an NTLM server. It gets the user
            and the domain as the client wrote them ("" if it named no domain), and returns the
            account's password, or its NT hash (16 bytes), or None if there is no such account:
            `LogonDenied`, as for a wrong password. It may be async, and runs on the loop, in
            the run or on the dispatcher thread where the credential was acquired, as callbacks
            do, while the leg waits for up to 30 seconds. What it raises goes where exceptions
            of callbacks go; the leg then fails with `NoAuthority`. For `Credential.acquire`,
            `server` and contexts; not inherited by a forked child.
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
    ccache: Path | None = None
    keytab: Path | None = None
    client_keytab: Path | None = None
    replay_cache: str | None = None
    ntlm_user_file: Path | None = None
    ntlm_helper: Path | None = None
    impersonate: str | None = None
    constrained_delegation: bool = False
    armor_cache: Path | None = None
    ntlm_verifier: Function | None = dataclasses.field(default=None, repr=False)

    def __post_init__(self) -> None:
        _check_fields(self, (*_FILES, *_TEXTS))

    def __repr__(self) -> str:
        return _describe(self)

    def _verifier(self) -> Verifier | None:
        return Verifier(self.ntlm_verifier) if self.ntlm_verifier is not None else None

    def _pack(self, verifier: Verifier | None = None) -> bytes | None:
        if self.ntlm_verifier is not None and verifier is None:
            raise InvalidParameter(
                Status.SEC_E_INVALID_PARAMETER,
                "an identity with ntlm_verifier is for Credential.acquire or server()",
            )
        pairs = []
        if self.constrained_delegation:
            pairs.append(f"delegation\0{_CONSTRAINED}\0")
        if verifier is not None:
            pairs.append(f"ntlm_verifier\0{verifier.native}\0")
        for field in dataclasses.fields(self):
            if field.name in ("constrained_delegation", "ntlm_verifier"):
                continue
            value = getattr(self, field.name)
            if value is not None:
                pairs.append(f"{field.name}\0{os.fsdecode(value)}\0")
        return "".join(pairs).encode() if pairs else None


@dataclasses.dataclass(frozen=True, repr=False)
class TlsIdentity:
    """Certificates for the package Schannel; what is None is left to the system.

    Attributes:
        certificate: A PEM or PKCS#12 file: the certificate and its chain. Servers need one.
        key: The file of its private key, if that is another one.
        key_password: The password of the key.
        roots: A PEM file of the roots to trust; None: the system's.
        verify: False: any certificate of the peer is accepted, without a check.
    """

    certificate: Path | None = None
    key: Path | None = None
    key_password: str | None = dataclasses.field(default=None, repr=False)
    roots: Path | None = None
    verify: bool = True

    def __post_init__(self) -> None:
        _check_fields(self, (*_TLS_FILES, "key_password"))

    def __repr__(self) -> str:
        return _describe(self)

    def _pack(self) -> bytes | None:
        pairs = [f"tls_flags\0{0 if self.verify else _MANUAL_CRED_VALIDATION}\0"]
        for name in (*_TLS_FILES, "key_password"):
            value = getattr(self, name)
            if value is not None:
                pairs.append(f"{name}\0{os.fsdecode(value)}\0")
        return "".join(pairs).encode()


def check_identity(
    package: str, use: CredentialUse, identity: Identity | TlsIdentity | None
) -> None:
    """Refuse an identity that the package cannot use, or a TLS server without one.

    Args:
        package: The package, under any of its names.
        use: What the credential is for.
        identity: Where it comes from.

    Raises:
        InvalidParameter: If it is of the other kind.
        NoCredentials: If a TLS server has no certificate.
        TypeError: If it is no identity.
    """
    need_type(
        "identity",
        identity,
        (Identity, TlsIdentity, type(None)),
        "Identity, TlsIdentity or None",
    )
    kind = package.lower()
    if kind in _SCHANNEL:
        if isinstance(identity, Identity):
            raise InvalidParameter(
                Status.SEC_E_INVALID_PARAMETER,
                "Schannel (TLS) takes TlsIdentity(certificate=..., key=..., roots=...), "
                "not an Identity",
            )
        if use & CredentialUse.INBOUND and (identity is None or identity.certificate is None):
            raise NoCredentials(
                Status.SEC_E_NO_CREDENTIALS,
                "a TLS server needs a certificate: "
                "identity=TlsIdentity(certificate=..., key=...)",
            )
    elif kind in _OTHERS and isinstance(identity, TlsIdentity):
        raise InvalidParameter(
            Status.SEC_E_INVALID_PARAMETER,
            f"{package} takes Identity(user=..., password=...) or the like, not a TlsIdentity, "
            "which is for Schannel",
        )


class Credential:
    """A credential of a package; made by `Credential.acquire`.

    A context manager of both kinds: leaving the block frees it. Contexts keep the credential
    alive for themselves. One that is left to the garbage collector is freed by it, with a
    `ResourceWarning`.

    Attributes:
        package: The package that was asked for.
        use: What it is for.
        expiry: Until when it is good; None: for ever, or not known.
    """

    # One that a context acquired for itself goes with it, without a warning.
    _silent = False
    _verifier: Verifier | None = None

    def __init__(self, handle: int, package: str, use: CredentialUse, expiry: int) -> None:
        self._handle = handle
        self.package = package
        self.use = use
        self.expiry = moment(expiry)
        self._freed = False

    def __repr__(self) -> str:
        uses = "|".join(
            one.name or ""
            for one in (CredentialUse.INBOUND, CredentialUse.OUTBOUND)
            if self.use & one
        )
        if self._freed:
            name = ", freed"
        else:
            status, text = _native.credential_name(self._handle)
            name = f", {text!r}" if status >= 0 and text else ""
        return f"Credential({self.package!r}, {uses}{name})"

    @classmethod
    def acquire(
        cls,
        package: str = "Negotiate",
        use: CredentialUse = CredentialUse.OUTBOUND,
        *,
        principal: str | None = None,
        identity: Identity | TlsIdentity | None = None,
        timeout: float | None = None,
        deadline: float | None = None,
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
            timeout: Seconds after which the call ends, with `DeadlineExceeded`.
            deadline: The same as a moment of `time.monotonic()`.
            callback: Called when it is done.

        Returns:
            A call that yields the credential.

        Raises:
            SspiError: If it could not be queued. The call itself may fail with
                `PackageNotFound`, `NoCredentials` (an NTLM user file that is not there),
                `DeadlineExceeded` and others.
        """
        need_type("package", package, str, "str")
        need_text("package", package)
        need_type("use", use, int, "CredentialUse")
        need_text("principal", principal)
        check_identity(package, use, identity)
        verifier = identity._verifier() if isinstance(identity, Identity) else None
        if isinstance(identity, Identity):
            packed = identity._pack(verifier)
        else:
            packed = identity._pack() if identity is not None else None

        def finish(handle: int, expiry: int) -> Credential:
            made = cls(handle, package, use, expiry)
            made._verifier = verifier
            return made

        call = place.acquire(
            package, principal, int(use), packed, finish, callback, timeout, deadline
        )
        trace.look_for_spans()
        trace.follow_named(call, "acquire", package, principal)
        return call

    @property
    def name(self) -> str:
        """The name of the principal."""
        status, text = _native.credential_name(self._handle)
        check(status)
        return text or ""

    def free(
        self,
        *,
        timeout: float | None = None,
        deadline: float | None = None,
        callback: Callable[[Call[None]], object] | None = None,
    ) -> Call[None]:
        """Free the credential; it cannot be used any more when this returns.

        Args:
            timeout: Seconds after which the call ends, with `DeadlineExceeded`. The credential
                is freed all the same.
            deadline: The same as a moment of `time.monotonic()`.
            callback: Called when it is done.

        Returns:
            A call; `InvalidHandle` if it was freed before.
        """
        call = place.end_credential(self._handle, callback, timeout, deadline)
        self._freed = True
        trace.follow_named(call, "free", self.package, None)
        return call

    def free_nowait(self) -> None:
        """Free the credential, without a call that would tell the outcome."""
        self._freed = True
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

    def __del__(
        self,
        free: Callable[[int], int] = _native.free_credential_now,
        warn: Callable[..., None] = warnings.warn,
    ) -> None:
        handle = getattr(self, "_handle", 0)
        if handle == 0 or self._freed:
            return
        try:
            if not self._silent:
                warn(
                    f"{self!r} was left to the garbage collector: use 'with', or free() it",
                    ResourceWarning,
                    source=self,
                )
        finally:
            free(handle)
