# SPDX-License-Identifier: MIT
"""A SASL mechanism of this library for the LDAP client ldap3::

    connection = ldap3.Connection("ldap.example.org", authentication=ldap3.SASL)
    with SaslClient("ldap@ldap.example.org", "GSS-SPNEGO") as sasl:
        bind(connection, sasl)
        connection.search("dc=example,dc=org", "(uid=alice)")

For the strategies of ldap3 that wait for an answer (SYNC, SAFE_SYNC).
"""  # noqa: D415

from __future__ import annotations

from typing import Any

from ..error import SspiError
from . import SaslClient, SecurityLayer

_SUCCESS = 0
_GOES_ON = 14


def bind(connection: Any, sasl: SaslClient, controls: Any = None) -> bool:
    """Bind a connection of ldap3, as its `bind` does, and have its socket use the layer.

    Args:
        connection: The `ldap3.Connection`; it is opened if it is closed.
        sasl: The mechanism, which nothing was done with yet. The connection needs it as long
            as it is bound, if there is a layer.
        controls: LDAP controls for the requests.

    Returns:
        Whether the server accepted it; if not, `connection.result` says why.

    Raises:
        SspiError: If the mechanism failed, or does not trust the server. The connection is
            closed then.
    """
    from ldap3 import SASL
    from ldap3.protocol.sasl.sasl import send_sasl_negotiation

    with connection.connection_lock:
        if connection.closed:
            connection.open(read_server_info=False)
        connection.authentication, connection.sasl_mechanism = SASL, sasl.name
        connection.bound = False
        connection.sasl_in_progress = True
        try:
            result = send_sasl_negotiation(connection, controls, sasl.step_sync())
            while result["result"] == _GOES_ON:
                response = sasl.step_sync(result["saslCreds"] or b"")
                result = send_sasl_negotiation(connection, controls, response)
            if result["result"] != _SUCCESS:
                return False
            if not sasl.complete:
                sasl.step_sync(result["saslCreds"] or b"")
        except SspiError:
            connection.strategy.close()
            raise
        finally:
            connection.sasl_in_progress = False
        if sasl.layer is not SecurityLayer.NONE:
            connection.socket = _LayeredSocket(connection.socket, sasl)
        connection.bound = True
        connection.refresh_server_info()
        return True


class _LayeredSocket:
    """A socket whose data goes through a security layer."""

    def __init__(self, socket: Any, sasl: SaslClient) -> None:
        self._socket = socket
        self._sasl = sasl

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)

    def sendall(self, data: bytes) -> None:
        self._socket.sendall(self._sasl.wrap(data))

    def recv(self, size: int) -> bytes:
        """As much as one piece of the connection holds; ldap3 joins what it gets."""
        plain = b""
        while not plain:
            data = self._socket.recv(size)
            if not data:
                return b""
            plain = self._sasl.unwrap(data)
        return plain
