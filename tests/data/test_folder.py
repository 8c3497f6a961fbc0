"""Folders of pictures: what is found, in which order, and what is said of folders that cannot be used."""

import importlib
import os
import threading
import warnings

import numpy as np
import pytest
from PIL import Image

from tinyconv import data
from tinyconv.errors import ArgumentError, DataError


def put(path, grey, size=(4, 6)):
    """A picture of one grey level; its height and width are `size`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size[::-1], (grey, grey, grey)).save(path, "PNG" if path.suffix == ".PNG" else None)
    return path


def pets(root, **options):
    """Two classes: cats of grey 10, 11, 12 and dogs of grey 20, 21."""
    for i in range(3):
        put(root / "cat" / f"{i}.png", 10 + i, **options)
    for i in range(2):
        put(root / "dog" / f"{i}.png", 20 + i, **options)
    return root


def greys(pictures):
    return [int(x[0, 0, 0]) for x in pictures]


def test_a_class_for_each_folder(tmp_path):
    found = data.folder(pets(tmp_path / "pets"))
    assert len(found) == 5 and found.classes == ("cat", "dog") and found.name == "pets"
    assert found.labels.tolist() == [0, 0, 0, 1, 1] and found.labels.dtype == np.int64
    assert found.picture_shape == (3, 4, 6) and found.skipped == ()
    assert repr(found) == "FolderDataset(pets: 5 images 3x4x6, 2 classes)"
    batch = found.batch([4, 0, -2])
    assert batch.shape == (3, 3, 4, 6) and batch.dtype == np.uint8 and greys(batch) == [21, 10, 20]
    with pytest.raises(ValueError, match="read-only"):
        found.labels[0] = 1


def test_pictures_of_different_sizes(tmp_path):
    put(tmp_path / "a" / "1.png", 1, (4, 6))
    put(tmp_path / "a" / "2.png", 2, (5, 3))
    found = data.folder(tmp_path)
    assert found.picture_shape == (3, None, None)
    assert "1 classes" in repr(found) and "2 images of 3 channels and different sizes" in repr(found)
    batch = found.batch([1, 0])
    assert isinstance(batch, list) and [x.shape for x in batch] == [(3, 5, 3), (3, 4, 6)]
    assert isinstance(found.batch([0]), list)  # whichever are asked for
    resized = data.folder(tmp_path, size=(8, 7), channels=1)
    assert resized.picture_shape == (1, 8, 7) and resized.batch([0, 1]).shape == (2, 1, 8, 7)
    assert data.folder(tmp_path, size=8, fit="pad").batch([0])[0, :, 0].max() == 0  # black above


def test_what_is_a_picture(tmp_path):
    """Endings in any case, folders below, hidden things and other files passed over; in the order of names."""
    for name in ("b.PNG", "a.jpg", "C.Jpeg", "below/z.png", "below/.hidden/x.png", ".a.png", "._b.png"):
        put(tmp_path / "one" / name, 7)
    (tmp_path / "one" / "notes.txt").write_text("hello")
    put(tmp_path / ".git" / "x.png", 7)
    put(tmp_path / "beside.png", 7)
    found = data.folder(tmp_path)
    assert [os.path.relpath(path, tmp_path / "one") for path in found.files] == [
        "C.Jpeg",
        "a.jpg",
        "b.PNG",
        os.path.join("below", "z.png"),
    ]


def test_classes_stand_in_the_order_of_their_names(tmp_path):
    for name in ("10", "9", "b", "A"):
        put(tmp_path / name / "x.png", 0)
    assert data.folder(tmp_path).classes == ("10", "9", "A", "b")


def test_parts(tmp_path):
    found = data.folder(pets(tmp_path))
    picture, label = found[3]
    assert picture[0, 0, 0] == 20 and label == 1
    part = found[1:4]
    assert greys(part.batch([0, 1, 2])) == [11, 12, 20] and part.labels.tolist() == [0, 0, 1]
    assert greys(found.subset(found.labels == 1).batch([0, 1])) == [20, 21]
    rest, held = found.split(2, stratified=True)
    assert sorted(greys(rest.batch([0, 1, 2])) + greys(held.batch([0, 1]))) == [10, 11, 12, 20, 21]
    assert held.labels.tolist() == [0, 1]
    with pytest.raises(DataError, match="there is nothing in this part"):
        found[5:]
    with pytest.raises(ArgumentError, match="FolderDataset.subset: index 5 is outside the 5 images"):
        found.subset([5])
    with pytest.raises(IndexError):
        found[5]


@pytest.mark.parametrize("sizes", [[(4, 6)] * 20, [(2 + i, 3) for i in range(20)]], ids=["one size", "sizes"])
def test_statistics(tmp_path, rng, monkeypatch, sizes):
    """Over all pixels alike: larger pictures count for more."""
    pixels = [rng.integers(0, 256, (*size, 3), np.uint8) for size in sizes]
    (tmp_path / "a").mkdir()
    for i, x in enumerate(pixels):
        Image.fromarray(x).save(tmp_path / "a" / f"{i:02}.png")
    mean, std = data.folder(tmp_path).statistics()
    everything = np.concatenate([x.reshape(-1, 3) for x in pixels]) / 255
    np.testing.assert_allclose(mean, everything.mean(0), rtol=1e-12)
    np.testing.assert_allclose(std, everything.std(0), rtol=1e-12)
    monkeypatch.setattr(data.FolderDataset, "most_measured", 4)
    some = np.concatenate([pixels[i].reshape(-1, 3) for i in (0, 5, 10, 15)]) / 255
    np.testing.assert_allclose(data.folder(tmp_path).statistics()[0], some.mean(0), rtol=1e-12)


def test_files_are_decoded_when_asked_for(tmp_path):
    found, cached = data.folder(pets(tmp_path)), data.folder(tmp_path, cache=True)
    assert greys(cached.split(2)[1].batch([0, 1])) == greys(found.split(2)[1].batch([0, 1]))
    cached.batch([0, 1])
    for path in found.files:
        put(tmp_path / path, 99)
    assert greys(found.batch([0, 1])) == [99, 99]
    assert greys(cached.batch([0, 1])) == [10, 11]  # as they were


def test_several_threads_decode(tmp_path, monkeypatch):
    module = importlib.import_module("tinyconv.data.folder")
    seen, read, both = set(), module.read_picture, threading.Barrier(2)

    def note(*arguments):
        seen.add(threading.get_ident())
        both.wait(timeout=10)
        return read(*arguments)

    monkeypatch.setattr(module, "THREADS", 2)
    monkeypatch.setattr(module, "read_picture", note)
    data.folder(pets(tmp_path)).batch([0, 1])
    assert len(seen) == 2


def test_through_a_loader(tmp_path):
    found = data.folder(pets(tmp_path))
    (first, labels), (second, _) = data.DataLoader(found, batch_size=3, num_workers=2)
    assert first.shape == (3, 3, 4, 6) and labels.numpy().tolist() == [0, 0, 0] and second.shape == (2, 3, 4, 6)


# ---------------------------------------------------------------- splits


def test_splits(tmp_path):
    for i, split in enumerate(("Train", "val", "test")):
        put(tmp_path / split / "cat" / "x.png", 10 * i)
        put(tmp_path / split / "dog" / "x.png", 10 * i + 1)
    assert greys(data.folder(tmp_path, "train").batch([0, 1])) == [0, 1]
    assert greys(data.folder(tmp_path, "val").batch([0, 1])) == [10, 11]
    assert greys(data.folder(tmp_path, "test").batch([0, 1])) == [20, 21]
    assert greys(data.load(tmp_path).batch([0])) == [0] and greys(data.load(tmp_path, False).batch([0])) == [20]
    with pytest.raises(ArgumentError, match="has the splits train, val, test; say which: split='train'"):
        data.folder(tmp_path)


def test_val_is_for_testing_where_there_is_no_test(tmp_path):
    put(tmp_path / "train" / "cat" / "x.png", 1)
    put(tmp_path / "validation" / "cat" / "x.png", 2)
    put(tmp_path / "test" / "x.png", 3)  # without classes
    assert greys(data.load(str(tmp_path), False).batch([0])) == [2]
    with pytest.raises(DataError, match="has no 'test' folder with folders of classes in it, only train, val"):
        data.folder(tmp_path, "test")


@pytest.mark.parametrize("below", ["", "train"])
def test_a_folder_that_is_not_split_is_split_in_the_same_way_each_time(tmp_path, below):
    for c, N in (("a", 10), ("b", 5)):
        for i in range(N):
            put(tmp_path / below / c / f"{i}.png", 10 * (c == "b") + i)
    parts = [data.load(tmp_path, train) for train in (True, False)]
    assert [np.bincount(part.labels).tolist() for part in parts] == [[8, 4], [2, 1]]
    train, test = (greys(part.batch(range(len(part)))) for part in parts)
    assert sorted(train + test) == list(range(15))
    assert greys(data.load(tmp_path, False).batch([0, 1, 2])) == test


def test_load_takes_options_for_folders_alone(tmp_path):
    assert data.load(pets(tmp_path / "pets"), size=3, channels=1).picture_shape == (1, 3, 3)
    assert len(data.load("pets", root=tmp_path)) == 4
    with pytest.raises(ArgumentError, match="mnist takes no size: these are for folders"):
        data.load("mnist", size=3)


def test_classes_that_differ(tmp_path):
    for path in ("train/cat", "train/dog", "val/cat", "val/dgo"):
        put(tmp_path / path / "x.png", 0)
    with pytest.raises(DataError, match="differ between splits: train lacks dgo; val lacks dog"):
        data.folder(tmp_path, "train")
    with pytest.raises(DataError, match="differ between splits: val lacks dog; train lacks dgo"):
        data.folder(tmp_path, "val")


# ---------------------------------------------------------------- what cannot be used


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda root: None, "the folder .*pets is not there; name one with a sub-folder for each class"),
        (lambda root: root.write_text("hello"), "the folder .*pets is a file"),
        (lambda root: root.mkdir(), "has no sub-folders; put the pictures of each class into one"),
        (lambda root: (root / "cat").mkdir(parents=True), r"no pictures \(.jpg, .*\) are in .*cat; add some"),
        (
            lambda root: [put(root / "cat" / "1.png", 0), *((root / c).mkdir() for c in "abcdefg")],
            "are in .*/a, .*/e and 2 more; add some, or remove the folder",
        ),
    ],
)
def test_folders_that_cannot_be_used(tmp_path, make, message):
    make(tmp_path / "pets")
    with pytest.raises(DataError, match=message):
        data.folder(tmp_path / "pets")


def test_a_folder_that_may_not_be_read(tmp_path, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    pets(tmp_path)
    monkeypatch.setattr("pathlib.Path.iterdir", refuse)
    with pytest.raises(DataError, match=f"the folder {tmp_path} cannot be read: Permission denied"):
        data.folder(tmp_path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"check": "all"}, "check is 'all'; it must be one of header, pixels, nothing"),
        ({"bad": "ignore"}, "bad is 'ignore'; it must be one of raise, skip"),
        ({"channels": 4}, "data.folder: channels is 4"),
        ({"size": -1}, "data.folder: size is -1"),
    ],
)
def test_options_that_cannot_be(tmp_path, options, message):
    with pytest.raises(ArgumentError, match=message):
        data.folder(tmp_path, **options)


def damaged(root):
    """Pets, one of which is no picture and one of which breaks off after its header."""
    pets(root)
    (root / "cat" / "broken.jpg").write_bytes(b"no picture")
    Image.effect_noise((6, 4), 50).save(root / "dog" / "half.png")
    content = (root / "dog" / "half.png").read_bytes()
    (root / "dog" / "half.png").write_bytes(content[:50])
    return root


def test_bad_pictures_are_refused_and_named(tmp_path):
    with pytest.raises(DataError, match=r"1 of 7 files in .* cannot be read .* bad='skip'. .*broken.jpg is not a p"):
        data.folder(damaged(tmp_path))
    with pytest.raises(DataError, match=r"2 of 7 files .*broken.jpg .*half.png cannot be read: "):
        data.folder(tmp_path, check="pixels")


def test_bad_pictures_are_skipped_and_counted(tmp_path):
    with pytest.warns(UserWarning, match=r"data.folder: 1 of 7 files in .* are skipped. .*broken.jpg"):
        found = data.folder(damaged(tmp_path), bad="skip")
    ((path, reason),) = found.skipped
    assert path.endswith("broken.jpg") and "not a picture" in reason and len(found) == 6
    with pytest.raises(DataError, match="half.png cannot be read: "):  # only its header was looked at
        found.batch(range(6))
    with pytest.warns(UserWarning, match="2 of 7"):
        found = data.folder(tmp_path, bad="skip", check="pixels")
    assert greys(found.batch(range(5))) == [10, 11, 12, 20, 21]


def test_nothing_is_looked_at_if_so_asked(tmp_path):
    found = data.folder(damaged(tmp_path), check="nothing")
    assert len(found) == 7 and found.picture_shape == (3, None, None)
    assert data.folder(tmp_path, check="nothing", size=4).picture_shape == (3, 4, 4)
    with pytest.raises(DataError, match="broken.jpg is not a picture"):
        found.batch([3])


def test_a_class_of_bad_pictures_alone(tmp_path):
    (pets(tmp_path) / "fish").mkdir()
    (tmp_path / "fish" / "x.png").write_bytes(b"no picture")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(DataError, match=r"no pictures .* are in .*fish"):
            data.folder(tmp_path, bad="skip")


def test_a_picture_that_goes_away_is_named(tmp_path):
    found = data.folder(pets(tmp_path))
    (tmp_path / "cat" / "1.png").unlink()
    with pytest.raises(DataError, match="there is no file .*1.png"):
        found.batch(range(5))


def test_a_picture_that_changes_its_size_is_named(tmp_path):
    found = data.folder(pets(tmp_path))
    put(tmp_path / "cat" / "1.png", 11, (9, 9))
    with pytest.raises(DataError, match=r"1.png is now \(3, 9, 9\), and was \(3, 4, 6\) when the folder was listed"):
        found.batch([0, 1])


def test_no_pictures_of_one_size_are_an_empty_array(tmp_path):
    from PIL import Image

    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        Image.new("RGB", (5, 4)).save(tmp_path / name / "x.png")
    assert data.folder(tmp_path).batch(np.array([], int)).shape == (0, 3, 4, 5)
