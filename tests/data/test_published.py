"""The published sets from small files in their formats, in all the places where they may lie."""

import dataclasses
import gzip
import hashlib
import importlib
import io
import struct
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tinyconv import data
from tinyconv.data import published
from tinyconv.data.archive import unpack
from tinyconv.data.published import Published, Remote
from tinyconv.errors import DataError, UnknownNameError

NOWHERE = "http://127.0.0.1:9/"  # the port of a service that nobody runs


@pytest.fixture(autouse=True)
def nothing_but_what_a_test_puts_there(monkeypatch, tmp_path):
    """No folders of the user's, and no network."""
    monkeypatch.delenv("TINYCONV_DATA", raising=False)
    monkeypatch.setenv("TINYCONV_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    for name, module in (
        ("FASHION_MNIST", "mnist_like"),
        ("KMNIST", "mnist_like"),
        ("EMNIST", "mnist_like"),
        ("CIFAR10", "cifar"),
        ("CIFAR100", "cifar"),
        ("SVHN", "svhn"),
    ):
        monkeypatch.setattr(importlib.import_module(f"tinyconv.data.{module}"), name, offline(getattr(published, name)))


def offline(source: Published, **changes) -> Published:
    """The set, its mirrors replaced by one that is not there."""
    files = tuple(dataclasses.replace(f, mirrors=(NOWHERE + f.name,)) for f in source.files)
    archive = source.archive and dataclasses.replace(source.archive, mirrors=(NOWHERE + source.archive.name,))
    return dataclasses.replace(source, **({"files": files, "archive": archive} | changes))


def idx(array):
    array = np.asarray(array, np.uint8)
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def put(folder, files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)


def pictures(rng, N):
    return rng.integers(0, 256, (N, 28, 28), np.uint8)


# ---------------------------------------------------------------- in MNIST's format


@pytest.mark.parametrize("name", ["fashion_mnist", "kmnist"])
@pytest.mark.parametrize("end", ["", ".gz"])
def test_sets_in_mnists_format(tmp_path, rng, name, end):
    x = pictures(rng, 3)
    put(tmp_path, {f"t10k-images-idx3-ubyte{end}": idx(x), f"t10k-labels-idx1-ubyte{end}": idx([9, 0, 4])})
    found = data.load(name, train=False, root=tmp_path)
    np.testing.assert_array_equal(found.images[:, 0], x)
    assert found.labels.tolist() == [9, 0, 4] and found.name == name and len(found.classes) == 10


@pytest.mark.parametrize(
    ("split", "K", "label", "called"),
    [
        ("balanced", 47, 46, "t"),
        ("balanced", 47, 36, "a"),
        ("bymerge", 47, 37, "b"),
        ("byclass", 62, 36, "a"),
        ("byclass", 62, 61, "z"),
        ("letters", 26, 26, "z"),  # numbered from 1 in the file
        ("letters", 26, 1, "a"),
        ("digits", 10, 7, "7"),
        ("mnist", 10, 0, "0"),
    ],
)
def test_emnist(tmp_path, rng, split, K, label, called):
    """Labels are those of the files emnist-*-mapping.txt; pictures lie on their side."""
    x = pictures(rng, 2)
    put(
        tmp_path / "gzip",
        {
            f"emnist-{split}-train-images-idx3-ubyte.gz": idx(x.transpose(0, 2, 1)),
            f"emnist-{split}-train-labels-idx1-ubyte.gz": idx([label, label]),
        },
    )
    found = data.emnist(root=tmp_path, split=split)
    np.testing.assert_array_equal(found.images[:, 0], x)
    assert len(found.classes) == K and found.classes[found.labels[0]] == called
    assert found.name == ("emnist" if split == "balanced" else f"emnist-{split}")
    assert data.load(f"emnist-{split}", root=tmp_path).classes == found.classes


def test_emnist_has_no_other_split():
    with pytest.raises(UnknownNameError, match="no split 'leters'. Did you mean 'letters'"):
        data.emnist(split="leters")


