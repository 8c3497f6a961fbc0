"""Random numbers: named streams that are seeded together, and can be saved and restored.

Every draw in tinyconv comes from one of four streams, so that, say, an extra dropout layer does not
change how the data is shuffled:  weights, dropout, shuffle, augment.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from .errors import ArgumentError, UnknownNameError
from .geometry import whole

NAMES = ("weights", "dropout", "shuffle", "augment")

_streams: dict[str, np.random.Generator] = {}


def manual_seed(seed: int) -> None:
    """Restart all streams from one seed: the same seed gives the same run, bit by bit."""
    seed = whole("manual_seed", "seed", seed, least=0)
    for name in NAMES:
        # A stream is keyed by its name, not by its place in the list, so that adding one changes no other.
        sequence = np.random.SeedSequence([seed, zlib.crc32(name.encode())])
        _streams[name] = np.random.Generator(np.random.PCG64(sequence))


def stream(name: str) -> np.random.Generator:
    """The generator behind one stream."""
    if name not in NAMES:
        raise UnknownNameError("random.stream", "random stream", name, NAMES)
    return _streams[name]


class Key(int):
    """64 random bits, and the place on a GPU where a step that was captured finds new ones each time it is played."""

    place: Any = None  # (2,) uint32: the lower half, the upper half


def key() -> int:
    """64 bits from the stream "dropout": what a call of dropout drops depends on them alone."""
    bits = int(_streams["dropout"].integers(2**64, dtype="uint64"))
    return bits if _placed is None else _placed(bits)


_placed: Callable[[int], Key] | None = None


@contextmanager
def keys_at(place: Callable[[int], Key]) -> Iterator[None]:
    """Within this block each key is given a place by this function."""
    global _placed
    _placed = place
    try:
        yield
    finally:
        _placed = None


def get_state() -> dict[str, Any]:
    """The state of every stream, as plain numbers and strings (fit for JSON)."""
    return {name: _streams[name].bit_generator.state for name in NAMES}


def set_state(state: dict[str, Any]) -> None:
    """Put back what `get_state` returned."""
    missing = [name for name in NAMES if name not in state]
    if missing:
        raise ArgumentError("random.set_state", f"the state of {', '.join(missing)} is missing.")
    before = get_state()
    try:
        for name in NAMES:
            _streams[name].bit_generator.state = state[name]
    except (TypeError, ValueError, KeyError, OverflowError) as error:
        set_state(before)
        raise ArgumentError("random.set_state", f"this is no state of a random stream ({error}).") from None


manual_seed(np.random.SeedSequence().entropy)  # type: ignore[arg-type]  # fresh numbers unless a seed is set
