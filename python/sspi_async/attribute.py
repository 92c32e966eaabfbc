# SPDX-License-Identifier: MIT
"""What an established context tells of itself."""

from __future__ import annotations

import dataclasses
import datetime

from . import _native
from .credential import moment
from .error import check
from .flags import ClientFlags, NegotiationState, PackageCapabilities, ServerFlags
from .package import PackageInfo

_SIZES = 0
_NAMES = 1
_LIFESPAN = 2
_STREAM_SIZES = 4
_KEY_INFO = 5
_AUTHORITY = 6
_SESSION_KEY = 9
_PACKAGE_INFO = 10
_NEGOTIATION_INFO = 12
_NATIVE_NAMES = 13
_FLAGS = 14
_UNIQUE_BINDINGS = 25
_ENDPOINT_BINDINGS = 26
_CLIENT_SPECIFIED_TARGET = 27
_APPLICATION_PROTOCOL = 35
_REMOTE_CERTIFICATE = 0x53
_LOCAL_CERTIFICATE = 0x54
_CONNECTION_INFO = 0x5A
_SESSION_INFO = 0x5D
_EXPORTER_BINDINGS = 0x53500001


@dataclasses.dataclass(frozen=True)
class Sizes:
    """Sizes of tokens, signatures and sealed messages, in bytes.

    Attributes:
        max_token: The longest token of a handshake.
        max_signature: The longest signature.
        block_size: Sealed data is padded to a multiple of this; 1 means no padding.
        security_trailer: What sealing adds to a message.
    """

    max_token: int
    max_signature: int
    block_size: int
    security_trailer: int


@dataclasses.dataclass(frozen=True)
class StreamSizes:
    """Sizes of the records of a stream package, in bytes.

    Attributes:
        header: What stands before the data of a record.
        trailer: The most that stands after it.
        maximum_message: The most data that one record holds.
        buffers: How many buffers a message needs in C.
        block_size: The block size of the cipher.
    """

    header: int
    trailer: int
    maximum_message: int
    buffers: int
    block_size: int


@dataclasses.dataclass(frozen=True)
class NativeNames:
    """The names of both sides, as the package writes them.

    Attributes:
        client: The initiator's name.
        server: The acceptor's name.
    """

    client: str
    server: str


@dataclasses.dataclass(frozen=True)
class Lifespan:
    """The lifetime of a context, in UTC.

    Attributes:
        start: When it began; None: not known.
        expiry: When it ends; None: never.
    """

    start: datetime.datetime | None
    expiry: datetime.datetime | None


@dataclasses.dataclass(frozen=True)
class KeyInfo:
    """The algorithms of signatures and sealing.

    Attributes:
        signature_algorithm_name: The name of the one that signs.
        encrypt_algorithm_name: The name of the one that encrypts.
        key_size: The length of the key, in bits.
        signature_algorithm: The number of the one that signs.
        encrypt_algorithm: The number of the one that encrypts.
    """

    signature_algorithm_name: str
    encrypt_algorithm_name: str
    key_size: int
    signature_algorithm: int
    encrypt_algorithm: int


@dataclasses.dataclass(frozen=True)
class Negotiation:
    """What Negotiate chose, and how far it has come.

    Attributes:
        package: The package of the mechanism.
        state: Whether the negotiation is complete.
    """

    package: PackageInfo
    state: NegotiationState


@dataclasses.dataclass(frozen=True)
class ConnectionInfo:
    """How a TLS connection is protected, in the numbers of Windows.

    Attributes:
        protocol: The version, an SP_PROT_* number.
        cipher: The cipher, a CALG_* number.
        cipher_strength: The length of its key, in bits.
        hash: The hash function, a CALG_* number.
        hash_strength: Its strength, in bits.
        exchange: The key exchange, a CALG_* number.
        exchange_strength: Its strength, in bits.
    """

    protocol: int
    cipher: int
    cipher_strength: int
    hash: int
    hash_strength: int
    exchange: int
    exchange_strength: int


