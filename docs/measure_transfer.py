"""Digits 5 to 9 from few pictures, by a net that knows 0 to 4: the table of docs/transfer.md.

python docs/measure_transfer.py
"""

import time

import numpy as np

import tinyconv as tc
from tinyconv import data, nn, optim
from tinyconv.optim.lr_scheduler import CosineLR
from tinyconv.train import Trainer, evaluate, freeze, load_matching, parameter_groups, replace_head

SEEDS = (0, 1, 2)
COUNTS = (10, 30, 100)  # pictures of each class
STEPS, BATCH = 200, 50  # the same work for every row
NORMALIZE = data.Normalize(*data.MNIST_STATISTICS)


def five_digits(train: bool, first: int) -> data.Dataset:
    """MNIST's pictures of five digits, from `first` on."""
    digits = data.load("mnist", train=train)
    few = digits.subset((digits.labels >= first) & (digits.labels < first + 5))
    return data.Dataset(few.images, few.labels - first, [str(first + k) for k in range(5)])


def few_of_each(digits: data.Dataset, count: int, seed: int) -> data.Dataset:
    rng = np.random.default_rng(seed)
    chosen = [rng.choice(np.flatnonzero(digits.labels == k), count, replace=False) for k in range(5)]
    return digits.subset(np.concatenate(chosen))


def net() -> nn.Sequential:
    """25,781 parameters, all but 325 of them in the body."""

    def block(C: int, F: int) -> list[nn.Module]:
        return [nn.Conv2d(C, F, 3, padding=1, bias=False), nn.BatchNorm2d(F), nn.ReLU(), nn.MaxPool2d(2)]

    body = nn.Sequential(*block(1, 16), *block(16, 32), *block(32, 64))
    return nn.Sequential({"body": body, "pool": nn.GlobalAvgPool2d(), "fc": nn.Linear(64, 5)})


def train(model: nn.Module, digits: data.Dataset, groups: list, steps: int) -> None:
    optimizer = optim.SGD(groups, lr=0.05, momentum=0.9, weight_decay=1e-4)
    loader = data.DataLoader(digits, BATCH, shuffle=True, transform=NORMALIZE)
    schedule = CosineLR(optimizer, steps, warmup=steps // 10)
    Trainer(model, optimizer, loader, scheduler=schedule).fit(steps // len(loader))


def frozen(model: nn.Module) -> list:
    freeze(model, "body.*")
    return parameter_groups(model, {"fc.*": {"lr": 0.5}})


def frozen_weights_alone(model: nn.Module) -> list:
    freeze(model, "body.*", statistics=False)
    return parameter_groups(model, {"fc.*": {"lr": 0.5}})


def at_rates(body: float, head: float):
    return lambda model: parameter_groups(model, {"fc.*": {"lr": head}, "*": {"lr": body}})


# name: (does it begin with the weights for 0 to 4?, parameter groups); the rates did best of a few with another seed
WAYS = {
    "from scratch, rate 0.15": (False, at_rates(0.15, 0.15)),
    "frozen body, head at 0.5": (True, frozen),
    "the same, statistics follow the batches": (True, frozen_weights_alone),
    "body at 0.05, head at 0.2": (True, at_rates(0.05, 0.2)),
    "all of it at 0.15": (True, at_rates(0.15, 0.15)),
}


def accuracy_of(way: str, known: dict, digits: data.Dataset, test: data.DataLoader, seed: int) -> float:
    knows, groups = WAYS[way]
    tc.manual_seed(seed)
    model = net()
    if knows:
        load_matching(known, model)
    replace_head(model, 5)
    train(model, digits, groups(model), STEPS)
    return evaluate(model, test).accuracy


def main() -> None:
    began = time.perf_counter()
    tc.manual_seed(0)
    donor = net()
    train(donor, five_digits(train=True, first=0), [*donor.parameters()], steps=612)  # an epoch
    known = {path: t.data for path, t in donor.state_dict().items()}
    source = data.DataLoader(five_digits(train=False, first=0), 500, transform=NORMALIZE)
    print(f"{evaluate(donor, source).accuracy:.2%} on 0 to 4, {time.perf_counter() - began:.0f} s")

    others = five_digits(train=True, first=5)
    test = data.DataLoader(five_digits(train=False, first=5), 500, transform=NORMALIZE)
    print(f"| accuracy on 5 to 9, per cent | {' | '.join(f'{n} a class' for n in COUNTS)} |")
    print("|---" * (len(COUNTS) + 1) + "|")
    for way in WAYS:
        cells = []
        for count in COUNTS:
            seeds = [100 * accuracy_of(way, known, few_of_each(others, count, s), test, s) for s in SEEDS]
            cells.append(f"{np.mean(seeds):.1f} ({min(seeds):.1f} to {max(seeds):.1f})")
        print(f"| {way} | {' | '.join(cells)} |", flush=True)
    print(f"{time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
