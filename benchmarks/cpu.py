"""Whole training steps on the CPU, beside PyTorch's and Keras's: first are they equal, then how long do they take.

    python benchmarks/cpu.py --json benchmarks/results/cpu.json
    python benchmarks/cpu.py --nets lenet5 vgg16:1:inference --parts

A step is zero_grad, forward, cross entropy, backward and the optimiser, in float32, through the public API.
The nets are in _nets.py; the README beside this file says how to read the result.
"""

from __future__ import annotations

import argparse
import os
import statistics
from contextlib import ExitStack, closing
from typing import Any

# NumPy is imported later, in functions: a process that imports tinyconv first has the better thread settings.
from _machine import cores
from _nets import JOBS, NETS, Job
from _report import introduce, save
from _sides import DEFAULT, KEEP_MEMORY, SIDES, contender
from _table import HEADING, report, summary
from _timing import check_agree, error_of, medians, quietest, spread, take_turns

EXACT = 1e-6  # what two sides may differ by in float64; it is compared in float32
NOISE = 1e-5  # 3 times what Winograd's sums lose in a layer of a net in float32, and 50 times what plain ones lose


# ---------------------------------------------------------------- first equal


def check(job: Job, names: list[str], threads: int) -> dict[str, Any]:
    """Compare every side, without dropout, with the same step in float64; stop where one is wrong.

    tinyconv in float64 must give the same. In float32 gradients jump where rounding decides which pixel a max pool
    takes, so what rounding may do is measured: by how much the step changes if all weights do by about NOISE.
    """
    twin = "tinyconv-numpy" if SIDES["pytorch"].missing() else "pytorch"

    with closing(contender(twin, job, threads, checking=True, dtype="float64")) as side:
        exact, nearby, gflop = side.call("check"), side.call("check", NOISE), side.call("gflop")
    tolerance = {kind: error_of(nearby[kind], exact[kind])[0] for kind in exact}
    del nearby

    def errors_of(name: str, title: str, tolerance: dict[str, float], **options: Any) -> dict[str, float]:
        with closing(contender(name, job, threads, checking=True, **options)) as side:
            found = side.call("check")
        return {kind: check_agree(found[kind], exact[kind], f"{title}, {job}:", tolerance[kind]) for kind in exact}

    errors_of("tinyconv", "tinyconv in float64", dict.fromkeys(exact, EXACT), dtype="float64")
    errors = {name: errors_of(name, name, tolerance) for name in names}
    return {"gflop": gflop, "checked_against": f"{twin} in float64", "tolerance": tolerance, "errors": errors}


# ---------------------------------------------------------------- then fast


def race(job: Job, names: list[str], chosen: argparse.Namespace) -> dict[str, Any]:
    """Check and time the sides on one net, in several launches of new processes."""
    checked = check(job, names, chosen.threads)
    launches = [launch(job, names, chosen) for _ in range(chosen.launches)]
    rounds = [one for each in launches for one in each["rounds"]]
    times = {name: [1000 * median[name] for median, _ in rounds] for name in names}
    pytorch = [name for name in names if name.startswith("pytorch")]
    result = {
        "net": job.name,
        "batch": job.batch,
        "inference": job.inference,
        "gflop": round(checked["gflop"], 3),
        "checked_against": checked["checked_against"],
        "tolerance": checked["tolerance"],
        "best_pytorch": min(pytorch, key=lambda name: statistics.median(times[name]), default=None),
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
                "largest_errors": checked["errors"][name],
            }
            for name in names
        },
        "tinyconv_over": {
            name: spread([ours / theirs for ours, theirs in zip(times["tinyconv"], times[name], strict=True)])
            for name in names
            if name != "tinyconv"
        },
    }
    if chosen.parts and not job.inference:
        result["parts_ms"] = medians([split for each in launches for split, _ in each["parts"]])
    return result


def launch(job: Job, names: list[str], chosen: argparse.Namespace) -> dict[str, Any]:
    """One new process for each side: what it measured there."""
    with ExitStack() as stack:
        sides = [stack.enter_context(closing(contender(name, job, chosen.threads))) for name in names]
        for side in sides:
            side.call("warm_up")
        result = {
            "rounds": take_turns(sides, chosen.rounds, chosen.seconds),
            "memory": {side.name: side.call("memory", 2) for side in sides},
            "environment": {side.name: side.call("settings") for side in sides},
        }
        if chosen.parts and not job.inference:
            ours = sides[names.index("tinyconv")]
            result["parts"] = quietest(lambda: ours.call("parts", chosen.seconds), max(1, chosen.rounds // 4), sides)
        return result


# ---------------------------------------------------------------- the command


def jobs_of(text: str) -> list[Job]:
    """ "vgg16": all jobs with it; "vgg16:2" or "vgg16:2:inference": that one."""
    try:
        return [job for job in JOBS if job.name == text] or [Job.parse(text)]
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not NET, NET:BATCH or NET:BATCH:inference") from None


def sides_of(names: list[str], job: Job) -> list[str]:
    """Those that can be had here, and for this net."""
    return [name for name in names if not SIDES[name].missing() and (name != "keras" or job.net.plain)]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    nets = f"NET, NET:BATCH or NET:BATCH:inference, of {', '.join(NETS)} (default: {' '.join(map(str, JOBS))})"
    add("--nets", type=jobs_of, nargs="+", default=[JOBS], metavar="NET", help=nets)
    add("--sides", nargs="+", choices=SIDES, default=DEFAULT, help=f"default: {' '.join(DEFAULT)}, where installed")
    add("--launches", type=int, default=2, help="of new processes for every side (default: 2)")
    add("--rounds", type=int, default=6, help="turns of each side in a launch (default: 6)")
    add("--seconds", type=float, default=0.3, help="length of a turn; at least a step (default: 0.3)")
    add("--threads", type=int, default=cores(), help="of every side (default: all cores)")
    add("--parts", action="store_true", help="split tinyconv's step by operation")
    add("--keep-memory", action="store_true", help="let no side hand memory back (glibc only)")
    add("--json", metavar="FILE", help="write the result there")
    chosen = parser.parse_args()
    if "tinyconv" not in chosen.sides:
        parser.error("--sides needs tinyconv: the others are there to be compared with it")
    if min(chosen.launches, chosen.rounds, chosen.threads) < 1 or chosen.seconds <= 0:
        parser.error("--launches, --rounds, --seconds and --threads must be above 0")
    return chosen


def main() -> None:
    chosen = arguments()
    if chosen.keep_memory:
        os.environ |= KEEP_MEMORY
    for name in chosen.sides:
        if missing := SIDES[name].missing():
            print(f"{name} is left out: it needs {missing}.")
    machine, ceilings = introduce(chosen.threads, 10 * chosen.seconds)
    print(f"Medians (quartiles) of the rounds\n{HEADING}")
    results = []
    for job in [job for jobs in chosen.nets for job in jobs]:
        results.append(race(job, sides_of(chosen.sides, job), chosen))
        report(results[-1], ceilings["sgemm_gflops"])
    summary(results, ceilings["sgemm_gflops"])
    settings = ("threads", "launches", "rounds", "seconds", "keep_memory")
    save(chosen, "cpu", settings, machine=machine, ceilings=ceilings, results=results)


if __name__ == "__main__":
    main()
