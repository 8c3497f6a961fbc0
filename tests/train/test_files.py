"""Files on disk: old or new but whole, whatever happens; damaged ones are refused."""

import errno
import json
import os
import pickle
import struct

import numpy as np
import pytest

from tinyconv.errors import DataError, DTypeError
from tinyconv.train.files import (
    load_tensors,
    read_lines,
    save_tensors,
    write_atomically,
    writing,
)


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


# ---------------------------------------------------------------- whole files


def test_a_file_is_written_into_a_new_folder(tmp_path):
    write_atomically(tmp_path / "new" / "run" / "a.txt", "grüße\n")
    assert (tmp_path / "new/run/a.txt").read_bytes() == b"gr\xc3\xbc\xc3\x9fe\n"
    assert names_in(tmp_path / "new/run") == ["a.txt"]


def test_a_file_is_replaced(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(b"an old and longer content")
    write_atomically(str(path), b"\x00new")
    assert path.read_bytes() == b"\x00new"


def fail_half_way(path, error):
    path.write_text("half of the ne")
    raise error


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_a_block_that_fails_leaves_the_old_file_alone(tmp_path, error):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(error), writing(path) as temporary:
        fail_half_way(temporary, error)
    assert path.read_text() == "old"
    assert names_in(tmp_path) == ["a.txt"]


def test_the_new_file_takes_the_name_only_once_it_is_on_the_disk(tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr(os, "fsync", lambda fd: calls.append(("fsync", os.fstat(fd).st_size)))
    replace = os.replace
    monkeypatch.setattr(os, "replace", lambda a, b: (calls.append(("replace", b)), replace(a, b)))
    write_atomically(tmp_path / "a", b"12345")
    assert calls == [("fsync", 5), ("replace", tmp_path / "a")]


@pytest.mark.skipif(os.name != "posix", reason="permission bits are those of POSIX")
def test_the_file_has_the_usual_permissions(tmp_path):
    (tmp_path / "usual").write_text("")
    write_atomically(tmp_path / "text", "")
    save_tensors(tmp_path / "weights", {"w": np.zeros(3)})
    usual = (tmp_path / "usual").stat().st_mode
    assert (tmp_path / "text").stat().st_mode == (tmp_path / "weights").stat().st_mode == usual


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("in the way")
    for write in (lambda p: write_atomically(p, ""), lambda p: save_tensors(p, {})):
        with pytest.raises(
            DataError, match=r"writing: .*file.run.a cannot be written: .*Name a folder that you may write"
        ):
            write(tmp_path / "file" / "run" / "a")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_to(tmp_path):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(DataError, match="cannot be written: Permission denied"):
            write_atomically(tmp_path / "a", "")
    finally:
        tmp_path.chmod(0o700)


def test_a_folder_in_the_files_place(tmp_path):
    (tmp_path / "a").mkdir()
    with pytest.raises(DataError, match="a cannot be written"):
        write_atomically(tmp_path / "a", "")
    assert names_in(tmp_path) == ["a"]


@pytest.fixture
def little_room():
    """No file may grow beyond 10,000 bytes: for a program that writes, this is a full disk."""
    resource = pytest.importorskip("resource", reason="file size limits are those of POSIX")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize(
    "write",
    [
        lambda path: write_atomically(path, bytes(20_000)),
        lambda path: save_tensors(path, {"w": np.zeros(20_000)}),
    ],
    ids=["write_atomically", "save_tensors"],
)
def test_a_full_disk(tmp_path, little_room, write):
    path = tmp_path / "a"
    path.write_text("old")
    with pytest.raises(DataError, match=f"{path} cannot be written: .*{os.strerror(errno.EFBIG)}.*Name a folder"):
        write(path)
    assert path.read_text() == "old"
    assert names_in(tmp_path) == ["a"]


# ---------------------------------------------------------------- named arrays


def some_tensors(rng):
    return {
        "conv1.weight": rng.standard_normal((6, 1, 5, 5)).astype(np.float32),
        "step": np.array(7),
        "half": rng.standard_normal(3).astype(np.float16),
        "mask": np.array([[True, False]]),
        "empty": np.zeros((0, 3), np.uint8),
        "transposed": rng.standard_normal((3, 4)).T,
        "every other": rng.integers(0, 9, 10)[::-2],
        "big-endian": np.arange(3, dtype=">i4"),
    }


def test_tensors_come_back_as_they_were(tmp_path, rng):
    tensors, metadata = some_tensors(rng), {"architecture": "LeNet5", "Größe": "28"}
    save_tensors(tmp_path / "w.safetensors", tensors, metadata)
    loaded, texts = load_tensors(tmp_path / "w.safetensors")
    assert texts == metadata
    assert loaded.keys() == tensors.keys()
    for name, x in tensors.items():
        np.testing.assert_array_equal(loaded[name], x, strict=name != "big-endian")


def test_a_file_without_tensors_or_texts(tmp_path):
    save_tensors(tmp_path / "w", {})
    assert load_tensors(str(tmp_path / "w")) == ({}, {})


def test_what_is_loaded_can_be_changed_and_does_not_change_the_file(tmp_path):
    save_tensors(tmp_path / "w", {"x": np.zeros(3)})
    load_tensors(tmp_path / "w")[0]["x"][:] = 1
    assert load_tensors(tmp_path / "w")[0]["x"].tolist() == [0, 0, 0]


def test_safetensors_itself_reads_the_file(tmp_path, rng):
    from safetensors.numpy import load

    save_tensors(tmp_path / "w", some_tensors(rng), {"a": "b"})
    loaded = load((tmp_path / "w").read_bytes())
    np.testing.assert_array_equal(loaded["conv1.weight"], load_tensors(tmp_path / "w")[0]["conv1.weight"])


LONGDOUBLE = pytest.param(
    np.zeros(2, np.longdouble),
    marks=pytest.mark.skipif(np.longdouble().itemsize == 8, reason="here a long double is a double"),
)


@pytest.mark.parametrize(
    "x",
    [np.array(["a"]), np.array([None]), np.zeros(2, np.complex64), LONGDOUBLE],
    ids=lambda x: str(x.dtype),
)
def test_a_dtype_that_the_format_lacks(tmp_path, x):
    with pytest.raises(DTypeError, match=rf"save_tensors: 'w' is {x.dtype}, which a safetensors file does not hold"):
        save_tensors(tmp_path / "w", {"w": x})
    assert names_in(tmp_path) == []


def with_header(header, data=b"", length=None):
    """A safetensors file put together by hand: length of the header, header, data."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def entry(dtype="F32", shape=(2,), offsets=(0, 8)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


def test_a_file_put_together_by_hand(tmp_path):
    (tmp_path / "w").write_bytes(with_header({"w": entry()}, struct.pack("<2f", 1.5, -2)))
    assert load_tensors(tmp_path / "w")[0]["w"].tolist() == [1.5, -2]


HOSTILE = {
    "empty": b"",
    "zeros": bytes(100),
    "a ZIP file": b"PK\x03\x04" + bytes(200),
    "a pickle": pickle.dumps({"w": [1.0, 2.0]}),
    "header longer than the file": with_header({"w": entry()}, bytes(8), length=10_000),
    "header of 2**63 bytes": with_header({"w": entry()}, bytes(8), length=2**63),
    "header of 2**64 - 1 bytes": with_header({"w": entry()}, bytes(8), length=2**64 - 1),
    "header cut short": with_header({"w": entry()}, bytes(8), length=20),
    "header no JSON": with_header(b"{'w': 3}"),
    "header no UTF-8": with_header(b'{"\xff\xfe": 3}'),
    "header a list": with_header([1, 2]),
    "header nested deeply": with_header(b"[" * 100_000),
    "data too short": with_header({"w": entry()}, bytes(7)),
    "data too long": with_header({"w": entry()}, bytes(9)),
    "data beyond the file": with_header({"w": entry(offsets=(2**40, 2**40 + 8))}, bytes(8)),
    "data backwards": with_header({"w": entry(offsets=(8, 0))}, bytes(8)),
    "data before the file": with_header({"w": entry(offsets=(-8, 0))}, bytes(8)),
    "overlapping": with_header({"v": entry(), "w": entry()}, bytes(8)),
    "shape too large": with_header({"w": entry(shape=(2**40,))}, bytes(8)),
    "shape that overflows": with_header({"w": entry(shape=(2**33, 2**33))}, bytes(8)),
    "shape that overflows to nothing": with_header({"w": entry(shape=(0, 2**63, 2**63), offsets=(0, 0))}),
    "negative shape": with_header({"w": entry(shape=(-2,))}, bytes(8)),
    "100 dimensions": with_header({"w": entry(shape=(2,) + 99 * (1,))}, bytes(8)),
    "unknown dtype": with_header({"w": entry(dtype="F99")}, bytes(8)),
    "dtype that NumPy lacks": with_header({"w": entry(dtype="BF16", offsets=(0, 4))}, bytes(4)),
    "texts that are numbers": with_header({"__metadata__": {"a": 3}}),
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_damaged_or_hostile_file(tmp_path, content):
    path = tmp_path / "w.safetensors"
    path.write_bytes(content)
    with pytest.raises(
        DataError, match=rf"load_tensors: {path} is damaged or no safetensors file \(.*Use another copy"
    ):
        load_tensors(path)
    assert path.read_bytes() == content


def test_a_file_truncated_anywhere(tmp_path, rng):
    save_tensors(tmp_path / "whole", {"v": np.ones(3), "w": rng.standard_normal((2, 3))}, {"a": "b"})
    content = (tmp_path / "whole").read_bytes()
    for length in range(len(content)):
        (tmp_path / "w").write_bytes(content[:length])
        with pytest.raises(DataError, match="is damaged"):
            load_tensors(tmp_path / "w")


def test_random_bytes(tmp_path, rng):
    for length in rng.integers(0, 300, 100):
        content = rng.bytes(length)
        # Half of them with a length of the header that is possible, so that the header is read.
        content = with_header(content, rng.bytes(8)) if length % 2 else content
        (tmp_path / "w").write_bytes(content)
        with pytest.raises(DataError, match="is damaged"):
            load_tensors(tmp_path / "w")


def test_a_missing_file_and_a_folder(tmp_path):
    with pytest.raises(DataError, match=r"load_tensors: there is no file .*nothing"):
        load_tensors(tmp_path / "nothing")
    with pytest.raises(DataError, match="is damaged or no safetensors file"):
        load_tensors(tmp_path)


# ---------------------------------------------------------------- lines of JSON


def test_lines_are_read(tmp_path):
    (tmp_path / "h").write_text('{"epoch": 1, "loss": 0.5}\n{"epoch": 2, "text": "grün"}\n')
    assert read_lines(tmp_path / "h") == [{"epoch": 1, "loss": 0.5}, {"epoch": 2, "text": "grün"}]


def test_an_empty_file_has_no_records(tmp_path):
    (tmp_path / "h").write_bytes(b"")
    assert read_lines(tmp_path / "h") == []


WHOLE = b'{"epoch": 1}\n{"epoch": 2}\n'


@pytest.mark.parametrize("torn", [b"{", b'{"epoch": 3', b'{"name": "gr\xc3', bytes(50)])
@pytest.mark.parametrize("before", [b"", WHOLE])
def test_a_torn_last_line_is_passed_over(tmp_path, before, torn):
    path = tmp_path / "h"
    path.write_bytes(before + torn)
    assert read_lines(path) == [{"epoch": 1}, {"epoch": 2}][: before.count(b"\n")]


def test_a_last_line_that_lacks_only_its_end_is_kept(tmp_path):
    path = tmp_path / "h"
    path.write_bytes(WHOLE[:-1])
    assert read_lines(path) == [{"epoch": 1}, {"epoch": 2}]


@pytest.mark.parametrize(
    ("content", "number"),
    [
        (b'{"epoch": 1\n{"epoch": 2}\n', 1),
        (WHOLE + b"oops\n", 3),  # with its end it is not torn
        (WHOLE + b"\n" + WHOLE, 3),
        (WHOLE + b"[1, 2]\n", 3),
        (b'{"name": "\xff"}\n', 1),
        (b"[" * 100_000 + b"\n", 1),
        (b"oops\n{", 1),  # one torn line is no licence for another
    ],
)
def test_another_broken_line_is_named(tmp_path, content, number):
    path = tmp_path / "h"
    path.write_bytes(content)
    with pytest.raises(DataError, match=f"read_lines: line {number} of {path} is no JSON object; mend or remove"):
        read_lines(path)
    assert path.read_bytes() == content


def test_lines_that_cannot_be_read(tmp_path):
    with pytest.raises(DataError, match=r"read_lines: .* cannot be read: No such file"):
        read_lines(tmp_path / "nothing")
