# SPDX-License-Identifier: MIT
"""Pictures of results, as SVG: a bar for each comparison, of its ratio on a log scale."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from xml.sax.saxutils import escape

from results import Line, Row

_WIDTH = 900
_LABELS = 318  # where labels end
_BARS = (_LABELS + 12, 716)
_RATIO = 774  # where the number ends
_GOAL = 790  # where the goal's number begins
_BAND = 20  # of one bar
_HEADING = 26  # of a row's title
_TOP = 112
_BOTTOM = 40
_ROOM = 28  # of a tick's label
_TIMES = "\N{MULTIPLICATION SIGN}"

# Colours that differ in lightness too, on a ground of their own: a page may be light or dark.
# Written out twice, as not every viewer knows variables of CSS.
_LIGHT = {
    "ground": "#ffffff", "text": "#1f2328", "soft": "#59636e", "faint": "#d8dee4",
    "good": "#1f6feb", "bad": "#d1660a", "bad_text": "#a84f00",
}  # fmt: skip
_DARK = {
    "ground": "#0d1117", "text": "#e6edf3", "soft": "#9198a1", "faint": "#30363d",
    "good": "#4493f8", "bad": "#e8a04c", "bad_text": "#e8a04c",
}  # fmt: skip
_COLOURS = """
  text {{ fill: {text}; }} .soft {{ fill: {soft}; }} .ground {{ fill: {ground}; }}
  .grid {{ stroke: {faint}; }} .one {{ stroke: {text}; }} .spread {{ stroke: {text}; }}
  .less {{ fill: {good}; }} .more {{ fill: {bad}; }} .lesstext {{ fill: {text}; }}
  .moretext {{ fill: {bad_text}; }}
  .goal {{ stroke: {text}; fill: {ground}; }} .reached {{ fill: {text}; }}"""
_STYLE = f"""
  text {{ font: 12px system-ui, "DejaVu Sans", sans-serif; }}
  .title {{ font-size: 16px; font-weight: 600; }} .heading {{ font-weight: 600; }}
  .end {{ text-anchor: end; }} .middle {{ text-anchor: middle; }}
  .one {{ stroke-width: 1.5; }} .spread, .goal {{ stroke-width: 1.25; }}
{_COLOURS.format(**_LIGHT)}
  @media (prefers-color-scheme: dark) {{{_COLOURS.format(**_DARK)}
  }}
"""


class _Axis:
    """A logarithmic axis of ratios, with 1 on it."""

    def __init__(self, ratios: Iterable[float]) -> None:
        logs = [math.log10(ratio) for ratio in ratios]
        self._low = min([*logs, math.log10(0.5)]) - 0.06
        self._high = max([*logs, math.log10(2)]) + 0.06

    def at(self, ratio: float) -> float:
        """Where a ratio is; what lies outside is put on the edge."""
        left, right = _BARS
        share = (math.log10(ratio) - self._low) / (self._high - self._low)
        return left + min(max(share, 0.0), 1.0) * (right - left)

    def ticks(self) -> list[float]:
        """Powers of ten, with 2 and 5 between them."""
        first, last = math.floor(self._low), math.ceil(self._high)
        marks = [step * 10.0**power for power in range(first, last + 1) for step in (1, 2, 5)]
        return [mark for mark in marks if self._low <= math.log10(mark) <= self._high]


def _text(x: float, y: float, words: str, style: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{style}">{escape(words)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, style: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{style}"/>'


def _rectangle(x: float, y: float, width: float, height: float, style: str) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" '
        f'class="{style}"/>'
    )


def _flag(x: float, y: float, style: str) -> str:
    """A goal: a stroke, so narrow that no short bar hides behind it, with a flag on top."""
    flag = f'<path d="M{x - 4.5:.1f} {y - 10:.1f} h9 l-4.5 6 z" class="{style}"/>'
    return _line(x, y - 8, x, y + 7, "spread") + flag


def _number(ratio: float) -> str:
    """Three digits that matter at most."""
    return f"{ratio:,.0f}" if ratio >= 99.5 else f"{ratio:.3g}"


def _tick(ratio: float) -> str:
    return f"{ratio:,.0f}{_TIMES}" if ratio >= 1 else f"1/{1 / ratio:,.0f}"


def _goal_style(line: Line) -> str:
    return "goal reached" if line.reached().startswith("yes") else "goal"


def _bar(label: str, line: Line, axis: _Axis, y: float) -> list[str]:
    """From 1 to the median; the quartiles as a stroke; the goal as a flag."""
    ratio, least = line.ratio, line.least_ratio
    if ratio is None:
        return []
    style = "less" if ratio.middle >= 1 else "more"
    left, right = sorted((axis.at(1), axis.at(ratio.middle)))
    drawn = [
        _text(_LABELS, y + 4, label, "end label"),
        _rectangle(left, y - 6, max(right - left, 1), 12, style),
        _line(axis.at(ratio.low), y, axis.at(ratio.high), y, "spread"),
        _text(_RATIO, y + 4, f"{_number(ratio.middle)}{_TIMES}", f"end heading {style}text"),
    ]
    if least is not None:
        drawn.append(_text(_GOAL, y + 4, f"goal {_number(round(least, 2))}", "soft"))
        if least != 1:  # there is a line at 1
            drawn.append(_flag(axis.at(least), y, _goal_style(line)))
    return drawn


def _grid(axis: _Axis, top: float, bottom: float) -> list[str]:
    return [
        _line(axis.at(tick), top, axis.at(tick), bottom, "one" if tick == 1 else "grid")
        for tick in axis.ticks()
    ]


def _scale(axis: _Axis, y: float) -> list[str]:
    """The ticks' labels, as many as have room; 1 has it always."""
    drawn = [_text(axis.at(1), y, _tick(1), "middle heading")]
    taken = [axis.at(1)]
    for tick in axis.ticks():
        x = axis.at(tick)
        if all(abs(x - other) >= _ROOM for other in taken):
            drawn.append(_text(x, y, _tick(tick), "middle soft"))
            taken.append(x)
    return drawn


