# SPDX-License-Identifier: MIT
"""The messages that pass once a security context is complete."""

from __future__ import annotations

import sys
from typing import Union

from . import _native
from .error import InvalidParameter, NotEncrypted, check, error_of
from .status import Status

Bytes = Union[bytes, bytearray, memoryview]

_WRAP_NO_ENCRYPT = 0x80000001


class Messages(_native.Context):
    """What a security context does with messages."""

    # To be sent before the next message of a stream.
    __slots__ = ("_outgoing",)

    def __init__(self) -> None:
        self._outgoing = b""

    def _step_in_stream(self) -> bytes:
        """Make a leg in the midst of the stream and return the bytes for the peer."""
        raise NotImplementedError

    def sign(self, data: Bytes) -> bytes:
        """Sign a message.

        Args:
            data: The message.

        Returns:
            The signature, for `verify` on the other side.

        Raises:
            NotEncrypted: If integrity was not asked for when the context was made.
            SspiError: If the context is deleted, expired or not complete.
        """
        status, signature = _native.sign(self._handle, data)
        check(status)
        return signature or b""

    def verify(self, data: Bytes, signature: Bytes) -> None:
        """Check the signature of a message.

        Args:
            data: The message.
            signature: What `sign` made of it.

        Raises:
            MessageAltered: If it does not fit.
            OutOfSequence: If the message came twice or in the wrong order.
        """
        check(_native.verify(self._handle, data, signature))

    def encrypt(self, data: Bytes, *, sign_only: bool = False) -> bytes:
        """Seal a message.

        Args:
            data: The message.
            sign_only: Protect it against change and leave it readable.

        Returns:
            The sealed message, for `decrypt` on the other side.

        Raises:
            SspiError: If the context is deleted, expired or not complete, or confidentiality
                was not negotiated.
        """
        qop = _WRAP_NO_ENCRYPT if sign_only else 0
        status, sealed = _native.encrypt(self._handle, qop, data)
        check(status)
        outgoing, self._outgoing = self._outgoing, b""
        return outgoing + (sealed or b"")

    def decrypt(self, data: Bytes, *, accept_signed: bool = False) -> bytes:
        """Open a sealed message.

        Of a stream package (Schannel) data is what the connection has brought, in pieces of any
        size: what is not a whole record is kept for the next call.

        Args:
            data: The sealed message.
            accept_signed: Also accept a message that is only signed.

        Returns:
            The plaintext.

        Raises:
            MessageAltered: If it is not what the peer sealed.
            OutOfSequence: If it came twice or in the wrong order.
            NotEncrypted: If it was only signed.
            ContextExpired: If the peer has closed the connection.
        """
        whole = self._rest + bytes(data) if self._rest else data
        status, plain, qop, used = _native.decrypt(self._handle, whole)
        if status == Status.SEC_E_INCOMPLETE_MESSAGE and self._is_stream():
            self._rest = bytes(whole)
            return b""
        check(status)
        self._rest = bytes(whole[used:])
        if status == Status.SEC_I_RENEGOTIATE:
            self._outgoing += self._step_in_stream()
            return (plain or b"") + (self.decrypt(b"") if self._rest else b"")
        if status == Status.SEC_I_CONTEXT_EXPIRED and not plain:
            raise error_of(Status.SEC_E_CONTEXT_EXPIRED, "the peer has closed the connection")
        _need_encrypted(qop, accept_signed)
        return plain or b""

    def encrypt_parts(
        self,
        data: Bytes,
        *,
        header: Bytes = b"",
        trailer: Bytes = b"",
        sign_only: bool = False,
    ) -> tuple[bytes, bytes]:
        """Seal a message for a protocol that has a place of its own for the token, such as RPC.

        Args:
            data: What is sealed.
            header: What goes before it, readable, and is signed with it.
            trailer: What goes behind it, likewise.
            sign_only: Protect the data against change and leave it readable.

        Returns:
            The token and the sealed data, for `decrypt_parts` on the other side. The data keeps
            its length unless `attributes.sizes` has a block_size of more than 1 (RC4, DES3).

        Raises:
            Unsupported: If the package seals a stream, or cannot sign what it does not seal
                (NTLM inside Negotiate; a trailer where the data is padded).
            SspiError: As from `encrypt`.
        """
        qop = _WRAP_NO_ENCRYPT if sign_only else 0
        status, token, sealed = _native.encrypt_parts(self._handle, qop, header, data, trailer)
        check(status)
        return token or b"", sealed or b""

    def decrypt_parts(
        self,
        token: Bytes,
        data: Bytes,
        *,
        header: Bytes = b"",
        trailer: Bytes = b"",
        accept_signed: bool = False,
    ) -> bytes:
        """Open a message of `encrypt_parts`.

        Args:
            token: The token.
            data: The sealed data.
            header: What came before it and is signed with it.
            trailer: What came behind it and is signed with it.
            accept_signed: Also accept data that is only signed.

        Returns:
            The plaintext.

        Raises:
            MessageAltered: If any part is not what the peer sealed or signed.
            OutOfSequence: If the message came twice or in the wrong order.
            NotEncrypted: If the data was only signed.
        """
        status, plain, qop = _native.decrypt_parts(self._handle, token, header, data, trailer)
        check(status)
        _need_encrypted(qop, accept_signed)
        return plain or b""

    def message_limit(self, packet: int, *, sign_only: bool = False) -> int:
        """Tell how much data goes into one message.

        Args:
            packet: How long the sealed message may be, with its token.
            sign_only: Of a message that is only signed.

        Returns:
            How many bytes `encrypt` may be given; 0: not one.

        Raises:
            Unsupported: If the package seals a stream (Schannel; its attributes have
                `stream_sizes`).
            SspiError: As from `encrypt`.
        """
        if not 0 <= packet < 2**32:
            raise InvalidParameter(
                Status.SEC_E_INVALID_PARAMETER, "a packet has 0 to 4294967295 bytes"
            )
        qop = _WRAP_NO_ENCRYPT if sign_only else 0
        status, plaintext = _native.message_limit(self._handle, qop, packet)
        check(status)
        return plaintext

    def shutdown(self) -> bytes:
        """End a stream (Schannel): nothing can be encrypted any more.

        Returns:
            The bytes that tell the peer so.

        Raises:
            Unsupported: If the package has no such thing.
        """
        check(_native.control(self._handle, (1).to_bytes(4, sys.byteorder)))
        return self._step_in_stream()

    def _is_stream(self) -> bool:
        return _native.query_number(self._handle, 4, 0)[0] == Status.SEC_E_OK


def _need_encrypted(qop: int, accept_signed: bool) -> None:
    if qop == _WRAP_NO_ENCRYPT and not accept_signed:
        raise NotEncrypted(
            Status.SEC_E_QOP_NOT_SUPPORTED, "the message is signed but not encrypted"
        )
