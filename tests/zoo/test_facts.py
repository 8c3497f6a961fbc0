"""Every model has as many parameters as its paper says, and gives what its task asks for."""

from inspect import signature

import pytest

import tinyconv as tc
from tinyconv import models, nn
from zoo.facts import counts, facts


def test_something_is_known_of_every_model():
    assert facts().keys() == set(models.names())


@pytest.mark.parametrize("name", facts())
def test_parameters(name):
    known, found = facts()[name], counts(name)
    assert found["parameters"] == known.parameters
    if known.keras is not None:
        assert found["parameters"] + sum(found[kind] for kind in known.as_keras) == known.keras


@pytest.mark.parametrize("name", models.names("classification"))
def test_classifiers_give_logits(name):
    """Of a batch without pictures, which goes through all layers at no cost."""
    card = models.card(name)
    with tc.no_grad(), nn.init.skipped():
        y = models.create(name).eval()(tc.zeros(0, *card.input))
    assert y.shape == (0, signature(card.build).parameters["num_classes"].default)