def _legend(axis: _Axis) -> list[str]:
    y, x = 56.0, 16.0
    drawn = [_rectangle(x, y - 9, 26, 10, "less"), _text(x + 32, y, "ours costs less", "soft")]
    x += 142
    drawn += [_rectangle(x, y - 9, 26, 10, "more"), _text(x + 32, y, "ours costs more", "soft")]
    x += 150
    drawn += [_flag(x, y - 3, "goal reached"), _text(x + 11, y, "goal, reached", "soft")]
    x += 120
    drawn += [_flag(x, y - 3, "goal"), _text(x + 11, y, "goal, not reached", "soft")]
    x += 140
    drawn += [
        _line(x, y - 4, x + 26, y - 4, "spread"),
        _text(x + 32, y, "the middle half of all rounds", "soft"),
    ]
    one = axis.at(1)
    drawn.append(_text(one - 8, 82, "◂ more", "end soft"))
    drawn.append(_text(one + 8, 82, "less than the peer ▸", "soft"))
    return drawn


def _heading(row: Row, bars: Sequence[tuple[str, Line]], y: float) -> list[str]:
    peers = {line.peer for _, line in bars}
    words = f'<tspan class="heading">{escape(row.title)}</tspan>'
    if len(peers) == 1:
        words += f'<tspan class="soft" dx="8">against {escape(peers.pop())}</tspan>'
    return [f'<text x="16" y="{y:.1f}">{words}</text>']


def picture(title: str, sections: Sequence[tuple[Row, Sequence[tuple[str, Line]]]]) -> str:
    """Draw comparisons, those of a row together.

    Args:
        title: What they have in common.
        sections: Rows with their labelled comparisons, the first on top; each has some.

    Returns:
        The picture, as SVG.
    """
    lines = [line for _, bars in sections for _, line in bars]
    ratios = [line.ratio.middle for line in lines if line.ratio is not None]
    axis = _Axis(ratios + [line.least_ratio for line in lines if line.least_ratio is not None])
    bottom = _TOP + sum(_HEADING + _BAND * len(bars) + 8 for _, bars in sections)
    height = bottom + _BOTTOM
    drawn = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        f'width="{_WIDTH}" height="{height}" role="img" aria-label="{escape(title)}">',
        f"<style>{_STYLE}</style>",
        _rectangle(0, 0, _WIDTH, height, "ground"),
        _text(16, 28, title, "title"),
        *_legend(axis),
        *_scale(axis, _TOP - 12),
    ]
    y = float(_TOP)
    for row, bars in sections:
        several = len({line.peer for _, line in bars}) > 1
        drawn += _heading(row, bars, y + 17)
        y += _HEADING
        drawn += _grid(axis, y, y + _BAND * len(bars))
        for label, line in bars:
            words = f"{label} / {line.peer}" if several else label
            drawn += _bar(words, line, axis, y + _BAND / 2)
            y += _BAND
        y += 8
    drawn += _scale(axis, bottom + 14)
    return "\n".join([*drawn, "</svg>", ""])
