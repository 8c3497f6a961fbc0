"""Training steps and inference on a GPU, beside PyTorch's: first the tests, then are they equal, then how long.

    python benchmarks/gpu.py --json benchmarks/results/gpu.json
    python benchmarks/gpu.py --nets lenet5:64 resnet50:32 --no-tests

One process has both libraries, which take turns: A B C A B C. TF32 is allowed for both. The nets are in _nets.py.
Needs an NVIDIA GPU, CuPy and PyTorch for it.
"""

from __future__ import annotations

import argparse
import gc
import platform
import statistics
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from _gpu_sides import SIDES, Ours, Side, Theirs
from _nets import NETS, Job
from _report import save

ROOT = Path(__file__).parents[1]
SMALL = [Job("lenet5", 64), Job("lenet5", 512), Job("deck_mnist", 512), Job("deck_cifar", 128), Job("deck_cifar", 512)]
LARGE = [Job("resnet18", 64), Job("vgg16", 32), Job("resnet50", 32)]
TRAINING = [*SMALL, Job("resnet20", 128), *LARGE]
JOBS = [*TRAINING, *(Job(job.name, job.batch, inference=True) for job in TRAINING)]
TOLERANCE = 1e-3  # of ||a - b|| / ||b||, in float32 without TF32


def check(job: Job) -> dict[str, float]:
    """Outputs or loss and gradients of both libraries, in float32 throughout; stops where they differ."""
    import numpy as np
    import torch

    import tinyconv

    tinyconv.set_precision("accurate")
    torch.backends.cudnn.allow_tf32 = False
    theirs, ours = Theirs(job, exact=True).gradients(), Ours(job, exact=True).gradients()
    tinyconv.set_precision("fast")
    torch.backends.cudnn.allow_tf32 = True
    errors = {}
    for name, expected in theirs.items():
        errors[name] = float(np.linalg.norm(ours[name] - expected) / max(np.linalg.norm(expected), 1e-12))
        if not errors[name] < TOLERANCE:
            raise SystemExit(f"{job}: {name} differs from PyTorch's by {errors[name]:.1e} of its size.")
    return {"largest_error": max(errors.values()), "compared": len(errors)}


def race(job: Job, names: list[str], rounds: int, seconds: float) -> dict[str, Any]:
    """The sides in turn: medians of the step's time, memory, and ratios to PyTorch's eager mode."""
    found: dict[str, Any] = {}
    sides: dict[str, Side] = {}
    for name in names:
        gc.collect()
        try:
            side = SIDES[name](job)
            for _ in range(5):
                side.step()
            side.memory()
            sides[name] = side
        except Exception as error:  # a mode of PyTorch that this machine cannot run, say
            found[name] = {"failed": f"{type(error).__name__}: {error}".splitlines()[0][:200]}
    steps = {name: max(1, round(seconds / side.seconds(3))) for name, side in sides.items()}
    times: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, side in sides.items():
            times[name].append(1000 * side.seconds(steps[name]))
    for name, side in sides.items():
        ordered = sorted(times[name])
        found[name] = {
            "step_ms": round(statistics.median(ordered), 4),
            "quartiles_ms": [round(ordered[len(ordered) // 4], 4), round(ordered[-1 - len(ordered) // 4], 4)],
            "peak_mb": side.peak_mb,
        }
        if "PyTorch" in times:
            ratios = [ours / theirs for ours, theirs in zip(times[name], times["PyTorch"], strict=True)]
            found[name]["over_pytorch"] = round(statistics.median(ratios), 3)
    return {"net": job.name, "batch": job.batch, "inference": job.inference, "sides": found}


def machine() -> dict[str, Any]:
    """The GPU, its own ceilings, and versions."""
    import torch

    import tinyconv

    torch.backends.cuda.matmul.allow_tf32 = True
    tinyconv.set_float32_matmul_precision("high")
    n = 8192
    a, b = torch.randn(n, n, device="cuda"), torch.randn(n, n, device="cuda")
    source = torch.randn(2**28, device="cuda")
    copied = torch.empty_like(source)
    versions: dict[str, str | None] = {"python": platform.python_version()}
    for package in ("tinyconv", "numpy", "cupy-cuda12x", "cupy-cuda13x", "torch"):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = None
    return {
        "gpu": torch.cuda.get_device_name(),
        "cuda": torch.version.cuda,
        "tf32_tflops": round(2 * n**3 / _time(torch, lambda: a @ b) / 1e12, 1),
        "copy_gb_per_s": round(2 * source.nbytes / _time(torch, lambda: copied.copy_(source)) / 1e9),
        "versions": versions,
    }


def _time(torch: Any, work: Any) -> float:
    """Seconds, the median of ten after three to warm up."""
    times = []
    for _ in range(13):
        begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        begin.record()
        work()
        end.record()
        end.synchronize()
        times.append(begin.elapsed_time(end) / 1000)
    return statistics.median(times[3:])


def table(results: list[dict[str, Any]], names: list[str]) -> str:
    """Milliseconds a step, and the ratio to PyTorch's eager mode in brackets: a table in Markdown."""
    lines = ["| net, batch | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for result in results:
        job = f"{result['net']}, {result['batch']}" + (", inference" if result["inference"] else "")
        cells = [_cell(result["sides"].get(name, {})) for name in names]
        lines.append(f"| {job} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(side: dict[str, Any]) -> str:
    if "step_ms" not in side:
        return "failed" if "failed" in side else ""
    ratio = f" ({side['over_pytorch']:.2f})" if "over_pytorch" in side else ""
    return f"{side['step_ms']:.3g} ms{ratio}, {side['peak_mb']:.0f} MB"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    nets = f"NET:BATCH or NET:BATCH:inference, of {', '.join(NETS)} (default: {' '.join(map(str, JOBS))})"
    add("--nets", type=Job.parse, nargs="+", default=JOBS, metavar="NET", help=nets)
    add("--sides", nargs="+", choices=SIDES, default=list(SIDES), help="default: all")
    add("--rounds", type=int, default=10, help="turns of each side (default: 10)")
    add("--seconds", type=float, default=0.2, help="length of a turn (default: 0.2)")
    add("--no-tests", action="store_true", help="leave the correctness tests out")
    add("--json", metavar="FILE", help="write the result there")
    return parser.parse_args()


def main() -> None:
    chosen = arguments()
    tested = None
    if not chosen.no_tests:
        done = subprocess.run([sys.executable, "-m", "pytest", "-q", "-m", "gpu", "tests/on_gpu", "-n4"], cwd=ROOT)
        tested = done.returncode == 0
    about = machine()
    print(f"{about['gpu']}: {about['tf32_tflops']} TFLOP/s in TF32 products, copies {about['copy_gb_per_s']} GB/s\n")
    results = []
    for job in chosen.nets:
        result = {"check": check(job), **race(job, chosen.sides, chosen.rounds, chosen.seconds)}
        results.append(result)
        print(table([result], chosen.sides), flush=True)
    print(f"\n{table(results, chosen.sides)}")
    save(chosen, "gpu", ("rounds", "seconds"), machine=about, tests_passed=tested, results=results)


if __name__ == "__main__":
    main()
