"""Backward passes: what arrives where, how often, in which dtype; hooks; freed graphs; in-place changes."""

import numpy as np
import pytest

import tinyconv
from tinyconv import Tensor, tape
from tinyconv.errors import ArgumentError, DTypeError, GraphError, ShapeError
from tinyconv.ops.arithmetic import maximum
from tinyconv.ops.join import cat
from tinyconv.tensor import grad, record


def leaf(values, dtype=np.float64):
    return tinyconv.tensor(np.asarray(values, dtype), requires_grad=True)


# ---------------------------------------------------------------- the walk


def test_by_hand():
    """L = sum (w x + b)^2, x = (1, 2), w = 3, b = 1: y = (4, 7), dy = 2y, dw = 8 + 28, db = 22, dx = 3 dy"""
    x, w, b = leaf([1, 2]), leaf(3), leaf(1)
    y = w * x + b
    (y * y).sum().backward()
    assert w.grad.item() == 36
    assert b.grad.item() == 22
    assert x.grad.tolist() == [24, 42]
    assert y.grad is None


def test_a_deep_chain():
    x = leaf(1.0)
    y = x
    for _ in range(10_000):
        y = y + 1
    y.backward()
    assert x.grad.item() == 1


def test_a_chain_of_diamonds_is_walked_once():
    """Each of 60 diamonds doubles the number of paths; the gradient counts them all."""
    x = leaf(1.0)
    y, counts = x, []
    for _ in range(60):
        y = y + y * 1
    y.grad_fn.register_hook(lambda operation, dy, gradients: counts.append(operation))
    y.backward()
    assert x.grad.item() == 2.0**60
    assert len(counts) == 1


def test_an_input_used_twice():
    x = leaf([2.0, 3.0])
    (x * x).sum().backward()
    assert x.grad.tolist() == [4, 6]
    x.grad = None
    (cat([x, x]) * np.array([1.0, 2.0, 10.0, 20.0])).sum().backward()
    assert x.grad.tolist() == [11, 22]
    m = leaf([[1.0, 2.0], [3.0, 4.0]])
    (m @ m).sum().backward()  # d sum(M M) = (row sums of M)[j] + (column sums of M)[i]
    assert m.grad.tolist() == [[3 + 4, 7 + 4], [3 + 6, 7 + 6]]


def test_two_losses_on_one_trunk():
    x = leaf(2.0)
    trunk = x * x
    a, b = trunk * 3, trunk * 5
    a.backward(retain_graph=True)
    b.backward()
    assert x.grad.item() == 4 * (3 + 5)


def test_gradients_accumulate():
    x = leaf([1.0, 2.0])
    for _ in range(3):
        (x * 2).sum().backward()
    assert x.grad.tolist() == [6, 6]
    first = x.grad
    x.sum().backward()
    assert first.tolist() == [6, 6]  # whoever kept the old sum still has it


def test_a_gradient_of_ones_own():
    x = leaf([1.0, 2.0])
    (x * 3).backward(tinyconv.tensor([10.0, 20.0]))
    (x * 3).backward([1, 1])
    assert x.grad.tolist() == [33, 63]
    y = leaf([[5.0]])
    y.backward()
    assert y.grad.tolist() == [[1]]


def test_the_gradient_given_is_not_handed_out():
    x, dy = leaf([1.0, 2.0]), tinyconv.tensor(np.ones(2))
    (x + 0).backward(dy)
    x.grad.mul_(5)
    assert dy.tolist() == [1, 1]


def test_leaves_do_not_share_memory():
    """Both addends get the same dy; changing one gradient in place must leave the other alone."""
    a, b, c = leaf([1.0, 2.0]), leaf([3.0, 4.0]), leaf([[1.0, 1.0]])
    s = a + b + c.reshape(2)
    (s * s).sum().backward()
    for x in (a, b, c):
        for other in (a, b, c):
            assert x is other or not np.shares_memory(x.grad.data, other.grad.data)
        assert x.grad.data.flags.writeable
    a.grad.mul_(0)
    assert b.grad.tolist() == [10, 14]


