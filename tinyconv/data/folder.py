"""A folder of pictures, one sub-folder a class; with train/, val/ and test/ above them, as ImageNet is laid out."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from tinyconv.errors import ArgumentError, DataError
from tinyconv.geometry import Pair

from .decode import check_options, read_picture, read_size
from .labelled import Labelled
from .transforms.base import Pictures

ENDINGS = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".pbm")
SPLITS = {"train": ("train", "training"), "val": ("val", "valid", "validation"), "test": ("test", "testing")}
CHECKS = ("header", "pixels", "nothing")
MOST_NAMED = 5  # files, in one message
THREADS = min(8, os.cpu_count() or 1)  # that decode a batch; Pillow lets others run meanwhile


class FolderDataset(Labelled):
    """Pictures in files, decoded when they are asked for; `folder` makes it.

    files    the pictures' paths, in the order of their labels' folders and then of their names
    skipped  what was left out because it could not be read: (path, reason)

    The rest is as in `Dataset`. `statistics` measures at most 5,000 pictures, evenly spaced.
    """

    at_once: ClassVar[int] = 16
    most_measured: ClassVar[int | None] = 5000

    def __init__(
        self,
        files: Sequence[str],
        labels: np.ndarray,
        classes: tuple[str, ...],
        name: str,
        shape: tuple[int, int | None, int | None],
        size: tuple[int, int] | None = None,
        fit: str = "crop",
        cache: dict[str, np.ndarray] | None = None,
        skipped: tuple[tuple[str, str], ...] = (),
    ):
        self.files, self.labels, self.classes, self.name = tuple(files), labels, classes, name
        self.labels.flags.writeable = False
        self.skipped = skipped
        self._shape, self._size, self._fit, self._cache = shape, size, fit, cache

    @property
    def picture_shape(self) -> tuple[int, int | None, int | None]:
        return self._shape

    def __repr__(self) -> str:
        C, H, W = self._shape
        size = f"{C}x{H}x{W}" if H else f"of {C} channels and different sizes"
        return f"FolderDataset({self.name}: {len(self)} images {size}, {len(self.classes)} classes)"

    def batch(self, indices: Any) -> Pictures:
        """The pictures with these numbers, decoded by several threads: uint8 (n, C, H, W), or a list of (C, H, W).

        DataError, which names the file, for a picture that cannot be decoded.
        """
        chosen = [self.files[i] for i in np.arange(len(self))[indices]]
        pictures = list(_in_threads(self._read, chosen))
        if self._shape[1] is None:
            return pictures
        for path, x in zip(chosen, pictures, strict=True):
            if x.shape != self._shape:
                problem = f"{path} is now {x.shape}, and was {self._shape} when the folder was listed; list it again."
                raise DataError("FolderDataset.batch", problem)
        return np.stack(pictures) if pictures else np.empty((0, *self._shape), np.uint8)  # type: ignore[arg-type]

    def _read(self, path: str) -> np.ndarray:
        if self._cache is not None and path in self._cache:
            return self._cache[path]
        picture = read_picture(path, self._shape[0], self._size, self._fit)
        picture.flags.writeable = False
        if self._cache is not None:
            self._cache[path] = picture
        return picture

    def _part(self, index: slice | np.ndarray) -> FolderDataset:
        chosen = np.arange(len(self))[index]
        if not len(chosen):
            raise DataError("FolderDataset", f"no picture of {self.name} is left: there is nothing in this part.")
        files = [self.files[i] for i in chosen]
        labels = self.labels[chosen]
        return FolderDataset(files, labels, self.classes, self.name, self._shape, self._size, self._fit, self._cache)


def folder(
    root: str | os.PathLike,
    split: str | None = None,
    size: int | Pair | None = None,
    channels: int = 3,
    fit: str = "crop",
    check: str = "header",
    bad: str = "raise",
    cache: bool = False,
) -> FolderDataset:
    """The pictures in root/CLASS/..., or, given a split ("train", "val", "test"), in root/SPLIT/CLASS/...

    size, channels, fit  as in `read_picture`, for each picture; without a size each keeps its own
    check   look beforehand at each file's "header", at all its "pixels" (decodes everything), or at "nothing"
    bad     files that this finds unreadable: "raise" an error that names and counts them, or "skip" them
            with a warning; `skipped` lists them
    cache   keep in memory what has been decoded

    Classes are numbered in the order of their folders' names. Hidden files and files without the ending of a
    picture are passed over. DataError for a folder that is missing, a class without pictures, and classes
    that differ between splits.
    """
    for name, value, known in (("check", check, CHECKS), ("bad", bad, ("raise", "skip"))):
        if value not in known:
            raise ArgumentError("data.folder", f"{name} is {value!r}; it must be one of {', '.join(known)}.")
    pair = check_options("data.folder", channels, size, fit)
    top = _top(Path(root), split)
    files, labels, classes = _listed(top)
    own, skipped = _checked(files, check)
    kept = [i for i, path in enumerate(files) if path not in skipped]
    if skipped:
        _refuse_or_warn(top, skipped, len(files), bad)
        _need_pictures(top, classes, labels[kept])
    H, W = pair or own or (None, None)
    return FolderDataset(
        [files[i] for i in kept],
        labels[kept],
        classes,
        Path(root).resolve().name,
        (channels, H, W),
        pair,
        fit,
        {} if cache else None,
        tuple(skipped.items()),
    )


# ---------------------------------------------------------------- where the pictures are


def splits_of(root: Path) -> dict[str, Path]:
    """The folders of root that are called train, val or test (or alike), and have folders of classes in them."""
    if not root.is_dir():
        problem = "is a file" if root.exists() else "is not there"
        raise DataError("data.folder", f"the folder {root} {problem}; name one with a sub-folder for each class.")
    found = {path.name.casefold(): path for path in _subfolders(root)}
    named = {split: found[n] for split, names in SPLITS.items() for n in names if n in found}
    return {split: path for split, path in named.items() if _subfolders(path)}


def _top(root: Path, split: str | None) -> Path:
    """The folder that has the classes in it, after comparing the splits."""
    splits = splits_of(root)
    if split is None:
        if "train" in splits:
            raise ArgumentError("data.folder", f"{root} has the splits {', '.join(splits)}; say which: split='train'.")
        return root
    if split not in splits:
        there = f"only {', '.join(splits)}" if splits else "no splits"
        raise DataError("data.folder", f"{root} has no {split!r} folder with folders of classes in it, {there}.")
    wanted = {path.name for path in _subfolders(splits[split])}
    for other, path in splits.items():
        classes = {path.name for path in _subfolders(path)}
        if classes != wanted:
            lacks = "; ".join(
                f"{name} lacks {', '.join(sorted(missing))}"
                for name, missing in ((split, classes - wanted), (other, wanted - classes))
                if missing
            )
            raise DataError("data.folder", f"the classes in {root} differ between splits: {lacks}.")
    return splits[split]


def _subfolders(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    except OSError as error:
        raise _unreadable(error) from error


def _unreadable(error: OSError) -> DataError:
    return DataError("data.folder", f"the folder {error.filename} cannot be read: {error.strerror or error}.")


def _listed(top: Path) -> tuple[list[str], np.ndarray, tuple[str, ...]]:
    """All files of pictures, their labels, and the names of the classes."""
    folders = _subfolders(top)
    if not folders:
        raise DataError("data.folder", f"{top} has no sub-folders; put the pictures of each class into one.")
    classes = tuple(path.name for path in folders)
    pictures = [_pictures(path) for path in folders]
    labels = np.repeat(np.arange(len(folders)), [len(files) for files in pictures])
    _need_pictures(top, classes, labels)
    return [path for files in pictures for path in files], labels, classes


def _pictures(folder: Path) -> list[str]:
    """Files with the ending of a picture in the folder and below it, in the order of their names."""

    def stop(error: OSError) -> None:
        raise _unreadable(error) from error

    found = []
    for place, folders, files in os.walk(folder, onerror=stop):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [os.path.join(place, name) for name in sorted(files) if _is_picture(name)]
    return found


def _is_picture(name: str) -> bool:
    return name.lower().endswith(ENDINGS) and not name.startswith(".")


def _need_pictures(top: Path, classes: tuple[str, ...], labels: np.ndarray) -> None:
    """Refuse a class that has none."""
    counts = np.bincount(labels, minlength=len(classes))
    empty = [name for name, count in zip(classes, counts, strict=True) if count == 0]
    if empty:
        which = _few(str(top / name) for name in empty)
        kinds = ", ".join(ENDINGS)
        raise DataError("data.folder", f"no pictures ({kinds}) are in {which}; add some, or remove the folder.")


# ---------------------------------------------------------------- can they be read?


def _checked(files: list[str], check: str) -> tuple[tuple[int, int] | None, dict[str, str]]:
    """The size that all have, if they do and somebody looked; the files that cannot be read, with the reasons."""

    def look(path: str) -> tuple[int, int] | str:
        try:
            if check == "pixels":
                read_picture(path)
            return read_size("data.folder", Path(path))
        except DataError as error:
            return error.problem

    if check == "nothing":
        return None, {}
    found = dict(zip(files, _in_threads(look, files), strict=True))
    bad = {path: size for path, size in found.items() if isinstance(size, str)}
    sizes = {size for size in found.values() if not isinstance(size, str)}
    return (sizes.pop() if len(sizes) == 1 else None), bad


def _refuse_or_warn(top: Path, skipped: dict[str, str], count: int, bad: str) -> None:
    problem = f"{len(skipped)} of {count} files in {top} cannot be read as pictures"
    named = _few((reason.rstrip(".") for reason in skipped.values()), "; ") + "."
    if bad == "raise":
        cure = "Remove or replace them, or skip them with bad='skip'."
        raise DataError("data.folder", f"{problem}. {cure} {named}")
    warnings.warn(f"data.folder: {problem} and are skipped. {named}", stacklevel=3)


def _few(names: Iterable[str], mark: str = ", ") -> str:
    """The first few of them in a line, and how many more there are."""
    names = list(names)
    more = len(names) - MOST_NAMED
    return mark.join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _in_threads(function: Any, items: Sequence[Any]) -> Iterable[Any]:
    """function(item) of each item, in their order."""
    if len(items) < 2:
        return map(function, items)
    with ThreadPoolExecutor(THREADS, thread_name_prefix="tinyconv-pictures") as pool:
        return list(pool.map(function, items))
