#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Finds circles between the nouns of a folder: circles.py PLACE...

A noun is a `.c` file with the `.h` file beside it. A place is one of two things:

  a folder        its nouns, in folders below it too, and who includes whose header
  an object file  its noun, and who calls a function or uses a variable of whom. The object
                  files that one target of CMake is made of belong together.

Nouns that reach each other are a circle: neither can be understood, tested or moved without
the other. Each circle is named with the shortest way around it, and the exit code is 1.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import defaultdict, deque
from pathlib import Path
from typing import NamedTuple, NoReturn

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)
DEFINES = set("TDRBVWCG")


class Edge(NamedTuple):
    """One noun's use of another.

    Attributes:
        source: the noun that uses
        target: the noun that is used
        why: what makes it so, for the message
    """

    source: str
    target: str
    why: str


Graph = dict[str, dict[str, str]]
"""For each noun those that it uses, and why."""


def fail(message: str) -> NoReturn:
    """Ends the program because the check itself cannot be made.

    Args:
        message: what is wrong, and what to do

    Raises:
        SystemExit: always, with code 2
    """
    print(f"circles.py: {message}", file=sys.stderr)
    raise SystemExit(2)


def included(root: Path, file: Path, name: str, headers: dict[str, list[Path]]) -> Path | None:
    """Finds the header that an include directive names.

    Args:
        root: the folder that is looked at
        file: where the directive stands
        name: what stands between its quotation marks
        headers: all headers below root, by the last part of their path

    Returns:
        The header, or None if it is none of this folder.
    """
    for candidate in (file.parent / name, root / name):
        if candidate.is_file() and candidate.resolve().is_relative_to(root.resolve()):
            return Path(os.path.normpath(candidate))
    ending = Path(name).parts
    found = [h for h in headers[ending[-1]] if h.parts[-len(ending) :] == ending]
    if len(found) > 1:
        fail(
            f'{file} includes "{name}", which may be any of {", ".join(map(str, found))}: '
            "spell it with its folder"
        )
    return found[0] if found else None


def read_folder(root: Path) -> list[Edge]:
    """Reads who includes whom.

    Args:
        root: a folder of sources

    Returns:
        An edge for each include directive that leads from one noun to another.
    """
    files = sorted(f for f in root.rglob("*.[ch]"))
    if not files:
        fail(f"{root} has no C files")
    headers: dict[str, list[Path]] = defaultdict(list)
    for file in files:
        if file.suffix == ".h":
            headers[file.name].append(file)
    edges = []
    for file in files:
        noun = str(file.with_suffix(""))
        for name in INCLUDE.findall(file.read_text(encoding="utf-8")):
            header = included(root, file, name, headers)
            if header is not None and str(header.with_suffix("")) != noun:
                edges.append(
                    Edge(noun, str(header.with_suffix("")), f"{file.name} includes it")
                )
    return edges


def target_of(file: str) -> tuple[str, str]:
    """Splits the path of an object file.

    Args:
        file: such as build/CMakeFiles/sspi-async-gss.dir/step.c.o

    Returns:
        The folder of the target that it is part of, and the noun within it.
    """
    folder, mark, rest = file.rpartition(".dir/")
    if not mark:
        folder, _, rest = file.rpartition("/")
    return folder, re.sub(r"(\.c)?\.o$", "", rest)


def read_objects(files: list[str]) -> list[Edge]:
    """Reads who needs a symbol of whom.

    Args:
        files: object files

    Returns:
        An edge for each symbol that one noun needs and another of the same target has.
    """
    nm = os.environ.get("NM", "nm")
    symbols: list[tuple[str, str, str, str]] = []
    for file in files:
        folder, noun = target_of(file)
        listing = subprocess.run([nm, "-P", file], check=True, capture_output=True, text=True)
        for line in listing.stdout.splitlines():
            name, kind = line.split()[:2]
            symbols.append((folder, noun, name, kind))
    if not symbols:
        fail("the object files have no symbols")
    owners = {(folder, name): noun for folder, noun, name, kind in symbols if kind in DEFINES}
    edges = []
    for folder, noun, name, kind in symbols:
        owner = owners.get((folder, name))
        if kind == "U" and owner is not None and owner != noun:
            base = Path(folder).name
            edges.append(Edge(f"{base}/{noun}", f"{base}/{owner}", f"it needs {name}"))
    return edges


def reachable(graph: Graph, start: str) -> dict[str, str]:
    """Finds what a noun leads to, nearest first.

    Args:
        graph: all edges
        start: the noun

    Returns:
        For each noun that can be reached in one step or more: the one before it.
    """
    before: dict[str, str] = {}
    waiting = deque([start])
    while waiting:
        noun = waiting.popleft()
        for target in graph.get(noun, {}):
            if target not in before:
                before[target] = noun
                waiting.append(target)
    return before


def circles(graph: Graph) -> list[list[str]]:
    """Finds the strongly connected components of more than one noun.

    Args:
        graph: all edges

    Returns:
        The nouns of each, in alphabetical order.
    """
    reach = {noun: set(reachable(graph, noun)) for noun in graph}
    found: list[list[str]] = []
    seen: set[str] = set()
    for noun in sorted(graph):
        if noun in reach[noun] and noun not in seen:
            circle = sorted(n for n in reach[noun] if noun in reach.get(n, ()))
            seen.update(circle)
            found.append(circle)
    return found


def describe(graph: Graph, circle: list[str]) -> str:
    """Says what a circle is made of.

    Args:
        graph: all edges
        circle: its nouns

    Returns:
        A line with all its nouns, and one for each step of the shortest way around it.
    """
    ways = []
    for noun in circle:
        before = reachable(graph, noun)
        way = [noun]
        while not way[1:] or way[0] != noun:
            way.insert(0, before[way[0]])
        ways.append(way)
    shortest = min(ways, key=len)
    lines = [f"a circle of {len(circle)} nouns: {', '.join(circle)}"]
    for source, target in zip(shortest, shortest[1:]):
        lines.append(f"  {source} -> {target}: {graph[source][target]}")
    return "\n".join(lines)


def main(places: list[str]) -> int:
    """Looks at all places.

    Args:
        places: folders and object files

    Returns:
        The exit code: 1 if there is a circle.
    """
    if not places:
        fail("name folders of sources, or object files")
    objects = [place for place in places if place.endswith(".o")]
    folders = [place for place in places if not place.endswith(".o")]
    edges = read_objects(objects) if objects else []
    for folder in folders:
        edges += read_folder(Path(folder))
    graph: Graph = {}
    for edge in edges:
        graph.setdefault(edge.source, {}).setdefault(edge.target, edge.why)
    found = circles(graph)
    for circle in found:
        print(describe(graph, circle))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
