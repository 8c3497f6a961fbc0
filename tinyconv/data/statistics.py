"""Mean and standard deviation of each channel of published training sets, with white = 1: what Normalize takes.

MNIST's and Fashion-MNIST's are measured by this package (`Dataset.statistics()`; a test holds MNIST's to that); the
others are as commonly published to four digits, over all pixels of the training pictures. Other sets measure
their own.
"""

from __future__ import annotations

Statistics = tuple[tuple[float, ...], tuple[float, ...]]

STATISTICS: dict[str, Statistics] = {
    "mnist": ((0.1307,), (0.3081,)),
    "fashion_mnist": ((0.2860,), (0.3530,)),
    "kmnist": ((0.1918,), (0.3483,)),
    "cifar10": ((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)),
    "cifar100": ((0.5071, 0.4865, 0.4409), (0.2673, 0.2564, 0.2762)),
    "cifar100-coarse": ((0.5071, 0.4865, 0.4409), (0.2673, 0.2564, 0.2762)),
    "svhn": ((0.4377, 0.4438, 0.4728), (0.1980, 0.2010, 0.1970)),
}
MNIST_STATISTICS = STATISTICS["mnist"]
