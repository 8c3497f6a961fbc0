"""Blocks that come several times, one after the other, are drawn once."""

from __future__ import annotations

from typing import Any

from .diagram_parts import Fork, Frame, Item, cells_in, common_path

LONGEST = 8  # items whose repetition is looked for


def folded(items: list[Item], worth: int = 1) -> list[Item]:
    """Sequences that come several times, one after the other, once, with their number.

    worth  the number of items that need not be drawn then, at least
    """
    items = [_folded_inside(item) for item in items]
    patterns = [_pattern(item) for item in items]
    found: list[Item] = []
    i = 0
    while i < len(items):
        count, length = max(((_times(patterns[i:], n), n) for n in range(1, LONGEST + 1)), key=_saved)
        if (count - 1) * length < worth:
            count = length = 1
        found.append(items[i] if count == 1 else _one_of(items[i : i + count * length], count))
        i += count * length
    return found


def _folded_inside(item: Item) -> Item:
    if isinstance(item, Fork):
        return Fork([folded(way, worth=4) for way in item.ways], item.join)
    if isinstance(item, Frame):
        return Frame(item.path, item.title, folded(item.items), item.count)
    return item


def _times(patterns: list[Any], length: int) -> int:
    """How often the first `length` come one after the other."""
    if length > len(patterns):
        return 1
    count = 1
    while patterns[count * length : (count + 1) * length] == patterns[:length]:
        count += 1
    return count


def _saved(times: tuple[int, int]) -> tuple[int, int]:
    """What is best: many items that need not be drawn; among equals, the shortest sequence."""
    count, length = times
    return (count - 1) * length, -length


def _one_of(items: list[Item], count: int) -> Frame:
    """A frame with the first of the sequences; its cells say how wide the others are."""
    length = len(items) // count
    blocks = [items[k * length : (k + 1) * length] for k in range(count)]
    for same in zip(*map(cells_in, blocks), strict=True):
        channels = [n for cell in same for n in (*cell.shape[:1], cell.widest)]
        if channels:
            same[0].shape = (min(channels), *same[0].shape[1:])
            same[0].widest = max(channels)
    first, last = _path(blocks[0]), _path(blocks[-1])
    if length == 1 and isinstance(items[0], Frame) and items[0].count == 1:
        return Frame(first, _range(first, last), items[0].items, count)
    if first == last:  # they lie in one module, side by side
        first, last = next(cells_in(blocks[0])).path, next(cells_in(blocks[-1])).path
        return Frame("", _range(first, last), blocks[0], count)
    return Frame(first, _range(first, last), blocks[0], count)


def _path(items: list[Item]) -> str:
    """The path of the module that they are or lie in."""
    if len(items) == 1 and isinstance(items[0], Frame):
        return items[0].path
    return common_path(cells_in(items))


def _range(first: str, last: str) -> str:
    """ "layer1.1–2" from layer1.1 to layer1.2, "features.9–12", "conv3_1–3_2" """
    same = 0
    while same < min(len(first), len(last)) and first[same] == last[same]:
        same += 1
    while same and first[same - 1 : same + 1].isalnum() and first[same - 1].isdigit():
        same -= 1  # a number is not cut in two
    return f"{first}–{last[same:]}" if first != last else first


def _pattern(item: Item, inside: bool = False) -> Any:
    """Equal for items that can be drawn as one: the same layers, and outside of forks as many channels."""
    if isinstance(item, Fork):
        join = item.join and (item.join.text, item.join.shape[1:])
        return [[_pattern(i, True) for i in way] for way in item.ways], join
    if isinstance(item, Frame):
        return [_pattern(i, True) for i in item.items], item.count
    return [(cell.text, cell.shape[inside:]) for cell in item.cells], getattr(item, "lines", None)
