"""The nets that are timed. Each is described once, for `nn` may be tinyconv.nn or torch.nn: the names are the same.

What needs nothing but Sequential can be built of Keras's layers too (_keras.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

SGD = ("SGD", {"lr": 0.01, "momentum": 0.9})
ADADELTA = ("Adadelta", {"lr": 1.0, "rho": 0.95, "eps": 1e-7})


def lenet5(nn: Any) -> Any:
    """LeCun et al. 1998, as it is taught today: tinyconv.models.LeNet5."""
    return nn.Sequential(
        *(nn.Conv2d(1, 6, 5, padding=2), nn.Tanh(), nn.AvgPool2d(2)),
        *(nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2)),
        *(nn.Flatten(), nn.Linear(400, 120), nn.Tanh(), nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, 10)),
    )


def deck_mnist(nn: Any) -> Any:
    return nn.Sequential(
        *(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.20)),  # 28 -> 26 -> 13
        *(nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.25)),  # 6
        *(nn.Conv2d(64, 128, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.30)),  # 3
        *(nn.Conv2d(128, 256, 3, padding=1), nn.ReLU(), nn.Dropout(0.40)),
        *(nn.Conv2d(256, 512, 3, padding=1), nn.ReLU(), nn.Dropout(0.50)),
        *(nn.Flatten(), nn.Linear(512 * 3 * 3, 256), nn.ReLU(), nn.Dropout(0.35)),
        *(nn.Linear(256, 128), nn.ReLU(), nn.Dropout(0.25), nn.Linear(128, 10)),
    )


def deck_cifar(nn: Any) -> Any:
    return nn.Sequential(
        *(nn.Conv2d(3, 64, 3), nn.ReLU(), nn.Conv2d(64, 64, 3), nn.ReLU()),  # 32 -> 30 -> 28
        *(nn.MaxPool2d(2), nn.Dropout(0.25)),  # 14
        *(nn.Conv2d(64, 128, 3, padding=1), nn.ReLU(), nn.Conv2d(128, 128, 3, padding=1), nn.ReLU()),
        *(nn.MaxPool2d(2), nn.Dropout(0.25)),  # 7
        *(nn.Conv2d(128, 256, 3, padding=1), nn.ReLU(), nn.Conv2d(256, 256, 3, padding=1), nn.ReLU()),
        *(nn.MaxPool2d(2), nn.Dropout(0.35)),  # 3
        *(nn.Flatten(), nn.Linear(256 * 3 * 3, 256), nn.ReLU(), nn.Dropout(0.35)),
        *(nn.Linear(256, 128), nn.ReLU(), nn.Dropout(0.25), nn.Linear(128, 10)),
    )


def vgg16(nn: Any) -> Any:
    """Simonyan and Zisserman 2015, arXiv:1409.1556, table 1, D."""
    layers, i = [], 3
    for o in (64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512, "M"):
        if o == "M":
            layers.append(nn.MaxPool2d(2))
        else:
            layers += [nn.Conv2d(i, o, 3, padding=1), nn.ReLU()]
            i = o
    return nn.Sequential(
        *layers,  # 224 -> 7
        *(nn.Flatten(), nn.Linear(512 * 7 * 7, 4096), nn.ReLU(), nn.Dropout()),
        *(nn.Linear(4096, 4096), nn.ReLU(), nn.Dropout(), nn.Linear(4096, 1000)),
    )


# ---------------------------------------------------------------- He et al. 2016, arXiv:1512.03385


def resnet20(nn: Any) -> Any:
    """Section 4.2, for CIFAR-10. Shortcuts are their option A: every second pixel, and channels of zeros."""
    Basic = _basic_block(nn, _padded(nn))
    layers, i = [nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU()], 16
    for o, stride in ((16, 1), (32, 2), (64, 2)):
        layers += [Basic(i, o, stride), Basic(o, o), Basic(o, o)]
        i = o
    return nn.Sequential(*layers, _global_average(nn), nn.Linear(64, 10))


def resnet18(nn: Any) -> Any:
    """Table 1, with projections (option B) where the shape changes."""
    Basic = _basic_block(nn, _projection(nn))
    layers, i = _stem(nn), 64
    for o, stride in ((64, 1), (128, 2), (256, 2), (512, 2)):
        layers += [Basic(i, o, stride), Basic(o, o)]
        i = o
    return nn.Sequential(*layers, _global_average(nn), nn.Linear(512, 1000))


def resnet50(nn: Any) -> Any:
    """Table 1; the stride is in the 3x3 convolution, as in torchvision."""
    Bottleneck = _bottleneck(nn)
    layers, i = _stem(nn), 64
    for m, blocks, stride in ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)):
        for block in range(blocks):
            layers.append(Bottleneck(i, m, stride if block == 0 else 1))
            i = 4 * m
    return nn.Sequential(*layers, _global_average(nn), nn.Linear(2048, 1000))


def _stem(nn: Any) -> list[Any]:
    convolution = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
    return [convolution, nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]  # 224 -> 112 -> 56


def _basic_block(nn: Any, shortcut: Callable[[int, int, int], Any]) -> Any:
    def block(i: int, o: int, stride: int = 1) -> Any:
        body = nn.Sequential(
            *(nn.Conv2d(i, o, 3, stride, 1, bias=False), nn.BatchNorm2d(o), nn.ReLU()),
            *(nn.Conv2d(o, o, 3, 1, 1, bias=False), nn.BatchNorm2d(o)),
        )
        return _residual(nn)(body, None if i == o else shortcut(i, o, stride), relu=True)

    return block


def _bottleneck(nn: Any) -> Any:
    def block(i: int, m: int, stride: int) -> Any:
        o = 4 * m
        body = nn.Sequential(
            *(nn.Conv2d(i, m, 1, bias=False), nn.BatchNorm2d(m), nn.ReLU()),
            *(nn.Conv2d(m, m, 3, stride, 1, bias=False), nn.BatchNorm2d(m), nn.ReLU()),
            *(nn.Conv2d(m, o, 1, bias=False), nn.BatchNorm2d(o)),
        )
        return _residual(nn)(body, None if i == o else _projection(nn)(i, o, stride), relu=True)

    return block


def _residual(nn: Any) -> Any:
    """y = relu(body(x) + shortcut(x)): tinyconv's own module, and the same for PyTorch."""
    if hasattr(nn, "Residual"):
        return nn.Residual

    class Residual(nn.Module):
        def __init__(self, body: Any, shortcut: Any, relu: bool):
            super().__init__()
            self.body, self.shortcut, self.relu = body, shortcut, relu

        def forward(self, x: Any) -> Any:
            y = self.body(x) + (x if self.shortcut is None else self.shortcut(x))
            return nn.functional.relu(y) if self.relu else y

    return Residual


