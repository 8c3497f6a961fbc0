"""The gradient check itself: it finds mistakes, names them, and finds nothing where nothing is."""

import importlib.util

import numpy as np
import pytest

import tinyconv
from tinyconv import nn, random
from tinyconv.errors import ArgumentError, DTypeError, GradcheckError, TinyconvError, UnknownNameError
from tinyconv.gradcheck import gradcheck, gradgradcheck
from tinyconv.gradcheck.museum import find
from tinyconv.ops.activation import relu, softmax
from tinyconv.ops.conv import conv2d
from tinyconv.ops.dropout import dropout
from tinyconv.ops.norm import batch_norm
from tinyconv.tape import is_grad_enabled
from tinyconv.tensor import Tensor, record


def leaf(rng, *shape):
    return tinyconv.tensor(rng.standard_normal(shape), requires_grad=True)


def positive_leaf(rng, *shape):
    return tinyconv.tensor(rng.uniform(1, 2, shape), requires_grad=True)


def spoilt(place, factor):
    """y = x^3, whose gradient is wrong in one element."""

    def function(x):
        wrong = np.ones(x.shape)
        wrong[place] = factor
        return record("cube", x.data**3, (x, lambda dy: 3 * dy * x * x * Tensor(wrong)))

    return function


# ---------------------------------------------------------------- mistakes are found


@pytest.mark.parametrize("method", ["complex", "central"])
@pytest.mark.parametrize("size", [(4, 5), (40, 50)], ids=["by element", "by direction"])
def test_the_one_wrong_element_is_named(size, method, rng):
    x = positive_leaf(rng, *size)
    place = tuple(int(n) - 1 for n in rng.integers(2, size))
    report = gradcheck(spoilt(place, 1.001), x, method=method, raise_exception=False)
    assert report.worst.index == place
    assert report.worst.analytic / report.worst.numeric == pytest.approx(1.001, rel=1e-6)
    assert f"input 0{list(place)}: backward gives {report.worst.analytic:.10g}" in str(report)
    assert gradcheck(spoilt(place, 1.0), x, method=method)


@pytest.mark.parametrize(
    ("factor", "verdict"), [(2, "wrong"), (1.001, "suspicious"), (1 + 1e-5, "only if there are kinks")]
)
def test_the_verdict_follows_the_size_of_the_error(factor, verdict, rng):
    report = gradcheck(spoilt((1, 1), factor), positive_leaf(rng, 3, 3), raise_exception=False)
    assert verdict in str(report).splitlines()[0]


@pytest.mark.parametrize(
    ("rule", "cause"),
    [
        (lambda dy, x: -3 * dy * x * x, "Only the sign is wrong."),
        (lambda dy, x: 6 * dy * x * x, "Everything is 2 times what it should be: it is added twice"),
        (lambda dy, x: -6 * dy * x * x, "2 times what it should be and the sign is wrong"),
        (lambda dy, x: 21 * dy * x * x, "7 times what it should be: 7, the size of axis 0 (the batch, N) of input 0"),
        (lambda dy, x: 3.5 * dy * x * x, "Everything is 1.167 times what it should be."),
        (lambda dy, x: dy * 0, "Backward gives zero everywhere."),
        (lambda dy, x: (3 * dy * x * x)[::-1], "flipped along axis 0"),
        (lambda dy, x: (3 * dy * x * x)[[1, 2, 3, 4, 5, 6, 0]], "in another order: 1, 2, 3, 4, 5, 6, 0"),
        (lambda dy, x: 3 * dy * x, "The factor (x) is missing."),
        (lambda dy, x: 3 * dy * x * x * x, "factor (x) too many"),
        (lambda dy, x: 3 * dy * x * x + dy, "dy itself is there once too often"),
        (lambda dy, x: 3 * dy * x * x + 0.5 * dy.sum(), "difference is constant along axis 0"),
        (lambda dy, x: 3 * dy * x * x * Tensor(np.array([1.0, 1, 1, 1, 1, 0, 1])), "wrong only at index 5 of 7"),
    ],
)
def test_the_report_names_a_likely_cause(rule, cause, rng):
    def cube(x):
        return record("cube", x.data**3, (x, lambda dy: rule(dy, x)))

    assert cause in str(gradcheck(cube, leaf(rng, 7), raise_exception=False))


