"""Where the lines of the diagram run: layers stand below one another, and what skips some runs beside them."""

from __future__ import annotations

from collections.abc import Sequence

Line = tuple[int, int, int]  # from row, to row, the lane between them


def rails(inputs: Sequence[Sequence[int]]) -> tuple[list[int], list[Line]]:
    """The lane of each row, 0 the leftmost, and the lines between rows.

    inputs  for each row the earlier rows that feed it

    A row goes on in the lane of the row above, if that feeds it; a branch that begins further up has a lane of its
    own from there on; where branches meet, it goes on in the leftmost of theirs.
    """
    last = {u: v for v, sources in enumerate(inputs) for u in sources}  # the row that needs u last
    owner: dict[tuple[int, int], int] = {}  # (lane, row): whose line is there
    lanes: list[int] = []
    lines: list[Line] = []

    def free(lane: int, rows: range, u: int = -1) -> bool:
        return all(owner.get((lane, row), u) == u for row in rows)

    def leftmost(rows: range) -> int:
        lane = 0
        while not free(lane, rows):
            lane += 1
        return lane

    for v, sources in enumerate(inputs):
        goes_on = [u for u in sources if u == v - 1 or last[u] == v]
        straight = [lanes[u] for u in goes_on if free(lanes[u], range(u + 1, v + 1), u)]
        lane = min(straight) if straight else leftmost(range(min(sources, default=v) + 1, v + 1))
        lanes.append(lane)
        owner[lane, v] = v
        for u in sources:
            between = range(u + 1, v)
            ways = [way for way in (lanes[u], lane) if free(way, between, u)]
            way = ways[0] if ways else leftmost(between)
            owner.update({(way, row): u for row in between})
            lines.append((u, v, way))
        if v + 1 < len(inputs) and v not in inputs[v + 1]:  # its line waits in its lane
            owner.update({(lane, row): v for row in range(v + 1, last.get(v, v) + 1)})
    return lanes, lines
