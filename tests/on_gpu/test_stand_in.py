"""The stand-in for CuPy computes as NumPy does, and refuses what CuPy refuses."""

import ast
import copy
import importlib.util
import pickle
from pathlib import Path

import numpy as np
import pytest
from on_gpu import cupy_names, stand_in
from on_gpu.conftest import needs_compiler

ROOT = Path(__file__).parents[2]
X = np.arange(6, dtype="f").reshape(2, 3)


@pytest.fixture
def cp():
    with stand_in.installed() as module:
        yield module


def test_arithmetic(cp):
    a = cp.asarray(X)
    y = cp.maximum(a @ a.T - 3, 0).sum(axis=1) * 2 + np.float32(1)
    assert type(y) is cp.ndarray
    assert y.dtype == np.float32
    np.testing.assert_array_equal(y.get(), np.maximum(X @ X.T - 3, 0).sum(1) * 2 + 1)
    a += 1
    np.testing.assert_array_equal(cp.asnumpy(a), X + 1)
    assert cp.add(a, a, out=a) is a
    np.testing.assert_array_equal(a.get(), 2 * X + 2)
    assert type(np.exp(a)) is type(np.sum(a)) is cp.ndarray
    cp.add.at(a, (cp.asarray([0, 0]), cp.asarray([1, 1])), cp.asarray([1.0, 1.0]))
    assert a[0, 1].item() == 6


def test_numbers_have_no_dimensions_and_stay_there(cp):
    total = cp.asarray(X).sum()
    assert type(total) is cp.ndarray
    assert total.shape == ()


def test_views_know_whose_memory_they_show(cp):
    a = cp.asarray(X)
    view = a[1:].T
    assert a.base is None
    assert view.base is a
    assert (a + 1).base is None
    view[...] = 7
    assert a[1].tolist() == [7, 7, 7]


@pytest.mark.parametrize(
    "use",
    [
        lambda cp, a: a + X,
        lambda cp, a: X + a,
        lambda cp, a: np.asarray(a),
        lambda cp, a: np.add(a, X),
        lambda cp, a: cp.exp(X),
        lambda cp, a: cp.concatenate([a, X]),
        lambda cp, a: a.__iadd__(X),
        lambda cp, a: a.__setitem__(0, X[0]),
        lambda cp, a: a[np.array([0, 1])],
        lambda cp, a: a[:, np.array([True, False, True])],
        lambda cp, a: cp.where(a > 0, X, 0),
        lambda cp, a: a.max(initial=0),
        lambda cp, a: cp.sum(a, where=a > 0),
        lambda cp, a: cp.asarray(np.array(["a"])),
    ],
)
def test_what_cupy_refuses(cp, use):
    with pytest.raises((TypeError, ValueError)):
        use(cp, cp.asarray(X))


@pytest.mark.parametrize("name", ["errstate", "frompyfunc", "nditer", "insert", "no_such_thing"])
def test_names_that_cupy_lacks(cp, name):
    with pytest.raises(AttributeError, match=f"'cupy' has no attribute '{name}'"):
        getattr(cp, name)


@pytest.mark.parametrize("name", ["ctypes", "newbyteorder", "setflags", "__array_interface__"])
def test_attributes_that_cupys_arrays_lack(cp, name):
    with pytest.raises(AttributeError):
        getattr(cp.asarray(X), name)


def test_new_memory_is_full_of_nan(cp):
    assert cp.isnan(cp.empty((2, 3), np.float32)).all()
    assert cp.isnan(cp.empty_like(cp.asarray(X).T, np.float64)).all()
    assert (cp.empty(3, np.int32) == -1).all()


def test_memory_of_the_host_is_never_shared_nor_its_order_kept(cp):
    x = X.copy()
    a = cp.asarray(x)
    x[0] = 9
    assert a[0].tolist() == [0, 1, 2]
    assert cp.asarray(np.zeros((2, 3, 4, 5)).transpose(0, 2, 3, 1)).flags.c_contiguous


def test_transfers_are_counted(cp):
    a = cp.asarray(X)
    assert float(a.sum()) == 15
    assert bool((a > 1).any())
    a[0].tolist(), a.get()
    assert stand_in.transfers == {"to the GPU": 1, "to the CPU": 4}


def test_copies(cp):
    a = cp.asarray(X)
    for b in (copy.deepcopy(a), pickle.loads(pickle.dumps(a)), a.copy()):
        b += 1
    assert a.tolist() == X.tolist()


@needs_compiler
def test_kernels_run_on_its_arrays(cp):
    code = 'extern "C" __global__ void twice(float* x, int n) { if (threadIdx.x < n) x[threadIdx.x] *= 2; }'
    twice = cp.RawModule(code=code).get_function("twice")
    a = cp.asarray(X)
    twice((1,), (32,), (a, np.int32(5)))
    assert a.tolist() == [[0, 2, 4], [6, 8, 5]]


def test_it_leaves_no_trace():
    there = importlib.util.find_spec("cupy") is not None
    with stand_in.installed():
        pass
    assert (importlib.util.find_spec("cupy") is not None) == there


# ---------------------------------------------------------------- the real CuPy


def test_the_list_of_names_is_that_of_the_real_cupy():
    pytest.importorskip("cupy", reason="CuPy is not installed")
    found = cupy_names.names()
    if found["version"] != stand_in.NAMES["version"]:
        pytest.skip(f"the list is of CuPy {stand_in.NAMES['version']}, here is {found['version']}")
    assert found == stand_in.NAMES


def names_used(tree):
    """NAME of every xp.NAME, array_module(x).NAME and cupy().NAME."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            owner = node.value.func if isinstance(node.value, ast.Call) else node.value
            if isinstance(owner, ast.Name) and owner.id in ("xp", "array_module", "cupy"):
                yield node.attr


@pytest.mark.parametrize("folder", ["tinyconv", "kernels"])
def test_every_name_that_is_used_exists_in_cupy(folder):
    missing, found = {}, set()
    for path in ROOT.glob(f"{folder}/**/*.py"):
        names = set(names_used(ast.parse(path.read_text(encoding="utf-8"))))
        found |= names
        if wrong := names - stand_in.NAMES["cupy"].keys() - {"_core"}:  # which the next test looks at
            missing[str(path)] = wrong
    assert {"zeros", "where"} <= found
    assert missing == {}


def test_what_is_used_of_cupys_own_exists():
    """Of how its products compute it tells no other way."""
    pytest.importorskip("cupy", reason="CuPy is not installed")
    from cupy._core import _routines_linalg as linalg

    assert {"get_compute_type", "set_compute_type", "COMPUTE_TYPE_TF32"} <= set(dir(linalg))


def test_a_name_that_cupy_lacks_would_be_found():
    assert list(names_used(ast.parse("array_module(x).insert(xp.zeros(3), 1)"))) == ["insert", "zeros"]
