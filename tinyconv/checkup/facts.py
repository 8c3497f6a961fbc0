"""What a checkup finds, and how it is told: as text on one screen, or as data."""

from __future__ import annotations

import textwrap
from dataclasses import asdict, dataclass
from typing import Any

OK, NOTE, WRONG = "ok", "note", "wrong"
MARKS = {OK: "ok ", NOTE: " - ", WRONG: " ! "}
NAMES = 13  # characters


@dataclass(frozen=True)
class Fact:
    """state  "ok"; "note": it could be more; "wrong": something that is needed does not work
    cure   what to do about it
    """

    name: str
    value: str
    state: str = OK
    cure: str = ""


@dataclass(frozen=True)
class Checkup:
    """Facts by section; `ok` if nothing that is needed is wrong."""

    sections: dict[str, list[Fact]]

    @property
    def wrong(self) -> list[Fact]:
        return [fact for facts in self.sections.values() for fact in facts if fact.state == WRONG]

    @property
    def ok(self) -> bool:
        return not self.wrong

    def data(self) -> dict[str, Any]:
        """For JSON."""
        return {"ok": self.ok} | {title: [asdict(fact) for fact in facts] for title, facts in self.sections.items()}

    def lines(self, width: int = 100) -> list[str]:
        """A mark, a name and what there is to say of it, section after section; then the verdict."""
        found: list[str] = []
        for title, facts in self.sections.items():
            found += [title, *(line for fact in facts for line in _lines(fact, width))]
        count = len(self.wrong)
        verdict = "All that is needed works." if self.ok else f"{count} of these must be mended: see the lines with !"
        return [*found, "", verdict]

    def __str__(self) -> str:
        return "\n".join(self.lines())


def _lines(fact: Fact, width: int) -> list[str]:
    head = f"  {MARKS[fact.state]} {fact.name:{NAMES}} "
    text = f"{fact.value}. {fact.cure}" if fact.cure else fact.value
    room = max(30, width - len(head))
    first, *others = textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False) or [""]
    return [head + first, *(" " * len(head) + line for line in others)]