def test_a_mistake_in_a_modules_parameter_is_found_under_its_path(rng):
    class Doubled(nn.Linear):
        def forward(self, x):
            w = self.weight
            return super().forward(x) + record("nothing", 0 * w.data.sum(), (w, lambda dy: Tensor(w.data) * dy))

    net = nn.Sequential(nn.Linear(3, 4), Doubled(4, 2)).double()
    report = gradcheck(net, leaf(rng, 5, 3), raise_exception=False)
    assert {entry.name for entry in (t.worst for t in report.tensors) if entry.error > 1e-9} == {"1.weight"}


def test_a_wrong_gradient_of_the_gradient_is_found(rng):
    def square(x):
        return record("square", x.data**2, (x, lambda dy: 2 * dy * x.detach()))

    x = leaf(rng, 4)
    assert gradcheck(square, x)
    with pytest.raises(GradcheckError, match=r"input 0 \(second order\)\[\d\]: backward gives 0"):
        gradgradcheck(square, x)


def test_a_gradient_that_changes_when_it_is_recorded_is_found(rng):
    def square(x):
        return record("square", x.data**2, (x, lambda dy: dy * x * (3 if is_grad_enabled() else 2)))

    x = leaf(rng, 4)
    assert gradcheck(square, x)
    with pytest.raises(GradcheckError, match="another result when it is recorded"):
        gradcheck(square, x, order=2)


def test_a_result_that_changes_when_it_is_recorded_is_found(rng):
    with pytest.raises(GradcheckError, match="another result when it is recorded"):
        gradcheck(lambda x: x * (2 if is_grad_enabled() else 3), leaf(rng, 4))


def test_a_gradient_that_is_not_finite_is_found(rng):
    x = tinyconv.tensor(np.array([1.0, 0.0]), requires_grad=True)
    with (
        pytest.raises(GradcheckError, match=r"input 0: the gradient is not finite: at \(1,\) it is"),
        np.errstate(all="ignore"),
    ):
        gradcheck(lambda x: (x * x).sqrt(), x)


def test_a_gradient_that_differs_from_pass_to_pass_is_found(rng):
    def noisy(x):
        return record("noisy", 2 * x.data, (x, lambda dy: dy * (2 + float(random.stream("dropout").random()))))

    with pytest.raises(GradcheckError, match="two backward passes of one forward pass differ"):
        gradcheck(noisy, leaf(rng, 3))


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (lambda dy: dy * 0 + 2, "must be multiplied by dy"),
        (lambda dy: 2 * dy + 0.1, "a term without dy"),
        (lambda dy: (2 * dy).float().double(), "single precision"),
    ],
)
def test_what_no_gradient_may_be(rule, message, rng):
    with pytest.raises(GradcheckError, match=message):
        gradcheck(lambda x: record("double", 2 * x.data, (x, rule)), leaf(rng, 5))


def test_a_buffer_that_changes_in_evaluation_is_found_and_in_training_it_is_not(rng):
    class Counting(nn.BatchNorm2d):
        def forward(self, x):
            self.running_var.add_(1.0)
            return super().forward(x)

    net, x = nn.Sequential(Counting(2)).double(), leaf(rng, 3, 2, 2, 2)
    assert gradcheck(net, x)
    with pytest.raises(GradcheckError, match=r"changes 0\.running_var though it is in evaluation"):
        gradcheck(net.eval(), x)
    assert gradcheck(nn.Sequential(nn.BatchNorm2d(2)).double().eval(), x)


# ---------------------------------------------------------------- the error against the step


def test_the_curve_falls_with_the_square_of_the_step_until_rounding_takes_over(rng):
    report = gradcheck(lambda x: x.exp(), leaf(rng, 3))
    curve = report.curve
    central, by_complex = curve.errors(curve.central), curve.errors(curve.complex)
    assert central[1] / central[3] == pytest.approx(1e4, rel=0.05)  # steps 100 times smaller
    assert central[-1] > 1e-4 > 1e-6 > central.min()
    assert by_complex[8:].max() < 1e-12
    assert "central differences come nearest at h =" in curve.verdict
    assert f"h = {curve.steps[central.argmin()]:.0e}, to {central.min():.0e}" in curve.verdict


