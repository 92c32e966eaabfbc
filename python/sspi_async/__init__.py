# SPDX-License-Identifier: MIT
"""Asynchronous SSPI: Kerberos, NTLM, Negotiate and TLS handshakes that block nobody.

    async with sspi_async.client("HTTP@www.example.org", package="Negotiate") as ctx:
        token = await ctx.step()
        while not ctx.complete:
            token = await ctx.step(await exchange(token))
        sealed = ctx.encrypt(b"hello")

What can block is a `Call`: await it in asyncio or trio, or wait with `.result()`.
`sspi_async.raw` has the eleven functions under their Windows names; `sspi_async.testing` has
pytest fixtures for those who test without a domain.
"""

from . import _native
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
from .call import Call
from .context import SecurityContext, client, delete_many, server
from .credential import Credential, Identity, TlsIdentity
from .error import (
    BadBindings,
    Cancelled,
    CertificateError,
    ContextExpired,
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
from .package import PackageInfo, add_package, package_info, packages
from .pool import PoolCounts, configure_pool, pool_counts
from .status import Status

__version__ = _native.version()

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
]