def test_files_that_are_called_alike_are_not_taken_for_each_other(tmp_path, monkeypatch, rng):
    """MNIST's files in TINYCONV_DATA itself are no clothes, and clothes no digits."""
    x = pictures(rng, 2)
    files = {"train-images-idx3-ubyte": idx(x), "train-labels-idx1-ubyte": idx([1, 2])}
    put(tmp_path / "sets", files)
    monkeypatch.setenv("TINYCONV_DATA", str(tmp_path / "sets"))
    assert len(data.mnist()) == 2
    with pytest.raises(DataError, match="fashion_mnist: there is no train-images"):
        data.fashion_mnist()
    put(tmp_path / "sets" / "fashion-mnist", files)
    assert len(data.fashion_mnist()) == 2  # with a hyphen, as Debian has it
    monkeypatch.setenv("TINYCONV_DATA", str(tmp_path / "sets" / "fashion-mnist"))
    assert len(data.fashion_mnist()) == 2 and len(data.mnist()) == 60000


# ---------------------------------------------------------------- CIFAR


def records(rng, N, *labels):
    """N records with these label bytes, and their pixels."""
    x = rng.integers(0, 256, (N, 3, 32, 32), np.uint8)
    return b"".join(bytes(label) + p.tobytes() for *label, p in zip(*labels, x, strict=True)), x


@pytest.mark.parametrize("below", ["", "cifar-10-batches-bin"])
def test_cifar10(tmp_path, rng, below):
    parts = [records(rng, 2, [i, 9]) for i in range(6)]
    names = [*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin"]
    put(tmp_path / below, {name: content for name, (content, _) in zip(names, parts, strict=True)})
    train, test = data.cifar10(root=tmp_path), data.cifar10(False, tmp_path)
    np.testing.assert_array_equal(train.images, np.concatenate([x for _, x in parts[:5]]))
    assert train.labels.tolist() == [0, 9, 1, 9, 2, 9, 3, 9, 4, 9] and test.labels.tolist() == [5, 9]
    np.testing.assert_array_equal(test.images, parts[5][1])
    assert train.classes[0] == "airplane" and train.classes[9] == "truck" and train.name == "cifar10"


def test_cifar100(tmp_path, rng):
    content, x = records(rng, 3, [0, 19, 4], [99, 2, 30])
    put(tmp_path, {"test.bin": content})
    fine, coarse = data.load("cifar100", False, tmp_path), data.load("cifar100-coarse", False, tmp_path)
    np.testing.assert_array_equal(fine.images, x)
    assert fine.labels.tolist() == [99, 2, 30] and coarse.labels.tolist() == [0, 19, 4]
    assert [fine.classes[i] for i in (0, 2, 30, 99)] == ["apple", "baby", "dolphin", "worm"]
    assert [coarse.classes[i] for i in (0, 19, 4)] == ["aquatic_mammals", "vehicles_2", "fruit_and_vegetables"]
    assert len(set(fine.classes)) == 100 and len(set(coarse.classes)) == 20
    assert (fine.name, coarse.name) == ("cifar100", "cifar100-coarse")
    with pytest.raises(UnknownNameError, match="no kind of labels 'fines'. Did you mean 'fine'"):
        data.cifar100(labels="fines")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "test_batch.bin has 0 bytes, expected a multiple of 3073: 1 for labels, 3072 pixels"),
        (bytes(3072), "test_batch.bin has 3072 bytes"),
        (bytes([10]) + bytes(3072), "test_batch.bin holds the label 10, expected 0 to 9"),
    ],
)
def test_cifar_files_that_cannot_be(tmp_path, content, message):
    put(tmp_path, {"test_batch.bin": content})
    with pytest.raises(DataError, match=message):
        data.cifar10(False, tmp_path)


