"""What a user waits for once: `import tinyconv`, and the first training step with and without compiled kernels.

    python benchmarks/start.py --json benchmarks/results/start-cpu.json

Each figure is from new processes. The empty cache is a temporary folder; the user's own is not emptied.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from _machine import Machine, cores
from _timing import show, spread, write_json

IMPORT = "import time; start = time.perf_counter(); import {}; print(time.perf_counter() - start)"
FIRST_STEP = """
import time
start = time.perf_counter()
import tinyconv as tc
from _nets import NETS
net = NETS["{}"]
model = net.build(tc.nn)
optimizer = tc.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
pictures, labels = tc.randn(64, *net.picture), tc.zeros(64, dtype="int64")
tc.nn.functional.cross_entropy(model(pictures), labels).backward()
optimizer.step()
print(time.perf_counter() - start)
"""
NETS = {"LeNet-5": "lenet5", "ResNet-20": "resnet20"}


def seconds(code: str, **environment: str) -> float:
    """What a new interpreter prints that runs the code."""
    path = os.pathsep.join(filter(None, [str(Path(__file__).parent), os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, "PYTHONPATH": path, **environment}
    run = subprocess.run([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return float(run.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=11, help="processes for each figure (default: 11)")
    parser.add_argument("--cold", type=int, default=3, help="processes with an empty cache (default: 3)")
    parser.add_argument("--json", metavar="FILE", help="write the result there")
    chosen = parser.parse_args()
    if chosen.times < 1 or chosen.cold < 0:
        parser.error("--times must be above 0, --cold at least 0")
    steps = {name: FIRST_STEP.format(net) for name, net in NETS.items()}
    tasks = {f"import {package}": IMPORT.format(package) for package in ("numpy", "tinyconv")}
    tasks |= {f"first step of {name}, kernels from the cache": code for name, code in steps.items()}
    times: dict[str, list[float]] = {name: [] for name in tasks}
    for code in steps.values():
        seconds(code)  # fills the cache
    for _ in range(chosen.times):
        for name, code in tasks.items():
            times[name].append(seconds(code))
    for _ in range(chosen.cold):
        for name, code in steps.items():
            with tempfile.TemporaryDirectory() as cache:
                times.setdefault(f"first step of {name}, empty cache", []).append(seconds(code, NUMBA_CACHE_DIR=cache))
    for name, values in times.items():
        print(f"{name:45}{show(spread(values))} s")
    if chosen.json:
        figures = {name: {"processes": len(values), **spread(values)} for name, values in times.items()}
        write_json(chosen.json, {"benchmark": "start", "machine": Machine(cores()).describe(), "seconds": figures})


if __name__ == "__main__":
    main()
