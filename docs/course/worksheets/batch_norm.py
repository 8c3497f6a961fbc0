"""Batch normalisation of four numbers."""

from random import Random

import numpy as np
from sheet import Grid, Problem, Sheet, draw, leaf, number, whole_numbers

import tinyconv
import tinyconv.nn.functional as F


def sheet(random: Random) -> Sheet:
    forward = draw(random, _forward)
    return Sheet(
        "Batch normalisation",
        "One channel, a batch of four numbers. In training they are measured by their own mean and spread; in "
        "evaluation by the mean and spread that were remembered. (The small ε under the root is left out here.)",
        [
            "$mu = {1}/{n} ∑_{i} x_{i}      sigma^{2} = {1}/{n} ∑_{i} (x_{i} - mu)^{2}$",
            "$xhat_{i} = {x_{i} - mu}/{sigma}      y_{i} = gamma xhat_{i} + beta$",
            "$dbeta = ∑_{i} dy_{i}      dgamma = ∑_{i} dy_{i} xhat_{i}      "
            "dx_{i} = {gamma}/{sigma} ( dy_{i} - {dbeta}/{n} - xhat_{i} {dgamma}/{n} )$",
        ],
        [forward, _backward(random, forward), draw(random, _evaluation)],
    )


def _forward(random: Random) -> Problem | None:
    x = whole_numbers(random, (4,), -4, 12)
    gamma, beta = float(random.choice([2, 3, 4, 5, -2])), float(random.randint(-3, 3))
    mean, variance = x.mean(), x.var()
    if len(set(x)) < 3 or not mean.is_integer() or np.sqrt(variance) not in {2, 4, 5}:
        return None
    y = _batch_norm(x, gamma, beta).data
    normal = _batch_norm(x, 1, 0).data
    return Problem(
        "Forwards, in training. The first deviation is there already.",
        [
            [Grid("x", x), Grid("gamma", np.array(gamma)), Grid("beta", np.array(beta))],
            [Grid("mu", np.array(mean), blank=True), Grid("x - mu", x - mean, blank=True, done=1)],
            [Grid("sigma^{2}", np.array(variance), blank=True), Grid("sigma", np.sqrt(variance), blank=True)],
            [Grid("xhat", normal, blank=True), Grid("y", y, blank=True)],
        ],
        remark="The numbers of $xhat$ have mean 0 and variance 1, whatever $x$ was.",
    )


def _batch_norm(x: np.ndarray, gamma: float, beta: float) -> tinyconv.Tensor:
    weight, bias = (tinyconv.tensor(np.array([v], float)) for v in (gamma, beta))
    return F.batch_norm(leaf(x[:, None]), None, None, weight, bias, training=True, eps=0).reshape(-1)


def _backward(random: Random, forward: Problem) -> Problem:
    numbers = forward.numbers()
    x, weight, bias = leaf(numbers["x"][:, None]), leaf([numbers["gamma"]]), leaf([numbers["beta"]])
    y = F.batch_norm(x, None, None, weight, bias, training=True, eps=0)

    def make(random: Random) -> Problem | None:
        dy = whole_numbers(random, (4,), -4, 6)
        inputs = [x, weight, bias]
        dx, dgamma, dbeta = tinyconv.grad(y, inputs, tinyconv.tensor(dy[:, None]), retain_graph=True)
        if not dx.data.any():
            return None
        return Problem(
            "Backwards through problem 1. Copy what you need from there.",
            [
                [Grid("dy", dy), Grid("dbeta", dbeta.data, blank=True), Grid("dgamma", dgamma.data, blank=True)],
                [Grid("dx", dx.data[:, 0], blank=True)],
            ],
            remark="The numbers of $dx$ add up to 0: adding the same to all of $x$ would change nothing.",
        )

    return draw(random, make)


def _evaluation(random: Random) -> Problem:
    x, mean = whole_numbers(random, (4,), -6, 12), whole_numbers(random, (1,), -2, 4)
    sigma, gamma, beta = random.choice([2, 4, 5]), float(random.choice([2, 3, 4, 5])), float(random.randint(-3, 3))
    given = [mean, np.array([float(sigma**2)]), np.array([gamma]), np.array([beta])]
    y = F.batch_norm(tinyconv.tensor(x[:, None]), *(tinyconv.tensor(v) for v in given), eps=0).data[:, 0]
    return Problem(
        f"In evaluation. The remembered mean is {number(mean[0])}, the remembered variance {sigma**2}: the four "
        "numbers do not see each other.",
        [
            [Grid("x", x), Grid("gamma", given[2]), Grid("beta", given[3]), Grid("y", y, blank=True)],
        ],
        {"mean": int(mean[0]), "variance": sigma**2},
        "Now each number has its own line: $dx_{i}$ would be $dy_{i}$ ${gamma}/{sigma}$.",
    )
