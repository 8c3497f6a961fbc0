"""Transforms of whole batches on one core, beside torchvision's: first are they the same, then how fast.

    python benchmarks/augmentation.py --json benchmarks/results/augmentation.json
    python benchmarks/augmentation.py --only Crop

One line makes the transform in both libraries, for the names and arguments are torchvision's. tinyconv draws new
numbers for every picture, torchvision's v2 one set for a whole batch. At the end: batches beside their training steps.
"""

from __future__ import annotations

import argparse
import importlib.util
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from typing import Any

# NumPy is imported later, in functions: a process that imports tinyconv first has the better thread settings.
from _report import introduce, save
from _timing import Contender, show, spread, take_turns

BATCHES = {"512x3x32x32": (512, 3, 32, 32), "32x3x224x224": (32, 3, 224, 224)}


@dataclass(frozen=True)
class Case:
    """A transform as one line of code, where {s} is the pictures' size.

    fixed   the same with nothing left to chance; "" if torchvision has no such transform
    levels  how many grey levels the two libraries may then differ in a pixel
    """

    line: str
    fixed: str = ""
    levels: float = 1


CASES = [
    Case("RandomHorizontalFlip(p=1)", "RandomHorizontalFlip(p=1)", 0),
    Case(
        "RandomAffine(10, (0.1, 0.1), (0.9, 1.1), interpolation=bilinear)",
        "RandomAffine((10, 10), NONE, (1.2, 1.2), interpolation=bilinear)",
    ),
    Case("RandomCrop({s}, padding={s} // 8)", "RandomCrop({s})", 0),
    Case('RandomCrop({s}, padding={s} // 8, padding_mode="reflect")', 'RandomCrop({s}, padding_mode="reflect")', 0),
    Case("CenterCrop({s} * 7 // 8)", "CenterCrop({s} * 7 // 8)", 0),
    Case("TenCrop({s} * 7 // 8)", "TenCrop({s} * 7 // 8)", 0),
    Case("Resize({s} * 8 // 7)", "Resize({s} * 8 // 7)"),
    Case("Resize({s} // 2)", "Resize({s} // 2)"),
    Case("RandomResizedCrop({s})", "RandomResizedCrop({s}, scale=(1, 1), ratio=(1, 1))", 0),
    Case("ColorJitter(0.4, 0.4, 0.4)", "ColorJitter((1.3, 1.3))"),
    Case("ColorJitter(0.4, 0.4, 0.4, 0.1)", "ColorJitter(hue=(0.1, 0.1))", 2),
    Case(
        "Normalize([0.49, 0.48, 0.45], [0.25, 0.24, 0.26])", "Normalize([0.49, 0.48, 0.45], [0.25, 0.24, 0.26])", 1e-3
    ),
    Case("ScaleJitter({s}, {s} * 2)"),
    Case("Lighting(0.1)"),
    Case("Cutout({s} // 2)"),
    Case("Standardize()"),
    Case("Mixup(1.0, 10)"),
]

# What a step of a net waits for if nothing is prepared ahead: its batch and its augmentation, beside the step itself.
NETS = {
    "deck_mnist": ((512, 1, 28, 28), "RandomAffine(5, 0.15, (0.8, 1.2))"),
    "deck_cifar": ((512, 3, 32, 32), "Compose([RandomAffine(10, 0.1), RandomHorizontalFlip()])"),
    "resnet20": ((128, 3, 32, 32), "Compose([RandomCrop(32, padding=4), RandomHorizontalFlip()])"),
    "resnet18": (
        (32, 3, 224, 224),
        "Compose([RandomResizedCrop(224), RandomHorizontalFlip(), ColorJitter(0.4, 0.4, 0.4, 0.1)])",
    ),
}


