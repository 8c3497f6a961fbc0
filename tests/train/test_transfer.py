"""Transfer learning: weights that fit, heads that are replaced, parts that are frozen, rates of their own."""

import copy

import numpy as np
import pytest

import tinyconv as tc
from tinyconv import models, nn, optim
from tinyconv.data import DataLoader, Dataset
from tinyconv.errors import ArgumentError, DataError, UnknownNameError
from tinyconv.optim.lr_scheduler import CosineLR
from tinyconv.train import (
    Trainer,
    find_head,
    freeze,
    load_checkpoint,
    load_matching,
    parameter_groups,
    replace_head,
    save_checkpoint,
    save_weights,
    unfreeze,
)


def net(K=3, width=4):
    return nn.Sequential(
        {
            "features": nn.Sequential(nn.Conv2d(1, width, 3), nn.BatchNorm2d(width), nn.ReLU()),
            "pool": nn.GlobalAvgPool2d(),
            "fc": nn.Linear(width, K),
        }
    )


def values(model):
    return {path: t.data.copy() for path, t in model.state_dict().items()}


def same(a, b):
    return a.keys() == b.keys() and all(np.array_equal(a[path], b[path]) for path in a)


# ---------------------------------------------------------------- load_matching


def test_what_fits_is_loaded_and_the_rest_is_reported():
    donor, model = net(K=10), net(K=3)
    state = {**values(donor), "extra.weight": np.zeros(2)}
    del state["features.0.bias"]
    before = values(model)
    report = load_matching(state, model)
    body = ["features.0.weight", *(f"features.1.{x}" for x in ("weight", "bias", "running_mean", "running_var"))]
    assert report.loaded == [*body, "features.1.num_batches_tracked"]
    assert report.missing == ["features.0.bias"]
    assert report.unexpected == ["extra.weight"]
    assert report.different == {
        "fc.weight": "shape (10, 4) there, (3, 4) here",
        "fc.bias": "shape (10,) there, (3,) here",
    }
    after = values(model)
    for path in after:
        np.testing.assert_array_equal(after[path], (state if path in body else before)[path])
    assert str(report).splitlines() == [
        "loaded 6 tensors",
        "  left out: fc.weight: shape (10, 4) there, (3, 4) here",
        "  left out: fc.bias: shape (10,) there, (3,) here",
        "  left out: extra.weight: the model has no such tensor",
        "  as it was: features.0.bias: nothing to load",
    ]


def test_another_kind_of_number_does_not_fit():
    state = {**values(net()), "fc.bias": np.zeros(3, complex)}
    assert load_matching(state, net()).different == {"fc.bias": "complex128 there, float32 here"}


def test_files_of_weights_and_checkpoints(tmp_path):
    donor = net()
    save_weights(tmp_path / "weights.safetensors", donor)
    save_checkpoint(tmp_path / "checkpoint.safetensors", {"epoch": 3, "model": donor.state_dict()})
    for name in ("weights", "checkpoint"):
        model = net()
        report = load_matching(tmp_path / f"{name}.safetensors", model)
        assert len(report.loaded) == 9 and not report.unexpected
        assert same(values(model), values(donor))


def test_nothing_that_fits_is_an_error():
    model = net()
    before = values(model)
    with pytest.raises(DataError, match=r"no parameter of this Sequential fits. It has features.0.weight, .*9 tensors"):
        load_matching({"module.fc.weight": np.zeros((3, 4))}, model)
    state = {"fc.weight": np.ones((10, 4)), "features.1.num_batches_tracked": np.ones((), np.int64)}
    with pytest.raises(DataError, match=r"fc.weight: shape \(10, 4\) there, \(3, 4\) here"):
        load_matching(state, model)  # a count alone is no beginning
    with pytest.raises(DataError, match="the source has nothing"):
        load_matching({}, model)
    assert same(values(model), before)


# ---------------------------------------------------------------- replace_head


