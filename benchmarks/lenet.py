"""A training step of LeNet-5 in tinyconv and in PyTorch: first are they equal, then how long does it take.

    python benchmarks/lenet.py --batch 64 512 --json benchmarks/results/lenet-cpu.json

A step is zero_grad, forward, cross entropy, backward, and SGD with Nesterov momentum, through the public API.
The README beside this file says how to read the result.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import shlex
import statistics
import sys
import time
from contextlib import ExitStack, closing
from typing import Any

# NumPy is imported later, in functions: a process that imports tinyconv first has the better thread settings.
from _machine import Machine, cores, page_faults, peak_memory, settings
from _timing import Contender, check_agree, medians, quietest, seconds_of, show, spread, take_turns, write_json

SETTINGS = {"lr": 0.1, "momentum": 0.9, "nesterov": True}
LAYERS = {  # weight's shape, and at how many places in a picture it is multiplied
    "features.0": ((6, 1, 5, 5), 28 * 28),
    "features.3": ((16, 6, 5, 5), 10 * 10),
    "classifier.1": ((120, 400), 1),
    "classifier.3": ((84, 120), 1),
    "classifier.5": ((10, 84), 1),
}
TOLERANCE = 1e-4  # float32 sums in other orders; a wrong gradient is off by 1e-2 and more


class Training:
    """A model in training. tinyconv has PyTorch's names, so the same lines train both."""

    def __init__(self, model: Any, optimizer: Any, cross_entropy: Any, pictures: Any, labels: Any, base: float | None):
        self.model, self.optimizer, self.cross_entropy = model, optimizer, cross_entropy
        self.pictures, self.labels = pictures, labels
        self.base = base  # MB, after the imports

    def forward(self) -> Any:
        self.optimizer.zero_grad()
        return self.cross_entropy(self.model(self.pictures), self.labels)

    def step(self) -> Any:
        loss = self.forward()
        loss.backward()
        self.optimizer.step()
        return loss

    def first_steps(self) -> dict[str, Any]:
        """What is compared: the loss, the gradients, and how three steps change the weights."""
        found = {"loss": self.step().item()}
        for name, p in self.model.named_parameters():
            found[f"the gradient of {name}"] = p.grad.numpy().copy()
        self.step()
        self.step()
        for name, p in self.model.named_parameters():
            found[f"the change of {name} in three steps"] = p.detach().numpy() - initial_weights()[name]
        return found

    def seconds(self, steps: int) -> list[float]:
        return seconds_of(self.step, steps)

    def memory(self, steps: int) -> dict[str, float | None]:
        """Peak memory so far, and the pages that a step has to ask the system for."""
        peak, before = peak_memory(), page_faults()
        for _ in range(steps):
            self.step()
        return {
            "peak_mb": peak and round(peak, 1),
            "after_imports_mb": self.base and round(self.base, 1),
            "page_faults_a_step": None if before is None else round((page_faults() - before) / steps),
        }

    def settings(self) -> dict[str, str]:
        return settings()

    def parts(self, steps: int) -> dict[str, float]:
        from _parts import parts_of

        self.step()  # brings threads and caches back
        return medians([parts_of(self.forward, self.optimizer.step) for _ in range(steps)])


# ---------------------------------------------------------------- the contenders


def tinyconv(batch: int, threads: int) -> Training:
    import tinyconv as tc

    tc.set_num_threads(threads)
    base = peak_memory()
    model = tc.models.LeNet5()
    model.load_state_dict(initial_weights())
    pictures, labels = map(tc.from_numpy, examples(batch))
    optimizer = tc.optim.SGD(model.parameters(), **SETTINGS)
    return Training(model, optimizer, tc.nn.functional.cross_entropy, pictures, labels, base)


