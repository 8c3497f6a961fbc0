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

from _machine import Machine, cores
from _timing import show, spread, write_json

IMPORT = "import time; start = time.perf_counter(); import {}; print(time.perf_counter() - start)"
FIRST_STEP = """
import time
start = time.perf_counter()
import tinyconv as tc
model = tc.models.LeNet5()
optimizer = tc.optim.SGD(model.parameters(), momentum=0.9, nesterov=True)
pictures, labels = tc.randn(64, 1, 28, 28), tc.zeros(64, dtype="int64")
tc.nn.functional.cross_entropy(model(pictures), labels).backward()
optimizer.step()
print(time.perf_counter() - start)
"""


TASKS = {
    "import numpy": IMPORT.format("numpy"),
    "import tinyconv": IMPORT.format("tinyconv"),
    "first step, kernels from the cache": FIRST_STEP,
}


def seconds(code: str, **environment: str) -> float:
    """What a new interpreter prints that runs the code."""
    environment = os.environ | environment
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
    times: dict[str, list[float]] = {name: [] for name in TASKS}
    seconds(FIRST_STEP)  # fills the cache
    for _ in range(chosen.times):
        for name, code in TASKS.items():
            times[name].append(seconds(code))
    for _ in range(chosen.cold):
        with tempfile.TemporaryDirectory() as cache:
            times.setdefault("first step, empty cache", []).append(seconds(FIRST_STEP, NUMBA_CACHE_DIR=cache))
    for name, values in times.items():
        print(f"{name:36}{show(spread(values))} s")
    if chosen.json:
        figures = {name: {"processes": len(values), **spread(values)} for name, values in times.items()}
        write_json(chosen.json, {"benchmark": "start", "machine": Machine(cores()).describe(), "seconds": figures})


if __name__ == "__main__":
    main()
