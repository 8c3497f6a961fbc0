"""ResNets, with a fourth of their channels."""

from zoo.learning import Lesson

LESSONS = {f"resnet{layers}": Lesson({"width": 16}) for layers in (18, 34, 50, 101, 152)}
