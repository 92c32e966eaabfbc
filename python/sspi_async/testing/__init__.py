# SPDX-License-Identifier: MIT
"""What it takes to test Kerberos, NTLM and TLS without a domain.

With pytest the fixtures are there as soon as the package is installed: `krb5_realm`,
`ntlm_users`, `tls_pair`. Without pytest use `Realm`, `NtlmUsers` and `TlsPair` themselves.

`scripted` makes calls that need no server at all: each leg does what a `Leg` says.
"""

from .ntlm import NtlmUsers
from .realm import Realm, RealmUnavailable
from .scripted import Leg, release, scripted
from .tls import TlsPair

__all__ = [
    "Leg",
    "NtlmUsers",
    "Realm",
    "RealmUnavailable",
    "TlsPair",
    "release",
    "scripted",
]
