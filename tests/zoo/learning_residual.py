"""The families that came of the ResNets, with few channels."""

from zoo.learning import Lesson

LESSONS = {f"resnet{layers}": Lesson({"width": 8}, size=32) for layers in (20, 32, 44, 56, 110)}
LESSONS |= {f"preact_resnet{layers}": Lesson(size=32, lr=3e-3) for layers in (110, 164)}
LESSONS |= {f"resnext{kind}": Lesson({"width": 16}) for kind in ("50_32x4d", "101_32x4d", "101_64x4d", "101_32x8d")}
LESSONS |= {name: Lesson({"width": 16}) for name in ("preact_resnet50", "se_resnet50", "se_resnext50_32x4d")}
LESSONS |= {
    "senet154": Lesson({"width": 16, "groups": 16, "dropout": 0.0}),
    "mobilenet_v2": Lesson({"width_mult": 0.35, "dropout": 0.0}),
}
