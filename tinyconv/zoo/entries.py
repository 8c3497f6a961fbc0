"""What each model of the zoo has and does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tinyconv import models
from tinyconv.ledger.trace import trace
from tinyconv.ledger.work import multiply_adds
from tinyconv.nn import init


@dataclass(frozen=True)
class Entry:
    """A model of the zoo.

    parameters     all that is learned
    idle           those among them that only training uses, in auxiliary heads
    multiply_adds  for one picture of the paper's size, of convolutions and dense layers
    """

    card: models.Card
    parameters: int
    idle: int
    multiply_adds: int


def zoo(names: Sequence[str] | None = None) -> list[Entry]:
    """Those models, or all of them, the oldest first. Their weights are not drawn, so that it takes seconds."""
    entries = []
    for name in models.names() if names is None else names:
        card = models.card(name)
        with init.skipped():
            net = models.create(name)
        t = trace(net, *card.input)
        parameters, idle = (sum(p.numel() for p in some) for some in (net.parameters(), t.idle.values()))
        entries.append(Entry(card, parameters, idle, multiply_adds(t)))
    return sorted(entries, key=lambda entry: (entry.card.year or 9999, entry.card.name))
