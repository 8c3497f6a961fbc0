"""Mutants of the real backward rules: does the gradient check notice when one of them is changed a little?

    python tests/mutants.py               # all of them; prints the score
    python tests/mutants.py pool conv     # of these files alone
    python tests/mutants.py --write       # all of them, and docs/mutation.md is written anew

One thing at a time is changed (a sign, a term, an index, two operands, ...) in the rules that tinyconv/ops gives to
record(), in what they call in the same file, and in the definitions of kernels/ that compute gradients. The
mutated code takes the place of the function's own, and the registry's samples that reach it go through the
gradient check in the `numpy` engine. A mutant that no sample rejects has survived.
"""

from __future__ import annotations

import argparse
import re
import signal
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from mutations import Mutant, all_mutants
from registry import Op, Sample, all_ops, found_in, tensors_of

import tinyconv
from tinyconv import random
from tinyconv.gradcheck import gradcheck, hints
from tinyconv.tensor import Tensor, grad

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "mutation.md"
SECONDS = 20  # a mutant that runs for longer counts as killed
MOST = 400  # samples that are tried on one mutant, the quickest first

# Mutants that may live: patterns of their keys, and why no gradient check could see them. One that is killed is killed.
CORNER = (
    "At equality there is a corner, where every slope between both is right; which one is taken is PyTorch's choice."
)
ONLY_WORK = "A short cut that saves work and changes no number."
ELSEWHERE = "It shows in half precision alone, or on a GPU: tests/on_gpu looks there."
BROADCAST = "Broadcasting gives the same shape a step later."
EQUIVALENT = [
    (r"(prelu|elu\w*|clip|relu\w*|batch_norm\w*): .*(x|y) >=? (0|low) -> .*", CORNER),
    (r"clip: x <= high -> x < high", CORNER),
    (r"softplus: .* > threshold -> .* >= threshold", "At the threshold both formulas agree to e^-20."),
    (r"pow: 1 -> (2|0)( #3)?", "What stands where b = 0 is multiplied by 0; it is there so that 0^-1 is not computed."),
    (
        r"_vanishes: .*",
        "0^b for b <= 0 is infinite or has no difference quotient on both sides; PyTorch's 0 is tested.",
    ),
    (r"conv2d_relu: .* if wanted\[\d\] else None -> .*", ONLY_WORK),
    (r"_window_sums: (C - 1 -> C( \+ 1)?|1 -> 0)( #\d)?", ONLY_WORK),
    (r"batch_norm_input: .* if residual else .* -> \(\*gradients, added\)", ONLY_WORK),
    (r"batch_norm_input: False -> True( #2)?", ONLY_WORK),
    (r"batch_norm_input: \(x\.dtype, dy, wide\(dy\), wide\(x\)\) -> .*", ELSEWHERE),
    (r"_gradients: a\.float\(\) if a\.dtype == np\.float16 else a -> a", ELSEWHERE),
    (r"put: (index if )?x\.device == 'cpu'.* -> .*", ELSEWHERE),
    (r"_cross_entropy: softmax\(x, 1\) if is_grad_enabled\(\) else .* -> softmax\(x, 1\)", ONLY_WORK),
    (r"_rows: x if x.ndim == 2 else .* -> reshape\(.*", ONLY_WORK),
    (r"relu_input: (dy if gain == 1 else .* -> dy \* .*|1 -> 0)", ONLY_WORK),
    (r"_extreme: expand\(.* -> reshape\(dy, kept\)", BROADCAST),
    (r"_extreme: 1 -> 0", "There is always a winner, except among NaN: the 1 keeps 0/0 away there."),
    (r"_how_many: 0 -> 1", "Padding is as wide at both ends."),
    (
        r"_how_many: np.minimum.* - np.maximum.* -> np.maximum.* - np.minimum.*",
        "Minus times minus: both axes change sign.",
    ),
    (r"_how_many: size\[axis\] \+ after -> size\[axis\]$", "Without a border that counts, after is 0."),
    (r"adaptive_avg_pool2d_input: \(:, :, oy, ox, None, None\) -> \(:, :, oy, None, ox, None\)", BROADCAST),
    (r"sum_to: True -> False", "The sum is reshaped in the end, with or without its axes of size 1."),
    (r"(from|to)_places: 1 -> 2", "NumPy takes every negative size for the one that is to be found out."),
    (r"channel_sums: \(0, 2, 3\) -> .*", "A sum over several axes does not depend on their order."),
]


