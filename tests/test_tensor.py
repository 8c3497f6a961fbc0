"""Tensor: what it is, how it prints and converts, what may be changed in place, and its method table."""

import ast
import copy
import pickle
import threading
from pathlib import Path

import numpy as np
import pytest

import tinyconv
from tinyconv import Tensor, tape
from tinyconv.errors import ArgumentError, DTypeError, GraphError, ShapeError, UnknownNameError
from tinyconv.nn import Parameter
from tinyconv.ops.methods import METHODS

ROOT = Path(__file__).parents[1]


# ---------------------------------------------------------------- creation


@pytest.mark.parametrize(
    ("data", "dtype"),
    [
        (1.5, "float32"),
        (2, "int64"),
        (True, "bool"),
        (1 + 2j, "complex128"),
        ([[1.0, 2.0]], "float32"),
        ([1, 2], "int64"),
        ([True], "bool"),
        ([], "float32"),
        (np.zeros(2), "float64"),
        (np.zeros(2, np.uint8), "uint8"),
        (np.float64(3), "float64"),
        (np.float16(3), "float16"),
    ],
)
def test_dtype_of_new_tensors(data, dtype):
    x = tinyconv.tensor(data)
    assert x.dtype == dtype
    np.testing.assert_array_equal(x.data, np.asarray(data))


def test_tensor_copies_and_from_numpy_shares():
    array = np.zeros(2)
    copied, shared = tinyconv.tensor(array), tinyconv.from_numpy(array)
    array[0] = 7
    assert copied.tolist() == [0, 0]
    assert shared.tolist() == [7, 0]
    again = tinyconv.tensor(copied, dtype="float32", requires_grad=True)
    assert again.dtype == np.float32
    assert again.data is not copied.data
    assert again.is_leaf
    assert again.requires_grad


@pytest.mark.filterwarnings("ignore:the matrix subclass")
@pytest.mark.parametrize("make", [tinyconv.tensor, tinyconv.from_numpy, Tensor])
def test_a_matrix_is_an_array_like_any_other(make):
    x = make(np.matrix([[1.0, 2.0], [3.0, 4.0]]))
    assert type(x.data) is np.ndarray
    assert (x * x).tolist() == [[1, 4], [9, 16]]


def test_a_wider_dtype_keeps_all_digits():
    assert tinyconv.tensor([0.1], dtype=np.float64).item() == 0.1
    assert tinyconv.tensor(2**53 + 1, dtype=np.int64).item() == 2**53 + 1


def test_filled_tensors():
    np.testing.assert_array_equal(tinyconv.full((2, 3), 7).data, np.full((2, 3), 7))
    assert tinyconv.full((2,), 7).dtype == np.int64
    assert tinyconv.full(2, 0.5).dtype == np.float32
    assert tinyconv.full((), True).dtype == np.bool_
    assert tinyconv.zeros(2, 3).shape == tinyconv.ones((2, 3)).shape == (2, 3)
    assert tinyconv.zeros().shape == ()
    assert tinyconv.ones(2, dtype=np.float64, requires_grad=True).requires_grad
    x = tinyconv.tensor(np.full((2, 2), 5, np.int32))
    assert tinyconv.zeros_like(x).dtype == tinyconv.ones_like(x).dtype == np.int32
    assert tinyconv.zeros_like(x).tolist() == [[0, 0], [0, 0]]
    assert tinyconv.ones_like(x).tolist() == [[1, 1], [1, 1]]


def test_random_tensors():
    tinyconv.manual_seed(1)
    u, n = tinyconv.rand(100, 100), tinyconv.randn((100, 100), dtype=np.float64)
    assert u.dtype == np.float32
    assert n.dtype == np.float64
    assert 0 <= u.min().item() < 0.01
    assert 0.99 < u.max().item() < 1
    assert abs(n.mean().item()) < 0.05  # five standard deviations of a mean of 10,000
    assert abs(n.var().item() - 1) < 0.08
    tinyconv.manual_seed(1)
    np.testing.assert_array_equal(tinyconv.rand(100, 100).data, u.data)


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (
            lambda: tinyconv.tensor("abc"),
            DTypeError,
            "tensor: str 'abc' is not a number, an array or nested lists",
        ),
        (lambda: tinyconv.tensor(None), DTypeError, "NoneType None is not a number"),
        (lambda: tinyconv.tensor(np.array(["a"])), DTypeError, "is not a number, an array"),
        (lambda: tinyconv.tensor([[1, 2], [3]]), ShapeError, "nested lists must have rows of equal lengths"),
        (
            lambda: tinyconv.tensor(1.0, dtype="flaot32"),
            DTypeError,
            "'flaot32' is not a data type of numbers",
        ),
        (lambda: tinyconv.tensor(1.0, dtype=str), DTypeError, "is not a data type of numbers"),
        (
            lambda: tinyconv.tensor(1, requires_grad=True),
            DTypeError,
            "only floating-point tensors have gradients",
        ),
        (lambda: tinyconv.from_numpy([1.0]), DTypeError, "from_numpy: needs a NumPy array, not list"),
        (lambda: tinyconv.zeros(-1), ArgumentError, "zeros: sizes must be whole numbers of at least 0"),
        (lambda: tinyconv.ones(2.5), ArgumentError, "ones: sizes must be whole numbers"),
        (lambda: tinyconv.randn(2, dtype=int), DTypeError, "randn: gives floating-point numbers, not int64"),
        (lambda: tinyconv.rand(2, dtype=int), DTypeError, "rand: gives floating-point numbers, not int64"),
    ],
)
def test_bad_data(call, kind, message):
    with pytest.raises(kind, match=message):
        call()


