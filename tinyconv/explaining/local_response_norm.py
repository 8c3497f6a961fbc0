"""Local response normalisation."""

from __future__ import annotations

import numpy as np

from tinyconv.stepping import Event
from tinyconv.tensor import Tensor

from .case import Case, explains, numbers
from .terms import Column, Part, Place, Sum, short, total

GRADIENT = "dx[c] = dy[c] s[c]^-beta - 2 alpha beta/size x[c] sum of dy[c'] x[c'] s[c']^(-beta-1) over c' that see c"


@explains("x -> y", "local_response_norm")
def local_response_norm(case: Case) -> Sum:
    s, beta = _s(case.event, case.at), case.argument("beta")
    c, size = case.at[1], case.argument("size")
    first, last = _neighbours(c, case.x, size)
    asides = [f"s[c] = k + alpha/size sum of x^2 over channels {first} to {last} = {short(s)}"]
    power = Column("s^-beta", values=s**-beta)
    return total("y[c] = x[c] s[c]^-beta", Part(case.here("x", case.x), power), asides=asides)


@explains("dy -> dx", "local_response_norm'")
def gradient(case: Case) -> Sum:
    forward, (n, c, *place) = case.forward, case.at
    x, (size, alpha, beta) = forward.inputs[0], (forward.arguments[name] for name in ("size", "alpha", "beta"))
    # channel c' sees c if c' - size//2 <= c <= c' + (size - 1)//2
    seen = np.arange(max(c - (size - 1) // 2, 0), min(c + size // 2, x.shape[1] - 1) + 1)
    powers = np.array([_s(forward, (n, int(j), *place)) for j in seen]) ** (-beta - 1)
    there = n, seen, *place
    direct = Part(case.here("dy", case.x), Column("s^-beta", values=_s(forward, case.at) ** -beta), path="direct")
    neighbours = Part(
        Column("dy", case.x, there),
        Column("x", x, there),
        Column("gain", values=2 * alpha * beta / size * float(numbers(x, *case.at)) * powers),
        sign=-1,
        note=lambda p: f"through s of channel {seen[p[0]]}",
        path="through the neighbours' s",
    )
    return total(GRADIENT, direct, neighbours, asides=["gain = 2 alpha beta/size x[c] s[c']^(-beta-1)"])


def _s(event: Event, at: Place) -> float:
    """k + alpha/size sum x^2 over the neighbouring channels"""
    size, alpha, k = (event.arguments[name] for name in ("size", "alpha", "k"))
    n, c, *place = at
    first, last = _neighbours(c, event.inputs[0], size)
    x = numbers(event.inputs[0], n, slice(first, last + 1), *place)
    return k + alpha / size * float((x * x).sum())


def _neighbours(c: int, x: Tensor, size: int) -> tuple[int, int]:
    """The first and the last channel that channel c is normalised with."""
    return max(c - size // 2, 0), min(c + (size - 1) // 2, x.shape[1] - 1)