def pytorch(batch: int, threads: int, channels_last: bool = False) -> Training:
    import torch
    from torch import nn

    torch.set_num_threads(threads)
    base = peak_memory()
    model = nn.Module()  # the same names as in tinyconv.models.LeNet5
    model.features = nn.Sequential(
        *(nn.Conv2d(1, 6, 5, padding=2), nn.Tanh(), nn.AvgPool2d(2)),
        *(nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2)),
    )
    model.classifier = nn.Sequential(
        *(nn.Flatten(), nn.Linear(400, 120), nn.Tanh(), nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, 10))
    )
    model.forward = lambda x: model.classifier(model.features(x))
    model.load_state_dict({name: torch.from_numpy(w) for name, w in initial_weights().items()})
    pictures, labels = map(torch.from_numpy, examples(batch))
    if channels_last:
        model = model.to(memory_format=torch.channels_last)
        pictures = pictures.contiguous(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(model.parameters(), **SETTINGS)
    return Training(model, optimizer, nn.functional.cross_entropy, pictures, labels, base)


def pytorch_channels_last(batch: int, threads: int) -> Training:
    return pytorch(batch, threads, channels_last=True)


SIDES = {  # name: (how to build it, its environment)
    "tinyconv": (tinyconv, {}),
    "tinyconv-numpy": (tinyconv, {"TINYCONV_ENGINE": "numpy"}),  # the definitions: im2col and BLAS
    "tinyconv-spin": (tinyconv, {"OMP_WAIT_POLICY": "active", "OPENBLAS_THREAD_TIMEOUT": "26"}),
    "pytorch": (pytorch, {}),
    "pytorch-channels-last": (pytorch_channels_last, {}),
}
KEEP_MEMORY = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(2**40)}  # glibc: hand nothing back
DEFAULT = ["tinyconv", "tinyconv-numpy", "pytorch", "pytorch-channels-last"]


def initial_weights() -> dict[str, Any]:
    """The same in every process: U(-1/sqrt(fan_in), 1/sqrt(fan_in))."""
    import numpy as np

    rng = np.random.default_rng(5)
    weights = {}
    for layer, (shape, _) in LAYERS.items():
        bound = np.prod(shape[1:]) ** -0.5
        weights[f"{layer}.weight"] = rng.uniform(-bound, bound, shape).astype(np.float32)
        weights[f"{layer}.bias"] = rng.uniform(-bound, bound, shape[0]).astype(np.float32)
    return weights


def examples(batch: int) -> tuple[Any, Any]:
    """Normal noise in the shape of digits, and labels; what is in the pictures does not matter to the time."""
    import numpy as np

    rng = np.random.default_rng(28)
    return rng.standard_normal((batch, 1, 28, 28), np.float32), rng.integers(0, 10, batch)


def gflop(batch: int) -> float:
    """Multiplications and additions of a step: forward, dw, and dx except in the first layer."""
    macs = [
        places * shape[0] * shape[1] * (shape[2] * shape[3] if shape[2:] else 1) for shape, places in LAYERS.values()
    ]
    return 2 * batch * (3 * sum(macs) - macs[0]) / 1e9


# ---------------------------------------------------------------- the race


def race(names: list[str], batch: int, chosen: argparse.Namespace) -> dict[str, Any]:
    """Check and time the sides at one batch size, in several launches of new processes."""
    reference = "pytorch" if "pytorch" in names else names[-1]
    launches = [launch(names, reference, batch, chosen) for _ in range(chosen.launches)]
    rounds = [one for each in launches for one in each["rounds"]]
    times = {name: [1000 * median[name] for median, _ in rounds] for name in names}
    return {
        "batch": batch,
        "gflop": round(gflop(batch), 3),
        "checked_against": reference,
        "cores_used_by_others": spread([others for _, others in rounds], digits=2),
        "sides": {
            name: {
                "step_ms": spread(times[name]),
                "step_ms_of_launches": [
                    round(1000 * statistics.median(median[name] for median, _ in each["rounds"]), 3)
                    for each in launches
                ],
                **{key: [each["memory"][name][key] for each in launches] for key in launches[0]["memory"][name]},
                "environment": launches[0]["environment"][name],
                "largest_difference": max(each["differences"][name] for each in launches),
            }
            for name in names
        },
        "tinyconv_over": {
            name: spread([ours / theirs for ours, theirs in zip(times["tinyconv"], times[name], strict=True)])
            for name in names
            if name != "tinyconv"
        },
        "parts_ms": {
            name: medians([split[name] for each in launches for split, _ in each["parts"]])
            for name in names
            if SIDES[name][0] is tinyconv
        },
    }


