"""The beginning and the end of a benchmark: the machine that it runs on, and the file that it writes."""

from __future__ import annotations

import argparse
import shlex
import sys
import time
from contextlib import closing
from typing import Any

from _machine import Machine
from _timing import Contender, write_json


def introduce(threads: int, seconds: float) -> tuple[dict[str, Any], dict[str, float]]:
    """Print and return the machine's description and its ceilings, each measured for so long."""
    with closing(Contender("the machine", Machine, threads)) as probe:
        machine, ceilings = probe.call("describe"), probe.call("ceilings", seconds)
    print(f"{machine['cpu']}, {machine['cores']} cores, {threads} threads; load before: {machine['load_before']}")
    print(f"Its peak: {ceilings['sgemm_gflops']} GFLOP/s in a matrix product; copies: {ceilings['copy_gb_per_s']} GB/s")
    return machine, ceilings


def save(chosen: argparse.Namespace, benchmark: str, settings: tuple[str, ...], **content: Any) -> None:
    """Write the content with the command, the time and the named settings, if a file was chosen."""
    if chosen.json:
        begin = {
            "benchmark": benchmark,
            "command": f"python {shlex.join(sys.argv)}",
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            **{key: getattr(chosen, key) for key in settings},
        }
        write_json(chosen.json, begin | content)
        print(f"\nWritten to {chosen.json}")