# ---------------------------------------------------------------- what it looks like


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: tinyconv.tensor([1.0, 2.5]), "tensor([1. , 2.5])"),
        (lambda: tinyconv.tensor(3), "tensor(3, dtype=int64)"),
        (lambda: tinyconv.tensor([True, False]), "tensor([ True, False], dtype=bool)"),
        (lambda: tinyconv.tensor(1.0, requires_grad=True), "tensor(1., requires_grad=True)"),
        (lambda: tinyconv.tensor(1.0, requires_grad=True) * 2, "tensor(2., grad_fn=mul)"),
        (lambda: tinyconv.zeros(0, 3), "tensor([], shape=(0, 3))"),
        (
            lambda: tinyconv.tensor(np.eye(2) / 3),
            "tensor([[0.3333, 0.    ],\n        [0.    , 0.3333]], dtype=float64)",
        ),
    ],
)
def test_repr(make, text):
    x = make()
    assert repr(x) == text
    assert f"{x}" == text


def test_format_of_one_element():
    assert f"{tinyconv.tensor(0.25):.1%}" == "25.0%"
    with pytest.raises(ShapeError, match="has 2 elements, not one"):
        f"{tinyconv.zeros(2):.2f}"


def test_attributes():
    x = tinyconv.zeros(2, 3)
    assert (x.shape, x.ndim, x.numel(), len(x), x.device, x.is_leaf) == ((2, 3), 2, 6, 2, "cpu", True)
    assert (x.size(), x.size(-1), x.dim()) == ((2, 3), 3, 2)
    assert x.grad is None
    assert x.grad_fn is None
    assert not x.requires_grad


# ---------------------------------------------------------------- conversions


def test_python_numbers():
    assert float(tinyconv.tensor(2.5)) == 2.5
    assert int(tinyconv.tensor([[3.9]])) == 3
    assert bool(tinyconv.tensor(0.0)) is False
    assert tinyconv.tensor(7).item() == 7
    assert type(tinyconv.tensor(7).item()) is int
    assert tinyconv.tensor([[1, 2]]).tolist() == [[1, 2]]
    assert ["a", "b", "c"][tinyconv.tensor(1)] == "b"
    assert list(range(tinyconv.tensor(3))) == [0, 1, 2]


def test_iteration():
    x = tinyconv.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    first, second = x
    (first * 2 + second * 3).sum().backward()
    assert x.grad.tolist() == [[2, 2], [3, 3]]
    assert 3 in tinyconv.tensor([1, 2, 3])


def test_numpy_functions_take_tensors():
    x = tinyconv.tensor([1.0, 4.0])
    np.testing.assert_array_equal(np.asarray(x), [1, 4])
    np.testing.assert_array_equal(np.asarray(x, dtype=np.int64), [1, 4])
    assert np.asarray(x) is x.numpy()
    assert np.array(x) is not x.data


def test_an_array_on_the_left_leaves_the_sum_to_the_tensor():
    a, x = np.array([1.0, 2.0]), tinyconv.tensor(np.array([3.0, 5.0]), requires_grad=True)
    for y, values in (
        (a + x, [4, 7]),
        (a - x, [-2, -3]),
        (a * x, [3, 10]),
        (a / x, [1 / 3, 2 / 5]),
        (a**x, [1, 32]),
    ):
        assert type(y) is Tensor
        np.testing.assert_allclose(y.detach().data, values, rtol=1e-15)
    assert type(a @ x) is Tensor
    assert (a @ x).item() == 13
    assert (a < x).tolist() == [True, True]


