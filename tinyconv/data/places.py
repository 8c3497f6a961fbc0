"""Where the files of a data set are looked for: folders of the user's, the folder of downloads, the net."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from tinyconv.errors import DataError

from .archive import unpack
from .download import UnreachableError, cache_folder, fetch
from .published import FASHION_MNIST, KMNIST, MNIST, Published, Remote

MAX_BYTES = 2**30  # of one file


class Content(NamedTuple):
    """What is in a file, and how messages call the file."""

    where: str
    data: bytes


def find(
    source: Published, wanted: Sequence[str], root: str | os.PathLike | None, packaged: Path | None = None
) -> list[Content]:
    """The files with these names, or these with .gz after them, all from the first place that has them.

    The places are the folder `root` alone, if it is given; else those that TINYCONV_DATA stands for (NAME in
    it, and that folder itself), `packaged`, and the folder of downloads, into which they are downloaded if
    need be. In each place they may lie in the folder that the set's archive makes, or still in the archive.
    Only downloads have checksums: what a user puts into a place need not be the published bytes.

    DataError if they are nowhere to be had, or if a place has some of them and not the others.
    """
    places = _folders_of_user(source, root) + ([packaged] if packaged and root is None else [])
    for place in places:
        if found := _in_folder(source, wanted, place):
            return found
    tried = ""
    if root is None and (source.files or source.archive):
        places = [*places, cache_folder() / source.name]
        try:
            return _downloaded(source, wanted, places[-1])
        except UnreachableError as error:
            tried = str(error)
    names = ", ".join(f"{name} or {name}.gz" for name in wanted)
    message = f"there is no {names} in {' or '.join(map(str, places))}."
    raise DataError(source.name, message + (_by_hand(source, wanted, tried) if tried else ""))


def _folders_of_user(source: Published, root: str | os.PathLike | None) -> list[Path]:
    if root is not None:
        return [Path(root).expanduser()]
    if not os.environ.get("TINYCONV_DATA"):
        return []
    top = Path(os.environ["TINYCONV_DATA"]).expanduser()
    names = dict.fromkeys((source.name, source.name.replace("_", "-")))
    return [*(top / name for name in names), *([top] if _may_be_in(source, top) else [])]


def _may_be_in(source: Published, top: Path) -> bool:
    """Are files in this folder those of the set? Several sets call theirs as MNIST does."""
    called = top.name.casefold().replace("-", "_")
    if not source.alike or called == source.name:
        return True
    return source is MNIST and called not in (FASHION_MNIST.name, KMNIST.name)


def _in_folder(source: Published, wanted: Sequence[str], folder: Path) -> list[Content] | None:
    for place in dict.fromkeys((folder, folder / source.inside)):
        paths = [_file(place, name) for name in wanted]
        found = [path for path in paths if path is not None]
        if len(found) == len(wanted):
            return [Content(str(path), _read(source, path)) for path in found]
        if found:
            missing = ", ".join(f"{n} or {n}.gz" for n, path in zip(wanted, paths, strict=True) if path is None)
            raise DataError(source.name, f"{found[0]} is there, but no {missing} beside it.")
    if source.archive and (folder / source.archive.name).is_file():
        archive = folder / source.archive.name
        members = unpack(archive, wanted)
        return [Content(f"{name} in {archive}", members[name]) for name in wanted]
    return None


def _file(folder: Path, name: str) -> Path | None:
    """The file under this name or with .gz after it."""
    return next((path for path in (folder / name, folder / f"{name}.gz") if path.is_file()), None)


def _read(source: Published, path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise DataError(source.name, f"{path} has {size} bytes; at most {MAX_BYTES} are read.")
        return path.read_bytes()
    except OSError as error:
        raise DataError(source.name, f"{path} cannot be read: {error.strerror or error}.") from error


def _downloaded(source: Published, wanted: Sequence[str], folder: Path) -> list[Content]:
    if source.archive is None:
        paths = [fetch(file, folder) for file in _remotes(source, wanted)]
        return [Content(str(path), _read(source, path)) for path in paths]
    kept = folder / source.inside  # what was unpacked before, so that it is done once
    paths = [kept / name for name in wanted]
    if not all(path.is_file() for path in paths):
        members = unpack(fetch(source.archive, folder), wanted)
        for path in paths:
            _keep(path, members[path.name])
        return [Content(str(path), members[path.name]) for path in paths]
    return [Content(str(path), _read(source, path)) for path in paths]


def _keep(path: Path, data: bytes) -> None:
    """Write a file, all of it or nothing; without room it is unpacked again the next time."""
    new = path.with_name(f".{path.name}.{os.getpid()}.new")
    with suppress(OSError):
        try:
            path.parent.mkdir(exist_ok=True)
            new.write_bytes(data)
            os.replace(new, path)
        finally:
            new.unlink(missing_ok=True)


def _remotes(source: Published, wanted: Sequence[str]) -> list[Remote]:
    if source.archive:
        return [source.archive]
    return [file for file in source.files if file.name.removesuffix(".gz") in wanted]


def _by_hand(source: Published, wanted: Sequence[str], tried: str) -> str:
    """What was tried to download them, and how to do it on another machine."""
    files = "\n  ".join(f"{f.name}: {f.size} bytes, SHA-256 {f.sha256}" for f in _remotes(source, wanted))
    return (
        f" They cannot be downloaded:\n  {tried}\nWithout a network, download on another machine\n  {files}\n"
        f"and put that into the folder {source.name} of one that the environment variable TINYCONV_DATA names."
    )
