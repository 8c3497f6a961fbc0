"""Module: what belongs to it and under which path, loading, moving, hooks, and where an error happened."""

import copy
import pickle

import numpy as np
import pytest

import tinyconv as tc
from tinyconv import nn, observe
from tinyconv.errors import ArgumentError, DTypeError, GraphError, ShapeError, UnknownNameError


class Block(nn.Module):
    def __init__(self, channels):
        self.conv1 = nn.Conv2d(channels, 4, 3)
        self.bn = nn.BatchNorm2d(4)

    def forward(self, x):
        return self.bn(self.conv1(x))


class Net(nn.Module):
    """Blocks, a scale of its own, and a layer that is used twice."""

    def __init__(self):
        self.scale = nn.Parameter(np.ones(1, np.float32))
        self.block1 = Block(1)
        self.block2 = Block(4)
        self.act = nn.ReLU()
        self.head = nn.Sequential({"act": self.act, "flat": nn.Flatten(), "fc": nn.Linear(16, 2)})

    def forward(self, x):
        return self.head(self.act(self.block2(self.block1(x * self.scale))))


BLOCK = ["conv1.weight", "conv1.bias", "bn.weight", "bn.bias"]
RUNNING = ["bn.running_mean", "bn.running_var", "bn.num_batches_tracked"]
STATE = [
    "scale",
    *(f"block1.{name}" for name in BLOCK + RUNNING),
    *(f"block2.{name}" for name in BLOCK + RUNNING),
    *("head.fc.weight", "head.fc.bias"),
]


def values(module):
    """All parameters and buffers as bytes, to see whether anything changed."""
    return {path: x.numpy().tobytes() for path, x in module.state_dict().items()}


# ---------------------------------------------------------------- what belongs to it


def test_everything_is_found_once_in_the_order_of_definition():
    net = Net()
    assert list(net.state_dict()) == STATE
    assert [path for path, _ in net.named_parameters()] == [p for p in STATE if p.split(".")[-1] not in str(RUNNING)]
    assert [path for path, _ in net.named_buffers()] == [f"{b}.{r}" for b in ("block1", "block2") for r in RUNNING]
    assert [name for name, _ in net.named_children()] == ["block1", "block2", "act", "head"]
    assert [path for path, _ in net.named_modules()] == [
        *("", "block1", "block1.conv1", "block1.bn", "block2", "block2.conv1", "block2.bn"),
        *("act", "head", "head.flat", "head.fc"),  # head.act is act
    ]
    for named, plain in (
        ("named_parameters", "parameters"),
        ("named_buffers", "buffers"),
        ("named_modules", "modules"),
    ):
        assert [id(x) for _, x in getattr(net, named)()] == [id(x) for x in getattr(net, plain)()]
    assert [path for path, _ in net.named_modules("net")][:2] == ["net", "net.block1"]


def test_the_same_things_are_found_as_in_pytorch():
    torch = pytest.importorskip("torch", reason="PyTorch, the twin, is not installed")

    def parts(nn, parameter):
        class Tied(nn.Module):
            def __init__(self):
                super().__init__()
                self.out = nn.Linear(3, 3)
                self.scale = parameter()
                self.again = nn.Sequential(self.out, nn.BatchNorm2d(3), self.out)
                self.twice = self.scale
                self.listed = [nn.Linear(1, 1)]
                self.nothing = None

        return Tied()

    ours = parts(nn, lambda: nn.Parameter(np.ones(1, np.float32)))
    theirs = parts(torch.nn, lambda: torch.nn.Parameter(torch.ones(1)))
    for what in ("named_parameters", "named_buffers", "named_modules", "named_children"):
        assert [path for path, _ in getattr(ours, what)()] == [path for path, _ in getattr(theirs, what)()], what
    assert list(ours.state_dict()) == list(theirs.state_dict())  # here, what is shared stands under every path
    names = [name for name, _ in theirs.again.named_children()]
    assert [name for name, _ in ours.again.named_children()] == names == ["0", "1"]
    assert len(ours.again) == len(theirs.again) == 3


def test_a_shared_parameter_gets_one_gradient_from_all_its_uses():
    fc = nn.Linear(1, 1, bias=False)
    net = nn.Sequential(fc, fc)
    with tc.no_grad():
        fc.weight.fill_(3.0)
    net(tc.ones(1, 1)).backward()  # y = w^2 x,   dw = 2 w x
    assert fc.weight.grad.item() == 6.0
    assert len(list(net.parameters())) == 1


