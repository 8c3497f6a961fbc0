"""Do the terms of a number add up to it?"""

import numpy as np

import tinyconv


def check(x, rng, places=2):
    """At a few places of x, the terms add up to the number within rounding."""
    if not x.numel() or x.dtype.kind not in "fiu":
        return
    for flat in rng.integers(0, x.numel(), places):
        index = tuple(int(i) for i in np.unravel_index(flat, x.shape))
        explanation = tinyconv.explain(x, index)
        stored = x.data[index].item()
        assert explanation.value == stored
        if explanation.event is None:
            assert explanation.total == stored
            continue
        values = np.array([term.value for term in explanation.terms(None)])
        size = np.abs(values).sum() + explanation.sum.scale + abs(stored)
        apart = abs(values.sum() - stored)
        assert apart <= 2e-6 * size + 1e-37, f"{apart} of {size}\n{explanation}"
        assert apart <= explanation.rounding, f"{apart} > {explanation.rounding}\n{explanation}"
