"""Matrix products, and dense layers."""

from __future__ import annotations

from .case import Case, explains, grid
from .terms import Column, Part, Sum, total


@explains("a b -> y", "matmul")
def matmul(case: Case) -> Sum:
    a, b = case.event.inputs
    *leading, i, j = case.at
    (k,) = grid(a.shape[-1])
    terms = Part(
        Column("a", a, (*_broadcast(leading, a.shape[:-2]), i, k)),
        Column("b", b, (*_broadcast(leading, b.shape[:-2]), k, j)),
    )
    return total("y[i,j] = sum_k a[i,k] b[k,j]", terms)


@explains("x W b -> y", "linear")
def linear(case: Case) -> Sum:
    x, w, *b = case.event.inputs
    *rows, o = case.at
    (i,) = grid(x.shape[-1])
    terms = Part(Column("x", x, (*rows, i)), Column("W", w, (o, i)))
    last = [Part(Column("b", b[0], (o,)), note="the bias")] if b else []
    return total("y[n,o] = b[o] + sum_i W[o,i] x[n,i]", terms, *last)


def _broadcast(leading: list[int], shape: tuple[int, ...]) -> list[int]:
    place = leading[len(leading) - len(shape) :]
    return [0 if n == 1 else i for i, n in zip(place, shape, strict=True)]