@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("lenet5", ["classifier.5"]),
        ("deck_demo", ["10"]),  # dropout behind it
        ("resnet20", ["fc"]),
        ("nin", ["cccp6"]),  # a 1x1 convolution, before ReLU and the average
        ("squeezenet1_1", ["classifier.1"]),
        ("all_cnn_c", ["19"]),
        ("mobilenet_v2", ["classifier.1"]),
        ("preact_resnet110", ["head.fc"]),
        ("googlenet", ["fc", "aux1.fc2", "aux2.fc2"]),
    ],
)
def test_heads_of_the_zoo(name, head, rng):
    model = models.create(name).eval()
    assert replace_head(model, 7) == head
    modules = dict(model.named_modules())
    for path in head:
        layer = modules[path]
        assert (layer.out_features if isinstance(layer, nn.Linear) else layer.out_channels) == 7
        assert not layer.training
    if name in ("lenet5", "resnet20", "nin", "deck_demo", "all_cnn_c"):
        x = rng.standard_normal((2, *model.input_size)).astype(np.float32)
        assert model(tc.tensor(x)).shape == (2, 7)


def test_auxiliary_heads_are_used_in_training():
    model = models.create("googlenet_bn", num_classes=5, in_channels=1)
    replace_head(model, 3)
    assert [y.shape for y in model(tc.zeros(2, 1, 64, 64))] == [(2, 3)] * 3


@pytest.mark.long
@pytest.mark.parametrize("name", models.names("classification"))
def test_every_classifier_of_the_zoo(name):
    model = models.create(name)
    if name == "lenet5_1998":
        pytest.skip("its outputs are distances to fixed drawings, and no layer has as many outputs as it has classes")
    main, *auxiliary = replace_head(model, 7)
    assert len(auxiliary) == {"googlenet": 2, "googlenet_bn": 2, "inception_v3": 1}.get(name, 0)
    layer = dict(model.named_modules())[main]
    assert 7 in (getattr(layer, "out_features", 0), getattr(layer, "out_channels", 0))


def test_the_new_layer_is_like_the_old_one_but_fresh():
    model = nn.Sequential(nn.Flatten(), nn.Linear(9, 6), nn.ReLU(), nn.Linear(6, 2, bias=False)).double()
    model[1].requires_grad_(False)
    old = model[3]
    assert replace_head(model, 1000) == ["3"]
    new = model[3]
    assert new is not old and new.bias is None and new.weight.dtype == np.float64
    assert new.weight.shape == (1000, 6) and new.weight.requires_grad and new.training
    # nn.Linear draws from U(-1/sqrt(6), 1/sqrt(6)), whose standard deviation is 1/sqrt(18)
    assert new.weight.data.std() == pytest.approx(1 / np.sqrt(18), rel=0.05)
    assert abs(new.weight.data).max() <= 1 / np.sqrt(6)

    conv = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Conv2d(4, 2, 3, stride=2, padding=1), nn.GlobalAvgPool2d())
    assert replace_head(conv, 5) == ["2"]
    assert (conv[2].kernel_size, conv[2].stride, conv[2].padding) == ((3, 3), (2, 2), (1, 1))
    assert conv(tc.zeros(2, 1, 9, 9)).shape == (2, 5)


class Twice(nn.Module):
    """One layer under two names, the second inside another module."""

    def __init__(self):
        self.body, self.fc = nn.Linear(4, 8), nn.Linear(8, 3)
        self.same = nn.Sequential(self.fc)

    def forward(self, x):
        return self.same(self.body(x).relu())


def test_a_layer_in_two_places_is_replaced_in_both():
    model = Twice()
    assert replace_head(model, 6) == ["same.0"]
    assert model.same[0] is model.fc and model(tc.zeros(2, 4)).shape == (2, 6)


class Sizeless(nn.Module):
    """Pictures of one size only, and no input_size that says which."""

    def __init__(self):
        self.head = nn.Linear(4 * 5 * 5, 10)  # defined first, run last
        self.conv = nn.Conv2d(2, 4, 3)

    def forward(self, x):
        return self.head(self.conv(x).relu().flatten(1))


def test_nets_of_the_users():
    with pytest.raises(ArgumentError, match=r"cannot tell .* this Sizeless .* could not be run .* layer='conv', say"):
        replace_head(Sizeless(), 4)  # it takes the first that is defined for the first that is run
    model = Sizeless()
    assert replace_head(model, 4, layer="head") == ["head"]
    assert model(tc.zeros(1, 2, 7, 7)).shape == (1, 4)