@pytest.mark.parametrize("f", [lambda x: x.sum() * 2, lambda x: x[0].sum() * 2, lambda x: (cat([x, x]) * 2)[:4].sum()])
@pytest.mark.parametrize("shape", [(2, 3), (1, 1)])
def test_gradients_can_be_changed_in_place(f, shape):
    """The sum's rule gives a repeated view, in which all elements are one."""
    x = leaf(np.ones(shape))
    f(x).backward()
    expected = x.grad.numpy() * 10
    expected[0, 0] = 7
    x.grad.mul_(10)
    x.grad[0, 0] = 7
    np.testing.assert_array_equal(x.grad.numpy(), expected)


@pytest.mark.parametrize("left", ["float32", "float64"])
@pytest.mark.parametrize("right", ["float32", "float64"])
def test_gradients_have_their_data_s_dtype(left, right):
    a, b = leaf([1.0, 2.0], left), leaf([3.0], right)
    y = a * b + maximum(a, b)
    assert y.dtype == np.result_type(left, right)
    y.sum().backward()
    assert (a.grad.dtype, b.grad.dtype) == (left, right)
    assert (a.grad.shape, b.grad.shape) == ((2,), (1,))
    np.testing.assert_allclose(a.grad.data, [3, 3])
    np.testing.assert_allclose(b.grad.data, [3 + 2])


# ---------------------------------------------------------------- grad()


def test_grad_touches_no_grad():
    x, w = leaf(3.0), leaf(2.0)
    (dx,) = grad(x * w, x)
    assert dx.item() == 2
    assert not dx.requires_grad
    assert x.grad is w.grad is None


def test_grad_of_something_in_between():
    x = leaf(3.0)
    y = x * x
    z = y * y
    dy, dx = grad(z, [y, x], retain_graph=True)
    assert dy.item() == 18
    assert dx.item() == 18 * 6
    assert grad(y, y)[0].item() == 1


def test_grad_of_several_outputs():
    x, w = leaf([1.0, 2.0]), leaf(3.0)
    dx, dw = grad([x * w, (w * w)], [x, w], [np.array([1.0, 10.0]), None])
    assert dx.tolist() == [3, 30]
    assert dw.item() == 21 + 6
    assert grad([x * 2, x * 3], x, [[1, 1], [1, 1]])[0].tolist() == [5, 5]
    assert grad(w * 2, w, 10)[0].item() == 20


def counted(x, calls, name):
    """y = x, by an operation that notes when its rule is run."""

    def rule(dy):
        calls.append(name)
        return dy

    return record(name, x.data.copy(), (x, rule))


def test_grad_runs_only_the_rules_on_the_way():
    calls = []
    a, b, c = leaf(1.0), leaf(2.0), leaf(3.0)
    y = counted(counted(a, calls, "a1"), calls, "a2") * counted(b, calls, "b") + counted(c, calls, "c")
    (da,) = grad(y, a)
    assert da.item() == 2
    assert calls == ["a2", "a1"]


def test_rules_run_only_for_inputs_that_need_it():
    calls = []

    def rule(name):
        return lambda dy: calls.append(name) or dy

    x, w = tinyconv.tensor(1.0), leaf(1.0, np.float32)
    record("op", np.float32(1), (x, rule("x")), (w, rule("w"))).backward()
    assert calls == ["w"]


def test_inputs_that_share_a_rule():
    """One rule for three inputs, of which one is missing and one needs no gradient."""
    a, c = leaf(1.0), tinyconv.tensor(2.0)
    y = record("three", np.float64(0), ((a, None, c), lambda dy: (dy * 7, None, None)))
    assert grad(y, a, retain_graph=True)[0].item() == 7
    y.backward()
    assert a.grad.item() == 7
    assert c.grad is None