def test_to():
    x = tinyconv.tensor([1.5], requires_grad=True)
    assert x.to(np.float32) is x
    assert x.to("cpu") is x
    assert x.cpu() is x
    assert x.double().dtype == np.float64
    assert x.double().float().dtype == np.float32
    assert x.to("float64", device="cpu").dtype == x.to(dtype=float).dtype == np.float64
    assert not x.to(np.int64).requires_grad
    x.double().sum().backward()
    assert x.grad.dtype == np.float32


def test_complex_to_real_keeps_the_real_part():
    z = tinyconv.tensor([1 + 2j], requires_grad=True)
    assert z.double().tolist() == [1]
    z.double().sum().backward()
    assert z.grad.tolist() == [1 + 0j]


def test_detach_and_requires_grad():
    x = tinyconv.tensor([1.0], requires_grad=True)
    y = (x * 2).detach()
    assert y.is_leaf
    assert not y.requires_grad
    assert y.requires_grad_() is y
    assert y.requires_grad
    assert not y.requires_grad_(False).requires_grad


def test_copies():
    for x in (
        tinyconv.tensor([1.0, 2.0], requires_grad=True),
        Parameter(np.ones(2)),
        tinyconv.tensor([1, 2]),
    ):
        for y in (copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
            assert type(y) is type(x)
            assert y.requires_grad == x.requires_grad
            assert not np.shares_memory(x.data, y.data)
            np.testing.assert_array_equal(x.data, y.data)


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda x: x.item(), ShapeError, r"item: a tensor of shape \(2,\) has 2 elements, not one"),
        (lambda x: bool(x > 0), ShapeError, "has 2 elements, not one"),
        (lambda x: len(x.sum()), ShapeError, "len: a 0-d tensor has no length"),
        (lambda x: iter(x.sum()), ShapeError, "len: a 0-d tensor has no length"),
        (lambda x: [0][x[0]], DTypeError, "index: a position must be a whole number, this tensor is float32"),
        (
            lambda x: x.numpy(),
            GraphError,
            r"numpy: this tensor requires a gradient; write x.detach\(\).numpy\(\)",
        ),
        (lambda x: np.asarray(x), GraphError, r"x.detach\(\).numpy\(\)"),
        (
            lambda x: copy.deepcopy(x * 2),
            GraphError,
            r"pickle: a tensor with a graph behind it .* detach\(\) it",
        ),
        (lambda x: pickle.dumps(x * 2), GraphError, r"pickle: a tensor with a graph"),
        (lambda x: (x * 2).requires_grad_(False), GraphError, r"requires_grad_: .*use x.detach\(\)"),
        (
            lambda x: (x > 0).requires_grad_(),
            DTypeError,
            "only floating-point tensors have gradients, this is bool",
        ),
        (lambda x: x.to("cdua"), UnknownNameError, "no device or data type 'cdua'. Did you mean 'cuda'"),
        (lambda x: x.to("float23"), UnknownNameError, "Did you mean 'float32'"),
        (lambda x: x.to(np.str_), DTypeError, "to: .* is not a data type of numbers"),
        (lambda x: x.to("cpu:1"), UnknownNameError, "there is no device 'cpu:1'"),
    ],
)
def test_refused(call, kind, message):
    with pytest.raises(kind, match=message):
        call(tinyconv.tensor([1.0, 2.0], requires_grad=True))


def test_an_array_on_a_gpu_is_not_silently_brought_back(monkeypatch):
    x = tinyconv.tensor([1.0])
    monkeypatch.setattr(Tensor, "device", property(lambda x: "cuda:0"))
    with pytest.raises(
        tinyconv.errors.DeviceError, match=r"numpy: this tensor is on cuda:0; write x.cpu\(\).numpy\(\)"
    ):
        x.numpy()


# ---------------------------------------------------------------- changes in place


def test_changes_in_place():
    x = tinyconv.tensor([1.0, 2.0, 3.0, 4.0])
    data = x.data
    assert x.add_(1) is x
    assert x.tolist() == [2, 3, 4, 5]
    assert x.add_([1, 0, 0, 0], alpha=2).tolist() == [4, 3, 4, 5]
    assert x.sub_(tinyconv.tensor([1.0]), alpha=3).tolist() == [1, 0, 1, 2]
    assert x.mul_(np.float64(2)).tolist() == [2, 0, 2, 4]
    assert x.div_(4).tolist() == [0.5, 0, 0.5, 1]
    x[1:3] = 7
    x[x > 6] = tinyconv.tensor([8.0, 9.0])
    assert x.tolist() == [0.5, 8, 9, 1]
    x[[0, 3]] = [1, 2]
    assert x.copy_([3, 1, 0, 2]).tolist() == [3, 1, 0, 2]
    assert x.fill_(5).tolist() == [5] * 4
    assert x.zero_().tolist() == [0] * 4
    assert x.data is data
    assert x.version.count == 11