class TwoHeads(nn.Module):
    def __init__(self):
        self.a, self.b = nn.Linear(4, 2), nn.Linear(4, 3)

    def forward(self, x):
        return self.a(x), self.b(x)


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (TwoHeads(), r"its output comes from a \(Linear\), b \(Linear\). Name it: layer='b', say."),
        (nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3)), r"its output comes from 1 \(BatchNorm1d\)"),
        (nn.Sequential(nn.ReLU()), "it has no Linear and no Conv2d"),
        (nn.Linear(4, 3), r"its output comes from the net itself \(Linear\)"),
    ],
)
def test_where_it_cannot_be_told(model, reason):
    with pytest.raises(ArgumentError, match=f"find_head: cannot tell which layer .* gives the classes: {reason}"):
        replace_head(model, 5)


def test_an_output_that_is_made_of_another_number():
    with pytest.raises(ArgumentError, match="it gives 10 numbers, and its last layer, f6, 84"):
        find_head(models.create("lenet5_1998"))


def test_layers_by_name():
    model = TwoHeads()
    assert replace_head(model, 5, layer=["a", "b"]) == ["a", "b"]
    assert [y.shape for y in model(tc.zeros(2, 4))] == [(2, 5), (2, 5)]
    with pytest.raises(UnknownNameError, match="there is no layer 'c'. Known: a, b"):
        replace_head(model, 5, layer="c")
    with pytest.raises(ArgumentError, match="layer '1' is ReLU; a head is a Linear or a Conv2d"):
        replace_head(nn.Sequential(nn.Linear(2, 2), nn.ReLU()), 5, layer="1")
    with pytest.raises(ArgumentError, match="num_classes"):
        replace_head(model, 0, layer="a")


# ---------------------------------------------------------------- freeze and unfreeze


def frozen(model):
    return [path for path, p in model.named_parameters() if not p.requires_grad]


def test_patterns():
    model = net()
    assert freeze(model, "features.*") == [f"features.{i}.{x}" for i in (0, 1) for x in ("weight", "bias")]
    assert frozen(model) == [f"features.{i}.{x}" for i in (0, 1) for x in ("weight", "bias")]
    assert unfreeze(model, "*.bias") == ["features.0.bias", "features.1.bias", "fc.bias"]
    assert frozen(model) == ["features.0.weight", "features.1.weight"]
    assert len(freeze(model, "*")) == 6 == len(frozen(model))
    assert len(unfreeze(model, "*")) == 6 and frozen(model) == []


@pytest.mark.parametrize("change", [freeze, unfreeze])
def test_patterns_that_are_wrong(change):
    model = net()
    with pytest.raises(UnknownNameError, match=r"no parameter like 'feature.\*'. Did you mean 'features.\*'"):
        change(model, "fc.*", "feature.*")
    with pytest.raises(ArgumentError, match="no pattern is given; '\\*' is everything"):
        change(model)
    with pytest.raises(ArgumentError, match="3 is int; a pattern is a string"):
        change(model, 3)
    assert frozen(model) == []