def test_a_shared_rule_gives_only_what_is_wanted():
    """The rule makes both gradients, but the branch that was not asked for is not entered."""
    a, b, calls = leaf(1.0), leaf(2.0), []
    other = b * 1
    other.register_hook(calls.append)
    y = record("two", np.float64(0), ((a, other), lambda dy: (dy * 7, dy * 9)))
    assert grad(y, a)[0].item() == 7
    assert calls == []
    other.backward()  # and not freed either
    assert b.grad.item() == 1


def test_unused_inputs():
    x, w = leaf(1.0), leaf(1.0)
    with pytest.raises(GraphError, match="grad: the outputs do not use input 1; allow_unused=True gives None"):
        grad(x * 2, [x, w])
    dx, dw = grad(x * 2, [x, w], allow_unused=True)
    assert dx.item() == 2
    assert dw is None


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (
            lambda x: (x * 2).backward(),
            ShapeError,
            r"backward: shape \(2,\) needs a gradient of that shape, or sum",
        ),
        (
            lambda x: (x * 2).backward([1.0]),
            ShapeError,
            r"backward: gradient has shape \(1,\), the tensor \(2,\)",
        ),
        (
            lambda x: x.detach().backward(),
            GraphError,
            "backward: this tensor needs no gradient: no input of it",
        ),
        (lambda x: grad(x * 2, x), ShapeError, r"grad: shape \(2,\) needs a gradient"),
        (lambda x: grad(x.sum(), x.detach()), GraphError, "grad: input 0 needs requires_grad=True"),
        (lambda x: grad(x.detach().sum(), x), GraphError, "grad: this tensor needs no gradient"),
        (lambda x: grad([x.sum(), x.sum()], x, [None]), ArgumentError, "grad: 2 outputs, but 1 grad_outputs"),
        (
            lambda x: x.detach().register_hook(print),
            GraphError,
            "register_hook: this tensor does not require",
        ),
    ],
)
def test_refused(call, kind, message):
    with pytest.raises(kind, match=message):
        call(leaf([1.0, 2.0]))


def test_a_rule_with_a_wrong_shape_is_named():
    x = leaf([1.0, 2.0])
    y = record("mine", x.data.sum(), (x, lambda dy: dy))
    with pytest.raises(ShapeError, match=r"mine: its gradient rule gave \(\) for an input \(2,\)"):
        y.backward()


# ---------------------------------------------------------------- freeing


def test_backward_twice():
    x = leaf(2.0)
    y = x * x * x
    y.backward()
    with pytest.raises(GraphError, match=r"the graph behind 'mul' was freed by an earlier .*retain_graph=True"):
        y.backward()
    assert x.grad.item() == 12


def test_retain_graph():
    x = leaf(2.0)
    y = x * x * x
    y.backward(retain_graph=True)
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.item() == 36


def test_a_freed_trunk_is_noticed_before_anything_changes():
    x, w = leaf(2.0), leaf(3.0)
    trunk = x * x
    (trunk * 1).backward()
    y = trunk * w
    with pytest.raises(GraphError, match="was freed"):
        y.backward()
    assert w.grad is None
    assert x.grad.item() == 4


def test_create_graph_keeps_the_graph():
    x = leaf(2.0)
    y = x * x
    grad(y, x, create_graph=True)
    grad(y, x, create_graph=True, retain_graph=False)
    with pytest.raises(GraphError, match="was freed"):
        grad(y, x)


# ---------------------------------------------------------------- hooks


def test_tensor_hooks_in_order_replace_the_gradient():
    x = leaf(3.0)
    y = x * 2
    seen = []
    y.register_hook(lambda dy: seen.append(dy.item()))
    y.register_hook(lambda dy: dy * 10)
    y.register_hook(lambda dy: seen.append(dy.item()))
    (y * 5).backward()
    assert seen == [5, 50]
    assert x.grad.item() == 100


def test_hooks_on_a_leaf_see_the_whole_gradient_once():
    x, seen = leaf(3.0), []
    handle = x.register_hook(lambda dx: seen.append(dx.item()))
    (x * x).backward()
    assert seen == [6]
    handle.remove()
    handle.remove()  # once more does no harm
    (x * x).backward()
    assert seen == [6]
    with x.register_hook(lambda dx: dx * 0):
        x.grad = None
        (x * x).backward()
    assert x.grad.item() == 0
    (x * x).backward()
    assert x.grad.item() == 6


