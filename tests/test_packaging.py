"""What is in the wheel and the sdist, and tinyconv run from a wheel, an editable install and a checkout."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

pytestmark = pytest.mark.xdist_group("packaging")  # one process, so that everything is built once

ROOT = Path(__file__).parents[1]
SHIPPED = (
    "setup.py", "pyproject.toml", "MANIFEST.in", "README.md", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md",
    "tinyconv", "kernels", "benchmarks", "tests", "docs",
)  # fmt: skip
MNIST = [f"{part}-{kind}-ubyte.gz" for part in ("train", "t10k") for kind in ("images-idx3", "labels-idx1")]


def files(folder: Path) -> set[str]:
    """All files under a folder, as paths in it."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def python(*arguments: str, cwd: Path, path: tuple[Path, ...] = ()) -> str:
    """Run a Python that sees `path` and the installed dependencies, but no hooks of an installed tinyconv."""
    dependencies = [entry for entry in sys.path if entry.endswith(("site-packages", "dist-packages"))]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (*path, *dependencies)))}
    command = [sys.executable, "-S", *arguments]  # -S: hooks of an editable install are not run
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def build(kind: str, source: Path, target: Path) -> Path:
    """Call setuptools as pip would, without a network."""
    code = f"from setuptools import build_meta as b; print(b.build_{kind}({str(target)!r}))"
    return target / python("-c", code, cwd=source).split()[-1]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A copy of the checkout, its sdist, and from the sdist a wheel; each unpacked beside."""
    tmp = tmp_path_factory.mktemp("packaging")
    checkout, unpacked, installed, elsewhere = (tmp / n for n in ("checkout", "sdist", "wheel", "elsewhere"))
    checkout.mkdir()
    elsewhere.mkdir()
    for name in SHIPPED:
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "*.nb[ic]", ".*")
            shutil.copytree(ROOT / name, checkout / name, ignore=ignored)
        else:
            shutil.copy(ROOT / name, checkout)
    shipped = files(checkout)
    python("-m", "tarfile", "-e", str(build("sdist", checkout, tmp)), str(unpacked), cwd=tmp)
    (source,) = unpacked.iterdir()
    sdist = files(source)
    with zipfile.ZipFile(build("wheel", source, tmp)) as archive:
        archive.extractall(installed)
    return SimpleNamespace(
        checkout=checkout, shipped=shipped, sdist=sdist, installed=installed, elsewhere=elsewhere, tmp=tmp
    )


def test_sdist_is_the_whole_checkout(built):
    assert built.shipped - built.sdist == set()


def test_wheel_holds_tinyconv_and_nothing_else(built):
    """kernels/ is inside tinyconv: a top-level `kernels` would collide with a package of that name."""
    names = {path.name for path in built.installed.iterdir()}
    assert {name for name in names if not name.endswith(".dist-info")} == {"tinyconv"}


def test_wheel_holds_every_file_of_the_package(built):
    package = {name for name in built.shipped if name.startswith("tinyconv/")}
    kernels = {f"tinyconv/{name}" for name in built.shipped if name.startswith("kernels/")}
    assert {n for n in files(built.installed) if n.startswith("tinyconv/")} == package | kernels
    assert {"tinyconv/py.typed", "tinyconv/kernels/__init__.py"} <= package | kernels
    assert {f"tinyconv/data/mnist/{name}" for name in MNIST} <= package


WHERE = """
import tinyconv, tinyconv.kernels as kernels
print(tinyconv.__file__, kernels.__file__, tinyconv.kernels is kernels, sep="\\n")
"""


def where(*arguments: str, cwd: Path, path: tuple[Path, ...] = (), before: str = "") -> tuple[Path, Path]:
    """The files that `import tinyconv` and `import tinyconv.kernels` find."""
    package, kernels, same = python(*arguments, "-c", before + WHERE, cwd=cwd, path=path).splitlines()
    assert same == "True"
    return Path(package), Path(kernels)


def test_run_from_a_wheel(built):
    package, kernels = where(cwd=built.elsewhere, path=(built.installed,))
    assert package == built.installed / "tinyconv/__init__.py"
    assert kernels == built.installed / "tinyconv/kernels/__init__.py"


def test_run_from_a_checkout(built):
    package, kernels = where(cwd=built.elsewhere, path=(built.checkout,))
    assert package == built.checkout / "tinyconv/__init__.py"
    assert kernels == built.checkout / "kernels/__init__.py"


def test_run_in_a_checkout_while_a_wheel_is_installed(built):
    package, kernels = where(cwd=built.checkout, path=(built.installed,))
    assert package.resolve() == built.checkout / "tinyconv/__init__.py"
    assert kernels.resolve() == built.checkout / "kernels/__init__.py"


@pytest.fixture(scope="module")
def editable(built):
    """A folder into which `pip install -e` would have installed the checkout."""
    target = built.tmp / "editable"
    with zipfile.ZipFile(build("editable", built.checkout, built.tmp)) as archive:
        archive.extractall(target)
    return target


@pytest.mark.parametrize("folder", ["elsewhere", "checkout"])
def test_run_from_an_editable_install(built, editable, folder):
    install = f"import site; site.addsitedir({str(editable)!r})"
    package, kernels = where(cwd=getattr(built, folder), path=(editable,), before=install)
    assert package.resolve() == built.checkout / "tinyconv/__init__.py"
    assert kernels.resolve() == built.checkout / "kernels/__init__.py"


def test_another_checkout_has_its_own_kernels(built, editable):
    """Two clones, one of them installed: the other must not run with the first one's kernels."""
    other = built.tmp / "other"
    for name in ("tinyconv", "kernels"):
        shutil.copytree(built.checkout / name, other / name, ignore=shutil.ignore_patterns("mnist", "__pycache__"))
    shutil.copy(built.checkout / "setup.py", other)
    install = f"import site; site.addsitedir({str(editable)!r})"
    package, kernels = where(cwd=built.elsewhere, path=(other, editable), before=install)
    assert package == other / "tinyconv/__init__.py"
    assert kernels == other / "kernels/__init__.py"


def test_the_command_line_runs_from_a_wheel(built):
    assert "train" in python("-m", "tinyconv", "--help", cwd=built.elsewhere, path=(built.installed,))
    (entry_points,) = built.installed.glob("*.dist-info/entry_points.txt")
    assert "tinyconv = tinyconv.cli:main" in entry_points.read_text()


def test_kernels_refuse_their_own_folders_name(built):
    """`import kernels` from a checkout's root would load every kernel a second time."""
    with pytest.raises(AssertionError, match=r"import this folder as tinyconv\.kernels"):
        python("-c", "import kernels", cwd=built.checkout)