def _projection(nn: Any) -> Callable[[int, int, int], Any]:
    return lambda i, o, stride: nn.Sequential(nn.Conv2d(i, o, 1, stride, bias=False), nn.BatchNorm2d(o))


def _padded(nn: Any) -> Callable[[int, int, int], Any]:
    class Padded(nn.Module):
        def __init__(self, i: int, o: int, stride: int):
            super().__init__()
            self.stride, self.zeros = stride, o - i

        def forward(self, x: Any) -> Any:
            return nn.functional.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.zeros))

    return Padded


def _global_average(nn: Any) -> Any:
    class GlobalAverage(nn.Module):
        def forward(self, x: Any) -> Any:
            return x.mean((2, 3))

    return GlobalAverage()


# ---------------------------------------------------------------- what is done with them


@dataclass(frozen=True)
class Net:
    build: Callable[[Any], Any]  # from tinyconv.nn, torch.nn
    picture: tuple[int, int, int]
    classes: int
    optimizer: tuple[str, dict[str, float]] = SGD
    plain: bool = False  # nothing but Sequential: Keras's layers will do


NETS = {
    "lenet5": Net(lenet5, (1, 28, 28), 10, plain=True),
    "deck_mnist": Net(deck_mnist, (1, 28, 28), 10, ADADELTA, plain=True),
    "deck_cifar": Net(deck_cifar, (3, 32, 32), 10, ADADELTA, plain=True),
    "resnet20": Net(resnet20, (3, 32, 32), 10),
    "resnet18": Net(resnet18, (3, 224, 224), 1000),
    "vgg16": Net(vgg16, (3, 224, 224), 1000),
    "resnet50": Net(resnet50, (3, 224, 224), 1000),
}


@dataclass(frozen=True)
class Job:
    """One net at one batch size, trained or only run forwards. It is written "vgg16:4" or "vgg16:1:inference"."""

    name: str
    batch: int
    inference: bool = False

    @classmethod
    def parse(cls, text: str) -> Job:
        name, batch, *inference = text.split(":")
        if name not in NETS or int(batch) < 1 or inference not in ([], ["inference"]):
            raise ValueError(text)
        return cls(name, int(batch), bool(inference))

    @property
    def net(self) -> Net:
        return NETS[self.name]

    def __str__(self) -> str:
        return f"{self.name}:{self.batch}" + (":inference" if self.inference else "")


JOBS = [
    Job("lenet5", 64),
    Job("lenet5", 512),
    Job("deck_mnist", 512),
    Job("deck_cifar", 128),
    Job("deck_cifar", 512),
    Job("resnet20", 128),
    Job("resnet18", 8),
    Job("vgg16", 4),
    Job("vgg16", 1, inference=True),
    Job("resnet50", 8),
]
