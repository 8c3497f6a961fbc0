"""Which folders are written to, whether they can be, and how much is in them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from tinyconv.data.download import cache_folder

from .facts import NOTE, WRONG, Fact

NOT_KEPT = "Compiled kernels are lost at the end of every process: name a folder for them in NUMBA_CACHE_DIR"


def of_kernels(folders: set[Path], lost: bool) -> list[Fact]:
    """The folders that compiled kernels are kept in; are some of them kept nowhere?"""
    facts = []
    for folder in sorted(folders):
        count = len(list(folder.glob("*.nbi"))) if folder.is_dir() else 0
        facts.append(_fact("kernels", folder, ("*.nbi", "*.nbc"), f"{count} kept", NOT_KEPT))
    return facts + [Fact("kernels", "no folder for them can be written to", NOTE, NOT_KEPT)] * lost


def folders() -> list[Fact]:
    """Of data sets and weights."""
    facts = []
    try:
        facts.append(_fact("downloads", cache_folder(), ("**/*",), "", "Name another one in TINYCONV_CACHE"))
    except Exception as error:  # pooch is missing, or there is no home
        facts.append(Fact("downloads", f"not known: {error}", NOTE, "pip install pooch"))
    named = os.environ.get("TINYCONV_DATA")
    if named:
        there = Path(named).expanduser().is_dir()
        cure = "Make that folder, or take the variable away"
        said = f"{named}, looked in first (TINYCONV_DATA)"
        facts.append(
            Fact("data", said) if there else Fact("data", f"there is no {named}", WRONG, f"{cure}: TINYCONV_DATA")
        )
    return facts


def _fact(name: str, folder: Path, patterns: Iterable[str], more: str, cure: str) -> Fact:
    if not folder.is_dir():
        parent = next((place for place in folder.parents if place.is_dir()), Path("/"))
        said = f"{folder}, made when it is needed"
        return Fact(name, said) if _writable(parent) else Fact(name, f"{folder} cannot be made", NOTE, cure)
    size = sum(path.stat().st_size for pattern in patterns for path in folder.glob(pattern) if path.is_file())
    said = ", ".join(filter(None, (str(folder), more, f"{size / 1e6:,.1f} MB")))
    return Fact(name, said) if _writable(folder) else Fact(name, f"{said}, cannot be written to", NOTE, cure)


def _writable(folder: Path) -> bool:
    """Tried, for permissions do not tell of full disks and read-only ones."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b".")
    except OSError:
        return False
    return True
