"""Single files out of a .zip or .tar.gz, into memory: nothing is ever written where an archive says."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, cast

from tinyconv.errors import DataError

MAX_BYTES = 2**30  # of all that is unpacked, or passed over, in one archive


def unpack(path: Path, wanted: Sequence[str]) -> dict[str, bytes]:
    """The contents of the files with these names, or these with .gz after them, in whatever folder they are.

    The archive is not trusted: links and devices are passed over, sizes are bounded, and the folders in it
    mean nothing. DataError if it is damaged, too large, or lacks a file.
    """
    import tarfile
    import zipfile

    found: dict[str, bytes] = {}
    left = MAX_BYTES
    try:
        for name, size, opened in _members(path):
            left -= size
            if left < 0:
                raise DataError("data.unpack", f"{path} holds more than {MAX_BYTES} bytes; it is not the right file.")
            key = PurePosixPath(name).name.removesuffix(".gz")
            if key in wanted and key not in found and opened is not None:
                with opened() as file:
                    found[key] = file.read(size)
    # What the libraries raise for damaged files, and for such as are encrypted or compressed in other ways.
    except (OSError, EOFError, zlib.error, tarfile.TarError, zipfile.BadZipFile, RuntimeError) as error:
        raise DataError("data.unpack", f"{path} cannot be read: {error}. Use another copy of it.") from error
    if missing := [name for name in wanted if name not in found]:
        raise DataError("data.unpack", f"{path} has no {', '.join(missing)} in it.")
    return found


def _members(path: Path) -> Iterator[tuple[str, int, Callable[[], IO[bytes]] | None]]:
    """Name and size of each member, and how it is opened, unless it is no plain file."""
    import tarfile
    import zipfile

    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                yield info.filename, info.file_size, None if info.is_dir() else partial(archive.open, info)
    else:
        with gzip.open(path) as stream, tarfile.open(fileobj=stream, mode="r:") as packed:
            for member in packed:
                opened = partial(packed.extractfile, member) if member.isreg() else None
                yield member.name, member.size, cast("Callable[[], IO[bytes]] | None", opened)
            left = MAX_BYTES  # on to the stream's end, where its checksum is
            while left > 0 and (data := stream.read(1 << 20)):
                left -= len(data)