def test_the_curve_of_a_wrong_gradient_is_flat_and_the_report_says_so(rng):
    x = positive_leaf(rng, 3, 3)
    report = gradcheck(spoilt((1, 1), 1.5), x, raise_exception=False)
    curve = report.curve
    np.testing.assert_allclose(curve.errors(curve.central)[3:9], 1 / 3, rtol=1e-4)  # (1.5 - 1) / 1.5
    right = f"settle at {3 * report.worst.analytic / 4.5:.6g}"
    assert right in curve.verdict and right in str(report)
    assert "backward is wrong" in curve.verdict


def test_the_curve_of_something_rough_never_settles(rng):
    def rough(x):  # corners on every scale: Weierstrass
        y = sum([0.6**k * np.cos(5.0**k * x.data) for k in range(40)])
        return record("rough", y, (x, lambda dy: dy))

    report = gradcheck(rough, leaf(rng, 4), method="central", raise_exception=False)
    assert "do not settle" in report.curve.verdict or "kink" in report.curve.verdict


def test_the_curve_has_no_complex_part_where_complex_numbers_are_refused(rng):
    curve = gradcheck(relu, leaf(rng, 4)).curve
    assert np.isnan(curve.complex).all()
    assert np.isfinite(curve.central).all()


def test_the_curve_leaves_everything_as_it_was(rng):
    x = leaf(rng, 4)
    report = gradcheck(lambda x: dropout(x, 0.3), x)
    before, numbers = random.get_state(), x.data.copy()
    assert report.curve is not None
    assert random.get_state() == before
    np.testing.assert_array_equal(x.data, numbers)


def test_the_curve_is_drawn(rng, tmp_path):
    pytest.importorskip("matplotlib", reason="matplotlib draws the curve")
    path = tmp_path / "curve.png"
    gradcheck(lambda x: x.exp(), leaf(rng, 3)).plot(path)
    assert path.read_bytes().startswith(b"\x89PNG")
    assert [p.name for p in tmp_path.iterdir()] == ["curve.png"]


def test_no_matplotlib_and_nothing_to_draw(rng, tmp_path, monkeypatch):
    with pytest.raises(ArgumentError, match="nothing was compared"):
        gradcheck(lambda x: x * 2, leaf(rng, 0)).plot(tmp_path / "curve.png")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(TinyconvError, match=r"matplotlib is not installed.*tinyconv\[viz\]"):
        gradcheck(relu, leaf(rng, 3)).plot(tmp_path / "curve.png")
    assert list(tmp_path.iterdir()) == []


# ---------------------------------------------------------------- right ones pass


def test_a_right_gradient_passes_to_the_last_digits(rng):
    report = gradcheck(conv2d, [leaf(rng, 2, 3, 5, 4), leaf(rng, 4, 3, 3, 2), leaf(rng, 4)])
    assert report
    assert report.max_error < 1e-12
    assert report.entries == 2 * 3 * 5 * 4 + 4 * 3 * 3 * 2 + 4
    assert [t.method for t in report.tensors] == ["complex step"] * 3
    assert "input 1: 72 elements by complex step" in str(report)


def test_large_inputs_are_checked_along_random_directions(rng):
    x = leaf(rng, 30, 40)
    assert "input 0: 16 random directions" in str(gradcheck(lambda x: x.exp(), x))
    assert "input 0: 3 random directions" in str(gradcheck(lambda x: x.exp(), x, directions=3))
    assert "input 0: 1200 elements" in str(gradcheck(lambda x: x.exp(), x, directions=0))


def test_several_outputs_and_other_arguments(rng):
    labels = np.array([1, 0])

    def function(x, labels, scale):
        return x.exp() * scale, x > 0, x.sum(), labels

    x = leaf(rng, 2, 3)
    assert gradcheck(function, (x, labels, 2.5)).entries == 6
    with pytest.raises(GradcheckError, match="input 0"):
        gradcheck(lambda x: (x.exp(), x.detach() * 2), (x,))


def test_a_tensor_given_twice_is_one_tensor(rng):
    x = leaf(rng, 3)
    assert gradcheck(lambda a, b: a * b, (x, x)).entries == 3


def test_a_gradient_that_is_rightly_zero_passes_with_a_note(rng):
    report = gradcheck(lambda x: x * 0, leaf(rng, 3))
    assert report
    assert "gradient is zero at this point" in str(report)


