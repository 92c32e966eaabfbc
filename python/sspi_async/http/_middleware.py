# SPDX-License-Identifier: MIT
"""What the middlewares of ASGI and WSGI share: options, credential, contexts, bindings."""

from __future__ import annotations

import base64
import binascii
import functools
import ipaddress
from collections.abc import Iterable, Sequence
from typing import Any, Callable

from ..argument import need_bytes, need_type
from ..call import Call
from ..context import SecurityContext, server
from ..credential import Credential, Identity
from ..error import InvalidParameter
from ..flags import CredentialUse, ServerFlags
from ..status import Status
from ._server import Connection, Decision, Gate, Limits

_MODES = ("require", "optional")

# A proxy that says so may send the requests of several clients over one connection.
PROXY_FIELDS = ("via", "forwarded", "x-forwarded-for", "x-real-ip")


class ProxyBindings:
    """Channel bindings from a field that a proxy in front sets, which ends the TLS connections.

    The value of the field is the Base64 of what `channel_bindings.tls_server_end_point` makes
    of the proxy's certificate. From anybody but a trusted proxy the field is not believed, and
    a request without it is refused.
    """

    def __init__(self, field: str, trusted: Iterable[str]) -> None:
        """Say which field, and whom to believe.

        Args:
            field: Its name, "X-Channel-Bindings".
            trusted: The proxies: addresses, networks ("10.1.0.0/16"), or "unix" for whoever
                comes by a Unix socket.

        Raises:
            ValueError: If one of them is neither.
        """
        need_type("field", field, str, "str")
        if isinstance(trusted, str):
            raise TypeError("trusted must be a list of addresses, not str")
        names = list(trusted)
        self.field = field
        self._unix = "unix" in names
        self._networks = [ipaddress.ip_network(name) for name in names if name != "unix"]

    def read(self, peer: str, values: Sequence[str]) -> bytes:
        """Return the bindings of a request.

        Args:
            peer: The address that the connection came from; "" for a Unix socket.
            values: The values of the field.

        Returns:
            The bindings.

        Raises:
            ValueError: If they cannot be believed, or read.
        """
        if not self._trusts(peer):
            raise ValueError("the request did not come by a trusted proxy")
        if len(values) != 1 or not values[0]:
            raise ValueError(f"{self.field} must be there once")
        try:
            return base64.b64decode(values[0].strip(), validate=True)
        except binascii.Error as error:
            raise ValueError(f"{self.field} is not Base64: {error}") from None

    def _trusts(self, peer: str) -> bool:
        if not peer:
            return self._unix
        address = ipaddress.ip_address(peer)
        return any(address in network for network in self._networks)


class Middleware:
    """Authenticates the requests of an application; the base of those for ASGI and WSGI."""

    def __init__(
        self,
        app: Any,
        *,
        mode: str = "require",
        identity: Identity | None = None,
        credential: Credential | None = None,
        package: str = "Negotiate",
        schemes: Sequence[str] = ("Negotiate",),
        channel_bindings: bytes | ProxyBindings | None = None,
        allow_missing_bindings: bool = False,
        persistent: bool = True,
        timeout: float = 10,
        handshake_timeout: float = 30,
        max_token: int = 65536,
        max_handshakes: int = 1000,
    ) -> None:
        """Put it before an application. Nothing is acquired yet.

        Args:
            app: The application.
            mode: "require": who does not prove who they are is answered with 401; "optional":
                the application gets requests of nobody, too.
            identity: Where the server's credential comes from; None: the process's own.
            credential: The credential itself, instead; it is not freed.
            package: The package of the credential.
            schemes: What is offered, the best first: "Negotiate", and "NTLM" for clients that
                have that alone.
            channel_bindings: What clients of HTTPS see of the channel: what
                `channel_bindings.tls_server_end_point` makes of the server's certificate; or a
                field that a proxy sets.
            allow_missing_bindings: Also accept clients that send none.
            persistent: Whether NTLM's user is that of the later requests of the connection,
                where the server shows which these are; if not, each request logs on.
            timeout: Seconds that acquiring the credential may take, and each leg.
            handshake_timeout: Seconds that a client has for each step of its own.
            max_token: The longest token of a client, in bytes.
            max_handshakes: How many handshakes may be under way. The oldest that waits for its
                client makes room; where none does, the answer is 503.

        Raises:
            InvalidParameter: If the mode is another, or there are no schemes.
        """
        if mode not in _MODES:
            raise InvalidParameter(
                Status.SEC_E_INVALID_PARAMETER,
                f"mode must be 'require' or 'optional', not {mode!r}",
            )
        if isinstance(schemes, str) or not schemes:
            raise InvalidParameter(
                Status.SEC_E_INVALID_PARAMETER,
                f"schemes must be a list such as ['Negotiate'], not {schemes!r}",
            )
        if not isinstance(channel_bindings, ProxyBindings) and channel_bindings is not None:
            channel_bindings = bytes(need_bytes("channel_bindings", channel_bindings))
        self._app = app
        self._identity = identity
        self._given = credential
        self._credential = credential
        self._package = package
        self._bindings = channel_bindings
        self._flags = ServerFlags.DEFAULT | ServerFlags.NAMES
        if allow_missing_bindings:
            self._flags |= ServerFlags.ALLOW_MISSING_BINDINGS
        self._timeout = timeout
        self._gate = Gate(
            schemes=schemes,
            required=mode == "require",
            persistent=persistent,
            limits=Limits(max_token, max_handshakes, handshake_timeout),
        )

    @property
    def handshakes(self) -> int:
        """How many handshakes are under way."""
        return self._gate.under_way

    def close(self) -> None:
        """Delete what is left: contexts, and the credential. A request makes a new one."""
        self._gate.close()
        credential, self._credential = self._credential, self._given
        if credential is not None and credential is not self._given:
            credential.free_nowait()

    def _acquire(self) -> Call[Credential]:
        return Credential.acquire(
            self._package,
            CredentialUse.INBOUND,
            identity=self._identity,
            timeout=self._timeout,
        )

    def _keep(self, credential: Credential) -> None:
        """Take what was acquired, unless another request came before."""
        if self._credential is None:
            self._credential = credential
        else:
            credential.free_nowait()

    def _begin(
        self,
        authorization: Sequence[str],
        connection: Connection | None,
        peer: str,
        fields: Callable[[str], Sequence[str]],
    ) -> Decision:
        """Decide on a request; the credential is there."""
        return self._gate.begin(
            authorization, connection, functools.partial(self._make, peer, fields)
        )

    def _make(self, peer: str, fields: Callable[[str], Sequence[str]]) -> SecurityContext:
        bindings = self._bindings
        if isinstance(bindings, ProxyBindings):
            bindings = bindings.read(peer, fields(bindings.field))
        return server(
            credential=self._credential,
            flags=self._flags,
            channel_bindings=bindings,
            timeout=self._timeout,
        )
