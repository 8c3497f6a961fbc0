"""Where the boxes of a graph stand: in rows by the longest way to each, with few crossings and straight lines.

After Sugiyama, Tagawa and Toda 1981, "Methods for Visual Understanding of Hierarchical System Structures": rows,
then an order within each row, then places. A line that passes rows goes through invisible boxes of no width (bends).
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

APART, BELOW = 26.0, 40.0  # between boxes of a row, between rows
SWEEPS_OF_ORDER, SWEEPS_OF_PLACES = 8, 24
STRAIGHT = (2.0, 1.0, 8.0)  # how straight a line is to be between boxes, from a box to a bend, between bends
FROM_LEAF = 1e-6  # and from a leaf

Point = tuple[float, float]


@dataclass
class Line:
    """From one box to another: the points where it leaves a row or enters one, two for each gap between rows.

    One that branches off from a longer line of the same box begins where it does so.
    """

    source: int
    target: int
    points: list[Point]


@dataclass
class Layout:
    """x of the boxes' middles, y of their tops."""

    width: float
    height: float
    x: list[float]
    y: list[float]
    lines: list[Line]


def layout(sizes: Sequence[tuple[float, float]], inputs: Sequence[Sequence[int]]) -> Layout:
    """sizes   (width, height) of each box;   inputs  the boxes that lines come from, all of lower number"""
    rank = _ranks(inputs)
    bends, row_of, segments = _bends(rank, inputs)
    boxes = len(sizes)
    widths = [width for width, _ in sizes] + [0.0] * (len(row_of) - boxes)
    rows: list[list[int]] = [[] for _ in range(max(rank) + 1)]
    for node, row in enumerate(row_of):
        rows[row].append(node)
    above: list[list[int]] = [[] for _ in row_of]
    below: list[list[int]] = [[] for _ in row_of]
    for a, b in segments:
        above[b].append(a)
        below[a].append(b)
    leaf = [not above[node] and node < boxes for node in range(len(row_of))]
    rows = _ordered(rows, above, below, leaf)

    def weight(a: int, b: int) -> float:
        return FROM_LEAF if leaf[a] or leaf[b] else STRAIGHT[(a >= boxes) + (b >= boxes)]

    near = [[(m, weight(node, m)) for m in (*above[node], *below[node])] for node in range(len(row_of))]
    x = _places(rows, widths, near, leaf)

    heights = [max(sizes[node][1] for node in row if node < boxes) for row in rows]
    bottoms = [bottom + BELOW * row for row, bottom in enumerate(accumulate(heights))]
    tops = [bottom - height for bottom, height in zip(bottoms, heights, strict=True)]
    y = [bottoms[rank[node]] - sizes[node][1] for node in range(boxes)]
    lines = []
    drawn: set[int] = set()  # boxes whose longest line is there
    for target, sources in enumerate(inputs):
        for source in dict.fromkeys(sources):
            way = [source, *bends[source][: rank[target] - rank[source] - 1]]
            if len(way) > len(bends[source]) and source not in drawn:
                drawn.add(source)
            else:
                way = way[-1:]
            points = [(x[way[0]], bottoms[row_of[way[0]]])]
            for bend in way[1:]:
                points += [(x[bend], tops[row_of[bend]]), (x[bend], bottoms[row_of[bend]])]
            lines.append(Line(source, target, points))
    _enter(lines, x, y, sizes)
    return Layout(max(x[n] + widths[n] / 2 for n in range(len(x))), bottoms[-1], x[:boxes], y, lines)


def _ranks(inputs: Sequence[Sequence[int]]) -> list[int]:
    """The row of each box: below all its inputs, a leaf just above the first box that uses it."""
    rank = [0] * len(inputs)
    for node, sources in enumerate(inputs):
        if sources:
            rank[node] = 1 + max(rank[source] for source in sources)
    first: dict[int, int] = {}  # row that uses a box
    for node, sources in enumerate(inputs):
        for source in sources:
            first[source] = min(rank[node], first.get(source, rank[node]))
    return [first[node] - 1 if not inputs[node] and node in first else rank[node] for node in range(len(inputs))]


def _bends(
    rank: list[int], inputs: Sequence[Sequence[int]]
) -> tuple[dict[int, list[int]], list[int], list[tuple[int, int]]]:
    """The bends below each box, the row of each box and bend, and the pieces of lines from a row to the next.

    Lines from one box share their bends, and part where they must.
    """
    row_of = list(rank)
    segments: dict[tuple[int, int], None] = {}
    bends: dict[int, list[int]] = {}
    for target, sources in enumerate(inputs):
        for source in sources:
            chain = bends.setdefault(source, [])
            needed = rank[target] - rank[source] - 1
            while len(chain) < needed:
                segments[chain[-1] if chain else source, len(row_of)] = None
                chain.append(len(row_of))
                row_of.append(rank[source] + len(chain))
            segments[chain[needed - 1] if needed else source, target] = None
    return bends, row_of, list(segments)