def test_a_bias_before_batch_norm_has_no_gradient_but_rounding(rng):
    def net(x, w, b):
        return batch_norm(conv2d(x, w, b), None, None, training=True)

    assert gradcheck(net, [leaf(rng, 3, 2, 4, 4), leaf(rng, 2, 2, 3, 3), leaf(rng, 2)], order=2)


@pytest.mark.parametrize("scale", [1e-12, 1e12])
def test_the_scale_of_the_function_does_not_matter(scale, rng):
    function, x = (lambda x: softmax(x) * scale), leaf(rng, 3, 4)
    assert gradcheck(function, x)
    assert gradcheck(function, x, method="central")
    wrong = lambda x: find("softmax_gives_nothing").wrong(x) * scale  # noqa: E731
    for method in ("complex", "central"):
        assert not gradcheck(wrong, x, method=method, raise_exception=False)


def test_a_small_gradient_on_a_large_constant_is_not_taken_for_rounding(rng):
    right, wrong = (lambda x: 1e6 + 1e-5 * x), (lambda x: 1e6 + 1e-5 * x.detach())
    x = leaf(rng, 5)
    assert gradcheck(right, x, method="complex")
    for method in ("auto", "complex", "central"):
        assert not gradcheck(wrong, x, method=method, raise_exception=False)


# ---------------------------------------------------------------- complex steps, only where they are right


@pytest.mark.parametrize(
    "careless",
    [
        lambda x: record("abs", np.abs(x.data), (x, lambda dy: dy * Tensor(np.sign(x.data)))),
        lambda x: record("real", x.data.real * 2, (x, lambda dy: dy * 2)),
        lambda x: record("norm", (x.data * x.data.conj()).real, (x, lambda dy: dy * 2 * x)),
    ],
    ids=["abs", "real part", "conjugate"],
)
def test_code_that_takes_complex_numbers_but_is_not_analytic(careless, rng):
    x = leaf(rng, 3, 4)
    report = gradcheck(careless, x)
    assert report.tensors[0].method == "central differences"
    assert not gradcheck(careless, x, method="complex", raise_exception=False)
    with pytest.raises(GradcheckError):  # a zero gradient would agree with the complex step
        gradcheck(lambda x: careless(x).detach(), x)


def test_operations_without_complex_numbers_are_checked_by_differences(rng):
    report = gradcheck(lambda x, w: relu(x) * w, [leaf(rng, 3, 4), leaf(rng, 4)])
    assert {t.method for t in report.tensors} == {"central differences"}
    with pytest.raises(DTypeError, match="complex"):
        gradcheck(relu, leaf(rng, 3), method="complex")


def test_differences_stay_inside_the_domain():
    x = tinyconv.tensor(np.array([1e-3, 0.5, 20.0]), requires_grad=True)
    report = gradcheck(lambda x: x.log() * x.sqrt(), x, method="central")
    assert report.max_error < 1e-8


# ---------------------------------------------------------------- kinks


def test_kinks_are_told_from_errors(rng):
    x = leaf(rng, 5, 5)
    x.data[2, 3] = 0
    report = gradcheck(relu, x)
    (kink,) = report.kinks
    assert kink.index == (2, 3)
    assert kink.width == pytest.approx(abs(kink.numeric), rel=1e-3)  # half of a jump that starts from 0
    assert "kink: input 0[2, 3]" in str(report)


def test_a_tie_is_a_kink(rng):
    x = leaf(rng, 6, 6)
    x.data[4, [1, 3]] = 5
    assert {kink.index[0] for kink in gradcheck(lambda x: x.amax(1), x).kinks} == {4}


def test_an_error_does_not_hide_at_a_kink(rng):
    x = leaf(rng, 5, 5)
    x.data[0, 0] = 0

    def wrong(x):  # at 0 anything from 0 to 1 would do
        slope = np.where(x.data > 0, 1.0, np.where(x.data == 0, 1.5, 0))
        return record("relu", np.maximum(x.data, 0), (x, lambda dy: dy * Tensor(slope)))

    with pytest.raises(GradcheckError, match=r"input 0\[0, 0\]"):
        gradcheck(wrong, x, method="central")


def test_too_many_kinks_are_inconclusive(rng):
    x = leaf(rng, 2, 5)
    x.data[:, 1] = 0
    with pytest.raises(GradcheckError, match=r"2 of 10 entries lie at kinks.*inconclusive"):
        gradcheck(relu, x)


