"""Optimisers and learning-rate schedules."""

from . import lr_scheduler as lr_scheduler
from .adadelta import Adadelta
from .adam import Adam
from .optimizer import Optimizer
from .sgd import SGD

__all__ = ["SGD", "Adadelta", "Adam", "Optimizer"]
