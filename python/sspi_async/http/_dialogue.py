# SPDX-License-Identifier: MIT
"""A request on its way, whoever asks: the face of the protocol that adapters see.

A dialogue is one exchange with the server, and one with a proxy each time that it asks.
Adapters of every kind await it: those that block give it `on_this_thread`, which never
suspends, and run it by `finish`.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any

from ..error import InvalidParameter
from ..status import Status
from ._client import REQUIRED, Client
from ._exchange import Answer, Exchange
from ._wait import Wait

Changes = Mapping[str, "str | None"]

# What is said where a request would have to be sent again, and cannot.
ONCE = (
    "the server asks for authentication, but a body that is a stream cannot be sent twice: "
    "pass bytes or a file, or, with Kerberos, opportunistic_auth=True"
)


def change(headers: MutableMapping[str, Any], changes: Changes) -> None:
    """Set fields of a header; those that are None are taken out."""
    for name, value in changes.items():
        headers.pop(name, None)
        if value is not None:
            headers[name] = value


def harmless(headers: Mapping[str, Any]) -> dict[str, Any]:
    """What is left of the header of an answer that is to be empty."""
    return {name: headers[name] for name in ("date", "server") if name in headers}


class Dialogue:
    """One request on its way to a server, through a proxy that may ask, too."""

    def __init__(
        self,
        settings: Client,
        host: str,
        wait: Wait,
        *,
        proxy: str | None = None,
        timeout: float | None = None,
    ) -> None:
        self._settings = settings
        self._proxy_host = proxy
        self._wait = wait
        self._timeout = timeout
        self._server = Exchange(settings, host, wait, timeout=timeout)
        self._proxy: Exchange | None = None

    @property
    def bound(self) -> bool:
        """Whether what is to be sent belongs to the connection of the answer before."""
        return self._server.bound or (self._proxy is not None and self._proxy.bound)

    @property
    def last(self) -> bool:
        """Whether the connection is the user's when that has been sent."""
        return self._server.last or (self._proxy is not None and self._proxy.last)

    @property
    def parted(self) -> bool:
        """Whether legs went through different connections."""
        return self._server.parted or (self._proxy is not None and self._proxy.parted)

    @property
    def anew(self) -> bool:
        """Whether a handshake begins again with what is to be sent."""
        return self._server.anew or (self._proxy is not None and self._proxy.anew)

    def close(self) -> None:
        """End it."""
        self._server.close()
        if self._proxy is not None:
            self._proxy.close()

    async def begin(self) -> Changes:
        """What to set in the header of the request before it is sent for the first time."""
        value = await self._server.begin()
        return {} if value is None else {self._server.field: value}

    async def answer(self, answer: Answer) -> Changes | None:
        """Take what came back.

        Returns:
            What to set in the header of the request (None: to take out), which is then sent
            again; None: this was the last answer.

        Raises:
            SspiError: As from `Exchange.answer`.
        """
        if answer.status == 407:
            if self._proxy is None:
                self._proxy = self._meet_proxy()
            value = await self._proxy.answer(answer)
            return None if value is None else {self._proxy.field: value}
        changes: dict[str, str | None] = {}
        if self._proxy is not None:
            # Its token has done its service. It asks for another one with the next request.
            await self._proxy.answer(answer)
            changes[self._proxy.field] = None
            self._proxy = None
        value = await self._server.answer(answer)
        return None if value is None else {**changes, self._server.field: value}

    def must_strip(self, status: int) -> bool:
        """Tell whether an answer of that status may come from anybody, and is to be empty.

        It says that something went wrong. What says something else, unproven, was an error.
        """
        settings = self._settings
        return (
            status >= 400
            and status not in (401, 407)
            and settings.mutual_authentication == REQUIRED
            and settings.sanitize_mutual_error_response
            and not self._server.proven
        )

    def _meet_proxy(self) -> Exchange:
        name = self._settings.proxy_target_name or ""
        if self._proxy_host is None and "@" not in name and "/" not in name:
            raise InvalidParameter(
                Status.SEC_E_INVALID_PARAMETER,
                "the proxy asks for authentication, but this HTTP library does not say "
                "which proxy it is: give proxy_target_name='HTTP@proxy.example.org'",
            )
        return Exchange(
            self._settings,
            self._proxy_host or "",
            self._wait,
            proxy=True,
            timeout=self._timeout,
        )
