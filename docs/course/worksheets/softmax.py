"""Softmax and cross-entropy."""

import math
from random import Random

import numpy as np
from sheet import Grid, Problem, Sheet, draw, leaf, number

import tinyconv
import tinyconv.nn.functional as F

SUMS = {4, 5, 10, 20}  # with these the probabilities have two decimals
SCORES = (-2, -1, 0, 1, 2, 3)


def sheet(random: Random) -> Sheet:
    return Sheet(
        "Softmax and cross-entropy",
        "Scores $z$ become probabilities $p$. The loss is small where the right class, $t$, has a large "
        "probability. Its gradient says: less of every class by its probability, and more of the right one.",
        [
            "$p_{k} = {e^{z_{k}}}/{∑_{j} e^{z_{j}}}      L = -ln p_{t}$",
            "$dz_{t} = p_{t} - 1      dz_{k} = p_{k}$  for the other classes $k$",
        ],
        [draw(random, _exact), draw(random, _by_table), draw(random, _shifted)],
    )


def _loss(z: np.ndarray, t: int) -> tuple[np.ndarray, float, np.ndarray]:
    """p, the loss, dz"""
    scores = leaf(z[None])
    loss = F.cross_entropy(scores, tinyconv.tensor(np.array([t])))
    return F.softmax(scores, 1).data[0], loss.item(), tinyconv.grad(loss, scores)[0].data[0]


def _logarithms(p: np.ndarray) -> Grid:
    """A table of -ln p for the probabilities that occur and some that do not."""
    table = np.array(sorted({0.05, 0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.75, 0.8} | set(np.round(p, 2))))
    kept = table[[i for i, v in enumerate(table) if v in np.round(p, 2) or i % 2 == 0]]
    return Grid("-ln p", np.round(-np.log(kept), 2), columns=_texts(kept), written=_decimals(-np.log(kept)))


def _texts(values: np.ndarray) -> tuple[str, ...]:
    return tuple(number(v) for v in values)


def _decimals(values: np.ndarray) -> tuple[str, ...]:
    """With two decimals, also where they are 0."""
    return tuple(f"{v:.2f}".replace("-", "\u2212") for v in values)


def _exact(random: Random) -> Problem | None:
    powers = np.array([random.randint(1, 12) for _ in range(4)], float)
    if powers.sum() not in SUMS or len(set(powers)) < 3:
        return None
    t = random.randrange(4)
    p, loss, dz = _loss(np.log(powers), t)
    names = tuple(str(k) for k in range(4))
    scores = tuple(f"ln {number(v)}" for v in powers)
    return Problem(
        f"The scores are logarithms, so that $e^{{z}}$ is a whole number. The right class is $t$ = {t}. The table "
        "gives $L$.",
        [
            [Grid("z", np.round(np.log(powers), 2), columns=names, written=scores)],
            [Grid("e^{z}", powers, blank=True, done=1), Grid("∑ e^{z}", powers.sum(), blank=True)],
            [
                Grid("p", p, blank=True),
                Grid("L", np.array(round(loss, 2)), blank=True, written=_decimals([loss])),
                Grid("dz", dz, blank=True),
            ],
            [_logarithms(p)],
        ],
        {"t": t},
        "The four numbers of $dz$ add up to 0: what one class gains the others lose.",
    )


def _by_table(random: Random) -> Problem | None:
    z = np.array([random.choice(SCORES) for _ in range(3)], float)
    if len(set(z)) < 3:
        return None
    t = random.randrange(3)
    p, _, dz = _loss(z, t)
    powers = np.round(np.exp(z), 2)
    by_hand = powers / powers.sum()
    if (np.round(by_hand, 2) != np.round(p, 2)).any() or abs(np.round(p, 2).sum() - 1) > 1e-9:
        return None
    table = Grid("e^{x}", np.round(np.exp(SCORES), 2), columns=_texts(SCORES), written=_decimals(np.exp(SCORES)))
    return Problem(
        f"With the table, to two decimals. The right class is $t$ = {t}.",
        [
            [table],
            [
                Grid("z", z),
                Grid("e^{z}", powers, blank=True, written=_decimals(powers)),
                Grid("∑ e^{z}", powers.sum(), blank=True),
            ],
            [Grid("p", np.round(p, 2), blank=True), Grid("dz", np.round(dz, 2), blank=True)],
        ],
        {"t": t},
    )


def _shifted(random: Random) -> Problem | None:
    powers = np.array([random.randint(1, 9) for _ in range(3)], float)
    if powers.sum() not in SUMS or len(set(powers)) < 3:
        return None
    shift = math.log(random.randint(2, 5))
    p, _, _ = _loss(np.log(powers) + shift, 0)
    scores = tuple(f"ln {number(v)}" for v in powers * np.exp(shift))
    return Problem(
        f"Find $p$ for these scores. Then take from every score ln {number(np.exp(shift))}, and find it again. What "
        f"has changed? ($ln a - ln b = ln {{a}}/{{b}}$)",
        [[Grid("z", np.round(np.log(powers) + shift, 2), written=scores), Grid("p", p, blank=True)]],
        {"t": 0},
        "Nothing: softmax sees only differences of scores. So the largest may be taken from all before $e^{z}$, "
        "which then never overflows.",
    )