def trained(model, optimizer, steps=3):
    rng = np.random.default_rng(1)
    data = Dataset(rng.standard_normal((24, 1, 6, 6)).astype(np.float32) + 0.5, rng.integers(0, 3, 24), 3)
    trainer = Trainer(model, optimizer, DataLoader(data, batch_size=24 // steps))
    trainer.fit(1)
    return trainer


def test_a_frozen_body_computes_the_same_for_ever(rng):
    model = net()
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=0.1)
    trained(model, optimizer)  # momentum and gradients are there
    freeze(model, "features.*")
    before = values(model)
    trained(model, optimizer)
    changed = [path for path, value in values(model).items() if not np.array_equal(value, before[path])]
    assert changed == ["fc.weight", "fc.bias"]
    assert not model.features[1].training and model.training
    x = tc.tensor(rng.standard_normal((4, 1, 6, 6)).astype(np.float32))
    np.testing.assert_array_equal(model.train().features(x).data, model.eval().features(x).data)


def test_a_frozen_parameter_makes_no_further_step():
    model = net()
    optimizer = optim.SGD(model.parameters(), lr=0.1, weight_decay=0.1)
    model(tc.ones(2, 1, 6, 6)).sum().backward()
    freeze(model, "fc.*")
    before = values(model)
    optimizer.step()  # with gradients from before
    after = values(model)
    assert np.array_equal(after["fc.weight"], before["fc.weight"])
    assert not np.array_equal(after["features.0.weight"], before["features.0.weight"])


def test_statistics_may_go_on():
    model = net()
    freeze(model, "features.*", statistics=False)
    before = values(model)
    trained(model, optim.SGD(model.parameters(), lr=0.1))
    changed = [path for path, value in values(model).items() if not np.array_equal(value, before[path])]
    statistics = [f"features.1.{x}" for x in ("running_mean", "running_var", "num_batches_tracked")]
    assert sorted(changed) == sorted(["fc.weight", "fc.bias", *statistics])
    assert model.features[1].training


def test_statistics_come_back():
    model = net()
    freeze(model, "*.running_mean")  # these alone
    assert frozen(model) == [] and not model.features[1].training
    copied = copy.deepcopy(model).train()
    assert not copied.features[1].training
    unfreeze(model, "features.*")
    assert model.features[1].training
    freeze(model.eval(), "features.*")
    unfreeze(model, "*")
    assert not model.features[1].training and model.train().features[1].training


# ---------------------------------------------------------------- rates of their own


def test_the_first_pattern_wins():
    model = net()
    freeze(model, "features.0.*")
    settings = {"fc.bias": {"lr": 1.0}, "fc.*": {"lr": 0.1, "weight_decay": 0.0}, "features.0.*": {}, "*": {"lr": 0.01}}
    groups = parameter_groups(model, settings)
    names = {id(p): path for path, p in model.named_parameters()}
    assert [([names[id(p)] for p in group.pop("params")], group) for group in groups] == [
        (["fc.bias"], {"lr": 1.0}),
        (["fc.weight"], {"lr": 0.1, "weight_decay": 0.0}),
        (["features.1.weight", "features.1.bias"], {"lr": 0.01}),
    ]


def test_groups_that_are_wrong():
    model = net()
    with pytest.raises(UnknownNameError, match=r"no parameter like 'head.\*'"):
        parameter_groups(model, {"head.*": {"lr": 1.0}, "*": {}})
    with pytest.raises(ArgumentError, match=r"all that 'fc.\*' matches belongs to patterns before it; put it first"):
        parameter_groups(model, {"*": {"lr": 1.0}, "fc.*": {"lr": 0.1}})
    with pytest.raises(ArgumentError, match=r"no pattern matches 'features.0.weight'.* End with '\*', or freeze it"):
        parameter_groups(model, {"fc.*": {"lr": 1.0}})
    freeze(model, "features.*")
    assert len(parameter_groups(model, {"fc.*": {"lr": 1.0}})) == 1
    freeze(model, "*")
    with pytest.raises(ArgumentError, match=r"every parameter is frozen; unfreeze\(model, '\*'\)"):
        parameter_groups(model, {"*": {"lr": 1.0}})


def test_rates_survive_schedules_and_checkpoints(tmp_path):
    def trainer():
        tc.manual_seed(2)
        model = net()
        optimizer = optim.SGD(parameter_groups(model, {"fc.*": {"lr": 0.4}, "*": {"lr": 0.04}}), lr=9.0, momentum=0.9)
        data = Dataset(np.arange(24 * 36, dtype=np.uint8).reshape(24, 1, 6, 6), np.arange(24) % 3, 3)
        loader = DataLoader(data, batch_size=8, shuffle=True, transform=lambda x: x / np.float32(255))
        return Trainer(model, optimizer, loader, scheduler=CosineLR(optimizer, total=12))

    whole = trainer()
    whole.fit(4)
    first = trainer()
    first.fit(2)  # 6 of 12 steps: the cosine is at one half
    assert [group["lr"] for group in first.optimizer.param_groups] == pytest.approx([0.2, 0.02])
    save_checkpoint(tmp_path / "c.safetensors", first.state_dict())
    again = trainer()
    again.load_state_dict(load_checkpoint(tmp_path / "c.safetensors"))
    assert [group["lr"] for group in again.optimizer.param_groups] == pytest.approx([0.2, 0.02])
    again.fit(4)
    assert same(values(again.model), values(whole.model))


def test_frozen_statistics_are_not_found_anew():
    net = nn.Sequential(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2), nn.Conv2d(2, 2, 1), nn.BatchNorm2d(2))
    freeze(net, "1.*")
    tc.train.update_bn([(tc.Tensor(np.ones((4, 1, 3, 3), np.float32)), None)], net)
    assert net[1].running_mean.tolist() == [0, 0] and net[1].running_var.tolist() == [1, 1]
    assert net[3].running_mean.tolist() != [0, 0]