def test_some_of_the_files_are_missing(tmp_path, rng):
    put(tmp_path, {f"data_batch_{i}.bin": records(rng, 1, [0])[0] for i in (1, 2, 4)})
    with pytest.raises(DataError, match=r"data_batch_1.bin is there, but no data_batch_3.bin or .*, data_batch_5.bin"):
        data.cifar10(root=tmp_path)


# ---------------------------------------------------------------- archives


def tar(path, files):
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def zip_(path, files):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize("pack", [tar, zip_])
def test_single_files_come_out_of_archives(tmp_path, pack):
    path = pack(tmp_path / "a", {"x/README": b"hello", "x/one.bin": b"1", "../../two.bin.gz": b"22"})
    assert unpack(path, ["two.bin", "one.bin"]) == {"one.bin": b"1", "two.bin": b"22"}
    assert [p.name for p in tmp_path.iterdir()] == ["a"]  # nothing is written anywhere
    with pytest.raises(DataError, match="a has no three.bin in it"):
        unpack(path, ["one.bin", "three.bin"])


def test_links_are_passed_over(tmp_path):
    with tarfile.open(tmp_path / "a", "w:gz") as archive:
        for name, kind in (("one.bin", tarfile.SYMTYPE), ("two.bin", tarfile.LNKTYPE)):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
    with pytest.raises(DataError, match="no one.bin, two.bin in it"):
        unpack(tmp_path / "a", ["one.bin", "two.bin"])


@pytest.mark.parametrize("pack", [tar, zip_])
def test_archives_that_are_too_large(tmp_path, monkeypatch, pack):
    monkeypatch.setattr("tinyconv.data.archive.MAX_BYTES", 1000)
    path = pack(tmp_path / "a", {"large": bytes(900), "one.bin": bytes(200)})
    with pytest.raises(DataError, match="holds more than 1000 bytes"):
        unpack(path, ["one.bin"])


@pytest.mark.parametrize("pack", [tar, zip_])
def test_damaged_archives(tmp_path, rng, pack):
    path = pack(tmp_path / "a", {"one.bin": rng.bytes(5000)})
    content = path.read_bytes()
    path.write_bytes(content[:2500])
    with pytest.raises(DataError, match="a cannot be read: .*Use another copy"):
        unpack(path, ["one.bin"])
    path.write_bytes(content[:2000] + bytes(100) + content[2100:])
    with pytest.raises(DataError, match="a cannot be read: "):
        unpack(path, ["one.bin"])
    path.write_bytes(b"hello")
    with pytest.raises(DataError, match="a cannot be read: "):
        unpack(path, ["one.bin"])


def cifar_archive(rng, path):
    content, x = records(rng, 2, [3, 4])
    path.parent.mkdir(parents=True, exist_ok=True)
    return tar(path, {"cifar-10-batches-bin/test_batch.bin": content}), content, x


def test_an_archive_of_the_users_is_read_where_it_is(tmp_path, rng, monkeypatch):
    """Whatever its checksum; it may be in a folder that nobody may write to."""
    _, _, x = cifar_archive(rng, tmp_path / "sets" / "cifar10" / "cifar-10-binary.tar.gz")
    monkeypatch.setenv("TINYCONV_DATA", str(tmp_path / "sets"))
    np.testing.assert_array_equal(data.cifar10(train=False).images, x)
    assert not (tmp_path / "cache").exists()


def test_a_downloaded_archive_is_unpacked_once(tmp_path, rng, monkeypatch):
    path, content, x = cifar_archive(rng, tmp_path / "cache" / "cifar10" / "cifar-10-binary.tar.gz")
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    source = offline(published.CIFAR10, archive=Remote(path.name, path.stat().st_size, sha256, ()))
    monkeypatch.setattr(importlib.import_module("tinyconv.data.cifar"), "CIFAR10", source)
    np.testing.assert_array_equal(data.cifar10(train=False).images, x)
    assert (path.parent / "cifar-10-batches-bin" / "test_batch.bin").read_bytes() == content
    path.unlink()
    np.testing.assert_array_equal(data.cifar10(train=False).images, x)


