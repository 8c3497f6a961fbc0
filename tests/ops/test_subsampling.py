"""LeNet-5's sub-sampling, by hand. (PyTorch, engines and errors: tests/registry/subsampling.py.)"""

import numpy as np

from tinyconv.ops.subsampling import subsampling2d
from tinyconv.tensor import Tensor


def test_by_hand(engine):
    picture = np.array([[1.0, 2, 5, 0], [3, 4, 0, 1]])  # sums of 2x2: 10 and 6
    x = Tensor(np.stack([picture, -picture])[None], requires_grad=True)
    w, b = (Tensor(np.array(v), requires_grad=True) for v in ([0.5, 2.0], [1.0, -3.0]))
    y = subsampling2d(x, w, b)
    assert y.tolist() == [[[[6, 4]], [[-23, -15]]]]
    y.backward(np.array([[[[1.0, 10]], [[100, 1000]]]]))
    assert w.grad.tolist() == [70, -7000]  # 1 * 10 + 10 * 6, ...
    assert b.grad.tolist() == [11, 1100]
    assert x.grad.tolist() == [[[[0.5, 0.5, 5, 5]] * 2, [[200, 200, 2000, 2000]] * 2]]
