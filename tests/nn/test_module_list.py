"""ModuleList and ModuleDict: what belongs to them and under which names, changes, bad input; beside PyTorch's."""

import copy

import pytest

import tinyconv as tc
from tinyconv import nn
from tinyconv.errors import ArgumentError, UnknownNameError


def linears(*sizes, library=nn):
    return [library.Linear(size, 1) for size in sizes]


def sizes(modules):
    return [module.in_features for module in modules]


def names(module):
    return list(module.state_dict())


# ---------------------------------------------------------------- lists


def test_a_list_holds_its_parts_in_order():
    parts = linears(2, 3, 4)
    held = nn.ModuleList(parts)
    assert list(held) == parts
    assert len(held) == 3
    assert held[0] is parts[0] and held[-1] is parts[2]
    assert parts[1] in held and nn.ReLU() not in held
    assert names(held) == ["0.weight", "0.bias", "1.weight", "1.bias", "2.weight", "2.bias"]
    assert [name for name, _ in held.named_children()] == ["0", "1", "2"]
    assert len(nn.ModuleList()) == 0


def test_a_slice_shares_its_parts_under_new_names():
    held = nn.ModuleList(linears(2, 3, 4))
    part = held[1:]
    assert type(part) is nn.ModuleList
    assert [a is b for a, b in zip(part, [held[1], held[2]], strict=True)] == [True, True]
    assert names(part)[0] == "0.weight"
    assert sizes(held[::-2]) == [4, 2]


def changes(held, library):
    """The same changes to a list of either library; sizes after each."""
    new = iter(linears(10, 11, 12, 13, 14, 15, 16, library=library))
    held.append(next(new))
    yield held
    held.insert(0, next(new))
    yield held
    held.insert(2, next(new))
    yield held
    held.extend([next(new), next(new)])
    yield held
    held[1] = next(new)
    yield held
    held[-1] = next(new)
    yield held
    assert held.pop(-1).in_features == 16
    yield held
    assert held.pop(2).in_features == 12
    yield held
    del held[0]
    yield held
    del held[1:3]
    yield held
    held += linears(20, library=library)
    yield held
    yield held + library.ModuleList(linears(21, library=library))


def test_changes_are_those_of_pytorchs_list():
    torch = pytest.importorskip("torch", reason="PyTorch, the twin, is not installed")
    ours, theirs = nn.ModuleList(linears(2, 3)), torch.nn.ModuleList(linears(2, 3, library=torch.nn))
    steps = 0
    for a, b in zip(changes(ours, nn), changes(theirs, torch.nn), strict=True):
        assert sizes(a) == sizes(b)
        assert names(a) == names(b)
        steps += 1
    assert steps == 12


def test_append_and_extend_give_the_list_back():
    held = nn.ModuleList()
    assert held.append(nn.ReLU()) is held
    assert held.extend([nn.Tanh()]) is held


def test_a_list_can_be_extended_by_itself():
    held = nn.ModuleList(linears(2, 3))
    held.extend(held)
    assert sizes(held) == [2, 3, 2, 3]
    assert len(list(held.parameters())) == 4  # shared


class Chain(nn.Module):
    def __init__(self):
        self.layers = nn.ModuleList(linears(1, 1))

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


def test_its_parts_are_learned_moved_and_switched_with_the_net():
    net = Chain()
    assert [path for path, _ in net.named_parameters()] == [
        f"layers.{i}.{p}" for i in (0, 1) for p in ("weight", "bias")
    ]
    net(tc.ones(2, 1)).sum().backward()
    assert all(p.grad is not None for p in net.parameters())
    assert net.double().layers[1].weight.dtype == "float64"
    assert not net.eval().layers[0].training
    twin = copy.deepcopy(net)
    assert twin.layers[0] is not net.layers[0]
    twin.load_state_dict(net.state_dict())


