"""Every model can learn."""

import pytest

from tinyconv import models
from zoo.learning import learns_by_heart, lessons

QUICK = {"lenet5", "squeezenet1_1", "cellnet", "mobilenet_v2"}  # the others: `pytest -m long`


def test_every_classifier_has_a_lesson():
    assert lessons().keys() >= set(models.names("classification"))


@pytest.mark.parametrize("name", [pytest.param(n, marks=[] if n in QUICK else pytest.mark.long) for n in lessons()])
def test_four_digits_by_heart(name):
    losses = learns_by_heart(name)
    assert losses[-1] < 0.1 * losses[0], losses