# ---------------------------------------------------------------- the order within rows


def _ordered(
    rows: list[list[int]], above: list[list[int]], below: list[list[int]], leaf: list[bool]
) -> list[list[int]]:
    """Each box near the mean place of its neighbours, in turn from above and from below; the best order found.

    Leaves stand to the right of the last operation that goes into the same box.
    """
    best, fewest = rows, _crossings(rows, below)
    for sweep in range(SWEEPS_OF_ORDER):
        if fewest == 0:
            break
        near = above if sweep % 2 == 0 else below
        rows = [list(row) for row in rows]
        place = {node: i / max(1, len(row) - 1) for row in rows for i, node in enumerate(row)}
        for row in rows if near is above else rows[::-1]:
            wanted = {n: sum(place[m] for m in near[n]) / len(near[n]) if near[n] else place[n] for n in row}
            for n in row:
                beside = [wanted[m] for m in above[below[n][0]] if not leaf[m]] if leaf[n] and below[n] else []
                wanted[n] = max(beside, default=wanted[n])
            row.sort(key=lambda n: (wanted[n], leaf[n]))
            place |= {node: i / max(1, len(row) - 1) for i, node in enumerate(row)}
        crossings = _crossings(rows, below)
        if crossings < fewest:
            best, fewest = rows, crossings
    return best


def _crossings(rows: list[list[int]], below: list[list[int]]) -> int:
    count = 0
    for upper, lower in pairwise(rows):
        place = {node: i for i, node in enumerate(lower)}
        ends: list[int] = []  # of the lines so far, from left to right, sorted
        for node in upper:
            new = sorted(place[m] for m in below[node])
            count += sum(len(ends) - bisect_left(ends, end + 1) for end in new)
            for end in new:
                insort(ends, end)
    return count


# ---------------------------------------------------------------- places


def _places(
    rows: list[list[int]], widths: list[float], near: list[list[tuple[int, float]]], leaf: list[bool]
) -> list[float]:
    """Each box in the (weighted) middle of those near to it, as far as the others of its row let it."""
    x = [0.0] * len(widths)
    for row in rows:
        for before, node in pairwise(row):
            x[node] = x[before] + (widths[before] + widths[node]) / 2 + APART
        first = x[next((node for node in row if not leaf[node]), row[0])]  # below each other: chains are straight
        for node in row:
            x[node] -= first
    for sweep in range(SWEEPS_OF_PLACES):
        for row in rows if sweep % 2 == 0 else rows[::-1]:
            wanted, weights = [], []
            for node in row:
                weights.append(sum(w for _, w in near[node]) or 1.0)
                wanted.append(sum(x[m] * w for m, w in near[node]) / weights[-1] if near[node] else x[node])
            for node, place in zip(row, _apart(wanted, weights, [widths[n] for n in row]), strict=True):
                x[node] = place
    left = min(place - width / 2 for place, width in zip(x, widths, strict=True))
    return [place - left for place in x]


def _apart(wanted: list[float], weights: list[float], widths: list[float]) -> list[float]:
    """The places nearest to those wanted (weighted squares) at which boxes in this order do not overlap.

    Less the room that the boxes before it need, each place may only grow: pool adjacent violators (Ayer et al. 1955).
    """
    room = [0.0]
    for a, b in pairwise(widths):
        room.append(room[-1] + (a + b) / 2 + APART)
    blocks: list[list[float]] = []  # [mean, weight, how many]
    for place, weight, before in zip(wanted, weights, room, strict=True):
        blocks.append([place - before, weight, 1])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            mean, weight, count = blocks.pop()
            last = blocks[-1]
            last[0] = (last[0] * last[1] + mean * weight) / (last[1] + weight)
            last[1], last[2] = last[1] + weight, last[2] + count
    means = [mean for mean, _, count in blocks for _ in range(int(count))]
    return [mean + before for mean, before in zip(means, room, strict=True)]


def _enter(lines: list[Line], x: list[float], y: list[float], sizes: Sequence[tuple[float, float]]) -> None:
    """The last point of each line: side by side along the top of its box, in the order in which they come."""
    into: dict[int, list[Line]] = {}
    for line in lines:
        into.setdefault(line.target, []).append(line)
    for target, group in into.items():
        group.sort(key=lambda line: line.points[-1][0])
        step = min(22.0, sizes[target][0] / (len(group) + 1))
        for i, line in enumerate(group):
            line.points.append((x[target] + (i - (len(group) - 1) / 2) * step, y[target]))
