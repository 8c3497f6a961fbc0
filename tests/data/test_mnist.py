"""MNIST: the packaged files, files of one's own, and files that do not fit together."""

import gzip
import struct

import numpy as np
import pytest

from tinyconv import data
from tinyconv.errors import DataError, UnknownNameError


@pytest.fixture(autouse=True)
def no_folder_of_user(monkeypatch):
    monkeypatch.delenv("TINYCONV_DATA", raising=False)


def put(folder, images, labels, part="train", end=".gz"):
    """Write a pair of IDX files of uint8."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in ((f"{part}-images-idx3-ubyte", images), (f"{part}-labels-idx1-ubyte", labels)):
        if array is not None:
            array = np.asarray(array, np.uint8)
            content = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()
            (folder / f"{name}{end}").write_bytes(gzip.compress(content) if end else content)


def digits(N, value=7):
    return np.full((N, 28, 28), value), np.arange(N) % 10


# Counts of each digit: Y. LeCun's page, and every course that has counted them since.
TRAIN = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
TEST = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


@pytest.mark.parametrize(
    ("train", "counts", "first"), [(True, TRAIN, [5, 0, 4, 1, 9, 2]), (False, TEST, [7, 2, 1, 0, 4, 1])]
)
def test_the_packaged_digits(train, counts, first):
    mnist = data.mnist(train)
    assert mnist.images.shape == (sum(counts), 1, 28, 28) and mnist.images.dtype == np.uint8
    assert mnist.labels.dtype == np.int64 and mnist.labels[:6].tolist() == first
    np.testing.assert_array_equal(np.bincount(mnist.labels), counts)
    assert mnist.classes == tuple("0123456789") and mnist.name == "mnist"
    assert mnist.images[:, :, 0, 0].max() == 0  # light on dark


def test_the_constants_are_those_of_the_training_digits():
    images = data.mnist().images[:, 0].astype(np.float32) / 255
    (mean,), (std,) = data.MNIST_STATISTICS
    assert mean == pytest.approx(images.mean(dtype=np.float64), abs=5e-5)
    assert std == pytest.approx(images.std(dtype=np.float64), abs=5e-5)


@pytest.mark.parametrize("end", [".gz", ""])
def test_a_folder_of_ones_own(tmp_path, end):
    put(tmp_path, *digits(12), part="t10k", end=end)
    mnist = data.mnist(train=False, root=tmp_path)
    assert len(mnist) == 12 and mnist.images.max() == 7 and mnist.labels[11] == 1


@pytest.mark.parametrize("below", ["", "mnist"])
def test_the_folder_in_the_environment_comes_first(tmp_path, monkeypatch, below):
    put(tmp_path / below, *digits(3))
    monkeypatch.setenv("TINYCONV_DATA", str(tmp_path))
    assert len(data.mnist()) == 3
    assert len(data.mnist(train=False)) == 10000  # not there: from the package


def test_root_comes_before_the_environment(tmp_path, monkeypatch):
    put(tmp_path / "a", *digits(3))
    put(tmp_path / "b", *digits(4))
    monkeypatch.setenv("TINYCONV_DATA", str(tmp_path / "a"))
    assert len(data.mnist(root=tmp_path / "b")) == 4


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (digits(3)[0], None, r"images-idx3-ubyte.gz is there, but no train-labels-idx1-ubyte or .*beside it"),
        (None, [1, 2], r"labels-idx1-ubyte.gz is there, but no train-images-idx3-ubyte or .*beside it"),
        (None, None, "there is no train-images-idx3-ubyte or train-images-idx3-ubyte.gz, .* in "),
        (
            digits(3)[0],
            [1, 2],
            r"labels-idx1-ubyte.gz holds uint8 \(2,\), expected uint8 \(3,\) for the 3 images",
        ),
        (digits(3)[0], [1, 2, 10], "labels-idx1-ubyte.gz holds the label 10, expected 0 to 9"),
        (
            np.zeros((3, 32, 32)),
            [1, 2, 3],
            r"images-idx3-ubyte.gz holds uint8 \(3, 32, 32\), expected uint8 \(N, 28",
        ),
        ([1, 2, 3], [1, 2, 3], r"images-idx3-ubyte.gz holds uint8 \(3,\), expected"),
    ],
)
def test_files_that_do_not_fit(tmp_path, images, labels, message):
    put(tmp_path, images, labels)
    with pytest.raises(DataError, match=message):
        data.mnist(root=tmp_path)


def test_a_damaged_file_is_named(tmp_path):
    put(tmp_path, *digits(3))
    file = tmp_path / "train-images-idx3-ubyte.gz"
    file.write_bytes(file.read_bytes()[:-9])
    with pytest.raises(DataError, match="train-images-idx3-ubyte.gz cannot be read"):
        data.mnist(root=tmp_path)


def test_by_name(tmp_path):
    put(tmp_path, *digits(3))
    assert "mnist" in data.names()
    assert len(data.load("mnist", train=False)) == 10000
    assert len(data.load("mnist", root=tmp_path)) == 3
    with pytest.raises(UnknownNameError, match="no data set 'minst'. Did you mean 'mnist'"):
        data.load("minst")