class ContextAttributes:
    """The attributes of a context, each asked for when it is read.

    Reading one raises `Unsupported` if the package does not have it, `InvalidHandle` if the
    context is deleted, and waits while a leg runs on the context.
    """

    def __init__(self, handle: int, acceptor: bool) -> None:
        self._handle = handle
        self._acceptor = acceptor

    def _number(self, attribute: int, member: int = 0) -> int:
        status, number = _native.query_number(self._handle, attribute, member)
        check(status)
        return number

    def _text(self, attribute: int, member: int = 0) -> str:
        status, text = _native.query_text(self._handle, attribute, member)
        check(status)
        return text or ""

    def _bytes(self, attribute: int) -> bytes:
        status, data = _native.query_bytes(self._handle, attribute)
        check(status)
        return data or b""

    @property
    def sizes(self) -> Sizes:
        """Sizes of tokens, signatures and sealed messages."""
        return Sizes(*(self._number(_SIZES, member) for member in range(4)))

    @property
    def stream_sizes(self) -> StreamSizes:
        """Sizes of records (Schannel)."""
        return StreamSizes(*(self._number(_STREAM_SIZES, member) for member in range(5)))

    @property
    def flags(self) -> ClientFlags | ServerFlags:
        """What was agreed on."""
        number = self._number(_FLAGS)
        return ServerFlags(number) if self._acceptor else ClientFlags(number)

    @property
    def user_name(self) -> str:
        r"""Who was authenticated: the client, "alice@EXAMPLE.ORG" or "DOMAIN\\alice"."""
        return self._text(_NAMES)

    @property
    def native_names(self) -> NativeNames:
        """The names of both sides."""
        return NativeNames(self._text(_NATIVE_NAMES, 0), self._text(_NATIVE_NAMES, 1))

    @property
    def authority(self) -> str:
        """Who vouches for the client: its realm or domain."""
        return self._text(_AUTHORITY)

    @property
    def target(self) -> str:
        """The target that the client asked for."""
        return self._text(_CLIENT_SPECIFIED_TARGET)

    @property
    def lifespan(self) -> Lifespan:
        """Begin and end of the context."""
        return Lifespan(moment(self._number(_LIFESPAN, 0)), moment(self._number(_LIFESPAN, 1)))

    @property
    def key_info(self) -> KeyInfo:
        """The algorithms."""
        return KeyInfo(
            self._text(_KEY_INFO, 0),
            self._text(_KEY_INFO, 1),
            self._number(_KEY_INFO, 0),
            self._number(_KEY_INFO, 1),
            self._number(_KEY_INFO, 2),
        )

    @property
    def session_key(self) -> bytes:
        """The session key. It is a secret."""
        return self._bytes(_SESSION_KEY)

    @property
    def package_name(self) -> str:
        """The name of the package that is at work; `package` tells more, for more."""
        return self._text(_PACKAGE_INFO)

    @property
    def package(self) -> PackageInfo:
        """The package that is at work; with Negotiate, the one that was chosen."""
        return PackageInfo(
            self._text(_PACKAGE_INFO, 0),
            self._text(_PACKAGE_INFO, 1),
            PackageCapabilities(self._number(_PACKAGE_INFO, 0)),
            self._number(_PACKAGE_INFO, 1),
            self._number(_PACKAGE_INFO, 2),
            self._number(_PACKAGE_INFO, 3),
            self._text(_PACKAGE_INFO, 2),
        )

    @property
    def negotiation(self) -> Negotiation:
        """What Negotiate chose."""
        return Negotiation(self.package, NegotiationState(self._number(_NEGOTIATION_INFO)))

    @property
    def unique_bindings(self) -> bytes:
        """Channel bindings "tls-unique:...", ready for another context."""
        return self._bytes(_UNIQUE_BINDINGS)

    @property
    def endpoint_bindings(self) -> bytes:
        """Channel bindings "tls-server-end-point:...", ready for another context."""
        return self._bytes(_ENDPOINT_BINDINGS)

    @property
    def exporter_bindings(self) -> bytes:
        """Channel bindings "tls-exporter:...", ready for another context (Schannel)."""
        return self._bytes(_EXPORTER_BINDINGS)

    @property
    def application_protocol(self) -> str:
        """The ALPN name that was agreed on; "" for none (Schannel)."""
        return self._bytes(_APPLICATION_PROTOCOL).decode("latin-1")

    @property
    def peer_certificate(self) -> bytes:
        """The peer's certificate in DER (Schannel)."""
        return self._bytes(_REMOTE_CERTIFICATE)

    @property
    def own_certificate(self) -> bytes:
        """Our certificate in DER (Schannel)."""
        return self._bytes(_LOCAL_CERTIFICATE)

    @property
    def connection(self) -> ConnectionInfo:
        """How the connection is protected (Schannel)."""
        return ConnectionInfo(*(self._number(_CONNECTION_INFO, member) for member in range(7)))

    @property
    def session_resumed(self) -> bool:
        """Whether a session was taken up again (Schannel)."""
        return bool(self._number(_SESSION_INFO) & 1)
