"""Which files the published data sets consist of, how large they are, and where they can be had."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Remote:
    """A file on the net: its name, its size in bytes, its SHA-256, and the addresses that have it, best first."""

    name: str
    size: int
    sha256: str
    mirrors: tuple[str, ...]


@dataclass(frozen=True)
class Published:
    """A data set as it is published: files, or one archive that has them in the folder `inside`.

    alike  its files are called like those of MNIST
    """

    name: str
    files: tuple[Remote, ...] = ()
    archive: Remote | None = None
    inside: str = ""
    alike: bool = False


def _files(folders: tuple[str, ...], *files: tuple[str, int, str]) -> tuple[Remote, ...]:
    """Files that lie side by side in each of these folders of the net."""
    return tuple(Remote(name, size, sha256, tuple(folder + name for folder in folders)) for name, size, sha256 in files)


TRAIN, TEST = (
    ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
)

MNIST = Published("mnist", alike=True)  # comes with the package

FASHION_MNIST = Published(
    "fashion_mnist",
    _files(
        (
            "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
            "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        ),
        (f"{TRAIN[0]}.gz", 26_421_880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
        (f"{TRAIN[1]}.gz", 29_515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
        (f"{TEST[0]}.gz", 4_422_102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
        (f"{TEST[1]}.gz", 5_148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
    ),
    alike=True,
)

KMNIST = Published(
    "kmnist",
    _files(
        ("https://codh.rois.ac.jp/kmnist/dataset/kmnist/", "http://codh.rois.ac.jp/kmnist/dataset/kmnist/"),
        (f"{TRAIN[0]}.gz", 18_165_135, "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4"),
        (f"{TRAIN[1]}.gz", 29_497, "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17"),
        (f"{TEST[0]}.gz", 3_041_136, "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5"),
        (f"{TEST[1]}.gz", 5_120, "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c"),
    ),
    alike=True,
)

EMNIST = Published(
    "emnist",
    archive=Remote(
        "gzip.zip",
        561_753_746,
        "fb9bb67e33772a9cc0b895e4ecf36d2cf35be8b709693c3564cea2a019fcda8e",
        (
            "https://biometrics.nist.gov/cs_links/EMNIST/gzip.zip",
            "https://www.itl.nist.gov/iaui/vip/cs_links/EMNIST/gzip.zip",
        ),
    ),
    inside="gzip",
)

CIFAR10 = Published(
    "cifar10",
    archive=Remote(
        "cifar-10-binary.tar.gz",
        170_052_171,
        "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
        (
            "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
            "https://cave.cs.toronto.edu/kriz/cifar-10-binary.tar.gz",
            "https://storage.googleapis.com/s4tf-hosted-binaries/datasets/CIFAR10/cifar-10-binary.tar.gz",
            "https://mindspore-website.obs.cn-north-4.myhuaweicloud.com/notebook/datasets/cifar-10-binary.tar.gz",
        ),
    ),
    inside="cifar-10-batches-bin",
)

CIFAR100 = Published(
    "cifar100",
    archive=Remote(
        "cifar-100-binary.tar.gz",
        168_513_733,
        "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
        (
            "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",
            "https://cave.cs.toronto.edu/kriz/cifar-100-binary.tar.gz",
            "https://mindspore-website.obs.cn-north-4.myhuaweicloud.com/notebook/datasets/cifar-100-binary.tar.gz",
        ),
    ),
    inside="cifar-100-binary",
)

SVHN = Published(
    "svhn",
    _files(
        ("http://ufldl.stanford.edu/housenumbers/", "https://ufldl.stanford.edu/housenumbers/"),
        ("train_32x32.mat", 182_040_794, "435e94d69a87fde4fd4d7f3dd208dfc32cb6ae8af2240d066de1df7508d083b8"),
        ("test_32x32.mat", 64_275_384, "cdce80dfb2a2c4c6160906d0bd7c68ec5a99d7ca4831afa54f09182025b6a75b"),
    ),
)
