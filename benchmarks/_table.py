"""What cpu.py prints."""

from __future__ import annotations

import statistics
from typing import Any

from _timing import show

HEADING = f"{'':24}{'ms a step':>27}{'tinyconv / it':>24}{'of peak':>9}{'MB':>8}{'tinyconv / it':>15}"


def peak_mb(side: dict[str, Any]) -> float | None:
    peaks = [mb for mb in side["peak_mb"] if mb is not None]
    return statistics.median(peaks) if peaks else None


def efficiency(result: dict[str, Any], name: str, ceiling: float) -> str:
    """The step's arithmetic over its time, as a share of a large matrix product's rate."""
    rate = result["gflop"] / result["sides"][name]["step_ms"]["median"] * 1000
    return f"{rate / ceiling:.0%}"


def memory_over(result: dict[str, Any], name: str) -> str:
    ours, theirs = peak_mb(result["sides"]["tinyconv"]), peak_mb(result["sides"][name])
    return f"{ours / theirs:.2f}" if ours and theirs else ""


def title(result: dict[str, Any]) -> str:
    return f"{result['net']}, batch {result['batch']}" + (", inference" if result["inference"] else "")


def report(result: dict[str, Any], ceiling: float) -> None:
    """One net: a line for each side; * marks the PyTorch that is fastest."""
    busy = show(result["cores_used_by_others"])
    print(f"\n{title(result)}: {result['gflop']} GFLOP a step; other programs used {busy} cores")
    for name, side in result["sides"].items():
        over = result["tinyconv_over"].get(name)
        star = "*" if name == result["best_pytorch"] else " "
        print(
            f"{star} {name:22}{show(side['step_ms']):>27}{show(over) if over else '':>24}"
            f"{efficiency(result, name, ceiling):>9}{peak_mb(side) or '?':>8}"
            f"{memory_over(result, name) if over else '':>15}",
            flush=True,
        )
    parts = result.get("parts_ms", {})
    if parts:
        print(f"  Where tinyconv's time goes (observed: {sum(parts.values()):.3g} ms)")
    for part, ms in parts.items():
        print(f"    {part:28}{ms:9.3f} ms{ms / sum(parts.values()):8.1%}")


def summary(results: list[dict[str, Any]], ceiling: float) -> None:
    """One line for each net: tinyconv beside PyTorch's best and eager mode."""
    columns = f"{'ms':>10}{'of peak':>9}{'MB':>9}{'time / best':>13}{'/ eager':>9}{'MB / best':>11}"
    print(f"\n{'tinyconv':28}{columns}  best PyTorch")
    for result in results:
        side, best = result["sides"]["tinyconv"], result["best_pytorch"]
        over = {name: f"{ratio['median']:.2f}" for name, ratio in result["tinyconv_over"].items()}
        print(
            f"{title(result):28}{side['step_ms']['median']:>10.4g}{efficiency(result, 'tinyconv', ceiling):>9}"
            f"{peak_mb(side) or '?':>9}{over.get(best, ''):>13}{over.get('pytorch', ''):>9}"
            f"{memory_over(result, best) if best else '':>11}  {best or 'is not among the sides'}"
        )
