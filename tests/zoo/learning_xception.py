"""Inception-v4, the Inception-ResNets, Xception, DenseNets, on small pictures."""

from zoo.learning import Lesson

LESSONS = {
    "inception_v4": Lesson({"dropout": 0.0}, size=75, steps=20, lr=3e-3),
    "inception_resnet_v1": Lesson({"dropout": 0.0}, size=75),
    "inception_resnet_v2": Lesson({"dropout": 0.0}, size=75),
    "xception": Lesson({"dropout": 0.0}, size=48),
    "densenet121": Lesson({"growth_rate": 12}, size=32, lr=3e-3),
    "densenet169": Lesson({"growth_rate": 12}, size=32, lr=3e-3),
    "densenet201": Lesson({"growth_rate": 12}, size=32, lr=3e-3),
}