def test_modules_in_a_list_do_not_belong_to_it():
    class Listed(nn.Module):
        def __init__(self):
            self.layers = [nn.Linear(2, 2)]

    assert list(Listed().parameters()) == []


def test_parts_can_be_replaced_and_taken_away():
    net = Net()
    net.head.fc = nn.Linear(16, 5, bias=False)
    assert list(net.state_dict())[-2:] == ["block2.bn.num_batches_tracked", "head.fc.weight"]
    assert net(tc.randn(3, 1, 6, 6)).shape == (3, 5)
    net.scale = nn.Parameter(np.zeros(1, np.float32))
    assert net.state_dict()["scale"].item() == 0
    net.block1.bn.running_mean = None
    del net.block1.bn.running_var, net.block2
    assert not any("running_mean" in path or "block2" in path for path in net.state_dict())
    net.scale = None
    assert "scale" not in net.state_dict()


def test_super_init_may_be_called_and_may_be_forgotten():
    class Polite(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(2, 1)

    assert [path for path, _ in Polite().named_parameters()] == ["fc.weight", "fc.bias"]
    assert Polite().training


@pytest.mark.parametrize("name", ["train", "forward", "parameters", "training"])
def test_a_part_cannot_have_the_name_of_a_method(name):
    with pytest.raises(ArgumentError, match=f"^Sequential: '{name}' belongs to every Module and cannot name a part"):
        nn.Sequential({name: nn.ReLU()})
    with pytest.raises(ArgumentError, match=f"'{name}' belongs to every Module"):
        setattr(nn.ReLU(), name, nn.Parameter(np.ones(1, np.float32)))
    with pytest.raises(ArgumentError, match=f"'{name}' belongs to every Module"):
        nn.ReLU().register_buffer(name, tc.ones(1))


@pytest.mark.parametrize("name", ["a.b", ""])
def test_a_part_cannot_have_a_dot_in_its_name(name):
    with pytest.raises(ArgumentError, match=f"^Sequential: '{name}' cannot name a part: paths are made with dots"):
        nn.Sequential({name: nn.ReLU()})


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        (
            "conv1",
            [nn.ReLU()],
            "^Block: conv1 is a Module, and list cannot take its place. Assign a Module, or None",
        ),
        ("bn", 3, "^Block: bn is a Module, and int cannot take its place"),
    ],
)
def test_a_part_is_not_lost_by_assignment(name, value, message):
    block = Block(1)
    with pytest.raises(ArgumentError, match=message):
        setattr(block, name, value)
    assert list(block.state_dict()) == BLOCK + RUNNING


def test_a_parameter_is_not_lost_by_assignment():
    layer = nn.BatchNorm2d(2)
    with pytest.raises(ArgumentError, match="weight is a Parameter, and Tensor cannot take its place. Assign a Param"):
        layer.weight = tc.ones(2)
    with pytest.raises(ArgumentError, match="running_mean is a Tensor, and ndarray cannot take its place"):
        layer.running_mean = np.ones(2)
    layer.running_mean = tc.ones(2)
    assert layer.state_dict()["running_mean"].tolist() == [1, 1]


def test_buffers():
    net = nn.ReLU()
    net.register_buffer("count", None)
    assert list(net.buffers()) == []
    net.register_buffer("count", tc.ones(2))
    net.register_buffer("count", tc.zeros(3))
    assert [(path, b.shape) for path, b in net.named_buffers()] == [("count", (3,))]
    with pytest.raises(ArgumentError, match=r"register_buffer: count is list; wrap it with tinyconv.tensor\(...\)"):
        net.register_buffer("count", [1, 2])


# ---------------------------------------------------------------- changing it as a whole


def test_train_and_eval_reach_every_module():
    net = Net()
    assert net.eval() is net
    assert [m.training for m in net.modules()] == [False] * 11
    net.block1.train()
    assert [path for path, m in net.named_modules() if m.training] == ["block1", "block1.conv1", "block1.bn"]
    assert net.train(False).train() is net
    assert all(m.training for m in net.modules())


