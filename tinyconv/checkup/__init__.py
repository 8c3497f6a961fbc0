"""What this installation can do: packages, engines, threads, devices and folders, each of them looked at or tried."""

from __future__ import annotations

from collections.abc import Callable

from .facts import WRONG, Checkup, Fact
from .installed import packages, versions
from .machine import devices, engines, threads
from .places import folders

__all__ = ["Checkup", "Fact", "checkup"]


def checkup() -> Checkup:
    """All that `tinyconv doctor` tells. It compiles the kernels of a convolution, if they have not been yet."""
    sections = {"versions": _safe(versions), "packages": _safe(packages)}
    try:
        of_kernels, sections["engines"] = engines()
    except Exception as error:  # as in _safe
        of_kernels, sections["engines"] = [], [_unknown(error)]
    sections |= {"threads": _safe(threads), "devices": _safe(devices)}
    return Checkup(sections | {"folders": [*of_kernels, *_safe(folders)]})


def _safe(section: Callable[[], list[Fact]]) -> list[Fact]:
    """Its facts, or that they could not be found out: a checkup is for machines on which something is broken."""
    try:
        return section()
    except Exception as error:  # whatever it is, the other sections can still be told
        return [_unknown(error)]


def _unknown(error: Exception) -> Fact:
    return Fact("?", f"could not be found out: {type(error).__name__}: {error}", WRONG)