def test_augmented_assignment_is_in_place_while_nothing_is_recorded():
    x = tinyconv.tensor([1.0, 2.0])
    data = before = x
    x += 1
    x -= [1, 0]
    x *= 3
    x /= 2
    assert x is before
    assert data.tolist() == [1.5, 4.5]
    w = tinyconv.tensor([2.0, 2.0], requires_grad=True)
    with tinyconv.no_grad():
        w *= 2
    assert w.tolist() == [4, 4]
    x += w  # recorded: a new tensor
    assert x is not before
    assert x.requires_grad
    y = w * 1
    z = y
    y -= 1
    assert z is not y
    y.sum().backward()
    assert w.grad.tolist() == [1, 1]


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (
            lambda x: x.add_([1, 2, 3]),
            ShapeError,
            r"add_: a value of shape \(3,\) does not fit .* shape \(2,\)",
        ),
        (lambda x: x.mul_([[1, 2]]), ShapeError, r"mul_: a value of shape \(1, 2\) does not fit"),
        (lambda x: x.copy_([1, 2, 3]), ShapeError, r"copy_: a value of shape \(3,\)"),
        (
            lambda x: x.__setitem__(5, 1),
            ShapeError,
            r"setitem: index or value does not fit a tensor of shape \(2,\)",
        ),
        (lambda x: x.__setitem__(0, [1, 2]), ShapeError, "setitem: index or value does not fit"),
        (lambda x: x.add_(1j), DTypeError, r"add_: complex64 does not go into a tensor of float32"),
        (lambda x: x.expand(3, 2).add_(1), GraphError, r"add_: this tensor is read-only memory.*x.clone\(\)"),
        (
            lambda x: x.add_(tinyconv.ones(2, requires_grad=True)),
            GraphError,
            "add_: a tensor that takes part in diff",
        ),
        (lambda x: x.requires_grad_().mul_(2), GraphError, "mul_: .* cannot be changed in place"),
        (
            lambda x: x.requires_grad_().__setitem__(0, 1),
            GraphError,
            "setitem: .* cannot be changed in place",
        ),
        (
            lambda x: x.requires_grad_().__iadd__(1),
            GraphError,
            r"\+=: this leaf requires a gradient.*no_grad\(\)",
        ),
        (lambda x: x.requires_grad_().__isub__(1), GraphError, "-=: this leaf requires a gradient"),
        (lambda x: x.requires_grad_().__imul__(1), GraphError, r"\*=: this leaf requires a gradient"),
        (lambda x: x.requires_grad_().__itruediv__(1), GraphError, "/=: this leaf requires a gradient"),
    ],
)
def test_a_refused_change_changes_nothing(call, kind, message):
    x = tinyconv.tensor([1.0, 2.0])
    with pytest.raises(kind, match=message):
        call(x)
    assert x.tolist() == [1, 2]
    assert x.version.count == 0


def test_whole_numbers_stay_whole():
    x = tinyconv.tensor([1, 2])
    for change in (lambda: x.add_(0.5), lambda: x.div_(2), lambda: x.mul_(tinyconv.tensor([1.5]))):
        with pytest.raises(DTypeError, match=r"does not go into a tensor of int64; write x = x.float\(\) first"):
            change()
    assert x.tolist() == [1, 2]
    assert x.add_(3).dtype == np.int64


# ---------------------------------------------------------------- recording on and off


def test_no_grad_and_enable_grad_nest():
    states = []
    with tinyconv.no_grad():
        states.append(tape.is_grad_enabled())
        with tape.enable_grad():
            states.append(tape.is_grad_enabled())
        states.append(tape.is_grad_enabled())
    assert [*states, tape.is_grad_enabled()] == [False, True, False, True]


def test_recording_comes_back_after_an_error():
    with pytest.raises(ZeroDivisionError), tinyconv.no_grad():
        1 / 0  # noqa: B018
    assert tape.is_grad_enabled()


def test_no_grad_as_a_decorator():
    x = tinyconv.tensor([1.0], requires_grad=True)

    @tinyconv.no_grad()
    def twice(depth):
        assert not tape.is_grad_enabled()
        return twice(depth - 1) if depth else x * 2

    for depth in (0, 3, 0):
        assert not twice(depth).requires_grad
        assert tape.is_grad_enabled()


