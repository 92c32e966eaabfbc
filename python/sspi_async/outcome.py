# SPDX-License-Identifier: MIT
"""What a call of the library has brought, where Python fetches it itself."""

from __future__ import annotations

from typing import NamedTuple


class Outcome(NamedTuple):
    """What the library gives back; see sspia_hub_outcome."""

    status: int
    attributes: int
    credential: int
    context: int
    expiry: int
    extra: int
    missing: int
    token: bytes | None
