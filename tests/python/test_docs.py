# SPDX-License-Identifier: MIT
"""What is written about the package is true."""

from __future__ import annotations

import asyncio
import inspect
import pathlib
import re
import shutil
import subprocess
import sys
import textwrap
import time

import pytest
from conftest import ROOT

import sspi_async
import sspi_async.raw
import sspi_async.testing
from sspi_async.testing import NtlmUsers


def test_readme_example_runs(ntlm_users: NtlmUsers) -> None:
    """Wrong would be: the first thing that people try, failing."""
    text = (ROOT / "README.md").read_text()
    found = re.search(
        r"<!-- python example.*?-->\n```python\n(.*?)```.*?```console\n(.*?)```", text, re.S
    )
    assert found is not None
    done = subprocess.run(
        [sys.executable, "-c", found.group(1)],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=ntlm_users.path.parent,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, found.group(2)), done.stderr


def block(page: str, language: str) -> str:
    """The first block of a language on a page of docs/."""
    found = re.search(rf"```{language}\n(.*?)```", (ROOT / "docs" / page).read_text(), re.S)
    assert found is not None
    return found.group(1)


def test_example_of_the_package_runs(
    ntlm_users: NtlmUsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wrong would be: a last token that is never sent, and a server that waits for it."""
    monkeypatch.setenv("NTLM_USER_FILE", str(ntlm_users.path))
    monkeypatch.setenv("KRB5CCNAME", "FILE:/nowhere")
    found = re.search(r"\n\n((?:    .*\n|\n)+)", sspi_async.__doc__ or "")
    assert found is not None
    code = "async def run(exchange):\n" + found.group(1) + "        return sealed\n"
    names: dict[str, object] = {"sspi_async": sspi_async}
    exec(compile(code, "docstring", "exec"), names)  # noqa: S102

    async def main() -> None:
        users = sspi_async.Identity(ntlm_user_file=ntlm_users.path)
        async with sspi_async.server(identity=users) as server:
            sealed = await names["run"](server.step)  # type: ignore[operator]
            assert server.complete
            assert server.decrypt(sealed) == b"hello"

    asyncio.run(main())


def test_python_example_of_scripted_runs() -> None:
    names: dict[str, object] = {}
    exec(compile(block("scripted.md", "python"), "scripted.md", "exec"), names)  # noqa: S102
    context = names["context"]
    assert isinstance(context, sspi_async.SecurityContext)
    assert context.step().result(10) == b"hello"
    begun = time.monotonic()
    with pytest.raises(sspi_async.NoAuthority, match="the KDC is down"):
        context.step(b"x").result(10)
    assert time.monotonic() - begun >= 3
    context.delete_nowait()


PROGRAM = """
#include <sspi.h>
#include <string.h>

int main(void)
{
    CredHandle credential;
    CtxtHandle context;
    char made[16];
    SecBuffer out = {sizeof(made), SECBUFFER_TOKEN, made};
    SecBufferDesc output = {SECBUFFER_VERSION, 1, &out};

%s
    return InitializeSecurityContextA(&credential, NULL, NULL, 0, 0, SECURITY_NATIVE_DREP, NULL,
                                      0, &context, &output, NULL, NULL) !=
               SEC_I_CONTINUE_NEEDED ||
           out.cbBuffer != 5 || memcmp(made, "hello", 5) != 0;
}
"""


def test_c_example_of_scripted_runs(tmp_path: pathlib.Path) -> None:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler")
    source = tmp_path / "program.c"
    source.write_text(PROGRAM % textwrap.indent(block("scripted.md", "c"), "    "))
    folder = pathlib.Path(sspi_async.__file__).parent / "_lib"
    program = tmp_path / "program"
    subprocess.run(
        [compiler, "-Wall", "-Wextra", "-Werror", f"-I{ROOT}/core/include/sspi-async",
         str(source), str(folder / "libsspi-async.so.1"), f"-Wl,-rpath,{folder}",
         "-o", str(program)],
        check=True,
    )  # fmt: skip
    assert subprocess.run([str(program)], timeout=60, check=False).returncode == 0


@pytest.mark.parametrize("module", [sspi_async, sspi_async.raw, sspi_async.testing])
def test_every_function_says_args_returns_and_raises(module: object) -> None:
    for name in module.__all__:  # type: ignore[attr-defined]
        item = getattr(module, name)
        functions = [(name, item)] if inspect.isfunction(item) else []
        if inspect.isclass(item):
            functions = [
                (f"{name}.{key}", value)
                for key, value in inspect.getmembers(item, inspect.isfunction)
                if not key.startswith("_")
            ]
        for what, function in functions:
            doc = inspect.getdoc(function) or ""
            assert doc, what
            names = [
                parameter
                for parameter in inspect.signature(function).parameters
                if parameter not in ("self", "cls")
            ]
            for parameter in names:
                assert re.search(rf"^    {parameter}s?: ", doc, re.M), (what, parameter)
