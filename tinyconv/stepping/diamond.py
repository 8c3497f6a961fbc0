"""The smallest graph that shows why the order of the backward pass matters."""

from __future__ import annotations

from tinyconv.creation import tensor
from tinyconv.tensor import Tensor


def diamond() -> tuple[Tensor, Tensor]:
    """x = 3, a = x x, b = 2 a, c = a + 1, y = b c: two ways lead from y back to a. Returns y and x.

    dy/da = 2 c + b = 20 + 18 = 38, and dy/dx = 38 * 2 x = 228. Whoever walks on from a with one way's part alone
    finds 120 or 108; whoever goes on each time a part arrives, visits a twice, and a chain of n diamonds 2^n times.

        y, x = tinyconv.stepping.diamond()
        for step in y.steps():
            print(step)
    """
    x = tensor(3.0, requires_grad=True)
    a = x * x
    b = 2 * a
    c = a + 1
    return b * c, x
