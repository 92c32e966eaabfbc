# SPDX-License-Identifier: MIT
"""Rows "http" and "http-pause": authenticated GETs in asyncio, against what people use.

Kerberos with a warm ticket, 64 in flight, each GET a 401 and the page behind it, from an Apache
with mod_auth_gssapi on this machine. Pause: how long the loop stands still, at most, meanwhile;
the tasks begin one by one, a turn of the loop each. "No authentication" is the same client with
a page that is anybody's: below its pauses no authentication can come.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import functools
import gc
import importlib
import os
import pathlib
import pwd
import shutil
import tempfile
import time
from collections.abc import Awaitable, Iterator
from typing import Any, Callable

import aiohttp
import httpx
import measure
import requests
import server
from python_silent_kdc import longest_pause

import sspi_async.http.aiohttp
import sspi_async.http.httpx
from sspi_async import Identity

Figures = tuple[float, float]

ROW = "http"
PAUSE = "http-pause"
ON_AIOHTTP = "httpx over aiohttp"
IN_FLIGHT = 64
COUNT = 1000

CONFIGURATION = """
ServerRoot "{folder}"
ServerName localhost
PidFile "{folder}/pid"
DefaultRuntimeDir "{folder}"
Mutex pthread
Listen 127.0.0.1:{port}
{user}
{modules}
StartServers 1
ServerLimit 1
ThreadLimit 128
ThreadsPerChild 128
MaxRequestWorkers 128
KeepAliveTimeout 60
MaxKeepAliveRequests 0
ErrorLog "{folder}/error.log"
DocumentRoot "{folder}/pages"
<Directory "{folder}/pages">
    AuthType GSSAPI
    AuthName bench
    Require valid-user
    GssapiAllowedMech krb5
    GssapiCredStore keytab:{folder}/keytab
</Directory>
<Directory "{folder}/pages/open">
    AuthType None
    Require all granted