def test_threads_record_independently():
    seen = []
    with tinyconv.no_grad():
        thread = threading.Thread(target=lambda: seen.append(tape.is_grad_enabled()))
        thread.start()
        thread.join()
    assert seen == [True]


def test_nothing_is_recorded_without_need():
    x, w = tinyconv.tensor([1.0]), tinyconv.tensor([1.0], requires_grad=True)
    assert (x * 2).grad_fn is None
    assert (w > 0).grad_fn is None
    with tinyconv.no_grad():
        assert (w * 2).grad_fn is None
    assert (w * x).grad_fn.name == "mul"


# ---------------------------------------------------------------- the method table


def declared_names():
    (signatures,) = [
        node
        for node in ast.parse((ROOT / "tinyconv/signatures.pyi").read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef)
    ]
    return [node.name for node in signatures.body]


def test_type_checkers_see_every_method():
    names = declared_names()
    assert len(names) == len(set(names))
    assert set(names) == set(METHODS)


def test_every_method_is_attached():
    for name, function in METHODS.items():
        assert vars(Tensor)[name] is function


def test_signatures_have_the_parameters_of_the_functions():
    (tree,) = [n for n in ast.parse((ROOT / "tinyconv/signatures.pyi").read_text()).body if isinstance(n, ast.ClassDef)]
    for node in tree.body:
        function = METHODS[node.name]
        if node.name.startswith("__") or isinstance(function, property):
            continue
        code = function.__code__
        declared = [*(a.arg for a in node.args.args), *([node.args.vararg.arg] if node.args.vararg else [])]
        names = list(code.co_varnames[: code.co_argcount + bool(code.co_flags & 4)])
        assert declared[1:] == names[1:], node.name
        assert [ast.literal_eval(d) for d in node.args.defaults] == list(function.__defaults__ or ()), node.name


def test_mypy_knows_what_operators_give(tmp_path):
    api = pytest.importorskip("mypy.api")
    program = tmp_path / "program.py"
    program.write_text(
        "from tinyconv.tensor import Tensor\n"
        "def f(a: Tensor, b: Tensor) -> Tensor:\n"
        "    reveal_type((a @ b + 1).sum())\n"
        "    reveal_type(2 - a[0].T)\n"
        "    reveal_type(a == b)\n"
        "    reveal_type([row for row in a])\n"
        "    a += 1\n"
        "    a[0] = b\n"
        "    return a.sigmoid().misspelt()\n"
    )
    options = [
        "--no-incremental",
        "--no-error-summary",
        "--follow-imports=silent",
        f"--config-file={ROOT / 'pyproject.toml'}",
    ]
    output, errors, _ = api.run([*options, "--cache-dir", str(tmp_path), str(program)])
    assert errors == ""
    lines = [line.partition(": ")[2] for line in output.splitlines() if "program.py" in line]
    lines = [line.replace("builtins.list", "list") for line in lines]
    tensor = 'note: Revealed type is "tinyconv.tensor.Tensor"'
    assert lines[:3] == [tensor] * 3
    assert lines[3] == 'note: Revealed type is "list[tinyconv.tensor.Tensor]"'
    assert len(lines) == 5
    assert '"Tensor" has no attribute "misspelt"' in lines[4]


@pytest.mark.parametrize(
    ("arguments", "expected", "dtype"),
    [
        ((4,), [0, 1, 2, 3], np.int64),
        ((2, 8, 3), [2, 5], np.int64),
        ((3, 0, -1), [3, 2, 1], np.int64),
        ((0.0, 1.0, 0.25), [0, 0.25, 0.5, 0.75], np.float32),
        ((0,), [], np.int64),
    ],
)
def test_arange(arguments, expected, dtype):
    y = tinyconv.arange(*arguments)
    assert y.tolist() == expected
    assert y.dtype == dtype
    assert tinyconv.arange(3, dtype=tinyconv.float64).dtype == np.float64


def test_arange_needs_a_step():
    with pytest.raises(ArgumentError, match="arange: step is 0; it must lead from start to end"):
        tinyconv.arange(0, 3, 0)


def test_pytorchs_other_names():
    x = tinyconv.tensor([[1.0, 2.0], [3.0, 4.0]])
    assert x.view(4).tolist() == [1, 2, 3, 4]
    assert x.clamp(2, 3).tolist() == [[2, 2], [3, 3]]
    assert x.long().dtype == tinyconv.int64
    for name in ("float16", "float32", "float64", "int32", "int64", "uint8"):
        assert x.to(getattr(tinyconv, name)).dtype == np.dtype(name)
