"""The matrix product in three loops."""

import numpy as np

from tinyconv.backend import Array


def matmul(a: Array, b: Array) -> Array:
    (M, K), N = a.shape[-2:], b.shape[-1]
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    a, b = np.broadcast_to(a, (*batch, M, K)), np.broadcast_to(b, (*batch, K, N))
    y = np.zeros((*batch, M, N), np.result_type(a, b))
    for i in np.ndindex(batch):
        for m in range(M):
            for n in range(N):
                total = y.dtype.type(0)
                for k in range(K):
                    total += a[(*i, m, k)] * b[(*i, k, n)]
                y[(*i, m, n)] = total
    return y
