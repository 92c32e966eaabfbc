# SPDX-License-Identifier: MIT
"""Pictures of results, as SVG: ratios and goals on the left, the samples on the right."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from xml.sax.saxutils import escape

from results import SECONDS, Line

_BAND = 24  # of one comparison
_TOP = 74
_BOTTOM = 44
_LABELS = 390
_RATIOS = (_LABELS + 12, _LABELS + 352)
_SAMPLES = (_RATIOS[1] + 84, _RATIOS[1] + 424)
_WIDTH = _SAMPLES[1] + 28

# Colours that differ in lightness too, on a ground of their own: a page may be light or dark.
# Written out twice, as not every viewer knows variables of CSS.
_LIGHT = {
    "ground": "#ffffff", "text": "#1f2328", "soft": "#59636e", "faint": "#d0d7de",
    "good": "#1f6feb", "bad": "#d9822b", "neutral": "#8c959f",
}  # fmt: skip
_DARK = {
    "ground": "#0d1117", "text": "#e6edf3", "soft": "#9198a1", "faint": "#30363d",
    "good": "#4493f8", "bad": "#e8a04c", "neutral": "#6e7681",
}  # fmt: skip
_COLOURS = """
  text, .flag {{ fill: {text}; }} .soft {{ fill: {soft}; }} .ground {{ fill: {ground}; }}
  .grid {{ stroke: {faint}; }} .one {{ stroke: {soft}; }} .stripe {{ fill: {faint}; }}
  .yes, .ours {{ fill: {good}; }} .no, .theirs {{ fill: {bad}; }} .none {{ fill: {neutral}; }}
  .spread, .goal, .median {{ stroke: {text}; }}"""
_STYLE = f"""
  text {{ font: 12px system-ui, "DejaVu Sans", sans-serif; }}
  .title {{ font-size: 16px; font-weight: 600; }}
  .end {{ text-anchor: end; }} .middle {{ text-anchor: middle; }}
  .stripe {{ opacity: 0.25; }} .ours, .theirs {{ opacity: 0.6; }}
  .spread {{ stroke-width: 1.5; }} .goal {{ stroke-width: 2.5; }} .median {{ stroke-width: 2; }}
{_COLOURS.format(**_LIGHT)}
  @media (prefers-color-scheme: dark) {{{_COLOURS.format(**_DARK)}
  }}