def reason(mutant: Mutant) -> str:
    """Why this mutant may live, or nothing."""
    change = mutant.key.partition(" ")[2]
    return next((why for pattern, why in EQUIVALENT if re.fullmatch(pattern, change)), "")


@dataclass(eq=False)
class Case:
    """One sample of one operation; the code that its backward pass runs, and how much work a check is."""

    op: Op
    sample: Sample
    order: int
    reached: frozenset = frozenset()
    work: float = 0.0

    def run(self) -> list[Tensor]:
        """The leaves, after one backward pass, and for order 2 one through that."""
        leaves, outputs = self.forward()
        us = [Tensor(np.ones(y.shape), requires_grad=True) for y in outputs]
        dxs = grad(outputs, leaves, us, create_graph=self.order == 2, allow_unused=True)
        dxs = [dx for dx in dxs if dx is not None and dx.requires_grad]
        if dxs:
            grad(dxs, [*leaves, *us], [Tensor(np.ones(dx.shape)) for dx in dxs], allow_unused=True)
        return leaves

    def forward(self) -> tuple[list[Tensor], list[Tensor]]:
        """The leaves, and the results that have gradients."""
        args = tensors_of(self.sample.draw(np.random.default_rng(0)))
        random.manual_seed(7)
        y = self.op.function(*args, **self.sample.kwargs)
        outputs = [t for t in (y if isinstance(y, (tuple, list)) else [y]) if t.dtype.kind == "f" and t.requires_grad]
        return [x for x in found_in(args, Tensor) if x.requires_grad], outputs

    @cached_property
    def values(self) -> list[np.ndarray]:
        """The results as they should be: other tests hold them to plain loops and to PyTorch."""
        return [y.detach().numpy() for y in self.forward()[1]]

    def has_other_values(self) -> bool:
        """Does the code as it is now give other results?"""
        try:
            found = [y.detach().numpy() for y in self.forward()[1]]
        except TimeoutError:
            raise
        except Exception:  # a mutant may fail in any way, and then gives no results at all
            return True
        return not all(np.allclose(y, y0, 1e-9, 1e-12, True) for y, y0 in zip(found, self.values, strict=True))

    def rejects(self) -> bool:
        """Does the gradient check refuse the code as it is now? What raises an error is refused as well."""
        args = tensors_of(self.sample.draw(np.random.default_rng(0)))
        leaves = [x for x in found_in(args, Tensor) if x.requires_grad]
        random.manual_seed(7)
        try:
            report = gradcheck(
                lambda *_: self.op.function(*args, **self.sample.kwargs),
                leaves,
                order=self.order,
                raise_exception=False,
            )
        except TimeoutError:
            raise
        except Exception:  # a mutant may fail in any way
            return True
        return not (report or (self.sample.kinks and all("inconclusive" in problem for problem in report.problems)))

    @cached_property
    def is_sound(self) -> bool:
        """Does it pass with the code as it should be?"""
        return not self.rejects()


def cases(ops: list[Op]) -> list[Case]:
    """Every sample, to the first order and, where it has one, to the second."""
    found = []
    for order in (1, 2):
        for op in ops:
            for sample in op.samples if op.differentiable and op.order >= order else ():
                if order == 2 and sample.kinks:
                    continue
                case = Case(op, sample, order)
                start = time.perf_counter()
                with recording() as reached:
                    try:
                        leaves = case.run()
                    except Exception as error:  # other tests hold samples to their results; here it is only said
                        print(f"left out, for it fails as it is: {op.name}, {sample.label}: {error}", file=sys.stderr)
                        continue
                case.work = (time.perf_counter() - start) * sum(x.data.size for x in leaves)
                case.reached = frozenset(reached)
                found.append(case)
    return found


@contextmanager
def recording():
    """Collects (file, first line, name) of every function of tinyconv that is called."""
    reached = set()

    def note(frame, event, _):
        if event == "call":
            code = frame.f_code
            reached.add((code.co_filename, code.co_firstlineno, code.co_name))

    sys.setprofile(note)
    try:
        yield reached
    finally:
        sys.setprofile(None)