def test_a_kink_nearby_is_stepped_around(rng):
    x = leaf(rng, 4, 5)
    x.data[0, :3] = [1e-4, -1e-4, 2e-5]
    assert not gradcheck(relu, x).kinks


def test_a_rough_function_does_not_pass(rng):
    def rough(x):
        return record("rough", x.data.astype(np.float32).astype(float), (x, lambda dy: dy))

    assert not gradcheck(rough, leaf(rng, 10), method="central", raise_exception=False)


# ---------------------------------------------------------------- functions that do not repeat


def test_dropout_draws_the_same_mask_in_every_evaluation(rng):
    before = random.get_state()
    assert gradcheck(lambda x: dropout(x, 0.4), leaf(rng, 4, 5), order=2)
    assert random.get_state() == before


def test_random_numbers_drawn_in_backward_do_not_disturb_the_next_evaluation(rng):
    x = leaf(rng, 4, 5)
    before = random.get_state()
    with x.register_hook(lambda dx: (random.stream("dropout").random(), dx)[1]):
        assert gradcheck(lambda x: dropout(x, 0.4), x)
    assert random.get_state() == before


def test_randomness_of_its_own_is_found(rng):
    noise = np.random.default_rng()
    with pytest.raises(GradcheckError, match="not deterministic"):
        gradcheck(lambda x: x * noise.random(), leaf(rng, 3))


def test_a_function_that_overwrites_its_input_is_found(rng):
    def function(x):
        x.data += 1
        return x * 2

    with pytest.raises(GradcheckError, match="changes input 0 in place"):
        gradcheck(function, leaf(rng, 3))


def test_everything_is_left_as_it_was(rng):
    net = nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.Tanh()).double()
    x = leaf(rng, 2, 2, 5, 5)
    kept = x.grad = Tensor(np.ones(x.shape))
    state = {name: (t.data, t.data.copy()) for name, t in [*net.named_parameters(), *net.named_buffers()]}
    report = gradcheck(net, x, order=2)
    assert {t.name for t in report.tensors} >= {"input 0", "0.weight", "0.bias", "1.weight", "1.bias"}
    assert x.grad is kept and (kept.data == 1).all()
    for name, t in [*net.named_parameters(), *net.named_buffers()]:
        array, numbers = state[name]
        assert t.grad is None
        assert t.data is array
        np.testing.assert_array_equal(array, numbers)


def test_the_same_seed_gives_the_same_report(rng):
    x = leaf(rng, 3, 3)
    reports = [str(gradcheck(softmax, x, seed=seed)) for seed in (5, 5, 6)]
    assert reports[0] == reports[1] != reports[2]
    assert "seed=5" in reports[0]


# ---------------------------------------------------------------- bad arguments


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"method": "forward"}, UnknownNameError, "no method 'forward'"),
        ({"order": 3}, ArgumentError, "order is 3; it must be 1 or 2"),
        ({"directions": -1}, ArgumentError, "directions is -1"),
        ({"directions": "all"}, ArgumentError, "directions is 'all'"),
        ({"rtol": 0}, ArgumentError, "rtol is 0; it must be above 0"),
        ({"inputs": np.ones(3)}, ArgumentError, "no input and no parameter requires a gradient"),
        ({"function": lambda x: x > 0}, ArgumentError, "returns no floating-point tensor"),
        (
            {"function": lambda x: (-1 - x * x).log()},
            ArgumentError,
            "output 0 has values that are not finite",
        ),
        ({"function": lambda x: x.float()}, DTypeError, "output 0 is float32, though all inputs are float64"),
    ],
)
def test_bad_arguments(arguments, error, message, rng):
    given = {"function": relu, "inputs": leaf(rng, 3), **arguments}
    with pytest.raises(error, match=message), np.errstate(all="ignore"):
        gradcheck(given.pop("function"), given.pop("inputs"), **given)


def test_float32_is_refused(rng):
    x = tinyconv.randn(3, requires_grad=True)
    with pytest.raises(DTypeError, match=r"input 0 is float32.*x0\.double\(\)"):
        gradcheck(relu, x)
    with pytest.raises(DTypeError, match=r"0\.weight is float32.*module\.double\(\)"):
        gradcheck(nn.Sequential(nn.Linear(3, 2)), leaf(rng, 2, 3))
