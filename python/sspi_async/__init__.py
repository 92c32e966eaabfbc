# SPDX-License-Identifier: MIT
"""Asynchronous SSPI: Kerberos, NTLM, Negotiate and TLS handshakes that never block a thread.

A client logs on, and protects a message::

    async with sspi_async.client("HTTP@www.example.org", timeout=10) as ctx:
        token = await ctx.step()
        while token:
            answer = await exchange(token)  # sends it, and returns what comes back
            token = await ctx.step(answer) if answer else b""
        sealed = ctx.encrypt(b"hello")

What can block is a `Call`: await it in asyncio or trio, or wait with `.result()`. Each takes a
`timeout`, at which the work itself ends.
`sspi_async.raw` has the eleven functions under their Windows names; `sspi_async.testing` has
pytest fixtures for those who test without a domain.
"""

from typing import TYPE_CHECKING

from . import _native
from .call import Call
from .context import SecurityContext, client, delete_many, server
from .credential import Credential, Identity, TlsIdentity
from .deadline import set_default_timeout
from .error import (
    BadBindings,
    Cancelled,
    CertificateError,
    ContextExpired,
    DeadlineExceeded,
    IncompleteMessage,
    InvalidHandle,
    InvalidParameter,
    InvalidToken,
    LogonDenied,
    MessageAltered,
    NoAuthority,
    NoCredentials,
    NotEncrypted,
    OutOfMemory,
    OutOfSequence,
    PackageNotFound,
    ShuttingDown,
    SspiError,
    TargetUnknown,
    TimeSkew,
    UnknownCredentials,
    Unsupported,
    WrongPrincipal,
)
from .flags import (
    ClientFlags,
    CredentialUse,
    ExportFlags,
    NegotiationState,
    PackageCapabilities,
    ServerFlags,
)
from .status import Status

if TYPE_CHECKING:
    from .attribute import (
        ConnectionInfo,
        ContextAttributes,
        KeyInfo,
        Lifespan,
        NativeNames,
        Negotiation,
        Sizes,
        StreamSizes,
    )
    from .package import (
        PackageInfo,
        add_package,
        package_info,
        packages,
        turn_off_package,
    )
    from .pool import PoolCounts, configure_pool, pool_counts

__version__ = _native.version()

# What few programs use, and none at once, is imported when it is asked for.
_LATER = {
    "ConnectionInfo": "attribute",
    "ContextAttributes": "attribute",
    "KeyInfo": "attribute",
    "Lifespan": "attribute",
    "NativeNames": "attribute",
    "Negotiation": "attribute",
    "Sizes": "attribute",
    "StreamSizes": "attribute",
    "PackageInfo": "package",
    "add_package": "package",
    "package_info": "package",
    "packages": "package",
    "turn_off_package": "package",
    "PoolCounts": "pool",
    "configure_pool": "pool",
    "pool_counts": "pool",
}

__all__ = [
    "BadBindings",
    "Call",
    "Cancelled",
    "CertificateError",
    "ClientFlags",
    "ConnectionInfo",
    "ContextAttributes",
    "ContextExpired",
    "Credential",
    "CredentialUse",
    "DeadlineExceeded",
    "ExportFlags",
    "Identity",
    "IncompleteMessage",
    "InvalidHandle",
    "InvalidParameter",
    "InvalidToken",
    "KeyInfo",
    "Lifespan",
    "LogonDenied",
    "MessageAltered",
    "NativeNames",
    "Negotiation",
    "NegotiationState",
    "NoAuthority",
    "NoCredentials",
    "NotEncrypted",
    "OutOfMemory",
    "OutOfSequence",
    "PackageCapabilities",
    "PackageInfo",
    "PackageNotFound",
    "PoolCounts",
    "SecurityContext",
    "ServerFlags",
    "ShuttingDown",
    "Sizes",
    "SspiError",
    "Status",
    "StreamSizes",
    "TargetUnknown",
    "TimeSkew",
    "TlsIdentity",
    "UnknownCredentials",
    "Unsupported",
    "WrongPrincipal",
    "__version__",
    "add_package",
    "client",
    "configure_pool",
    "delete_many",
    "package_info",
    "packages",
    "pool_counts",
    "server",
    "set_default_timeout",
    "turn_off_package",
]


def _show(value: object) -> None:
    """Have a class or function say where people find it, rather than where it is written."""
    if hasattr(value, "__module__"):
        value.__module__ = __name__


for _name in __all__:
    if _name in globals() and not isinstance(globals()[_name], str):
        _show(globals()[_name])

if not TYPE_CHECKING:  # to whom it would mean that any name is there

    def __getattr__(name: str) -> object:
        if name not in _LATER:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        value: object = getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
        _show(value)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *_LATER})
