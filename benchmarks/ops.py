"""Single operations on the CPU, beside PyTorch's and the machine's ceilings: first are they right, then how fast.

    python benchmarks/ops.py --json benchmarks/results/ops.json
    python benchmarks/ops.py --ops "batch norm" pool

Each goes through the public API, recorded on the tape; a gradient is one step back along it. The operations are in
_cases.py. tinyconv's inputs lie in memory channels last, as inside a net; PyTorch's both ways.
"""

from __future__ import annotations

import argparse
import importlib.util
import statistics
from contextlib import ExitStack, closing
from functools import partial
from typing import Any

# NumPy is imported later, in functions: a process that imports tinyconv first has the better thread settings.
from _cases import CASES, Case, Side
from _machine import cores
from _report import introduce, save
from _timing import Contender, check_agree, seconds_of, show, spread, take_turns

# What Winograd's sums lose is 1.3e-5 of the result at most; a wrong line of pixels at a border is 1e-2.
TOLERANCE = 5e-5
SIDES = {  # library, inputs channels last?, weights?
    "tinyconv": ("tinyconv", True, False),
    "pytorch": ("torch", False, False),
    "pytorch-channels-last": ("torch", True, True),
}


class Operations:
    """One side's operations, to be asked for by their numbers in CASES."""

    def __init__(self, library: str, channels_last: bool, weights: bool, threads: int, dtype: str = "float32"):
        module = importlib.import_module(library)
        module.set_num_threads(threads)
        self.side = Side(module, channels_last, weights, dtype)

    def check(self, number: int) -> dict[str, Any]:
        """The results, those of a pass one after another."""
        case = CASES[number]
        self.side.begin()
        found = {}
        for name, result in (case.checks or case.passes)(self.side).items():
            results = result()
            results = results if isinstance(results, (tuple, list)) else [results]
            found |= {f"{name} ({i})": array(r) for i, r in enumerate(results)}
        return found

    def prepare(self, number: int) -> None:
        self.side.begin()
        self.passes = CASES[number].passes(self.side)

    def choose(self, name: str) -> None:
        self.chosen = self.passes[name]

    def seconds(self, steps: int) -> list[float]:
        return seconds_of(self.chosen, steps)


def array(result: Any) -> Any:
    return result.detach().numpy() if hasattr(result, "detach") else result


def contender(name: str, threads: int, dtype: str = "float32", **environment: str) -> Contender:
    return Contender(name, partial(Operations, dtype=dtype), *SIDES[name], threads, environment=environment)


def race(case: Case, sides: list[Contender], exact: Contender, chosen: argparse.Namespace) -> list[dict[str, Any]]:
    """Check one operation on every side, then time each of its passes."""
    number = CASES.index(case)
    expected = exact.call("check", number)
    errors = {
        s.name: check_agree(s.call("check", number), expected, f"{s.name}, {case.name}:", TOLERANCE) for s in sides
    }
    for side in sides:
        side.call("prepare", number)
    results = []
    for name, work in case.work.items():
        for side in sides:
            side.call("choose", name)
        rounds = take_turns(sides, chosen.rounds, chosen.seconds)
        times = {s.name: [1000 * median[s.name] for median, _ in rounds] for s in sides}
        others = [side.name for side in sides if side.name != "tinyconv"]
        best = min(others, key=lambda name: statistics.median(times[name]), default=None)
        results.append(
            {
                "operation": case.name,
                "pass": name,
                "unit": case.unit,
                "work": work,
                "ms": {side.name: spread(times[side.name], 4) for side in sides},
                "largest_errors": errors,
                "best_pytorch": best,
                "tinyconv_over": {
                    name: spread([ours / theirs for ours, theirs in zip(times["tinyconv"], times[name], strict=True)])
                    for name in others
                },
                "cores_used_by_others": spread([others for _, others in rounds], digits=2),
            }
        )
    return results


HEADING = f"{'':38}{'tinyconv ms':>13}{'rate':>14}{'of peak':>9}{'PyTorch ms':>12}  {'':16}{'tinyconv / it':>24}"


def report(result: dict[str, Any], ceilings: dict[str, float]) -> None:
    """One pass of an operation in one line."""
    ms, best = result["ms"]["tinyconv"]["median"], result["best_pytorch"]
    rate, unit = result["work"] / ms * 1000, f"{result['unit']}/s"
    ceiling = ceilings["sgemm_gflops" if result["unit"] == "GFLOP" else "copy_gb_per_s"]
    line = f"  {result['pass']:36}{ms:>13.4g}{rate:>7.4g} {unit:7}{rate / ceiling:>8.0%}"
    if best:
        layout = best.removeprefix("pytorch").strip("-") or "NCHW"
        line += f"{result['ms'][best]['median']:>12.4g}  {layout:16}{show(result['tinyconv_over'][best]):>24}"
    print(line, flush=True)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--ops", nargs="+", default=[""], metavar="TEXT", help="only operations whose names contain one of these")
    add("--sides", nargs="+", choices=SIDES, default=list(SIDES), help="default: all that are installed")
    add("--rounds", type=int, default=7, help="turns of each side (default: 7)")
    add("--seconds", type=float, default=0.05, help="length of a turn (default: 0.05)")
    add("--threads", type=int, default=cores(), help="of every side (default: all cores)")
    add("--json", metavar="FILE", help="write the result there")
    chosen = parser.parse_args()
    if "tinyconv" not in chosen.sides:
        parser.error("--sides needs tinyconv: the others are there to be compared with it")
    if min(chosen.rounds, chosen.threads) < 1 or chosen.seconds <= 0:
        parser.error("--rounds, --seconds and --threads must be above 0")
    chosen.cases = [case for case in CASES if any(text.lower() in case.name.lower() for text in chosen.ops)]
    if not chosen.cases:
        parser.error(f"no operation's name contains {' or '.join(map(repr, chosen.ops))}")
    return chosen


def main() -> None:
    chosen = arguments()
    has_torch = importlib.util.find_spec("torch") is not None
    if not has_torch:
        print("PyTorch is left out: it is not installed.")
    names = [name for name in chosen.sides if has_torch or SIDES[name][0] != "torch"]
    machine, ceilings = introduce(chosen.threads, 1.0)
    print(HEADING)
    results = []
    with ExitStack() as stack:
        twin, environment = ("pytorch", {}) if has_torch else ("tinyconv", {"TINYCONV_ENGINE": "numpy"})
        exact = stack.enter_context(closing(contender(twin, chosen.threads, "float64", **environment)))
        sides = [stack.enter_context(closing(contender(name, chosen.threads))) for name in names]
        for case in chosen.cases:
            print(case.name)
            for result in race(case, sides, exact, chosen):
                results.append(result)
                report(result, ceilings)
    settings = ("threads", "rounds", "seconds")
    save(chosen, "ops", settings, machine=machine, ceilings=ceilings, results=results)


if __name__ == "__main__":
    main()
