# SPDX-License-Identifier: MIT
"""What it takes to test Kerberos, NTLM and TLS without a domain.

With pytest the fixtures are there as soon as the package is installed. `krb5_realm`,
`ntlm_users` and `tls_pair` are made once for a session, `fresh_krb5_realm` anew for each test
that takes it. `negotiate_server`, `ntlm_server` and `tls_server` listen on loopback for one
test. Without pytest use `Realm`, `NtlmUsers`, `TlsPair`, `HttpServer` and `TlsServer`
themselves. Certificates need trustme: `pip install sspi-async[testing]`.

`scripted` makes calls that need no server at all: each leg does what a `Leg` says.
"""

from .ntlm import NtlmUsers
from .realm import Realm, RealmUnavailable
from .scripted import Leg, release, scripted
from .server import HttpServer, Server, TlsServer
from .tls import TlsPair

__all__ = [
    "HttpServer",
    "Leg",
    "NtlmUsers",
    "Realm",
    "RealmUnavailable",
    "Server",
    "TlsPair",
    "TlsServer",
    "release",
    "scripted",
]