class Ours:
    """tinyconv's transforms, to be asked for by their lines."""

    def __init__(self) -> None:
        import tinyconv

        tinyconv.set_num_threads(1)
        self.tinyconv = tinyconv
        self.names = {**vars(tinyconv.data), "bilinear": "bilinear", "NONE": 0.0}

    def pictures(self, shape: tuple[int, ...]) -> Any:
        import numpy as np

        y, x = np.mgrid[: shape[2], : shape[3]] / shape[2]  # smooth, so that a pixel's place is seen in its value
        waves = [np.sin((3 + c) * x + (2 + n % 5) * y) for n in range(shape[0]) for c in range(shape[1])]
        return np.rint(127.5 + 127.5 * np.reshape(waves, shape)).astype(np.uint8)

    def fixed(self, line: str, shape: tuple[int, ...]) -> Any:
        return eval(line, self.names)(self.pictures(shape))

    def prepare(self, line: str, shape: tuple[int, ...]) -> None:
        import numpy as np

        x, transform = self.pictures(shape), eval(line, self.names)
        if line.startswith("Mixup"):
            x, labels = np.float32(x / 255), np.arange(len(x)) % 10
            self.work: Callable[[], Any] = lambda: transform(x, labels)
        else:
            self.work = lambda: transform(x)

    def prepare_step(self, net: str, shape: tuple[int, ...]) -> None:
        nn, optim = self.tinyconv.nn, self.tinyconv.optim
        model = self.tinyconv.models.create(net)
        optimizer = optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
        x, labels = self.tinyconv.randn(*shape), self.tinyconv.zeros(shape[0], dtype="int64")

        def step() -> None:
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x), labels).backward()
            optimizer.step()

        self.work = step

    def seconds(self, steps: int) -> list[float]:
        """The processor's time: all is done on one core, and what other programs take from it does not count."""
        times = []
        for _ in range(steps + 1):  # the first one brings the caches back
            start = time.process_time()
            self.work()
            times.append(time.process_time() - start)
        return times[1:]


class Theirs(Ours):
    """torchvision's."""

    def __init__(self) -> None:
        import torch

        torch.set_num_threads(1)
        # In a torchvision for another PyTorch the compiled operations are missing. They are not needed here.
        library = torch.library.Library("torchvision", "FRAGMENT")
        with warnings.catch_warnings(), suppress(RuntimeError):
            warnings.simplefilter("ignore")
            import torchvision  # noqa: F401
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if "torchvision" not in sys.modules:
                for name in ("nms", "qnms"):
                    library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
            from torchvision.transforms import v2

        self.torch, self.library = torch, library
        self.names = {**vars(v2), "bilinear": v2.InterpolationMode.BILINEAR, "NONE": None}
        self.names["Normalize"] = lambda mean, std: v2.Compose(
            [v2.ToDtype(torch.float32, scale=True), v2.Normalize(mean, std)]
        )

    def pictures(self, shape: tuple[int, ...]) -> Any:
        return self.torch.from_numpy(super().pictures(shape))

    def fixed(self, line: str, shape: tuple[int, ...]) -> Any:
        result = super().fixed(line, shape)
        return self.torch.stack(list(result), 1).numpy() if isinstance(result, tuple) else result.numpy()


def check(case: Case, shape: tuple[int, ...], ours: Contender, theirs: Contender) -> None:
    """Stop if the two libraries' pictures differ by more than rounding, in more than one pixel of a thousand."""
    import numpy as np

    line = case.fixed.format(s=shape[-1])
    a, b = (np.asarray(side.call("fixed", line, (4, *shape[1:])), np.float64) for side in (ours, theirs))
    if a.shape != b.shape:
        raise SystemExit(f"{line} gives {a.shape}, torchvision's {b.shape}.")
    wrong = np.mean(np.abs(a - b) > case.levels)
    if wrong > 1e-3:
        raise SystemExit(f"{line} differs from torchvision's in {wrong:.2%} of the pixels.")


