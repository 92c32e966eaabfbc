# SPDX-License-Identifier: MIT
"""A certificate for localhost, and the authority that issued it."""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import pathlib
import ssl
from collections.abc import Sequence

from ..credential import TlsIdentity


@dataclasses.dataclass(frozen=True)
class TlsPair:
    """A server's certificate and key, in PEM files.

    Attributes:
        certificate: The certificate, issued by `authority`.
        key: Its private key.
        authority: The root that clients are to trust.
        names: The host names and addresses it is for.
    """

    certificate: pathlib.Path
    key: pathlib.Path
    authority: pathlib.Path
    names: tuple[str, ...]

    @property
    def server(self) -> TlsIdentity:
        """The identity of a server with this certificate."""
        return TlsIdentity(certificate=str(self.certificate), key=str(self.key))

    @property
    def client(self) -> TlsIdentity:
        """The identity of a client that trusts `authority`."""
        return TlsIdentity(roots=str(self.authority))

    @property
    def bindings(self) -> bytes:
        """The channel bindings "tls-server-end-point:..." of a server with this certificate."""
        first, end, _ = self.certificate.read_text().partition("-----END CERTIFICATE-----")
        der = ssl.PEM_cert_to_DER_cert(first + end)
        return b"tls-server-end-point:" + hashlib.sha256(der).digest()

    @classmethod
    def make(
        cls,
        folder: pathlib.Path,
        names: Sequence[str] = ("localhost", "127.0.0.1"),
        days: int = 2,
    ) -> TlsPair:
        """Make both, by trustme.

        Args:
            folder: Where the files go.
            names: Host names and addresses.
            days: How long the certificate is good, from now on.

        Returns:
            The pair.

        Raises:
            ImportError: If there is no trustme (`pip install sspi-async[testing]`).
        """
        import trustme

        until = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)
        authority = trustme.CA(organization_name="sspi-async tests")
        issued = authority.issue_cert(*names, not_after=until)
        pair = cls(
            folder / "server.pem", folder / "server.key", folder / "ca.pem", tuple(names)
        )
        authority.cert_pem.write_to_path(str(pair.authority))
        pair.key.touch(mode=0o600)
        issued.private_key_pem.write_to_path(str(pair.key))
        for number, part in enumerate(issued.cert_chain_pems):
            part.write_to_path(str(pair.certificate), append=number > 0)
        return pair