@contextmanager
def limited(seconds: int):
    """TimeoutError after so many seconds."""

    def stop(*_):
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def killer(mutant: Mutant, known: list[Case]) -> str:
    """ "gradient check" if a sample that reaches the mutated code, and is right without the change, rejects it;
    "values" if only the results of forward differ, as where both directions share what was changed; or nothing.
    """
    reaching = [case for case in known if mutant.place in case.reached]
    reaching.sort(key=lambda case: (case.order, case.op.name.partition(".")[0] != mutant.family, case.work))
    for means, test in (("gradient check", Case.rejects), ("values", Case.has_other_values)):
        for case in reaching[:MOST]:
            case.values  # noqa: B018  # before anything is changed
            if _within_time(mutant, test, case) and case.is_sound:
                return means
    return ""


def _within_time(mutant: Mutant, test: Callable[[Case], bool], case: Case) -> bool:
    """The test's answer for the mutated code; True if it takes too long."""
    try:
        with mutant.installed(), limited(SECONDS):
            return test(case)
    except TimeoutError:
        return True


@contextmanager
def quietly():
    """In the numpy engine, without warnings, and without guesses at causes, which take their time."""
    guess = hints.guess
    hints.guess = lambda evidence: ""
    try:
        with tinyconv.engine("numpy"), warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            yield
    finally:
        hints.guess = guess


def fate(mutant: Mutant, known: list[Case]) -> str:
    """What killed it, "equivalent" if nothing can, or "" if it lives though it should not."""
    return killer(mutant, known) or ("equivalent" if reason(mutant) else "")


# ---------------------------------------------------------------- the page


def page(mutants: list[Mutant], fates: dict[str, str]) -> str:
    columns = ("gradient check", "values", "equivalent", "")
    table = {
        file: Counter(fates[m.key] for m in mutants if m.file == file) for file in sorted({m.file for m in mutants})
    }
    total = Counter(fates.values())
    counted = len(mutants) - total["equivalent"]
    kinds = Counter(m.kind for m in mutants).most_common()
    lines = [
        "# Mutants of the backward rules",
        "",
        "One thing at a time is changed in the code of the gradients: a sign, a term, a factor, an index, two axes, a",
        "comparison, a sum for a mean. For each mutant, the samples of the registry that reach the changed",
        "code go through the gradient check. It must refuse every mutant that computes something else.",
        "",
        f"**{counted - total['']} of {counted} mutants are killed: {100 * (1 - total[''] / max(1, counted)):.1f} %.**",
        f"{total['gradient check']} of them by the gradient check; {total['values']} change forward and backward alike",
        "(what both share), and are found out by the results, which other tests compare with plain loops and PyTorch.",
        f"{total['equivalent']} more are equivalent: they compute the same gradients.",
        "",
        "Regenerated with `python tests/mutants.py --write`. A part of it is in the normal test suite, the whole in",
        "`pytest -m long tests/test_mutants.py`. What is mutated, and how, stands in `tests/mutations.py`.",
        "",
        "| file | mutants | killed by the gradient check | by values | equivalent | survived |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for file, fate in [*((f"`{file}`", fate) for file, fate in table.items()), ("all", total)]:
        lines.append(f"| {file} | {sum(fate.values())} | " + " | ".join(str(fate[c]) for c in columns) + " |")
    lines += ["", "By kind: " + ", ".join(f"{kind} {n}" for kind, n in kinds) + ".", "", "## Survivors", ""]
    lines += [f"- `{key}`" for key, fate in fates.items() if not fate] or ["None."]
    lines += ["", "## Equivalent, and why", ""]
    by_reason: dict[str, list[str]] = {}
    for m in mutants:
        if fates[m.key] == "equivalent":
            by_reason.setdefault(reason(m), []).append(m.key)
    for why, keys in by_reason.items():
        lines += [f"- {why}", *[f"  - `{key}`" for key in keys]]
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("families", nargs="*", help="file names without .py (default: all)")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.relative_to(ROOT)}")
    options = parser.parse_args()
    mutants = [m for m in all_mutants() if not options.families or m.family in options.families]
    start = time.time()
    fates = {}
    with quietly():
        known = cases(all_ops())
        print(f"{len(mutants)} mutants, {len(known)} checks", flush=True)
        for mutant in mutants:
            fates[mutant.key] = fate(mutant, known)
            if not fates[mutant.key]:
                print("survived:", mutant.key, flush=True)
    text = page(mutants, fates)
    if options.write:
        PAGE.write_text(text, encoding="utf-8")
    print("\n".join(text.splitlines()[6:10]), f"\n{time.time() - start:.0f} s")
    return 0 if all(fates.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
