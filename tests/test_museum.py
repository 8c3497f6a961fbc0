"""The museum of wrong backward passes: the gradient check refuses each, and says why; it accepts the right ones."""

import numpy as np
import pytest

from tinyconv import cli, random
from tinyconv.errors import UnknownNameError
from tinyconv.gradcheck import gradcheck
from tinyconv.gradcheck.museum import exhibits, find

ALL = exhibits()
NAMES = [e.name for e in ALL]
# Ties are found only where elements are moved one by one, and a module's buffers have no direction.
BY_DIRECTIONS = [e for e in ALL if e.name not in ("ties_counted_twice", "running_statistics_updated_in_evaluation")]


@pytest.mark.parametrize("e", ALL, ids=NAMES)
def test_it_is_refused_with_a_hint_that_fits(e, rng):
    wrong, _ = e.functions()
    report = gradcheck(wrong, e.inputs(rng), raise_exception=False)
    assert not report.passed
    assert e.hint in str(report)
    assert "deterministic" not in str(report) and "inconclusive" not in str(report)


@pytest.mark.parametrize("e", BY_DIRECTIONS, ids=lambda e: e.name)
def test_it_is_refused_along_random_directions(e, rng):
    wrong, _ = e.functions()
    assert not gradcheck(wrong, e.inputs(rng), directions=4, raise_exception=False)


@pytest.mark.parametrize("e", ALL, ids=NAMES)
def test_what_is_right_passes_and_differs_in_backward_alone(e, rng):
    wrong, right = e.functions()
    inputs = e.inputs(rng)
    streams = random.get_state()
    assert gradcheck(right, inputs)
    expected = right(*inputs).data
    random.set_state(streams)
    np.testing.assert_allclose(wrong(*inputs).data, expected, rtol=1e-12, atol=1e-12)


def test_there_are_fifty_and_each_is_documented():
    assert len(ALL) >= 50
    assert len({e.symptom for e in ALL}) == len(ALL) == len({e.mistake for e in ALL})
    for e in ALL:
        for text in (e.mistake, e.symptom):
            assert text[0].isupper() or text.startswith(("dx", "db", "dw", "b ", "x ", "y "))
            assert text.endswith((".", "..."))
        assert len(e.hint) >= 5


def test_it_can_be_walked_through(capsys):
    assert cli.main(["museum"]) == 0
    listed = capsys.readouterr().out
    assert all(e.name in listed and e.mistake.splitlines()[0] in listed for e in ALL)
    assert cli.main(["museum", "mean_path_dropped"]) == 0
    shown = capsys.readouterr().out
    e = find("mean_path_dropped")
    assert e.mistake in shown and e.symptom in shown
    assert "def mean_path_dropped(x: Tensor)" in shown and e.hint in shown


def test_an_unknown_exhibit(capsys):
    with pytest.raises(UnknownNameError, match=r"no exhibit 'mean_path_droped'. Did you mean 'mean_path_dropped'"):
        find("mean_path_droped")
    assert cli.main(["museum", "nothing"]) == 2
    assert "no exhibit 'nothing'" in capsys.readouterr().err
