"""What the doctor says: a kind, what was seen, why it matters, and the cure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

Facts = TypeVar("Facts")
Says = tuple[str, str, str] | None  # seen, why, cure; None if all is well


@dataclass(frozen=True)
class Finding:
    """Something that looks like a mistake.

    kind  its name, "initial_loss"   seen  in numbers   why  it matters   cure  what to do
    """

    kind: str
    seen: str
    why: str
    cure: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.seen}\n  Why it matters: {self.why}\n  Cure: {self.cure}"


def examine(checks: Iterable[Callable[[Facts], Says]], facts: Facts) -> Iterator[Finding]:
    """What each check says of the facts; a finding's kind is its check's name."""
    for check in checks:
        says = check(facts)
        if says is not None:
            yield Finding(check.__name__, *says)


def some(names: Sequence[str]) -> str:
    """ "fc.weight, fc.bias and 60 more" """
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
