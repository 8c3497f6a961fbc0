"""Mutants of the real backward rules die: some in the normal suite, all of them in the long one."""

import numpy as np
import pytest
from mutants import cases, fate, killer, quietly, reason
from mutations import all_mutants, files
from registry import Op, all_ops, normal, sample

from tinyconv.ops import arithmetic
from tinyconv.tensor import Tensor, grad

STEP = 40  # the normal suite takes every so-manieth mutant


@pytest.fixture(scope="module")
def known():
    with quietly():
        return cases(all_ops())


def survivors(mutants, known):
    with quietly():
        return [m.key for m in mutants if not fate(m, known)]


def mutant_named(key):
    (mutant,) = [m for m in all_mutants() if m.key == key]
    return mutant


def test_a_part_of_them_dies(known):
    assert survivors(all_mutants()[::STEP], known) == []


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("path", files(), ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_all_of_them_die(path, known):
    assert survivors([m for m in all_mutants() if m.file == f"{path.parent.name}/{path.name}"], known) == []


def test_every_file_with_rules_is_mutated():
    mutated = {m.file for m in all_mutants()}
    assert {"ops/conv.py", "ops/norm.py", "ops/pool.py", "kernels/conv.py", "kernels/norm.py"} <= mutated
    assert len(all_mutants()) == len({m.key for m in all_mutants()}) > 500


def test_a_mutant_changes_the_code_and_leaves_no_trace():
    mutant = mutant_named("ops/arithmetic.py exp: dy * y -> dy")
    x = Tensor(np.array(2.0), requires_grad=True)
    with mutant.installed():
        assert gradient_of_exp(x) == 1
    assert gradient_of_exp(x) == np.exp(2)


def gradient_of_exp(x):
    return grad(arithmetic.exp(x), x)[0].item()


def test_a_mutant_lives_where_no_sample_can_tell(rng):
    """The script reports survivors: a weak registry is found out."""
    mutant = mutant_named("ops/arithmetic.py mul: dy * b -> dy")
    strong = Op(arithmetic.mul, [sample("numbers", normal(3), normal(3))])
    weak = Op(arithmetic.mul, [sample("times one", normal(3), 1.0)])
    with quietly():
        assert killer(mutant, cases([strong])) == "gradient check"
        assert killer(mutant, cases([weak])) == ""
    assert not reason(mutant)