def test_apply_visits_children_before_parents_in_their_order():
    seen = []
    net = nn.Sequential(nn.Sequential(nn.ReLU(), nn.Tanh()), nn.Sigmoid())
    assert net.apply(seen.append) is net
    assert [type(m).__name__ for m in seen] == ["ReLU", "Tanh", "Sequential", "Sigmoid", "Sequential"]


def test_zero_grad_and_freezing():
    net = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    net[0].requires_grad_(False)
    net(tc.ones(1, 2)).sum().backward()
    assert [p.grad is None for p in net.parameters()] == [True, True, False, False]
    net.zero_grad()
    assert all(p.grad is None for p in net.parameters())
    assert net.requires_grad_() is net
    assert all(p.requires_grad for p in net.parameters())


def test_to_converts_parameters_buffers_and_gradients_in_place():
    net = Net()
    net(tc.randn(2, 1, 6, 6)).sum().backward()
    parameters = list(net.parameters())
    assert net.double() is net
    assert list(map(id, net.parameters())) == list(map(id, parameters))
    assert {str(x.dtype) for x in net.state_dict().values()} == {
        "float64",
        "int64",
    }  # a count remains a count
    assert {str(p.grad.dtype) for p in parameters} == {"float64"}
    assert net(tc.randn(2, 1, 6, 6, dtype=np.float64)).dtype == np.float64
    for same in (
        net.float(),
        net.to("float32"),
        net.to("cpu", np.float32),
        net.to(device="cpu", dtype="float32"),
        net.cpu(),
    ):
        assert {str(x.dtype) for x in same.state_dict().values()} == {"float32", "int64"}


@pytest.mark.parametrize(
    ("target", "error", "message"),
    [
        ("int64", DTypeError, "^Module.to: parameters are floating-point numbers; they cannot be int64"),
        (
            "flaot32",
            UnknownNameError,
            "^to: there is no device or data type 'flaot32'. Did you mean 'float32'",
        ),
        (object(), DTypeError, "is not a data type of numbers"),
    ],
)
def test_to_refuses_what_cannot_be_and_changes_nothing(target, error, message):
    net = Net()
    before = values(net)
    for module in (net, nn.ReLU()):
        with pytest.raises(error, match=message):
            module.to(target)
    assert values(net) == before


def test_moving_a_module_between_forward_and_backward_is_noticed():
    net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    y = net(tc.ones(1, 2)).sum()
    net.to("cpu").float()  # nothing to do
    y.backward(retain_graph=True)
    net.double()
    with pytest.raises(GraphError, match="was changed in place"):
        y.backward()


def test_a_copy_is_independent():
    net = Net()
    net(tc.randn(2, 1, 6, 6)).sum().backward()
    before = values(net)
    for twin in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert values(twin) == before
        assert twin.act is twin.head.act
        with tc.no_grad():
            for x in [*twin.parameters(), *twin.buffers()]:
                x.add_(1)
        assert isinstance(twin.scale, nn.Parameter) and twin.scale.requires_grad
        twin(tc.randn(2, 1, 6, 6)).sum().backward()
        assert values(net) == before


# ---------------------------------------------------------------- saving and loading


def test_a_state_dict_shares_memory_and_needs_no_gradient():
    net = nn.Linear(2, 2)
    state = net.state_dict()
    assert not state["weight"].requires_grad
    with tc.no_grad():
        net.weight.fill_(7)
    assert state["weight"].tolist() == [[7, 7], [7, 7]]


@pytest.mark.parametrize("kind", [lambda x: x, lambda x: x.numpy().astype(x.dtype.kind + "8"), lambda x: x.tolist()])
def test_a_state_dict_can_be_loaded_from_tensors_arrays_or_lists(kind):
    a, b = Net(), Net()
    a.block1.bn.num_batches_tracked.add_(5)
    assert values(a) != values(b)
    assert b.load_state_dict({path: kind(x) for path, x in a.state_dict().items()}) == ([], [])
    assert values(a) == values(b)
    assert a.scale is not b.scale
    with tc.no_grad():
        a.scale.fill_(7)
    assert b.scale.item() == 1


def changed(**changes):
    state = Net().state_dict()
    for path, value in changes.items():
        state.pop(path.replace("__", "."), None)
        if value is not None:
            state[path.replace("__", ".")] = value
    return state


