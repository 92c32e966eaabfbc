# SPDX-License-Identifier: MIT
"""bench/report.py on a small file of results: a table, a page, pictures. Nothing is timed."""

from __future__ import annotations

import pathlib
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import pytest
from conftest import ROOT

REPORT = ROOT / "bench" / "report.py"
RESULTS = pathlib.Path(__file__).with_name("bench_results.jsonl")
SVG = "{http://www.w3.org/2000/svg}"


def report(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(REPORT), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def reached(output: str, row: str, *words: str) -> str:
    """The last word of the line of the table that begins so and has the words."""
    lines = [
        line
        for line in output.splitlines()
        if line.strip("| ").startswith(row) and all(word in line for word in words)
    ]
    assert len(lines) == 1
    return lines[0].strip("| ").split()[-1]


def test_the_table_holds_medians_against_goals() -> None:
    done = report(RESULTS)
    assert done.returncode == 0, done.stderr
    table = done.stdout
    assert reached(table, "submit-busy", "  workers held  ", "libuv") == "yes"  # despite a 300
    assert reached(table, "submit-busy", "two threads") == "no"
    assert reached(table, "burst", "16 not waited for") == "no?"
    assert reached(table, "frozen-kdc") == "yes"  # a factor, not a ratio
    assert reached(table, "memory") == "no"
    assert reached(table, "idle") == "yes"
    # The median of the rounds; the ratio of the medians would be 2.96.
    assert "2.93 (2.65-2.93)" in table


def test_what_plain_threads_reach_will_do() -> None:
    table = report(RESULTS).stdout
    assert "1.50 times (what two plain threads get)" in table
    assert reached(table, "handshake-two", "TLS 1.3, 16 in flight") == "yes"  # 1.54 of 1.6


def test_the_page_keeps_what_was_written_by_hand(tmp_path: pathlib.Path) -> None:
    page = tmp_path / "performance-goals.md"
    assert report(RESULTS, "--write", "--docs", tmp_path).returncode == 0
    text = page.read_text(encoding="utf-8")
    assert "fresh interpreter" in (tmp_path / "performance.md").read_text(encoding="utf-8")
    missing = " ".join(text.partition("Not measured in this run: ")[2].split()).split(". ")[0]
    assert "python-handshake" in missing.split(", ")
    mark = "<!-- to here -->"
    page.write_text(text.replace(mark, "It is slow because it waits.\n" + mark, 1), "utf-8")
    assert report(RESULTS, "--write", "--docs", tmp_path).returncode == 0
    assert page.read_text("utf-8") == text.replace(
        mark, f"It is slow because it waits.\n{mark}"
    )


def test_the_page_lists_what_costs_more_than_the_peer(tmp_path: pathlib.Path) -> None:
    assert report(RESULTS, "--write", "--docs", tmp_path).returncode == 0
    text = (tmp_path / "performance-goals.md").read_text(encoding="utf-8")
    listed = text.partition("## Where ours costs more")[2].partition("\n## ")[0]
    rows = [line for line in listed.splitlines() if line.startswith("|")][2:]
    assert [row.split(" | ")[2] for row in rows] == ["WinPR", "GThreadPool"]


def test_a_page_without_its_marks_is_left_alone(tmp_path: pathlib.Path) -> None:
    page = tmp_path / "performance-goals.md"
    page.write_text("mine", encoding="utf-8")
    assert report(RESULTS, "--write", "--docs", tmp_path).returncode != 0
    assert page.read_text(encoding="utf-8") == "mine"


def test_pictures_show_a_bar_for_each_chosen_comparison(tmp_path: pathlib.Path) -> None:
    assert report(RESULTS, "--write", "--docs", tmp_path).returncode == 0
    for name, page, labels in (
        (
            "users",
            "performance.md",
            [
                "NTLM, one at a time / plain GSSAPI",
                "NTLM, one at a time / WinPR",
                "TLS 1.3, 16 in flight",
                "await ctx.delete()",
                "other deletes meanwhile, 99th percentile",
            ],
        ),
        (
            "engine",
            "performance-goals.md",
            ["one thread, workers held", "two threads, workers held", "16, not waited for"],
        ),
    ):
        picture = ElementTree.parse(tmp_path / f"performance-{name}.svg").getroot()  # noqa: S314 - ours
        texts = list(picture.iter(f"{SVG}text"))
        assert [text.text for text in texts if "label" in text.get("class", "")] == labels
        bars = [bar.get("class") for bar in picture.iter(f"{SVG}rect")]
        legend = 1
        assert bars.count("less") + bars.count("more") == len(labels) + 2 * legend
        assert f"performance-{name}.svg" in (tmp_path / page).read_text("utf-8")


@pytest.mark.parametrize(
    "line",
    [
        "{",
        '{"row": "no such row", "case": "", "peer": "", "unit": "ns", "ours": [1]}',
        '{"row": "memory", "case": "", "peer": "", "unit": "bytes", "ours": []}',
        '{"row": "cpu", "case": "", "peer": "", "unit": "ns", "ours": [1], "theirs": [1, 2]}',
    ],
)
def test_a_damaged_line_is_an_error(line: str, tmp_path: pathlib.Path) -> None:
    results = tmp_path / "results.jsonl"
    results.write_text(f"{line}\n", encoding="utf-8")
    done = report(results)
    assert done.returncode != 0
    assert "results.jsonl:1" in done.stderr
