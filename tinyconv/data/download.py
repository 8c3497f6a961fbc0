"""Downloads into one folder: checked, resumed where they broke off, and one at a time."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from tinyconv.errors import DataError

from .published import Remote

CHUNK = 1 << 16  # bytes, at a time
OPERATION = "data.download"


class UnreachableError(Exception):
    """No address gave the file; the text has a line for each."""


def cache_folder() -> Path:
    """Where downloads go: the folder that TINYCONV_CACHE names, else tinyconv in the platform's folder for caches."""
    import pooch

    return Path(os.environ.get("TINYCONV_CACHE") or pooch.os_cache("tinyconv")).expanduser()


def fetch(file: Remote, folder: Path) -> Path:
    """The file in the folder, downloaded if it is not there; its checksum is right in either case.

    What came before a connection broke off is kept beside it, as NAME.part, and gone on with the next time.
    DataError for a file with another checksum, which is left as it is, and for a folder that cannot be
    written to; UnreachableError if no address gives the file.
    """
    path = folder / file.name
    if path.is_file():
        _check(file, path)
        return path
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(folder / f"{file.name}.lock"):
            if not path.is_file():  # another process may have been here
                _download(file, path)
    except OSError as error:
        raise _unwritable(path, error) from error
    return path


def _check(file: Remote, path: Path) -> None:
    import pooch

    found = pooch.file_hash(str(path), alg="sha256")
    if found != file.sha256:
        raise DataError(
            OPERATION,
            f"{path} is damaged, and not used: its SHA-256 is {found}, expected {file.sha256}. "
            "Remove it to have it downloaded again.",
        )


def _unwritable(path: Path, error: OSError) -> DataError:
    return DataError(
        OPERATION,
        f"{path} cannot be written: {error.strerror or error}. Make room there, or name another folder for downloads "
        "in the environment variable TINYCONV_CACHE.",
    )


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Only one process at a time is in this block; the system frees the lock of one that was killed."""
    with open(path, "ab") as file:
        _lock(file)
        yield


if sys.platform == "win32":
    import errno
    import msvcrt

    def _lock(file: IO[bytes]) -> None:
        while True:
            try:
                return msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
            except OSError as error:
                if error.errno != errno.EDEADLK:  # that is how it says that ten seconds have passed
                    raise

else:
    import fcntl

    def _lock(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX)


# ---------------------------------------------------------------- one file, from the first address that has it


def _download(file: Remote, path: Path) -> None:
    import pooch

    part = path.with_name(f"{path.name}.part")
    tried = []
    for url in file.mirrors:
        while True:
            before = part.stat().st_size if part.is_file() else 0
            try:
                pooch.retrieve(url, f"sha256:{file.sha256}", path.name, path.parent, downloader=_Resuming(file, part))
                return
            except _BrokenError as error:
                reason = str(error)
                if part.is_file() and part.stat().st_size > before:
                    continue  # it brought something: let it go on
            except DataError:
                raise
            except ValueError:  # pooch's word for another checksum; it has removed the file
                reason = "the file there has another checksum, and was not kept"
                if before:
                    continue  # perhaps the beginning was wrong, which came from elsewhere
            tried.append(f"{url}: {reason}")
            break
    raise UnreachableError("\n  ".join(tried))


class _BrokenError(Exception):
    """A download that did not come to its end."""


class _Resuming:
    """A downloader for pooch that goes on with the file `part`, and moves it into place when it is complete."""

    def __init__(self, file: Remote, part: Path):
        self.file, self.part = file, part

    def __call__(self, url: str, output_file: str, pooch: Any, check_only: bool = False) -> None:
        from pooch import HTTPDownloader

        with _Stream(self.part, self.file) as stream:
            if stream.have < self.file.size:
                # Not compressed on the way: a range is one of the file's own bytes.
                headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={stream.have}-"} if stream.have else {})
                hooks = {"response": stream.begin}
                try:
                    HTTPDownloader(chunk_size=CHUNK, headers=headers, hooks=hooks)(url, stream, pooch)
                except OSError as error:  # as which requests reports all that goes wrong
                    raise _BrokenError(_reason(error)) from error
            if stream.have < self.file.size:
                raise _BrokenError(f"broke off after {stream.have} of {self.file.size} bytes")
        os.replace(self.part, output_file)


def _reason(error: BaseException) -> str:
    """What is at the bottom of a chain of errors."""
    while error.__context__ is not None:
        error = error.__context__
    return str(getattr(error, "strerror", None) or error).partition(" for url")[0]


class _Stream:
    """The file that is being downloaded, to be written at its end; it takes no more than there should be."""

    def __init__(self, part: Path, file: Remote):
        self.path, self.file = part, file
        self.have = 0

    def __enter__(self) -> _Stream:
        self.output = open(self.path, "ab")
        self.have = self.output.tell()
        self.bar = _bar(self.file, self.have)
        return self

    def __exit__(self, *exception: object) -> None:
        self.output.close()
        if self.bar is not None:
            self.bar.stop()

    def begin(self, response: Any, *_: Any, **__: Any) -> None:
        """Look at how a server answers before anything is written."""
        if response.status_code == 206:
            found = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", ""))
            if not found or int(found[1]) != self.have or found[2] not in ("*", str(self.file.size)):
                raise _BrokenError(f"answers with {found[0] if found else 'no range'}, asked for {self.have}-")
        elif response.status_code == 200:
            size = response.headers.get("Content-Length", str(self.file.size))
            if size != str(self.file.size):
                raise _BrokenError(f"has a file of {size} bytes, expected {self.file.size}")
            self._empty()  # it sends the file from the beginning

    def write(self, data: bytes) -> None:
        if self.have + len(data) > self.file.size:
            self._empty()
            raise _BrokenError(f"sends more than the {self.file.size} bytes of the file")
        self._write(self.output.write, data)
        self.have += len(data)
        if self.bar is not None:
            self.bar.update(self.bar.task_ids[0], completed=self.have)

    def flush(self) -> None:
        self._write(self.output.flush)

    def _empty(self) -> None:
        if self.have:
            self._write(self.output.truncate, 0)
            self.have = 0

    def _write(self, function: Any, *arguments: Any) -> None:
        try:
            function(*arguments)
        except OSError as error:
            raise _unwritable(self.path, error) from error


def _bar(file: Remote, have: int) -> Any:
    """rich's progress bar, or None where nobody sees it."""
    from rich import progress
    from rich.console import Console

    if not sys.stderr.isatty():
        return None
    columns = ("{task.description}", progress.BarColumn(), progress.DownloadColumn(), progress.TransferSpeedColumn())
    bar = progress.Progress(*columns, progress.TimeRemainingColumn(), console=Console(stderr=True))
    bar.add_task(file.name, total=file.size, completed=have)
    bar.start()
    return bar