BAD_STATES = {
    "misspelt": (
        changed(scale=None, scael=tc.ones(1)),
        ArgumentError,
        r"^load_state_dict: the state does not fit this Net\. strict=False passes over what is missing or unexpected\."
        r"\n  missing: scale \(1,\)\n  unexpected: scael \(did you mean 'scale'\?\)$",
    ),
    "missing": (
        changed(scale=None, block1__conv1__bias=None),
        ArgumentError,
        r"unexpected\.\n  missing: scale \(1,\)\n  missing: block1\.conv1\.bias \(\d+,\)$",
    ),
    "of something else": (
        {"x": tc.ones(1)},
        ArgumentError,
        r"(\n  missing: [a-z0-9._]+ \([0-9, ]*\)){17}\n  unexpected: x$",
    ),
    "unexpected": (
        changed(more=tc.ones(1)),
        ArgumentError,
        r"this Net\. strict.*\n  unexpected: more$",
    ),
    "wrong shape": (
        changed(head__fc__bias=tc.ones(1)),
        ShapeError,
        r"does not fit this Net\.\n  head\.fc\.bias has shape \(1,\), the module's has \(2,\)$",
    ),
    "complex": (
        changed(head__fc__bias=np.ones(2, complex)),
        DTypeError,
        r"^load_state_dict: the state does not fit this Net\.\n  head.fc.bias is complex128, the module's is float32$",
    ),
    "all at once": (
        changed(scale=None, more=tc.ones(1), head__fc__bias=np.ones(1, complex)),
        ArgumentError,
        r"\n  missing: scale \(1,\)\n  unexpected: more"
        r"\n  head\.fc\.bias has shape \(1,\), the .* \(2,\)\n  head\.fc\.bias is complex128, the .* float32$",
    ),
    "fractions for a count": (
        changed(block2__bn__num_batches_tracked=np.float32(1.5)),
        DTypeError,
        r"num_batches_tracked is float32, the module's is int64",
    ),
    "no numbers": (changed(head__fc__bias="text"), DTypeError, "str 'text' is not a number"),
}


@pytest.mark.parametrize(("state", "error", "message"), BAD_STATES.values(), ids=BAD_STATES.keys())
def test_a_state_that_does_not_fit_changes_nothing(state, error, message):
    net = Net()
    before = values(net)
    with pytest.raises(error, match=message):
        net.load_state_dict(state)
    assert values(net) == before


def test_strict_false_loads_the_rest_and_says_what_it_was():
    net = Net()
    state = {"scale": tc.full((1,), 9.0), "more": tc.ones(1)}
    unmatched = net.load_state_dict(state, strict=False)
    assert net.scale.item() == 9
    assert unmatched.missing_keys == STATE[1:]
    assert unmatched.unexpected_keys == ["more"]
    with pytest.raises(ShapeError, match="scale has shape"):
        net.load_state_dict({"scale": tc.ones(2)}, strict=False)


# ---------------------------------------------------------------- hooks


def test_forward_hooks_see_and_may_replace_the_output():
    net = nn.Sequential(nn.ReLU(), nn.Tanh())
    seen = []

    def look(module, inputs, output):
        seen.append((module, inputs[0].tolist(), output.tolist()))

    first = net[0].register_forward_hook(look)
    net[0].register_forward_hook(lambda module, inputs, output: output + 1)
    assert net(tc.tensor([-1.0, 0.0])).tolist() == pytest.approx([np.tanh(1)] * 2)
    assert seen == [(net[0], [-1, 0], [0, 0])]
    first.remove()
    net(tc.tensor([1.0]))
    assert len(seen) == 1


def test_a_hook_may_take_itself_off():
    seen = []
    net = nn.ReLU()
    handle = net.register_forward_hook(lambda *_: (seen.append("once"), handle.remove())[2:] or None)
    net.register_forward_hook(lambda *_: seen.append("always"))
    net(tc.ones(1)), net(tc.ones(1))
    assert seen == ["once", "always", "always"]


def test_keyword_arguments_reach_forward():
    class Scaled(nn.Module):
        def forward(self, x, factor=1):
            return x * factor

    assert Scaled()(tc.ones(1), factor=3).item() == 3


def test_a_module_without_forward_says_so():
    with pytest.raises(NotImplementedError, match=r"Module does not define forward\(\)"):
        nn.Module()(tc.ones(1))