</Directory>
"""
MODULES = pathlib.Path("/usr/lib/apache2/modules")
NEEDED = ("mpm_event", "authn_core", "authz_core", "authz_user", "auth_gssapi")


@contextlib.contextmanager
def apache() -> Iterator[str]:
    """Run an Apache; yields its address, under which are /page and /open/page."""
    program = shutil.which("apache2", path=os.environ["PATH"] + ":/usr/sbin")
    if program is None or not all((MODULES / f"mod_{one}.so").exists() for one in NEEDED):
        measure.skip("apache2 with mod_auth_gssapi is not installed")
    with tempfile.TemporaryDirectory(prefix="sspi-async-bench.") as name:
        folder = pathlib.Path(name)
        (folder / "pages/open").mkdir(parents=True)
        (folder / "pages/page").write_text("the page\n")
        (folder / "pages/open/page").write_text("the page\n")
        shutil.copy(os.environ["KEYTAB"].partition(":")[2], folder / "keytab")
        shutil.copy(os.environ["KRB5_CONFIG"], folder / "krb5.conf")
        folder.chmod(0o755)
        (folder / "krb5.conf").chmod(0o644)
        user = ""
        if os.getuid() == 0:
            user = "User www-data\nGroup www-data"
            who = pwd.getpwnam("www-data")
            for path in folder.rglob("*"):
                os.chown(path, who.pw_uid, who.pw_gid)
        port = server.free_port()
        modules = "\n".join(f"LoadModule {one}_module {MODULES}/mod_{one}.so" for one in NEEDED)
        (folder / "httpd.conf").write_text(
            CONFIGURATION.format(folder=folder, port=port, user=user, modules=modules)
        )
        command = [program, "-X", "-f", str(folder / "httpd.conf")]
        configuration = {"KRB5_CONFIG": f"{folder}/krb5.conf"}
        with server.listening(command, port, environment=configuration):
            yield f"http://localhost:{port}"


async def gets(get: Callable[[], Awaitable[int]], count: int) -> float:
    """Microseconds a GET."""
    left = iter(range(count))

    async def work() -> None:
        for _ in left:
            if await get() != 200:
                raise RuntimeError("no page")

    begun = time.perf_counter()
    tasks = []
    for _ in range(IN_FLIGHT):
        tasks.append(asyncio.ensure_future(work()))
        await asyncio.sleep(0)
    await asyncio.gather(*tasks)
    return (time.perf_counter() - begun) * 1e6 / count


async def cost_and_pause(get: Callable[[], Awaitable[int]], count: int) -> Figures:
    """Microseconds a GET, and the longest pause in milliseconds."""
    cost = 0.0

    async def work() -> None:
        nonlocal cost
        cost = await gets(get, count)

    await gets(get, IN_FLIGHT)  # the connections are there
    pause = await longest_pause(work())
    return cost, pause


def by_httpx(
    url: str, auth: httpx.Auth | None, transport: Callable[[], Any], count: int
) -> Figures:
    """With httpx.AsyncClient."""

    async def main() -> Figures:
        async with httpx.AsyncClient(auth=auth, timeout=60, transport=transport()) as client:

            async def get() -> int:
                return (await client.get(url)).status_code

            return await cost_and_pause(get, count)

    return asyncio.run(main())


def own_pool() -> None:
    """The transport that httpx has if none is given."""


def by_aiohttp(url: str, auth: Any, count: int) -> Figures:
    """With aiohttp.ClientSession; auth may be None."""

    async def main() -> Figures:
        middlewares = () if auth is None else (auth,)
        async with aiohttp.ClientSession(middlewares=middlewares) as session:

            async def get() -> int:
                async with session.get(url) as answer:
                    await answer.read()
                    return answer.status

            return await cost_and_pause(get, count)

    return asyncio.run(main())


def by_threads(url: str, auth: Any, count: int) -> Figures:
    """With requests, a session for each of 64 threads."""
    with concurrent.futures.ThreadPoolExecutor(IN_FLIGHT) as threads:
        sessions = [requests.Session() for _ in range(IN_FLIGHT)]

        def work(session: requests.Session, number: int) -> None:
            for _ in range(number):
                if session.get(url, auth=auth, timeout=60).status_code != 200:
                    raise RuntimeError("no page")

        list(threads.map(work, sessions, [1] * IN_FLIGHT))
        each = -(-count // IN_FLIGHT)
        begun = time.perf_counter()
        list(threads.map(work, sessions, [each] * IN_FLIGHT))
        took = time.perf_counter() - begun
        for session in sessions:
            session.close()
    return took * 1e6 / (each * IN_FLIGHT), 0.0  # there is no loop


def module_of(name: str) -> Any:
    """A module that may not be installed: None then."""
    try:
        return importlib.import_module(name)
    except ImportError:
        measure.note(f"not measured: {name} (it is not installed)")
        return None


def main() -> None:
    """Measure the rows."""
    if "REALM_DIR" not in os.environ:
        measure.skip("no realm: run me by ./dev bench or tests/support/realm")
    os.environ["KRB5CCNAME"] = os.environ["CCACHE"]
    identity = Identity(ccache=os.environ["CCACHE"])
    ours_httpx = sspi_async.http.httpx.HTTPSPNEGOAuth(identity=identity)
    ours_aiohttp = sspi_async.http.aiohttp.HTTPSPNEGOAuth(identity=identity)
    count = measure.options.count(COUNT)
    httpx_gssapi, requests_gssapi = module_of("httpx_gssapi"), module_of("requests_gssapi")
    httpx_aiohttp = module_of("httpx_aiohttp")
    gc.collect()
    gc.freeze()  # what was imported is looked through in no pause

    def authenticating() -> Any:
        return httpx_aiohttp.AiohttpTransport(
            client=lambda: aiohttp.ClientSession(middlewares=(ours_aiohttp,))
        )

    with apache() as address:
        url = f"{address}/page"
        cases = {
            "aiohttp": functools.partial(by_aiohttp, url, ours_aiohttp, count),
            "httpx": functools.partial(by_httpx, url, ours_httpx, own_pool, count),
        }
        if httpx_aiohttp is not None:
            cases[ON_AIOHTTP] = functools.partial(by_httpx, url, None, authenticating, count)
        floor = functools.partial(by_aiohttp, f"{address}/open/page", None, count)
        samples = measure.alternate(lambda: cases["aiohttp"]()[1], lambda: floor()[1])
        measure.show(PAUSE, "aiohttp", "no authentication", "ms", *samples)
        if httpx_gssapi is not None:
            auth = httpx_gssapi.HTTPSPNEGOAuth()
            theirs = functools.partial(by_httpx, url, auth, own_pool, count)
            for case, ours in cases.items():
                compare(case, "httpx-gssapi", ours, theirs, pauses=True)
        if httpx_gssapi is not None and httpx_aiohttp is not None:
            transport = httpx_aiohttp.AiohttpTransport
            theirs = functools.partial(by_httpx, url, auth, transport, count)
            peer = "httpx-gssapi over aiohttp"
            compare(ON_AIOHTTP, peer, cases[ON_AIOHTTP], theirs, pauses=True)
        if requests_gssapi is not None:
            theirs = functools.partial(by_threads, url, requests_gssapi.HTTPSPNEGOAuth(), count)
            for case, ours in cases.items():
                compare(case, "requests-gssapi in 64 threads", ours, theirs)


def compare(
    case: str,
    peer: str,
    ours: Callable[[], Figures],
    theirs: Callable[[], Figures],
    *,
    pauses: bool = False,
) -> None:
    """Compare costs, and the pauses that were seen meanwhile."""
    seen: tuple[list[float], list[float]] = ([], [])

    def side(number: int, run: Callable[[], Figures]) -> float:
        cost, pause = run()
        seen[number].append(pause)
        return cost

    measure.compare(ROW, case, peer, "us", lambda: side(0, ours), lambda: side(1, theirs))
    if pauses:  # the first round does not count
        measure.show(PAUSE, case, peer, "ms", seen[0][1:], seen[1][1:])


if __name__ == "__main__" and (measure.options.wants(ROW) or measure.options.wants(PAUSE)):
    main()