"""


class _Axis:
    """A logarithmic axis between two places."""

    def __init__(self, values: Iterable[float], place: tuple[int, int]) -> None:
        positive = [value for value in values if value > 0] or [1.0]
        self._low = math.log10(min(positive)) - 0.08
        self._high = math.log10(max(positive)) + 0.08
        self._place = place

    def at(self, value: float) -> float:
        """Where a value is; what lies outside is put on the edge."""
        left, right = self._place
        value = max(value, 10**self._low)
        share = (math.log10(value) - self._low) / (self._high - self._low)
        return left + min(share, 1.0) * (right - left)

    def ticks(self) -> list[float]:
        """Powers of ten, and 2 and 5 between them where there is room."""
        steps = (1, 2, 5) if self._high - self._low < 3 else (1,)
        first, last = math.floor(self._low), math.ceil(self._high)
        marks = [step * 10.0**power for power in range(first, last + 1) for step in steps]
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


def _plain(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _time(seconds: float) -> str:
    for unit, scale in SECONDS.items():
        if seconds < scale * 999.5:
            return f"{seconds / scale:g} {unit}".replace("us", "µs")
    return f"{seconds:g} s"


def _grid(axis: _Axis, bottom: float, words: dict[float, str]) -> list[str]:
    drawn = []
    for value, label in words.items():
        x = axis.at(value)
        drawn.append(_line(x, _TOP - 6, x, bottom, "one" if label == "1" else "grid"))
        drawn.append(_text(x, bottom + 16, label, "middle soft"))
    return drawn


def _ratio_bar(line: Line, axis: _Axis, y: float) -> list[str]:
    """From 1 to the median; the quartiles as a line; the goal as a flag."""
    goal, ratio = line.goal, line.ratio
    if ratio is None:
        words = f"{_plain(sorted(line.ours)[len(line.ours) // 2])} {line.unit}"
        if goal is not None:
            words += f" (goal: {goal.words}): {line.reached()}"
        return [_text(_RATIOS[0] + 4, y + 4, words)]
    style = {"y": "yes", "n": "no"}.get(line.reached()[:1], "none")
    left, right = sorted((axis.at(1), axis.at(ratio.middle)))
    drawn = [
        _rectangle(left, y - 6, max(right - left, 1), 12, style),
        _line(axis.at(ratio.low), y, axis.at(ratio.high), y, "spread"),
        _text(_RATIOS[1] + 66, y + 4, f"{ratio.middle:.3g}", "end"),
    ]
    if goal is not None and goal.least_ratio is not None:
        x = axis.at(goal.least_ratio)
        drawn.append(_line(x, y - 9, x, y + 9, "goal"))
        drawn.append(f'<path d="M{x - 4:.1f} {y - 11:.1f} h8 l-4 5 z" class="flag"/>')
    return drawn


def _sample_dots(line: Line, axis: _Axis, y: float) -> list[str]:
    """Ours above, theirs below, and a stroke through each median."""
    if line.unit not in SECONDS:
        return []
    scale = SECONDS[line.unit]
    drawn = []
    for samples, style, middle in ((line.ours, "ours", y - 4), (line.theirs, "theirs", y + 4)):
        for sample in samples:
            x = axis.at(sample * scale)
            drawn.append(f'<circle cx="{x:.1f}" cy="{middle:.1f}" r="2.6" class="{style}"/>')
        if samples:
            x = axis.at(sorted(samples)[len(samples) // 2] * scale)
            drawn.append(_line(x, middle - 4, x, middle + 4, "median"))
    return drawn


def _legend() -> list[str]:
    """What the colours and marks mean, on top of each half."""
    y, x = 50.0, float(_RATIOS[0])
    drawn = []
    for style, words, width in (
        ("yes", "goal reached", 102),
        ("no", "not reached", 96),
        ("none", "no goal", 76),
    ):
        drawn += [_rectangle(x, y - 9, 10, 10, style), _text(x + 15, y, words, "soft")]
        x += width
    drawn += [_line(x, y - 10, x, y + 2, "goal"), _text(x + 6, y, "the goal", "soft")]
    x = float(_SAMPLES[0])
    for style, words in (("ours", "ours"), ("theirs", "the peer's")):
        drawn.append(f'<circle cx="{x + 5:.1f}" cy="{y - 4:.1f}" r="4" class="{style}"/>')
        drawn.append(_text(x + 14, y, words, "soft"))
        x += 60
    return drawn


def _label(line: Line) -> str:
    against = f" / {line.peer}" if line.peer else ""
    label = ": ".join(word for word in (line.row.name, line.case) if word) + against
    return label if len(label) <= 62 else label[:61] + "…"


def picture(title: str, lines: Sequence[Line]) -> str:
    """Draw comparisons.

    Args:
        title: What they have in common.
        lines: The comparisons, the first on top.

    Returns:
        The picture, as SVG.
    """
    bottom = _TOP + _BAND * len(lines)
    height = bottom + _BOTTOM
    ratios = [0.5, 2.0]
    times = []
    for line in lines:
        if line.ratio is not None:
            ratios += [line.ratio.low, line.ratio.high]
            if line.goal is not None and line.goal.least_ratio is not None:
                ratios.append(line.goal.least_ratio)
        if line.unit in SECONDS:
            times += [sample * SECONDS[line.unit] for sample in line.ours + line.theirs]
    ratio_axis, time_axis = _Axis(ratios, _RATIOS), _Axis(times, _SAMPLES)
    drawn = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        f'width="{_WIDTH}" height="{height}" role="img" aria-label="{escape(title)}">',
        f"<style>{_STYLE}</style>",
        _rectangle(0, 0, _WIDTH, height, "ground"),
        _text(16, 28, title, "title"),
        _text(_RATIOS[0], 28, "the peer's cost by ours: more is better"),
        _text(_SAMPLES[0], 28, "cost of one, all samples: less is better"),
        *_legend(),
    ]
    drawn += [
        _rectangle(8, _TOP + _BAND * row, _WIDTH - 16, _BAND, "stripe")
        for row in range(0, len(lines), 2)
    ]
    drawn += _grid(ratio_axis, bottom, {tick: _plain(tick) for tick in ratio_axis.ticks()})
    if times:
        drawn += _grid(time_axis, bottom, {tick: _time(tick) for tick in time_axis.ticks()})
    for number, line in enumerate(lines):
        y = _TOP + _BAND * (number + 0.5)
        drawn.append(_text(_LABELS, y + 4, _label(line), "end"))
        drawn += _ratio_bar(line, ratio_axis, y)
        drawn += _sample_dots(line, time_axis, y)
    return "\n".join([*drawn, "</svg>", ""])