# ---------------------------------------------------------------- where it happened


def test_an_error_names_the_layer():
    net = Net()
    net.block2 = Block(1)
    with pytest.raises(ShapeError) as caught:
        net(tc.ones(2, 1, 6, 6))
    assert str(caught.value) == (
        "conv2d (block2.conv1): input has 4 channels, weight (4, 1, 3, 3) expects 1. "
        "Set in_channels=4, or groups=4 for a depthwise convolution."
    )


def test_an_error_names_the_layer_however_it_was_reached():
    class Steps(nn.Module):
        def __init__(self):
            self.blocks = nn.Sequential(nn.Sequential(nn.Linear(2, 2)), nn.Sequential(nn.Linear(3, 2)))
            self.listed = [nn.Linear(5, 5)]

        def forward(self, x, listed=False):
            for block in self.listed if listed else self.blocks:  # the container itself is not called
                x = block(x)
            return x

    net = Steps()
    probe = nn.Sequential({"other": net.blocks[1]})  # the same layer elsewhere, under another name
    with pytest.raises(ShapeError, match=r"^linear \(blocks\.1\.0\): "):
        net(tc.ones(1, 2))
    with pytest.raises(ShapeError, match=r"^linear \(other\.0\): "):
        probe(tc.ones(1, 2))
    with pytest.raises(ShapeError, match=r"^linear \(Linear\): "):
        net(tc.ones(1, 2), listed=True)
    with pytest.raises(ShapeError, match=r"^linear: "):
        net.blocks[0][0](tc.ones(1, 3))


def test_operations_know_their_layer_while_somebody_looks():
    net, seen = Net(), []

    def look(name, inputs, output, arguments):
        if output.grad_fn is not None:
            seen.append((name, output.grad_fn.module))

    with observe.on_operation(look):
        net(tc.randn(2, 1, 6, 6))
    assert ("conv2d", "block2.conv1") in seen
    assert ("batch_norm", "block1.bn") in seen
    assert ("mul", "") in seen
    assert seen[-1] == ("linear", "head.fc")


# ---------------------------------------------------------------- Sequential and repr


def test_sequential_is_a_container():
    relu, tanh = nn.ReLU(), nn.Tanh()
    net = nn.Sequential(relu, tanh, relu)
    assert list(net) == [relu, tanh, relu] and len(net) == 3
    assert net[0] is relu and net[-2] is tanh
    assert list(net[1:]) == [tanh, relu] and list(net[1:].state_dict()) == []
    assert [name for name, _ in net[1:2].named_children()] == ["1"]
    assert net(tc.tensor([-1.0, 1.0])).tolist() == pytest.approx([0, np.tanh(1)])
    assert nn.Sequential()(3) == 3
    with pytest.raises(ArgumentError, match="^Sequential: there is no part 3; it has 3"):
        net[3]
    with pytest.raises(ArgumentError, match="^Sequential: part 1 is type, not a Module: "):
        nn.Sequential(nn.ReLU(), nn.ReLU)


class Titled(nn.Module):
    def __init__(self):
        self.body = nn.Sequential({"conv": nn.Conv2d(1, 2, 3, padding="same", bias=False), "act": nn.ReLU()})
        self.head = nn.Linear(2, 1)

    def extra_repr(self):
        return "size=28"


REPRS = {
    """Titled(
  size=28
  (body): Sequential(
    (conv): Conv2d(1, 2, kernel_size=(3, 3), stride=(1, 1), padding='same', bias=False)
    (act): ReLU()
  )
  (head): Linear(in_features=2, out_features=1)
)""": Titled(),
    "Sequential(\n  (0): ReLU()\n)": nn.Sequential(nn.ReLU()),
    "Sequential()": nn.Sequential(),
}


@pytest.mark.parametrize(("text", "module"), REPRS.items(), ids=["nested", "one", "none"])
def test_repr(text, module):
    assert repr(module) == text


def test_parameter():
    p = nn.Parameter(tc.ones(2))
    assert repr(p) == "Parameter tensor([1., 1.], requires_grad=True)"
    assert not nn.Parameter(np.ones(2), requires_grad=False).requires_grad
    with pytest.raises(DTypeError, match="only floating-point tensors have gradients, this is int64"):
        nn.Parameter(np.ones(2, np.int64))
