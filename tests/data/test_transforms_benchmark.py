"""The benchmark of transforms runs, checks, and writes what it says. (No test depends on a time.)"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.long  # PyTorch and torchvision take seconds to load
def test_a_transform(tmp_path):
    pytest.importorskip("numba", reason="Numba is not installed")
    file = tmp_path / "augmentation.json"
    options = ["--only", "CenterCrop", "Cutout", "--rounds", "1", "--seconds", "0.01", "--no-nets", "--json", str(file)]
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    command = [sys.executable, str(ROOT / "benchmarks" / "augmentation.py"), *options]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    results = json.loads(file.read_text())["results"]
    assert [r["batch"] for r in results] == ["512x3x32x32"] * 2 + ["32x3x224x224"] * 2
    assert [r["transform"] for r in results[:2]] == ["CenterCrop(32 * 7 // 8)", "Cutout(32 // 2)"]
    assert all(r["ns_per_pixel"] > 0 and r["images_per_s"] > 0 for r in results)
    assert "CenterCrop(32 * 7 // 8)" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["--only", "Blur"], "no transform's line contains 'Blur'"), (["--rounds", "0"], "must be above 0")],
)
def test_wrong_arguments(arguments, message):
    command = [sys.executable, str(ROOT / "benchmarks" / "augmentation.py"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert message in done.stderr
