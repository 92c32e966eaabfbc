# SPDX-License-Identifier: MIT
"""Times, for people and for programs."""

from __future__ import annotations

import datetime


def now() -> datetime.datetime:
    """Return the present moment, in UTC."""
    return datetime.datetime.now(datetime.timezone.utc)


def iso(moment: datetime.datetime | None) -> str | None:
    """Write a moment for programs.

    Args:
        moment: The moment, or None.

    Returns:
        It in ISO 8601, or None.
    """
    return moment.isoformat() if moment is not None else None


def shown(moment: datetime.datetime | None) -> str:
    """Write a moment for people, with how far it is away.

    Args:
        moment: The moment, or None.

    Returns:
        "2026-11-28 21:08 UTC (in 9 h 58 min)", or "-".
    """
    if moment is None:
        return "-"
    away = round((moment - now()).total_seconds())
    span = _span(abs(away))
    relative = f"in {span}" if away >= 0 else f"{span} ago"
    return f"{moment.astimezone(datetime.timezone.utc):%Y-%m-%d %H:%M} UTC ({relative})"


def _span(seconds: int) -> str:
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (seconds, "s")]
    while len(parts) > 1 and parts[0][0] == 0:
        parts.pop(0)
    return " ".join(f"{number} {unit}" for number, unit in parts[:2] if number or unit == "s")
