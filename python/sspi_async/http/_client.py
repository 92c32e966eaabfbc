# SPDX-License-Identifier: MIT
"""What all requests of one user share: settings, and credentials."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from typing import Any

from ..channel_bindings import tls_server_end_point
from ..credential import Credential, Identity, check_identity
from ..error import Unsupported
from ..flags import ClientFlags, CredentialUse
from ._challenge import Challenge
from ._wait import Wait

REQUIRED = 1
OPTIONAL = 2
DISABLED = 3

END_POINT = "tls-server-end-point"

# Schemes to answer and the package that does it, the best first. Raw tokens of Kerberos and
# NTLM are understood behind Negotiate, too.
_WAYS = {
    "negotiate": (("Negotiate", "Negotiate"), ("NTLM", "NTLM")),
    "kerberos": (("Negotiate", "Kerberos"), ("Kerberos", "Kerberos")),
    "ntlm": (("NTLM", "NTLM"), ("Negotiate", "NTLM")),
}
_MECHANISMS = {
    "1.3.6.1.5.5.2": "Negotiate",
    "1.2.840.113554.1.2.2": "Kerberos",
    "1.3.6.1.4.1.311.2.2.10": "NTLM",
}

_log = logging.getLogger("sspi_async.http")


class Client:
    """What all requests of one user share: settings, and credentials once they are needed."""

    def __init__(
        self,
        mutual_authentication: int = DISABLED,
        target_name: Any = "HTTP",
        delegate: bool = False,
        opportunistic_auth: bool = False,
        creds: Credential | None = None,
        mech: Any = None,
        sanitize_mutual_error_response: bool = True,
        channel_bindings: str | bytes | None = END_POINT,
        *,
        identity: Identity | None = None,
        timeout: float | None = None,
        proxy_target_name: str | None = None,
    ) -> None:
        if mutual_authentication not in (REQUIRED, OPTIONAL, DISABLED):
            raise ValueError("mutual_authentication must be REQUIRED, OPTIONAL or DISABLED")
        if isinstance(channel_bindings, str) and channel_bindings != END_POINT:
            raise ValueError(f"channel_bindings must be {END_POINT!r}, bytes or None")
        if creds is not None and not isinstance(creds, Credential):
            raise TypeError(
                f"creds must be a sspi_async.Credential, not {type(creds).__name__}; identity "
                "says where one comes from, such as Identity(ccache=...)"
            )
        self.mutual_authentication = mutual_authentication
        self.target_name = str(target_name or "HTTP")  # or a gssapi.Name
        self.delegate = delegate
        self.opportunistic_auth = opportunistic_auth
        self.creds = creds
        self.sanitize_mutual_error_response = sanitize_mutual_error_response
        self.channel_bindings = channel_bindings
        self.identity = identity
        self.timeout = timeout
        self.proxy_target_name = proxy_target_name
        self._ways = _ways(mech, creds, identity)
        self._lock = threading.Lock()
        self._credentials: dict[str, Credential] = {}
        self._end_points: dict[str, bytes] = {}

    def choose(self, challenges: Sequence[Challenge]) -> tuple[str, str] | None:
        """Choose a scheme that the server offers; None: none that is ours."""
        for scheme, package in self._ways:
            if any(one.is_of(scheme) for one in challenges):
                return scheme, package
        return None

    def first_choice(self) -> tuple[str, str]:
        """The scheme to begin with, unasked."""
        return self._ways[0]

    def target(self, host: str, proxy: bool) -> str:
        """The name of the service on a host."""
        name = (self.proxy_target_name or "HTTP") if proxy else self.target_name
        return name if "@" in name or "/" in name else f"{name}@{host}"

    def flags(self) -> ClientFlags:
        """What a context is to have."""
        flags = ClientFlags.INTEGRITY
        if self.mutual_authentication != DISABLED:
            flags |= ClientFlags.MUTUAL_AUTH
        if self.delegate:
            flags |= ClientFlags.DELEGATE | ClientFlags.MUTUAL_AUTH
        return flags

    def bindings(self, host: str, tls: Any) -> bytes | None:
        """The channel bindings towards a host; what is known of it holds where tls is None."""
        if not isinstance(self.channel_bindings, str):
            return self.channel_bindings
        if tls is None:
            return self._end_points.get(host)
        try:
            made = tls_server_end_point(tls)
        except (ValueError, Unsupported) as error:
            _log.warning("no channel bindings for %s: %s", host, error)
            return None
        self._end_points[host] = made
        return made

    async def credential(self, package: str, wait: Wait, deadline: float | None) -> Credential:
        """The credential for a package; acquired when it is first asked for."""
        if self.creds is not None:
            return self.creds
        found = self._credentials.get(package)
        if found is not None:
            return found
        made: Credential = await wait(
            Credential.acquire(
                package, CredentialUse.OUTBOUND, identity=self.identity, deadline=deadline
            )
        )
        made._silent = True  # it goes with this object, when nobody needs it any more
        with self._lock:
            kept = self._credentials.setdefault(package, made)
        if kept is not made:
            made.free_nowait()
        return kept


def _ways(
    mech: Any, creds: Credential | None, identity: Identity | None
) -> tuple[tuple[str, str], ...]:
    name = getattr(mech, "dotted_form", mech)  # gssapi.OID
    name = _MECHANISMS.get(name, name) if name is not None else "Negotiate"
    if not isinstance(name, str) or name.lower() not in _WAYS:
        raise ValueError(f"mech must be Negotiate, Kerberos or NTLM, not {mech!r}")
    check_identity(name, CredentialUse.OUTBOUND, identity)
    if creds is not None:
        package = creds.package.lower()
        known = [way for ways in _WAYS.values() for way in ways if way[1].lower() == package]
        # A package of somebody else's.
        return tuple(dict.fromkeys(known)) or (("Negotiate", creds.package),)
    ways: tuple[tuple[str, str], ...] = _WAYS[name.lower()]
    named = identity.packages if identity is not None else None
    words = [word.strip().lower() for word in (named or "").split(",")]
    wanted = [word for word in words if word and not word.startswith("!")]
    if name.lower() == "negotiate" and ("!ntlm" in words or (wanted and "ntlm" not in wanted)):
        ways = ways[:1]
    return ways
