# SPDX-License-Identifier: MIT
"""Makes docs/python.md of the docstrings: python docs/python_reference.py > docs/python.md."""

from __future__ import annotations

import enum
import inspect
import sys
import textwrap

import sspi_async
import sspi_async.raw
import sspi_async.testing

HEAD = """\
# Python

<!-- Made by docs/python_reference.py from the docstrings; a test compares. -->

`pip install .` builds the library, its package modules and the Python module, and needs a C
compiler, CMake, and the headers of krb5 and OpenSSL (`./dev python` installs them). The wheel is
for CPython 3.9 and newer on Linux. It holds the library; GSSAPI and OpenSSL are the system's: a
krb5 of its own would read other configuration and find no NTLM plug-in.

What blocks is a `Call`. It can be awaited in asyncio and trio, waited for with `result()`,
polled with `done()`, or given a callback. Its callbacks run on the loop where it was made, or,
without one, on a daemon thread named `sspi-async`; never on a thread of the library.

| where | completions come | unhandled exceptions of callbacks go |
| --- | --- | --- |
| asyncio, any number of loops | by `loop.add_reader`, up to 128 in a turn | to the loop's exception handler |
| trio | by a system task of the run | to `threading.excepthook` |
| no loop | by a daemon thread | to `threading.excepthook` |

Cancelling a task that awaits a call cancels the call, and so do `asyncio.timeout`,
`asyncio.wait_for` and the cancel scopes of trio and anyio. A delete is carried out all the same. A
security context whose leg was cancelled half-way can only be deleted; leaving its block does not
wait for what still runs.

Each call that is queued takes `timeout=`, in seconds, and `deadline=`, a moment of
`time.monotonic()`. That is `loop.time()` in asyncio and uvloop; trio's clock is another one, so
give a timeout there. At its time the call ends with `DeadlineExceeded`, which is a `TimeoutError`
too, and its work ends with it. `client()` and `server()` take them for all their legs, and
`set_default_timeout()` sets what holds where nothing else was said.

In asyncio, `gather`, `wait`, `wait_for`, `shield` and `as_completed` take calls that were made on
that loop as they are; `call.future()` is for `concurrent.futures.wait` and `as_completed`.

A call that failed and went without anybody asking for its result, exception or status is reported:
to the loop's exception handler, or to `sys.unraisablehook` where there is no loop; the pytest
plug-in fails the test. A context or credential that the garbage collector had to delete gives a
`ResourceWarning`, which `python -X dev` shows.

The logger `sspi_async` has a line for each call at DEBUG (package, operation, target, status,
milliseconds), and for each failure that nobody looked at, at WARNING. A program that has imported
OpenTelemetry (`pip install sspi-async[opentelemetry]`) and set a tracer provider gets a span for
each call. Neither holds a password, a key or a token.

After a fork the child uses what it inherited; calls that were pending in the parent raise
`ShuttingDown` there. The interpreter ends with calls pending: callbacks that have not begun do
not run.

Sign, verify, encrypt and decrypt are plain functions: they contact no server. They let other
threads run, and wait while a leg runs on the same context.
"""


def clean(item: object) -> str:
    """The docstring, with its sections as paragraphs."""
    lines = (inspect.getdoc(item) or "").splitlines()
    result: list[str] = []
    section = ""
    for line in lines:
        stripped = line.strip()
        if stripped in ("Args:", "Returns:", "Raises:", "Attributes:"):
            section = stripped
            result += ["", f"*{stripped[:-1]}*", ""]
        elif section and line.startswith("    ") and not line.startswith("        "):
            name, colon, rest = stripped.partition(":")
            if section != "Returns:" and colon and " " not in name:
                result.append(f"- `{name}`:{rest}")
            else:
                result.append(stripped)
        elif section and stripped:
            result.append("  " + stripped)
        else:
            section = "" if stripped else section
            result.append(line)
    return "\n".join(result).strip()


def signature(item: object) -> str:
    """How it is called."""
    try:
        text = str(inspect.signature(item))  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return "()"
    return text.replace("'", "").replace("(self, ", "(").replace("(self)", "()")


def members(cls: type) -> list[str]:
    """The public methods and properties of a class: its own, then those of bases of ours."""
    found: dict[str, object] = {}
    for base in cls.__mro__:
        if (
            base.__module__.startswith("sspi_async.")
            and base.__module__ != "sspi_async._native"
        ):
            for name, item in vars(base).items():
                found.setdefault(name, item)
    lines: list[str] = []
    for name, item in found.items():
        if name.startswith("_"):
            continue
        if isinstance(item, property):
            lines += [f"#### {cls.__name__}.{name}", "", clean(item), ""]
        elif isinstance(item, (classmethod, staticmethod)):
            call = getattr(cls, name)
            lines += [f"#### {cls.__name__}.{name}", "", code(name, call), "", clean(call), ""]
        elif inspect.isfunction(item):
            lines += [f"#### {cls.__name__}.{name}", "", code(name, item), "", clean(item), ""]
    return lines


def code(name: str, item: object) -> str:
    """A signature as a block."""
    text = f"{name}{signature(item)}"
    if len(text) > 90:
        text = "\n".join(
            textwrap.wrap(text, 90, subsequent_indent="    ", break_long_words=False)
        )
    return f"```python\n{text}\n```"


def describe(names: list[str], module: object) -> list[str]:
    """A chapter of each name."""
    lines: list[str] = []
    for name in names:
        item = getattr(module, name)
        if not (inspect.isclass(item) or inspect.isfunction(item)):
            continue
        lines += [f"### {name}", ""]
        if inspect.isclass(item) and issubclass(item, enum.Enum):
            lines += [clean(item), ""]
            if len(item) < 40:
                lines += [", ".join(f"`{member.name}`" for member in item), ""]
        elif inspect.isclass(item) and issubclass(item, Exception):
            bases = ", ".join(f"`{base.__name__}`" for base in item.__bases__)
            lines += [f"{clean(item)} ({bases})", ""]
        elif inspect.isclass(item):
            lines += [clean(item), "", *members(item)]
        else:
            lines += [code(name, item), "", clean(item), ""]
    return lines


def main() -> str:
    """The whole page."""
    lines = [HEAD, "## sspi_async", ""]
    functions = [name for name in sspi_async.__all__ if name[0].islower()]
    classes = [name for name in sspi_async.__all__ if name[0].isupper()]
    lines += describe(functions + classes, sspi_async)
    lines += ["## sspi_async.raw", "", clean(sspi_async.raw), ""]
    lines += describe(sspi_async.raw.__all__, sspi_async.raw)
    lines += ["## sspi_async.testing", "", clean(sspi_async.testing), ""]
    lines += describe(sspi_async.testing.__all__, sspi_async.testing)
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    sys.stdout.write(main())
