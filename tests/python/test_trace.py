# SPDX-License-Identifier: MIT
"""Calls in the log, and as spans."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys

import pytest
from conftest import Probe, eventually, run_python

import sspi_async
from sspi_async import Credential, Identity, LogonDenied, delete_many


def lines_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [one.getMessage() for one in caplog.records if one.name == "sspi_async"]


def test_each_call_is_a_line(probe: Probe, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "sspi_async")
    context = probe.client("token='secret'")
    context.step().result(10)
    context.delete().result(10)
    with pytest.raises(LogonDenied):
        probe.client("status=SEC_E_LOGON_DENIED").step().result(10)
    delete_many([]).result(10)
    Credential.acquire("Scripted").result(10).free().result(10)
    eventually(lambda: len(lines_of(caplog)) == 6)
    for line, start in zip(
        sorted(lines_of(caplog)),
        [
            "0 contexts delete: SEC_E_OK in ",
            "Scripted acquire: SEC_E_OK in ",
            "Scripted delete to token='secret': SEC_E_OK in ",
            "Scripted free: SEC_E_OK in ",
            "Scripted step to status=SEC_E_LOGON_DENIED: SEC_E_LOGON_DENIED in ",
            "Scripted step to token='secret': SEC_E_OK in ",
        ],
    ):
        assert line.startswith(start), line
        assert line.endswith(" ms"), line


@pytest.mark.asyncio
async def test_level_is_looked_at_for_each_call(
    probe: Probe, caplog: pytest.LogCaptureFixture
) -> None:
    """Wrong would be: a line for a level that is off, or none after it is on."""
    contexts = [probe.client() for _ in range(3)]
    await asyncio.gather(*[context.step() for context in contexts])
    await contexts[0].delete()
    assert lines_of(caplog) == []
    logger = logging.getLogger("sspi_async")
    caplog.set_level(logging.DEBUG)
    assert logger.isEnabledFor(logging.DEBUG)
    await contexts[1].delete()
    assert len(lines_of(caplog)) == 1
    caplog.set_level(logging.INFO)
    await contexts[2].delete()
    assert len(lines_of(caplog)) == 1


def test_first_leg_is_two_lines(caplog: pytest.LogCaptureFixture) -> None:
    """And no secret is in them."""
    caplog.set_level(logging.DEBUG, "sspi_async")
    alice = Identity(user="alice", password="correct-horse")
    context = sspi_async.client("HTTP@h", package="NTLM", identity=alice)
    context.step().result(10)
    eventually(lambda: len(lines_of(caplog)) == 2)
    lines = sorted(lines_of(caplog))
    assert lines[0].startswith("NTLM acquire: SEC_E_OK in ")
    assert lines[1].startswith("NTLM step to HTTP@h: SEC_I_CONTINUE_NEEDED in ")
    assert "correct-horse" not in caplog.text
    context.delete_nowait()


def test_importing_imports_no_opentelemetry() -> None:
    done = run_python(
        "import sys, sspi_async; sspi_async.client('HTTP@h')\n"
        "print([name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    assert done.stdout == "[]\n", done.stderr


SPANS = """
import asyncio, sspi_async
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
exporter = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
trace.set_tracer_provider(provider)
async def main():
    credential = await sspi_async.Credential.acquire("Scripted", 3, principal="all: per-leg")
    with trace.get_tracer("test").start_as_current_span("request"):
        async with sspi_async.client("", credential=credential) as context:
            await context.step()
        async with sspi_async.client(
            "status=SEC_E_LOGON_DENIED", credential=credential
        ) as context:
            try:
                await context.step()
            except sspi_async.LogonDenied:
                pass
    credential.free_nowait()
asyncio.run(main())
spans = exporter.get_finished_spans()
request = spans[-1].context.span_id
for span in spans[:-1]:
    attributes = dict(span.attributes)
    inside = span.parent is not None and span.parent.span_id == request
    print(span.name, attributes["sspi.package"], attributes["sspi.status"],
          span.status.status_code.name, inside)
"""


def test_calls_are_spans() -> None:
    pytest.importorskip("opentelemetry.sdk.trace")
    done = subprocess.run(
        [sys.executable, "-c", SPANS],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.splitlines() == [
        "sspi acquire Scripted SEC_E_OK UNSET False",
        "sspi step Scripted SEC_E_OK UNSET True",
        "sspi delete Scripted SEC_E_OK UNSET True",
        "sspi step Scripted SEC_E_LOGON_DENIED ERROR True",
    ], done.stderr