def test_an_archive_with_another_checksum_in_the_cache_is_refused(tmp_path, rng):
    path, *_ = cifar_archive(rng, tmp_path / "cache" / "cifar10" / "cifar-10-binary.tar.gz")
    with pytest.raises(DataError, match="cifar-10-binary.tar.gz is damaged, and not used"):
        data.cifar10(train=False)
    assert path.exists()


# ---------------------------------------------------------------- without a network


def test_what_is_said_without_a_network(tmp_path, monkeypatch):
    monkeypatch.setenv("TINYCONV_DATA", str(tmp_path / "mine"))
    with pytest.raises(DataError) as caught:
        data.kmnist(train=False)
    text = str(caught.value)
    for part in (
        "kmnist: there is no t10k-images-idx3-ubyte or t10k-images-idx3-ubyte.gz, t10k-labels-idx1-ubyte or",
        f" in {tmp_path / 'mine' / 'kmnist'} or {tmp_path / 'cache' / 'kmnist'}.",
        f"{NOWHERE}t10k-images-idx3-ubyte.gz: Connection refused",
        "t10k-images-idx3-ubyte.gz: 3041136 bytes, SHA-256 edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792ad",
        "t10k-labels-idx1-ubyte.gz: 5120 bytes, SHA-256 20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42",
        "put that into the folder kmnist of one that the environment variable TINYCONV_DATA names",
    ):
        assert part in text
    with pytest.raises(DataError, match=r"cifar-10-binary.tar.gz: 170052171 bytes, SHA-256 c4a38c50"):
        data.cifar10()


def test_a_folder_that_is_given_is_the_only_one(tmp_path, monkeypatch, rng):
    monkeypatch.setenv("TINYCONV_DATA", str(tmp_path))
    put(tmp_path, {"test.bin": records(rng, 1, [0], [0])[0]})
    with pytest.raises(DataError, match=rf"no test.bin or test.bin.gz in {tmp_path / 'empty'}\.$"):
        data.cifar100(False, tmp_path / "empty")


def test_files_that_are_too_large(tmp_path, monkeypatch):
    monkeypatch.setattr("tinyconv.data.places.MAX_BYTES", 1000)
    put(tmp_path, {"test_batch.bin": bytes(3073)})
    with pytest.raises(DataError, match="test_batch.bin has 3073 bytes; at most 1000 are read"):
        data.cifar10(False, tmp_path)


def test_the_tables_are_complete():
    """Every file has an address, a size and a SHA-256."""
    sources = [published.FASHION_MNIST, published.KMNIST, published.EMNIST]
    sources += [published.CIFAR10, published.CIFAR100, published.SVHN]
    for source in sources:
        for file in source.files or [source.archive]:
            assert len(bytes.fromhex(file.sha256)) == 32 and file.size > 5000
            assert len(file.mirrors) >= 2 and all(url.endswith(file.name) for url in file.mirrors)


# ---------------------------------------------------------------- statistics


def test_statistics_by_name():
    """Published to four digits; those of MNIST are measured in test_mnist.py."""
    for name, (mean, std) in data.STATISTICS.items():
        assert name in data.names() and len(mean) == len(std) == (1 if "mnist" in name else 3)
        assert all(0 < value < 1 for value in mean + std)
    assert data.STATISTICS["mnist"] == data.MNIST_STATISTICS == ((0.1307,), (0.3081,))


def test_the_page_has_every_file_as_it_is_in_the_table():
    page = (Path(__file__).parents[2] / "docs" / "datasets.md").read_text(encoding="utf-8")
    for name in data.names():
        assert f"`{name}`" in page
    for source in vars(published).values():
        if isinstance(source, Published):
            for file in (*source.files, *([source.archive] if source.archive else [])):
                assert f"| `{source.name}` | `{file.name}` | {file.size:,} | `{file.sha256}` |" in page
                assert all(f"<{url.removesuffix(file.name)}>" in page for url in file.mirrors)