def launch(names: list[str], reference: str, batch: int, chosen: argparse.Namespace) -> dict[str, Any]:
    """One new process for each side: what it measured there."""
    with ExitStack() as stack:
        sides, found = [], {}
        for name in names:
            build, environment = SIDES[name]
            side = Contender(name, build, batch, chosen.threads, environment=environment)
            sides.append(stack.enter_context(closing(side)))
            found[name] = side.call("first_steps")
        result: dict[str, Any] = {
            "differences": {
                name: check_agree(found[reference], found[name], f"{name}, batch {batch}", TOLERANCE) for name in names
            }
        }
        result["rounds"] = take_turns(sides, chosen.rounds, chosen.seconds)
        result["memory"] = {side.name: side.call("memory", 20) for side in sides}
        result["environment"] = {side.name: side.call("settings") for side in sides}
        watched = [side for side in sides if SIDES[side.name][0] is tinyconv]
        splits = max(1, chosen.rounds // 4)
        result["parts"] = quietest(lambda: {s.name: s.call("parts", 20) for s in watched}, splits, sides)
    return result


def report(result: dict[str, Any]) -> None:
    """One batch size as a table, and where tinyconv's time goes."""
    busy = show(result["cores_used_by_others"])
    print(f"\nBatch {result['batch']}: median (quartiles) of the rounds; other programs used {busy} cores")
    print(f"{'':24}{'ms a step':>26}{'tinyconv / it':>26}{'peak MB':>10}{'page faults':>16}")
    for name, side in result["sides"].items():
        over = result["tinyconv_over"].get(name)
        peak = max(filter(None, side["peak_mb"]), default="unknown")
        faults = " ".join(map(str, side["page_faults_a_step"]))
        print(f"{name:24}{show(side['step_ms']):>26}{show(over) if over else '':>26}{peak:>10}  {faults:>14}")
    parts = result["parts_ms"]["tinyconv"]
    total = sum(parts.values())
    print(f"Where tinyconv's time goes (observed: {total:.3g} ms)")
    for part, ms in parts.items():
        print(f"  {part:24}{ms:9.3f} ms{ms / total:8.1%}")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    has_torch = importlib.util.find_spec("torch") is not None
    default = [name for name in DEFAULT if has_torch or not name.startswith("pytorch")]
    parser.add_argument("--batch", type=int, nargs="+", default=[64, 512], metavar="N")
    parser.add_argument("--launches", type=int, default=4, help="of new processes for every side (default: 4)")
    parser.add_argument("--rounds", type=int, default=8, help="turns of each side in a launch (default: 8)")
    parser.add_argument("--seconds", type=float, default=0.3, help="length of a turn (default: 0.3)")
    parser.add_argument("--threads", type=int, default=cores(), help="of every side (default: all cores)")
    parser.add_argument("--sides", nargs="+", choices=SIDES, default=default, help=f"default: {' '.join(default)}")
    parser.add_argument("--keep-memory", action="store_true", help="let no side hand memory back (glibc only)")
    parser.add_argument("--json", metavar="FILE", help="write the result there")
    chosen = parser.parse_args()
    if "tinyconv" not in chosen.sides or len(set(chosen.sides)) < 2:
        parser.error("--sides needs tinyconv and at least one other side to check it against")
    if min(*chosen.batch, chosen.launches, chosen.rounds, chosen.threads) < 1 or chosen.seconds <= 0:
        parser.error("--batch, --launches, --rounds, --seconds and --threads must be above 0")
    return chosen


def main() -> None:
    chosen = arguments()
    if chosen.keep_memory:
        os.environ |= KEEP_MEMORY
    with closing(Contender("the machine", Machine, chosen.threads)) as probe:
        machine = probe.call("describe")
        ceilings = probe.call("ceilings", 10 * chosen.seconds)
    print(
        f"{machine['cpu']}, {machine['cores']} cores, {chosen.threads} threads; load before: {machine['load_before']}"
    )
    print(f"Its ceilings: {ceilings['sgemm_gflops']} GFLOP/s (sgemm), {ceilings['copy_gb_per_s']} GB/s (copy)")
    results = []
    for batch in chosen.batch:
        results.append(race(chosen.sides, batch, chosen))
        report(results[-1])
    if chosen.json:
        content = {
            "benchmark": "lenet",
            "command": f"python {shlex.join(sys.argv)}",
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "threads": chosen.threads,
            "keep_memory": chosen.keep_memory,
            "launches": chosen.launches,
            "rounds": chosen.rounds,
            "machine": machine,
            "ceilings": ceilings,
            "results": results,
        }
        write_json(chosen.json, content)
        print(f"\nWritten to {chosen.json}")


if __name__ == "__main__":
    main()
