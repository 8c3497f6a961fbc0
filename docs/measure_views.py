"""Errors of small nets on MNIST's test digits, seen in different ways: the table of evaluation.md.

    python docs/measure_views.py            about 10 minutes on two cores, most of them for crops

As VGG's, the nets learn from random crops of pictures of random sizes, 24x24 pixels of 26x26 to 32x32; from 3,000
digits alone, so that there are errors to count.
"""

import tinyconv
from tinyconv import data, nn, optim
from tinyconv.data import Compose, DataLoader, Normalize, RandomCrop, ScaleJitter
from tinyconv.evaluation import (
    CenterView,
    DenseView,
    GridCropView,
    TenCropView,
    as_fully_convolutional,
    averaged,
    evaluate_views,
    scales,
)
from tinyconv.optim.lr_scheduler import CosineLR
from tinyconv.train import fit

DIGITS, EPOCHS, SEEDS = 3000, 20, (0, 1, 2)
CROP, SIZES = 24, (26, 29, 32)
NORMALIZE = Normalize(*data.MNIST_STATISTICS)
CROPS, DENSE = GridCropView(CROP, flip=False), DenseView(flip=False)  # mirrored digits are no digits
VIEWS = {
    "the middle 24x24 of 28x28": CenterView(CROP),
    "the middle at 26, 29 and 32": scales(CenterView(CROP), SIZES),
    "corners and middle": TenCropView(CROP, flip=False),
    "the same, and mirrored: ten crops": TenCropView(CROP),
    "5x5 crops": CROPS,
    "dense: the whole 28x28": DENSE,
    "5x5 crops at 26, 29 and 32": scales(CROPS, SIZES),
    "dense at 26, 29 and 32": scales(DENSE, SIZES),
    "5x5 crops and dense at 26, 29 and 32": [*scales(CROPS, SIZES), *scales(DENSE, SIZES)],
}


def trained(digits: data.Dataset, seed: int) -> nn.Module:
    """A net in its dense form, which gives of a crop what the net itself gives."""
    tinyconv.manual_seed(seed)
    net = nn.Sequential(
        *(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),  # (N, 16, 12, 12)
        *(nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),  # (N, 32, 6, 6)
        *(nn.Flatten(), nn.Linear(32 * 6 * 6, 64), nn.ReLU(), nn.Dropout(0.5), nn.Linear(64, 10)),
    )
    augment = Compose([ScaleJitter(min(SIZES), max(SIZES)), RandomCrop(CROP), NORMALIZE])
    loader = DataLoader(digits, 64, shuffle=True, transform=augment)
    sgd = optim.SGD(net.parameters(), lr=0.05, momentum=0.9, weight_decay=5e-4, nesterov=True)
    fit(net, loader, EPOCHS, sgd, scheduler=CosineLR(sgd, EPOCHS * len(loader), warmup=100))
    return as_fully_convolutional(net, (1, CROP, CROP))


def main() -> None:
    _, digits = data.mnist(train=True).split(DIGITS, stratified=True)
    test = data.mnist(train=False)
    nets = [trained(digits, seed) for seed in SEEDS]
    print("| view | errors of the nets | their mean | ensemble |", "|---|---|---|---|", sep="\n")
    for name, views in VIEWS.items():
        results = [evaluate_views(net, test, views, NORMALIZE) for net in nets]
        errors = [result.errors[1] for result in results]
        each, mean, together = ", ".join(f"{e:.2%}" for e in errors), sum(errors) / len(errors), averaged(results)
        print(f"| {name} | {each} | {mean:.2%} | {together.errors[1]:.2%} |", flush=True)


if __name__ == "__main__":
    main()
