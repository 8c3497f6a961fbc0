"""Optimisers: many parameters of every shape, with and without each term; more than one chunk."""

import numpy as np

from kernel_cases import Case, normal

SHAPES = {
    "a net": [(6, 1, 5, 5), (6,), (10, 24), (10,)],
    "one number": [(1,), (1, 1)],
    "nothing in one": [(0, 3), (4,)],
    "channels and pixels": [(8, 5, 3, 3), (2, 16, 1, 1)],
}
LONG = {"chunks": [(7,), (130, 129), (16384,), (16385,)]}


def arrays(rng, shapes, dtype, positive=False):
    found = [normal(rng, shape, dtype) for shape in shapes]
    return [np.asarray(np.abs(a) if positive else a, dtype) for a in found]


def sgd(label, shapes, momentum=0.9, weight_decay=0.1, nesterov=False):
    def arguments(rng, dtype):
        v = arrays(rng, shapes, dtype) if momentum else None
        gain = [0.5 + 0.5 * (i % 2) for i in range(len(shapes))]
        return (
            arrays(rng, shapes, dtype), arrays(rng, shapes, dtype), v, gain, 0.1, momentum, weight_decay, nesterov
        )  # fmt: skip

    return Case(label, arguments, 4, in_place=True)


def adam(label, shapes, amsgrad=False, weight_decay=0.1, decoupled=False):
    def arguments(rng, dtype):
        w, g, m = (arrays(rng, shapes, dtype) for _ in range(3))
        v = arrays(rng, shapes, dtype, positive=True)
        v_max = arrays(rng, shapes, dtype, positive=True) if amsgrad else None
        t = list(range(3, 3 + len(shapes)))
        return w, g, m, v, v_max, t, 0.1, (0.9, 0.99), 1e-3, weight_decay, decoupled

    return Case(label, arguments, 16, in_place=True)


def adadelta(label, shapes, weight_decay=0.1):
    def arguments(rng, dtype):
        w, g = arrays(rng, shapes, dtype), arrays(rng, shapes, dtype)
        s, u = arrays(rng, shapes, dtype, positive=True), arrays(rng, shapes, dtype, positive=True)
        return w, g, s, u, 0.5, 0.9, 1e-3, weight_decay

    return Case(label, arguments, 16, in_place=True)


def adagrad(label, shapes, weight_decay=0.1):
    def arguments(rng, dtype):
        w, g = arrays(rng, shapes, dtype), arrays(rng, shapes, dtype)
        rate = [0.1 / (1 + i) for i in range(len(shapes))]
        return w, g, arrays(rng, shapes, dtype, positive=True), rate, 1e-3, weight_decay

    return Case(label, arguments, 16, in_place=True)


def rmsprop(label, shapes, centered=False, momentum=0.0, weight_decay=0.1):
    def arguments(rng, dtype):
        w, g = arrays(rng, shapes, dtype), arrays(rng, shapes, dtype)
        m = arrays(rng, shapes, dtype) if centered else None
        s = [1 + a * a for a in m or w]  # never below the mean's square
        v = arrays(rng, shapes, dtype) if momentum else None
        return w, g, [np.asarray(a, dtype) for a in s], m, v, 0.1, 0.9, 1e-3, weight_decay, momentum

    return Case(label, arguments, 16, in_place=True)


ALL = SHAPES | LONG
NET = SHAPES["a net"]

CASES = {
    "sgd": [
        *[sgd(label, shapes) for label, shapes in ALL.items()],
        sgd("no momentum", NET, momentum=0.0),
        sgd("no momentum, no decay", NET, momentum=0.0, weight_decay=0.0),
        sgd("no decay", NET, weight_decay=0.0),
        sgd("nesterov", NET, nesterov=True),
    ],
    "adam": [
        *[adam(label, shapes) for label, shapes in ALL.items()],
        adam("amsgrad", NET, amsgrad=True),
        adam("no decay", NET, weight_decay=0.0),
        adam("decoupled decay", NET, decoupled=True),
    ],
    "adadelta": [
        *[adadelta(label, shapes) for label, shapes in ALL.items()],
        adadelta("no decay", NET, weight_decay=0.0),
    ],
    "adagrad": [
        *[adagrad(label, shapes) for label, shapes in ALL.items()],
        adagrad("no decay", NET, weight_decay=0.0),
    ],
    "rmsprop": [
        *[rmsprop(label, shapes) for label, shapes in ALL.items()],
        rmsprop("no decay", NET, weight_decay=0.0),
        rmsprop("momentum", NET, momentum=0.9),
        rmsprop("centered", NET, centered=True),
        rmsprop("centered, momentum", NET, centered=True, momentum=0.9),
    ],
}