def race(case: Case, batch: str, sides: list[Contender], chosen: argparse.Namespace) -> dict[str, Any]:
    """Check one transform on both sides, then time it."""
    shape = BATCHES[batch]
    sides = sides if case.fixed else sides[:1]
    if len(sides) == 2:
        check(case, shape, *sides)
    line = case.line.format(s=shape[-1])
    for side in sides:
        side.call("prepare", line, shape)
    rounds = take_turns(sides, chosen.rounds, chosen.seconds)
    times = {s.name: [1000 * median[s.name] for median, _ in rounds] for s in sides}
    ms = statistics.median(times["tinyconv"])
    N, _, H, W = shape
    result = {
        "transform": line,
        "batch": batch,
        "ms": {name: spread(values, 4) for name, values in times.items()},
        "ns_per_pixel": round(1e6 * ms / (N * H * W), 3),
        "images_per_s": round(1000 * N / ms),
        "cores_used_by_others": spread([others for _, others in rounds], digits=2),
    }
    if len(sides) == 2:
        ratios = [ours / theirs for ours, theirs in zip(times["tinyconv"], times["torchvision"], strict=True)]
        result["tinyconv_over_torchvision"] = spread(ratios)
    return result


def waiting(ours: Contender, chosen: argparse.Namespace) -> list[dict[str, Any]]:
    """How long the steps of some nets take on one core, and making their batches ready."""
    results = []
    for net, (shape, line) in NETS.items():
        times = {}
        for what, prepare in (("batch", ("prepare", line, shape)), ("step", ("prepare_step", net, shape))):
            ours.call(*prepare)
            rounds = take_turns([ours], min(chosen.rounds, 3), chosen.seconds)
            times[what] = 1000 * statistics.median(median["tinyconv"] for median, _ in rounds)
        share = times["batch"] / times["step"]
        name = f"{net}, {'x'.join(map(str, shape))}"
        print(f"{name:36}{times['batch']:>12.3g}{times['step']:>14.4g}{share:>12.1%}", flush=True)
        results.append({"net": net, "batch": list(shape), "transform": line, "ms": times, "share": share})
    return results


def report(result: dict[str, Any]) -> None:
    ms = result["ms"]
    line = f"  {result['transform']:68}{result['ns_per_pixel']:>9.3g}{result['images_per_s']:>12,}"
    line += f"{ms['tinyconv']['median']:>10.3g}"
    if "torchvision" in ms:
        line += f"{ms['torchvision']['median']:>13.3g}{show(result['tinyconv_over_torchvision']):>24}"
    print(line, flush=True)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--only", nargs="+", default=[""], metavar="TEXT", help="only transforms whose lines contain one of these")
    add("--no-nets", action="store_true", help="leave out the training steps at the end")
    add("--rounds", type=int, default=7, help="turns of each side (default: 7)")
    add("--seconds", type=float, default=0.05, help="length of a turn (default: 0.05)")
    add("--json", metavar="FILE", help="write the result there")
    chosen = parser.parse_args()
    if chosen.rounds < 1 or chosen.seconds <= 0:
        parser.error("--rounds and --seconds must be above 0")
    chosen.cases = [case for case in CASES if any(text.lower() in case.line.lower() for text in chosen.only)]
    if not chosen.cases:
        parser.error(f"no transform's line contains {' or '.join(map(repr, chosen.only))}")
    return chosen


def main() -> None:
    chosen = arguments()
    sides: list[tuple[str, type]] = [("tinyconv", Ours)]
    if all(importlib.util.find_spec(package) for package in ("torch", "torchvision")):
        sides.append(("torchvision", Theirs))
    else:
        print("torchvision is left out: it is not installed.")
    machine, ceilings = introduce(1, 0.5)
    results: list[dict[str, Any]] = []
    nets: list[dict[str, Any]] = []
    with ExitStack() as stack:
        contenders = [stack.enter_context(closing(Contender(name, build))) for name, build in sides]
        for batch in BATCHES:
            heading = f"{'ns a pixel':>10}{'pictures/s':>12}{'ms':>10}{'torchvision':>13}{'tinyconv / it':>24}"
            print(f"\n{batch:69}{heading}")
            for case in chosen.cases:
                results.append(race(case, batch, contenders, chosen))
                report(results[-1])
        if not chosen.no_nets:
            print(f"\n{'':36}{'batch, ms':>12}{'its step, ms':>14}{'share':>12}")
            nets = waiting(contenders[0], chosen)
    save(chosen, "augmentation", ("rounds", "seconds"), machine=machine, ceilings=ceilings, results=results, nets=nets)


if __name__ == "__main__":
    main()