def test_it_has_no_forward():
    for module in (nn.ModuleList([nn.ReLU()]), nn.ModuleDict({"a": nn.ReLU()})):
        with pytest.raises(NotImplementedError, match=r"Module(List|Dict) does not define forward\(\)"):
            module(tc.ones(1))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda held: held[2], "there is no part 2; it has 2"),
        (lambda held: held[-3], "there is no part -3; it has 2"),
        (lambda held: held["0"], "there is no part '0'; it has 2"),
        (lambda held: held.pop(5), "there is no part 5; it has 2"),
        (lambda held: held.__delitem__(2), "there is no part 2; it has 2"),
        (lambda held: held.__setitem__(2, nn.ReLU()), "there is no part 2; it has 2"),
        (lambda held: held.append(nn.ReLU), r"part 2 is type, not a Module: ReLU\(\) is one, ReLU a class"),
        (lambda held: held.insert(0, 3), "part 0 is int, not a Module"),
        (lambda held: held.extend([nn.ReLU(), None]), "part 3 is NoneType, not a Module"),
        (lambda held: held.__setitem__(1, "relu"), "part 1 is str, not a Module"),
    ],
)
def test_what_does_not_fit_a_list_is_refused_and_changes_nothing(change, message):
    held = nn.ModuleList(linears(2, 3))
    with pytest.raises(ArgumentError, match=f"^ModuleList: {message}"):
        change(held)
    assert sizes(held) == [2, 3]
    assert names(held) == ["0.weight", "0.bias", "1.weight", "1.bias"]


# ---------------------------------------------------------------- dicts


def test_a_dict_holds_its_parts_by_name():
    a, b = linears(2, 3)
    held = nn.ModuleDict({"a": a, "b": b})
    assert list(held) == list(held.keys()) == ["a", "b"]
    assert list(held.values()) == [a, b]
    assert list(held.items()) == [("a", a), ("b", b)]
    assert held["b"] is b
    assert len(held) == 2
    assert "a" in held and "c" not in held
    assert names(held) == ["a.weight", "a.bias", "b.weight", "b.bias"]
    assert list(nn.ModuleDict([("x", a), ("y", a)])) == ["x", "y"]
    assert len(nn.ModuleDict()) == 0


def test_changes_are_those_of_pytorchs_dict():
    torch = pytest.importorskip("torch", reason="PyTorch, the twin, is not installed")
    both = []
    for library in (nn, torch.nn):
        new = iter(linears(10, 11, 12, 13, 14, library=library))
        held, seen = library.ModuleDict({"a": next(new)}), []
        held["b"] = next(new)
        seen.append((list(held), sizes(held.values()), names(held)))
        held.update({"c": next(new), "a": next(new)})
        seen.append((list(held), sizes(held.values()), names(held)))
        held.update(library.ModuleDict({"d": next(new)}))
        seen.append((list(held), sizes(held.values()), names(held)))
        seen.append(held.pop("b").in_features)
        del held["c"]
        seen.append((list(held), sizes(held.values()), names(held)))
        held.clear()
        seen.append((list(held), names(held)))
        both.append(seen)
    assert both[0] == both[1]


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda held: held["reul"], UnknownNameError, "there is no part 'reul'. Did you mean 'relu'"),
        (lambda held: held.pop("x"), UnknownNameError, "there is no part 'x'"),
        (lambda held: held.__delitem__("x"), UnknownNameError, "there is no part 'x'"),
        (lambda held: held.__setitem__("x", nn.ReLU), ArgumentError, "part 'x' is type, not a Module"),
        (lambda held: held.__setitem__(3, nn.ReLU()), ArgumentError, "the name 3 is int; it must be a string"),
        (lambda held: held.update({"y": nn.ReLU(), "x": 1}), ArgumentError, "part 'x' is int, not a Module"),
        (lambda held: held.__setitem__("items", nn.ReLU()), ArgumentError, "'items' belongs to every ModuleDict and"),
        (lambda held: held.__setitem__("train", nn.ReLU()), ArgumentError, "'train' belongs to every Module"),
        (lambda held: held.__setitem__("a.b", nn.ReLU()), ArgumentError, "'a.b' cannot name a part: paths"),
    ],
)
def test_what_does_not_fit_a_dict_is_refused_and_changes_nothing(change, error, message):
    held = nn.ModuleDict({"relu": nn.ReLU()})
    with pytest.raises(error, match=f"^ModuleDict: {message}"):
        change(held)
    assert list(held) == ["relu"]


def test_reprs():
    held = nn.ModuleDict({"a": nn.ReLU(), "b": nn.ModuleList([nn.Tanh()])})
    assert repr(held) == "ModuleDict(\n  (a): ReLU()\n  (b): ModuleList(\n    (0): Tanh()\n  )\n)"
    assert repr(nn.ModuleList()) == "ModuleList()"
