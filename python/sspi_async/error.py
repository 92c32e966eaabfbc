# SPDX-License-Identifier: MIT
"""Exceptions: one class with the status on it, and subclasses for what people catch."""

from __future__ import annotations

import errno

from . import _native, hint
from .status import Status


class SspiError(Exception):
    """A call failed.

    Attributes:
        status: The status of the call.
        message: One line for people: package, operation, status and cause.
        token: What a failed leg has for the peer, to tell it of the failure; or None.
        missing: With `IncompleteMessage`, how many more bytes are needed; 0 if not known.
    """

    status: Status
    message: str
    token: bytes | None = None
    missing: int = 0

    def __init__(self, status: int, message: str | None = None) -> None:
        self.status = Status(status)
        self.message = message or f"{self.status.name}: {self.status.text}"
        super().__init__(int(status), self.message)

    def __str__(self) -> str:
        return self.message

    def __repr__(self) -> str:
        name = self.status.name
        return f"{type(self).__name__}({name}: {self.message.replace(f'{name}: ', '', 1)})"

    def _copy(self) -> SspiError:
        """Make another one for another who asks."""
        made = type(self)(self.status, self.message)
        made.token = self.token
        made.missing = self.missing
        return made


class InvalidHandle(SspiError):
    """The context, credential or call has been deleted, or never existed."""


class InvalidParameter(SspiError, ValueError):
    """An argument is malformed, or the call cannot be made in this state."""


class InvalidToken(SspiError):
    """The peer's input is not a token, or not one of this package."""


class IncompleteMessage(SspiError):
    """More bytes from the peer are needed; see `missing`."""


class LogonDenied(SspiError):
    """The user, password or key is wrong, or the account may not log on."""


class NoCredentials(SspiError):
    """There is no ticket, key or password to use."""


class UnknownCredentials(SspiError):
    """The credentials that were given cannot be used."""


class NoAuthority(SspiError):
    """No KDC or domain controller could be reached."""


class WrongPrincipal(SspiError):
    """The peer is not the requested one, or its key does not match."""


class TargetUnknown(SspiError):
    """The KDC does not know the target."""


class TimeSkew(SspiError):
    """The clocks of the two sides are too far apart."""


class MessageAltered(SspiError):
    """A signed or sealed message was changed on the way, or made with other keys."""


class OutOfSequence(SspiError):
    """A message arrived twice or out of order, or the context cannot do this in its state."""


class BadBindings(SspiError):
    """The channel bindings of the two sides differ."""


class ContextExpired(SspiError):
    """The context's lifetime has ended, or the peer has closed it."""


class NotEncrypted(SspiError):
    """The message, or the context, has less protection than was requested."""


class PackageNotFound(SspiError):
    """No package has that name, or it cannot be loaded here."""


class Unsupported(SspiError):
    """The package or this platform does not support the operation."""


class Cancelled(SspiError):
    """The call was cancelled."""


class DeadlineExceeded(SspiError, TimeoutError):
    """The call reached its deadline, and was stopped.

    It is also a `TimeoutError`. After the `TimeoutError` of `Call.result`, in contrast, the
    call continues.
    """

    def __init__(self, status: int, message: str | None = None) -> None:
        super().__init__(status, message)
        self.errno = errno.ETIMEDOUT


class ShuttingDown(SspiError):
    """The process is exiting, or the call was pending in the parent when it forked."""


class CertificateError(SspiError):
    """The peer's certificate is not trusted, not valid, or not for that name."""


class OutOfMemory(SspiError, MemoryError):
    """No memory, or the bound on queued calls is reached."""


_CLASSES: dict[int, type[SspiError]] = {
    Status.SEC_E_INVALID_HANDLE: InvalidHandle,
    Status.SEC_E_INVALID_PARAMETER: InvalidParameter,
    Status.SEC_E_INVALID_TOKEN: InvalidToken,
    Status.SEC_E_INCOMPLETE_MESSAGE: IncompleteMessage,
    Status.SEC_E_LOGON_DENIED: LogonDenied,
    Status.SEC_E_NO_CREDENTIALS: NoCredentials,
    Status.SEC_E_UNKNOWN_CREDENTIALS: UnknownCredentials,
    Status.SEC_E_NO_AUTHENTICATING_AUTHORITY: NoAuthority,
    Status.SEC_E_WRONG_PRINCIPAL: WrongPrincipal,
    Status.SEC_E_TARGET_UNKNOWN: TargetUnknown,
    Status.SEC_E_TIME_SKEW: TimeSkew,
    Status.SEC_E_MESSAGE_ALTERED: MessageAltered,
    Status.SEC_E_OUT_OF_SEQUENCE: OutOfSequence,
    Status.SEC_E_BAD_BINDINGS: BadBindings,
    Status.SEC_E_CONTEXT_EXPIRED: ContextExpired,
    Status.SEC_E_QOP_NOT_SUPPORTED: NotEncrypted,
    Status.SEC_E_SECPKG_NOT_FOUND: PackageNotFound,
    Status.SEC_E_UNSUPPORTED_FUNCTION: Unsupported,
    Status.SEC_E_UNFINISHED_CONTEXT_DELETED: Cancelled,
    Status.SEC_E_SECURITY_QOS_FAILED: DeadlineExceeded,
    Status.SEC_E_SHUTDOWN_IN_PROGRESS: ShuttingDown,
    Status.SEC_E_INSUFFICIENT_MEMORY: OutOfMemory,
    Status.SEC_E_UNTRUSTED_ROOT: CertificateError,
    Status.SEC_E_CERT_UNKNOWN: CertificateError,
    Status.SEC_E_CERT_EXPIRED: CertificateError,
    Status.SEC_E_CERT_WRONG_USAGE: CertificateError,
}


def error_of(status: int, message: str | None = None) -> SspiError:
    """Make the exception for a status.

    Args:
        status: A status that is an error.
        message: Why; None for the text of the status.

    Returns:
        An instance of the subclass for that status.
    """
    if message:
        message = hint.add(status, message)
    return _CLASSES.get(status, SspiError)(status, message)


def failure(
    status: int, message: str | None, token: bytes | None = None, missing: int = 0
) -> SspiError:
    """Make the exception of a call.

    Args:
        status: What the call returned.
        message: Why; None for the text of the status.
        token: What it has for the peer.
        missing: How many more bytes it needs.

    Returns:
        As `error_of`.
    """
    error = error_of(status, message)
    error.token = token
    error.missing = missing
    return error


def check(status: int) -> None:
    """Raise the exception of a function that has just failed on this thread.

    Args:
        status: What the function returned.

    Raises:
        SspiError: If it is not a success.
    """
    if status < 0:
        raise error_of(status, _native.last_message()[1])
