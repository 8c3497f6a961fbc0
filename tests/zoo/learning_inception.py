"""Inception networks and SqueezeNets, on small pictures. Those without batch norm learn more slowly."""

from tinyconv.models import GoogLeNet
from zoo.learning import Lesson

WITHOUT_DROPOUT = {"dropout": 0.0, "dropout_aux": 0.0}

LESSONS = {
    "googlenet": Lesson(WITHOUT_DROPOUT, size=80, lr=3e-4, loss=GoogLeNet.loss),
    "googlenet_bn": Lesson(WITHOUT_DROPOUT, loss=GoogLeNet.loss),
    "bn_inception": Lesson({"width": 16}),
    "se_inception": Lesson({"width": 16}),
    "inception_v3": Lesson({"aux_logits": False, "dropout": 0.0}, size=80),
    "squeezenet1_0": Lesson({"dropout": 0.0}, lr=3e-4),
    "squeezenet1_1": Lesson({"dropout": 0.0}, lr=3e-4),
}
