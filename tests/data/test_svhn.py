"""SVHN, and the MATLAB files that it comes in, written here by hand as MathWorks describes them."""

import struct
import zlib

import numpy as np
import pytest

from tinyconv import data
from tinyconv.data.matfile import parse_mat
from tinyconv.errors import DataError

CODES = {"u1": 2, "i2": 3, "i4": 5, "f8": 9}


def element(kind, body, order="<", short=False):
    if short:  # up to four bytes, in the place of their number
        return struct.pack(f"{order}I", len(body) << 16 | kind) + body.ljust(4, b"\0")
    return struct.pack(f"{order}II", kind, len(body)) + body + bytes(-len(body) % 8)


def matrix(name, x, order="<", code=None):
    x = np.asarray(x)
    parts = (
        element(6, struct.pack(f"{order}II", 9, 0), order),
        element(5, struct.pack(f"{order}{x.ndim}i", *x.shape), order),
        element(1, name.encode(), order, short=len(name) <= 4),
        element(code or CODES[x.dtype.str[1:]], x.astype(x.dtype.newbyteorder(order)).tobytes("F"), order),
    )
    return element(14, b"".join(parts), order)


def compressed(body):
    packed = zlib.compress(body)
    return struct.pack("<II", 15, len(packed)) + packed  # without padding


def header(order="<", version=0x0100):
    return b"MATLAB 5.0 MAT-file".ljust(124) + struct.pack(f"{order}H", version) + (b"IM" if order == "<" else b"MI")


def file(*elements, order="<"):
    return header(order) + b"".join(elements)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("dtype", CODES)
def test_numbers(rng, order, dtype):
    x, y = rng.integers(0, 100, (2, 3, 5)).astype(dtype), np.array([[7]], dtype)
    found = parse_mat("a.mat", file(matrix("x", x, order), matrix("a_long_name", y, order), order=order))
    assert list(found) == ["x", "a_long_name"]
    np.testing.assert_array_equal(found["x"], x)
    np.testing.assert_array_equal(found["a_long_name"], y)


def test_compressed_numbers(rng):
    x = rng.integers(0, 100, (20, 30)).astype("u1")
    found = parse_mat("a.mat", file(compressed(matrix("x", x)), compressed(matrix("y", x.T))))
    np.testing.assert_array_equal(found["x"], x)
    np.testing.assert_array_equal(found["y"], x.T)


def test_as_scipy_writes_them(rng, tmp_path):
    savemat = pytest.importorskip("scipy.io", reason="SciPy is a second opinion, and not needed").savemat
    x = {"X": rng.integers(0, 256, (4, 3, 2, 5)).astype("u1"), "y": rng.integers(1, 11, (5, 1)).astype("f8")}
    for packed in (False, True):
        savemat(tmp_path / "a.mat", x, do_compression=packed)
        found = parse_mat("a.mat", (tmp_path / "a.mat").read_bytes())
        for name, expected in x.items():
            np.testing.assert_array_equal(found[name], expected)


GOOD = matrix("x", np.arange(6, dtype="u1").reshape(2, 3))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "a.mat is not a MATLAB file of version 5"),
        (b"\x89HDF".ljust(200), "not a MATLAB file of version 5"),
        (header(version=0x0200), "not a MATLAB file of version 5"),
        (file(GOOD[:-3]), "a.mat is damaged or truncated: an element of .* bytes has"),
        (file(GOOD, b"123"), "an element ends within its first 8 bytes"),
        (file(compressed(GOOD)[:-6]), "an element of .* bytes has"),
        (file(struct.pack("<II", 15, 8) + b"no zlib."), "damaged or truncated: Error -3"),
        (file(struct.pack("<II", 15, 20) + zlib.compress(bytes(1000))[:20].ljust(20)), "damaged or truncated"),
        (file(compressed(GOOD + GOOD)), "damaged or truncated: too many values"),
        (file(matrix("x", np.zeros((2, 2), "u1"), code=16)), "not made of flags, sizes, a name, and real numbers"),
        (file(element(14, element(6, bytes(8)))), "not made of flags, sizes, a name, and real numbers"),
        (file(GOOD.replace(struct.pack("<ii", 2, 3), struct.pack("<ii", 2, 4))), r"shape \(2, 4\) has 6 numbers"),
        (file(GOOD.replace(struct.pack("<ii", 2, 3), struct.pack("<ii", -2, -3))), r"shape \(-2, -3\) has 6"),
    ],
)
def test_what_is_wrong_is_said(content, message):
    with pytest.raises(DataError, match=message):
        parse_mat("a.mat", content)


def test_a_bomb_is_not_unpacked(monkeypatch):
    monkeypatch.setattr("tinyconv.data.matfile.MAX_BYTES", 10_000)
    with pytest.raises(DataError, match="a compressed part does not end within 10000 bytes"):
        parse_mat("a.mat", file(compressed(matrix("x", np.zeros(1_000_000, "u1")))))


# ---------------------------------------------------------------- SVHN


def house_numbers(rng, N):
    """Pictures as the file has them, and their labels; 10 is the digit 0."""
    return rng.integers(0, 256, (32, 32, 3, N)).astype("u1"), np.array([[1], [10], [3]], "u1")[:N]


def test_svhn(tmp_path, rng):
    X, y = house_numbers(rng, 3)
    (tmp_path / "test_32x32.mat").write_bytes(file(compressed(matrix("X", X)), compressed(matrix("y", y))))
    found = data.load("svhn", train=False, root=tmp_path)
    assert found.labels.tolist() == [1, 0, 3] and found.classes == tuple("0123456789") and found.name == "svhn"
    assert found.images.shape == (3, 3, 32, 32)
    for n, c, h, w in ((0, 0, 0, 0), (1, 2, 5, 30), (2, 1, 31, 7)):
        assert found.images[n, c, h, w] == X[h, w, c, n]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda X, y: {"X": X}, "train_32x32.mat holds X, expected X and y"),
        (lambda X, y: {}, "holds nothing, expected X and y"),
        (lambda X, y: {"X": X[..., :2], "y": y}, r"X, uint8 \(32, 32, 3, 2\), and y \(3, 1\), expected uint8"),
        (lambda X, y: {"X": X.astype("f8"), "y": y}, "holds X, float64"),
        (lambda X, y: {"X": X[:28], "y": y}, r"uint8 \(28, 32, 3, 3\)"),
        (lambda X, y: {"X": X, "y": y - 1}, "holds labels other than 1 to 10"),
        (lambda X, y: {"X": X, "y": y + 0.5}, "holds labels other than 1 to 10"),
    ],
)
def test_other_contents(tmp_path, rng, change, message):
    arrays = change(*house_numbers(rng, 3))
    content = file(*(matrix(name, np.asarray(x)) for name, x in arrays.items()))
    (tmp_path / "train_32x32.mat").write_bytes(content)
    with pytest.raises(DataError, match=message):
        data.svhn(root=tmp_path)