def test_what_hooks_keep_is_theirs():
    """The rule of + gives x the very array that the hooks on y saw."""
    x, kept = leaf([1.0, 2.0]), []
    y = x + 1
    y.register_hook(kept.append)
    y.grad_fn.register_hook(lambda operation, dy, gradients: kept.extend([dy, *gradients]))
    (y * 3).sum().backward()
    x.grad.zero_()
    assert [dy.tolist() for dy in kept] == [[3, 3]] * 3


def test_a_handle_takes_off_its_own_hook_only():
    x, seen = leaf(1.0), []
    first = x.register_hook(seen.append)
    x.register_hook(seen.append)
    first.remove()
    first.remove()
    (x * 2).backward()
    assert len(seen) == 1


def test_a_hook_may_take_itself_off():
    x, calls = leaf(1.0), []

    def once(dx):
        calls.append("first")
        handle.remove()

    handle = x.register_hook(once)
    x.register_hook(lambda dx: calls.append("second"))
    for _ in range(2):
        (x * 2).backward()
    assert calls == ["first", "second", "second"]


def test_a_kept_gradient_is_not_changed_later():
    x, kept = leaf([1.0]), []
    x.register_hook(kept.append)
    (x * 2).sum().backward()
    x.grad.mul_(100)
    assert kept[0].tolist() == [2]


@pytest.mark.parametrize(
    ("hook", "kind", "message"),
    [
        (lambda dy: dy.sum(), ShapeError, r"hook: returned shape \(\) for a gradient of shape \(2,\)"),
        (lambda dy: dy.data, DTypeError, "hook: returned ndarray; it must return a Tensor or None"),
    ],
)
def test_hooks_that_return_something_wrong(hook, kind, message):
    x = leaf([1.0, 2.0])
    x.register_hook(hook)
    with pytest.raises(kind, match=message):
        (x * x).sum().backward()
    assert x.grad is None


def test_a_hook_cannot_change_the_dtype():
    x = leaf([1.0], np.float32)
    x.register_hook(lambda dx: dx.double() * 2)
    x.sum().backward()
    assert x.grad.dtype == np.float32
    assert x.grad.tolist() == [2]


def test_hooks_on_operations():
    x, w = leaf(3.0), leaf(5.0)
    y = x * w
    seen = []
    y.grad_fn.register_hook(lambda op, dy, dxs: seen.append((op.name, dy.item(), [dx and dx.item() for dx in dxs])))
    with y.grad_fn.register_hook(lambda op, dy, dxs: [dxs[0] * 2, None]):
        y.backward(retain_graph=True)
    assert seen == [("mul", 1, [5, 3])]
    assert x.grad.item() == 10
    assert w.grad is None
    grad(y, w)
    assert seen[1:] == [("mul", 1, [None, 3])]  # the place of x is kept, though its rule is not run


def test_retain_grad():
    x = leaf(3.0)
    y = x * 2
    y.retain_grad()
    y.retain_grad()
    y.register_hook(lambda dy: dy * 10)
    z = y * y
    grad(z, x, retain_graph=True)
    assert y.grad is None
    z.backward(retain_graph=True)
    assert y.grad.item() == 120  # after the hooks, whatever the order in which they were set
    z.backward()
    assert y.grad.item() == 240
    x.retain_grad()  # a leaf has one anyway
    assert x.grad.item() == 480


def test_retain_grad_survives_the_tensor():
    x = leaf(3.0)
    y = x * 2
    y.retain_grad()
    z = y * y
    del y
    z.backward()
    assert x.grad.item() == 24


# ---------------------------------------------------------------- changes in place


