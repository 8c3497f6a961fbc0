"""The errors: what they are, what they say, and that they survive a trip through pickle."""

import pickle

import pytest

from tinyconv import errors
from tinyconv.errors import ShapeError, TinyconvError, UnknownNameError

KINDS = {
    "ShapeError": ValueError,
    "DTypeError": TypeError,
    "DeviceError": RuntimeError,
    "OutOfMemoryError": MemoryError,
    "ArgumentError": ValueError,
    "GraphError": RuntimeError,
    "DataError": ValueError,
    "GradcheckError": Exception,
    "AnomalyError": ArithmeticError,
}


@pytest.mark.parametrize(("name", "python_kind"), KINDS.items())
def test_each_is_also_the_python_error_that_fits(name, python_kind):
    kind = getattr(errors, name)
    assert issubclass(kind, TinyconvError)
    assert issubclass(kind, python_kind)


def test_every_error_is_in_the_list_above():
    found = {
        name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, TinyconvError)
    }
    assert found - {"TinyconvError", "UnknownNameError"} == set(KINDS)


def test_the_message_names_the_operation_and_the_layer():
    error = ShapeError("conv2d", "input has 3 channels.")
    assert str(error) == "conv2d: input has 3 channels."
    error.module = "block2.conv1"
    assert str(error) == "conv2d (block2.conv1): input has 3 channels."


def test_an_unknown_name_gets_the_nearest_known_one():
    error = UnknownNameError("train", "model", "lenet6", ["vgg16", "lenet5"])
    assert str(error) == "train: there is no model 'lenet6'. Did you mean 'lenet5'? Known: lenet5, vgg16."
    assert isinstance(error, LookupError)


def test_of_very_many_names_those_that_are_alike_are_listed():
    known = [f"resnet{i}" for i in range(3)] + [f"{i}q" for i in range(10, 36)]
    error = UnknownNameError("train", "model", "resnet9", known)
    assert str(error).endswith(" Known: resnet0, resnet1, resnet2 and 26 more.")
    error = UnknownNameError("train", "model", "???", known)
    assert str(error).startswith("train: there is no model '???'. Known: 10q, 11q, ")
    assert str(error).endswith(", 32q, 33q and 5 more.")


def test_no_suggestion_where_nothing_is_near():
    error = UnknownNameError("train", "model", "zzz", ["lenet5"])
    assert str(error) == "train: there is no model 'zzz'. Known: lenet5."


@pytest.mark.parametrize(
    "error",
    [ShapeError("sum", "no."), UnknownNameError("train", "model", "a", ["b"])],
    ids=["plain", "unknown name"],
)
def test_pickle(error):
    error.module = "conv1"
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert (again.operation, again.problem, again.module) == (error.operation, error.problem, "conv1")
