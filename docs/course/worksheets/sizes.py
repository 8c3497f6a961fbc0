"""Sizes, receptive fields, parameters and multiply-adds."""

from random import Random

import numpy as np
from sheet import Grid, Problem, Sheet, draw

from tinyconv import nn
from tinyconv.geometry import Window
from tinyconv.ledger import trace
from tinyconv.ledger.receptive_field import receptive_fields
from tinyconv.ledger.work import of_step


def sheet(random: Random) -> Sheet:
    return Sheet(
        "Sizes, fields, parameters",
        "How large are the maps, how much of the picture does one of their pixels see (its receptive field, $r$), "
        "and how many numbers does a layer learn? From one pixel to the next the view moves on by the jump $j$, in "
        "pixels of the picture.",
        [
            "$OH = floor( {H + 2p - KH}/{s} ) + 1      r ← r + (KH - 1) · j      j ← j · s$    from $r = 1, j = 1$ on",
            "parameters: $F · (C · KH · KW + 1)$    (without a bias: no 1)",
            "multiply-adds: $F · OH · OW · C · KH · KW$",
        ],
        [draw(random, _formula, 100), draw(random, _net, 100_000), draw(random, _two_for_one, 1_000_000)],
    )


def _formula(random: Random) -> Problem | None:
    rows = []
    for _ in range(6):
        H, K, s, p = random.randint(5, 32), random.choice([2, 3, 5, 7]), random.randint(1, 3), random.randint(0, 3)
        if K > H or 2 * p > K:
            return None
        rows.append((H, K, s, p, Window.of("conv2d", (K, K), s, p).out(H, H)[0]))
    H, K, s, p, OH = (np.array(column, float) for column in zip(*rows, strict=True))
    if len(set(s)) < 2 or len(set(p)) < 2:
        return None
    return Problem(
        "How many rows come out?",
        [
            [
                Grid("given", np.stack([H, K, s, p], 1), named=False, columns=("$H$", "$KH$", "$s$", "$p$")),
                Grid("OH", OH[:, None], named=False, blank=True, done=1, columns=("$OH$",)),
            ]
        ],
        remark="Where the division leaves a remainder, the last rows of the picture are seen by no window.",
    )


def _ledger(net: nn.Module, picture: tuple[int, int, int]) -> list[tuple[int, ...]]:
    """For each layer: maps, height, parameters, field, jump, multiply-adds."""
    found = trace(net, *picture)
    rows = []
    for step in found.steps:
        rows_seen, _ = receptive_fields(found)[step.number]
        learned = sum(p.numel() for p in step.parameters.values())
        rows.append((step.shape[0], step.shape[1], learned, rows_seen.size, rows_seen.stride, of_step(step)))
    return rows


def _net(random: Random) -> Problem | None:
    C, H = random.choice([(1, 28), (3, 32)])
    F1, F2, K1, K2 = random.choice([4, 6, 8]), random.choice([10, 12, 16]), random.choice([3, 5]), random.choice([3, 5])
    s, p = random.choice([1, 2]), random.choice([0, 1, 2])
    convolutions = nn.Conv2d(C, F1, K1, padding=p), nn.Conv2d(F1, F2, K2, stride=s)
    net = nn.Sequential(convolutions[0], nn.MaxPool2d(2), convolutions[1], nn.MaxPool2d(2))
    table = np.array(_ledger(net, (C, H, H)), float)[:, :5]
    if 2 * p > K1 or table[-1, 1] < 3:
        return None
    names = (
        f"{K1}×{K1} convolution, {F1} filters, $p$ = {p}",
        "2×2 max pooling, $s$ = 2",
        f"{K2}×{K2} convolution, {F2} filters, $s$ = {s}",
        "2×2 max pooling, $s$ = 2",
    )
    return Problem(
        f"The picture is {C}×{H}×{H}. Where nothing is said, $s$ = 1 and $p$ = 0. The convolutions have biases.",
        [
            [
                Grid(
                    "net",
                    table,
                    named=False,
                    blank=True,
                    done=1,
                    rows=names,
                    columns=("maps", "height", "parameters", "field $r$", "jump $j$"),
                )
            ]
        ],
        {"C": C, "H": H, "F1": F1, "F2": F2, "K1": K1, "K2": K2, "s": s, "p": p},
    )


def _two_for_one(random: Random) -> Problem:
    C, H = random.choice([2, 4, 8, 10]), random.choice([8, 10, 20])
    one = nn.Sequential(nn.Conv2d(C, C, 5, padding=2, bias=False))
    two = nn.Sequential(*(nn.Conv2d(C, C, 3, padding=1, bias=False) for _ in range(2)))
    rows = []
    for net in (one, two):
        _, _, parameters, fields, _, multiply_adds = zip(*_ledger(net, (C, H, H)), strict=True)
        rows.append((fields[-1], sum(parameters), sum(multiply_adds)))
    return Problem(
        f"One 5×5 convolution, or two of 3×3 one after the other: maps of {H}×{H}, {C} of them everywhere, no "
        "biases, padding that keeps the size.",
        [
            [
                Grid(
                    "both",
                    np.array(rows, float),
                    named=False,
                    blank=True,
                    rows=("one 5×5", "two 3×3"),
                    columns=("field $r$", "parameters", "multiply-adds"),
                )
            ]
        ],
        {"C": C, "H": H},
        "The two see as much with 18 numbers for 25, and have a relu more between them.",
    )