CHANGES = {
    "add_": lambda x: x.add_(1),
    "sub_": lambda x: x.sub_(1),
    "mul_": lambda x: x.mul_(2),
    "div_": lambda x: x.div_(2),
    "copy_": lambda x: x.copy_(0),
    "fill_": lambda x: x.fill_(1),
    "zero_": lambda x: x.zero_(),
    "x[0] = 1": lambda x: x.__setitem__(0, 1),
    "x += 1": lambda x: x.__iadd__(1),
    "x -= 1": lambda x: x.__isub__(1),
    "x *= 2": lambda x: x.__imul__(2),
    "x /= 2": lambda x: x.__itruediv__(2),
    "x.detach()": lambda x: x.detach().add_(1),
    "x[:1]": lambda x: x[:1].add_(1),
    "x.reshape(2, 1).T": lambda x: x.reshape(2, 1).T.add_(1),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_change_after_use_is_detected(change):
    w, x = leaf([1.0, 2.0]), tinyconv.tensor(np.array([3.0, 4.0]))
    y = (w * x).sum()
    change(x)
    with pytest.raises(GraphError, match=r"that 'mul' needs .* \(version 0 was saved, it is now 1.*x.clone\(\)"):
        y.backward()
    assert w.grad is None


def test_changing_the_base_is_seen_by_a_view():
    w, x = leaf([1.0]), tinyconv.tensor(np.array([3.0, 4.0]))
    y = (w * x[:1]).sum()
    x.add_(1)
    with pytest.raises(GraphError, match="was changed in place"):
        y.backward()


def test_a_copy_may_be_changed():
    w, x = leaf([1.0, 2.0]), tinyconv.tensor(np.array([3.0, 4.0]))
    copied = x.clone()
    y = (w * x).sum()
    copied.add_(1)
    x[[0, 1]].add_(1)  # an integer array makes a copy as well
    y.backward()
    assert w.grad.tolist() == [3, 4]


def test_an_output_that_a_rule_needs():
    x = leaf([0.0])
    y = x.exp()
    with tinyconv.no_grad():
        y.mul_(2)
    with pytest.raises(GraphError, match="'exp' needs for its gradient was changed"):
        y.sum().backward()


def test_an_output_is_watched_in_the_second_derivative_too():
    """dx = u y is differentiated by u: nothing but the product of the first backward pass needs y."""
    x, u = leaf(0.0), leaf(1.0)
    y = x.exp()
    (dx,) = grad(y, x, u, create_graph=True)
    with tinyconv.no_grad():
        y.mul_(2)
    with pytest.raises(GraphError, match="'mul' needs for its gradient was changed in place"):
        grad(dx, u)


def test_a_tensor_as_index_is_watched():
    x, index = leaf([1.0, 2.0]), tinyconv.tensor([0, 0])
    y = x[index].sum()
    index.fill_(1)
    with pytest.raises(GraphError, match="'getitem' needs"):
        y.backward()


def test_what_is_not_needed_may_be_changed():
    """add needs neither input, sum only the shape, and mul not the one whose partner is a constant."""
    w, x, mask = (
        leaf([1.0, 2.0]),
        tinyconv.tensor(np.array([3.0, 4.0])),
        tinyconv.tensor(np.array([1.0, 0.0])),
    )
    u = w * mask
    y = (u + x).sum()
    x.zero_()
    with tinyconv.no_grad():
        u.zero_()
        w.zero_()
    y.backward()
    assert w.grad.tolist() == [1, 0]


def test_a_change_after_backward_is_fine():
    w, x = leaf([1.0]), tinyconv.tensor(np.array([3.0]))
    y = (w * x).sum()
    y.backward()
    x.add_(1)
    with tinyconv.no_grad():
        w.sub_(w.grad)
    assert w.tolist() == [-2]
    (w * x).sum().backward()
    assert w.grad.tolist() == [3 + 4]


def test_tensors_are_not_compared_by_value_in_the_walk():
    """Two leaves of equal values stay two leaves."""
    a, b = leaf(1.0), leaf(1.0)
    (a * 2 + b * 3).backward()
    assert (a.grad.item(), b.grad.item()) == (2, 3)
    assert type(a == b) is Tensor
    assert tape.is_grad_enabled()
