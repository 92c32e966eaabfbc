# SPDX-License-Identifier: MIT
"""What can be seen of calls from outside: a line in the log for each, and a span.

The log is that of the standard library, `logging.getLogger("sspi_async")`: DEBUG for each call
that has come to its end. Spans are OpenTelemetry's; they are made if the program has imported
opentelemetry.trace (`pip install sspi-async[opentelemetry]`) and set a tracer provider. Neither
ever has a password, a key or a token.

Where neither is wanted that costs a look into a dict, which bindings/python/place.c takes
before it comes here.
"""

from __future__ import annotations

import logging
import sys
import time
from typing import TYPE_CHECKING, Any

from . import _native
from .place import place
from .status import Status

if TYPE_CHECKING:
    from .call import Call
    from .context import SecurityContext

_logger = logging.getLogger("sspi_async")
_logger.addHandler(logging.NullHandler())

# OpenTelemetry's tracer, once the program has imported it.
_tracer: Any = None


def look_for_spans() -> None:
    """Notice that the program uses OpenTelemetry, whenever a credential or context is made."""
    global _tracer
    if _tracer is None and "opentelemetry.trace" in sys.modules:
        _tracer = sys.modules["opentelemetry.trace"].get_tracer("sspi_async", _native.version())
        place.spans = True


def follow(
    call: Call[Any], operation: str, subject: SecurityContext | list[SecurityContext]
) -> None:
    """See a call on a context, or on many, to its end, which was submitted just now.

    Args:
        call: The call.
        operation: "step" or "delete".
        subject: The context or contexts.
    """
    if isinstance(subject, list):
        follow_named(call, operation, f"{len(subject)} contexts", None)
    else:
        follow_named(call, operation, subject._package, subject.target)


def follow_named(call: Call[Any], operation: str, package: str, target: str | None) -> None:
    """See any call to its end, which was submitted just now.

    Args:
        call: The call.
        operation: What it does.
        package: The package.
        target: Whom a client talks to, or None.
    """
    begun = time.perf_counter()
    span = None
    if _tracer is not None:
        span = _tracer.start_span(f"sspi {operation}", attributes=_attributes(package, target))
    recording = span is not None and span.is_recording()
    if not recording and not _logger.isEnabledFor(logging.DEBUG):
        return

    def ended(call: Call[Any]) -> None:
        status = Status(call._status_now())
        if recording:
            _end(span, status)
        _logger.debug(
            "%s %s%s: %s in %.1f ms",
            package,
            operation,
            f" to {target}" if target else "",
            status.name,
            (time.perf_counter() - begun) * 1000,
        )

    call.add_done_callback(ended)


def _attributes(package: str, target: str | None) -> dict[str, str]:
    attributes = {"sspi.package": package}
    if target:
        attributes["sspi.target"] = target
    return attributes


def _end(span: Any, status: Status) -> None:
    span.set_attribute("sspi.status", status.name)
    if status < 0:
        codes = sys.modules["opentelemetry.trace"]
        span.set_status(codes.Status(codes.StatusCode.ERROR, status.name))
    span.end()


place.debug = logging.DEBUG
place.levels = getattr(_logger, "_cache", None)
place.follow = follow
