"""What a run writes to disk: whole files that are either the old one or the new one, and lines of JSON."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

from tinyconv.errors import DataError, DTypeError

FilePath = str | os.PathLike[str]


# ---------------------------------------------------------------- whole files


@contextmanager
def writing(path: FilePath) -> Iterator[Path]:
    """A temporary path beside `path`; the file written there takes its place when the block ends.

    Killed at any moment, the file at `path` is whole: the old one or the new one. A block that fails
    leaves the old one. Folders that are missing are made. DataError if the file cannot be written.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        with open(temporary, "rb+") as file:
            os.fsync(file.fileno())  # on the disk before it has the name
        os.replace(temporary, path)
    except OSError as error:
        reason = error.strerror or error
        raise DataError(
            "writing",
            f"{path} cannot be written: {reason}. Name a folder that you may write to, with room left.",
        ) from error
    finally:
        with suppress(OSError):  # where the folder does not exist, there is nothing to remove
            temporary.unlink(missing_ok=True)


def write_atomically(path: FilePath, data: bytes | str) -> None:
    """Make `data` (text as UTF-8) the content of the file, all of it or nothing; see `writing`."""
    with writing(path) as temporary:
        temporary.write_bytes(data.encode() if isinstance(data, str) else data)


# ---------------------------------------------------------------- named arrays


def save_tensors(path: FilePath, tensors: Mapping[str, np.ndarray], metadata: Mapping[str, str] | None = None) -> None:
    """Write named arrays and a few named texts as a safetensors file, all of it or nothing.

    DTypeError for anything but booleans, integers and floating point of up to 64 bits.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    for name, x in tensors.items():
        if x.dtype.kind not in "biuf" or x.dtype.itemsize > 8:
            raise DTypeError(
                "save_tensors", f"{name!r} is {x.dtype}, which a safetensors file does not hold; convert it."
            )
    contiguous = {name: np.asarray(x, order="C") for name, x in tensors.items()}  # the format has no strides
    with writing(path) as temporary:
        temporary.touch()
        usual = temporary.stat().st_mode
        try:
            save_file(contiguous, temporary, dict(metadata) if metadata else None)
        except SafetensorError as error:  # as which it reports a full disk
            raise OSError(str(error)) from error
        temporary.chmod(usual)  # some versions of the library make the file private to its owner


def load_tensors(path: FilePath) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """The named arrays and the named texts of a safetensors file.

    DataError if it is missing, truncated, damaged, or something else. No content can run code.
    """
    from safetensors import safe_open

    try:
        with safe_open(path, framework="np") as file:
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            for name, array in arrays.items():
                if array.dtype.isbuiltin != 1:  # bfloat16, where another package has added it to NumPy
                    raise TypeError(f"{name} is {array.dtype}, which NumPy lacks")
            return arrays, file.metadata() or {}
    except FileNotFoundError:
        raise DataError("load_tensors", f"there is no file {path}.") from None
    except Exception as error:  # its own error, and OSError, KeyError, ValueError, ... besides
        raise DataError(
            "load_tensors", f"{path} is damaged or no safetensors file ({error}). Use another copy of it."
        ) from error


# ---------------------------------------------------------------- lines of JSON


def read_lines(path: FilePath) -> list[dict[str, Any]]:
    """The records of a file of JSON lines; a torn last line, as a killed run leaves it, does not count.

    DataError if the file cannot be read, and with the line's number for any other line that is no record.
    """
    try:
        *lines, last = Path(path).read_bytes().split(b"\n")
    except OSError as error:
        raise DataError("read_lines", f"{path} cannot be read: {error.strerror or error}.") from error
    if _is_record(last):
        lines.append(last)
    for number, line in enumerate(lines, start=1):
        if not _is_record(line):
            raise DataError("read_lines", f"line {number} of {path} is no JSON object; mend or remove that line.")
    return [json.loads(line) for line in lines]


def _is_record(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):  # a UnicodeDecodeError is a ValueError
        return False
