# SPDX-License-Identifier: MIT
"""SASL: the mechanisms GSSAPI and GSS-SPNEGO, for clients and servers, without I/O.

A mechanism object makes the responses (or challenges) that a protocol carries, and protects
what comes after them if both sides want that. `sspi_async.sasl.ldap3` gives one to ldap3.
"""

from ._client import SaslClient
from ._layer import SecurityLayer
from ._server import SaslServer

__all__ = ["SaslClient", "SaslServer", "SecurityLayer"]
