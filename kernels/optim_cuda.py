"""What optimisers do to parameters in CUDA: all of them in one launch, or in one for every 48."""

from typing import Any

from ._cuda import Program
from ._table_cuda import launch
from .optim import Arrays

program = Program("optim")
_sgd, _adam, _adadelta = program.kernel("sgd"), program.kernel("adam"), program.kernel("adadelta")
_adagrad, _rmsprop = program.kernel("adagrad"), program.kernel("rmsprop")


def sgd(
    w: Arrays,
    g: Arrays,
    v: Arrays | None,
    gain: list[float],
    lr: float,
    momentum: float,
    weight_decay: float,
    nesterov: bool,
) -> Any:
    numbers = float(lr), float(momentum), float(weight_decay), bool(nesterov), v is not None
    return launch(_sgd, program, [w, v or w], [g], [gain], *numbers)


def adam(
    w: Arrays,
    g: Arrays,
    m: Arrays,
    v: Arrays,
    v_max: Arrays | None,
    t: list[int],
    lr: float,
    betas: tuple[float, float],
    eps: float,
    weight_decay: float,
    decoupled: bool,
) -> Any:
    corrections = [[1 - beta**step for step in t] for beta in betas]
    penalty, kept = (0.0, 1 - lr * weight_decay) if decoupled else (float(weight_decay), 1.0)
    numbers = float(lr), 1 - betas[0], 1 - betas[1], float(eps), penalty, float(kept), v_max is not None
    return launch(_adam, program, [w, m, v, v_max or v], [g], corrections, *numbers)


def adadelta(w: Arrays, g: Arrays, s: Arrays, u: Arrays, lr: float, rho: float, eps: float, weight_decay: float) -> Any:
    numbers = float(lr), float(1 - rho), float(eps), float(weight_decay)
    return launch(_adadelta, program, [w, s, u], [g], [], *numbers)


def adagrad(w: Arrays, g: Arrays, s: Arrays, rate: list[float], eps: float, weight_decay: float) -> Any:
    return launch(_adagrad, program, [w, s], [g], [rate], float(eps), float(weight_decay))


def rmsprop(
    w: Arrays,
    g: Arrays,
    s: Arrays,
    m: Arrays | None,
    v: Arrays | None,
    lr: float,
    alpha: float,
    eps: float,
    weight_decay: float,
    momentum: float,
) -> Any:
    numbers = float(lr), float(1 - alpha), float(eps), float(weight_decay), float(momentum)
    return launch(_rmsprop, program, [w, s, m or s, v or s], [g], [], *numbers, m is not None, v is not None)
