# SPDX-License-Identifier: MIT
"""A certificate for localhost, and the authority that issued it."""

from __future__ import annotations

import dataclasses
import pathlib
import subprocess
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

    @classmethod
    def make(
        cls,
        folder: pathlib.Path,
        names: Sequence[str] = ("localhost", "127.0.0.1"),
        days: int = 2,
    ) -> TlsPair:
        """Make both with the openssl program (P-256).

        Args:
            folder: Where the files go.
            names: Host names and addresses.
            days: How long the certificates are good.

        Returns:
            The pair.

        Raises:
            FileNotFoundError: If there is no openssl.
            RuntimeError: If it fails.
        """
        alternatives = ",".join(
            ("IP:" if name.replace(".", "").isdigit() or ":" in name else "DNS:") + name
            for name in names
        )
        extensions = folder / "extensions"
        extensions.write_text(
            f"subjectAltName={alternatives}\nextendedKeyUsage=serverAuth,clientAuth\n"
            "basicConstraints=CA:FALSE\n"
        )
        new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        commands = [
            ["req", "-x509", *new_key, "-days", str(days), "-subj", "/CN=sspi-async tests",
             "-keyout", "ca.key", "-out", "ca.pem"],
            ["req", *new_key, "-subj", f"/CN={names[0]}", "-keyout", "server.key",
             "-out", "server.csr"],
            ["x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
             "-CAcreateserial", "-days", str(days), "-extfile", "extensions",
             "-out", "server.pem"],
        ]  # fmt: skip
        for command in commands:
            done = subprocess.run(
                ["openssl", *command],
                cwd=folder,
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            if done.returncode != 0:
                raise RuntimeError(f"openssl {command[0]}: {done.stderr.strip()}")
        return cls(
            folder / "server.pem", folder / "server.key", folder / "ca.pem", tuple(names)
        )
