"""LeNet to VGG, with fewer dense units, fewer filters, on small pictures."""

from tinyconv.models.lenet5_1998 import map_criterion
from zoo.learning import Lesson
from zoo.twins_classic import ALL_CNN

SMALL = {"hidden": 64, "dropout": 0.0}
VGG = ("vgg11", "vgg11_lrn", "vgg13", "vgg16_c", "vgg16", "vgg19")

LESSONS = {
    "lenet5": Lesson(size=28, lr=3e-3),
    "lenet5_1998": Lesson(size=32, lr=3e-3, loss=map_criterion),
    "alexnet": Lesson(SMALL, size=67),
    "alexnet_one_tower": Lesson(SMALL),
    "caffenet": Lesson(SMALL, size=67),
    "zfnet": Lesson(SMALL),
    "nin": Lesson({"dropout": 0.0}, size=16, lr=3e-4),
    **{name: Lesson({"width": 64}, size=32, steps=120, lr=3e-4) for name in ALL_CNN},
    **{name + bn: Lesson(SMALL | {"width": 16}, size=32, steps=80, lr=3e-4) for name in VGG for bn in ("", "_bn")},
    "deck_demo": Lesson({"dropout": 0.0, "last_dropout": 0.0}, size=28, steps=60, lr=1e-2),
    "deck_mnist": Lesson(size=28, steps=120),
    "deck_cifar": Lesson(size=32, steps=80),
    "deck_summary": Lesson(size=28),
}
