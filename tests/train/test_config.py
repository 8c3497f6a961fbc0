"""A run's settings: files, words of the command line, augmentation, schedules."""

import json
import math

import numpy as np
import pytest

from tinyconv import data, nn, optim
from tinyconv.data import transforms as t
from tinyconv.errors import ArgumentError, DataError, UnknownNameError
from tinyconv.train import ReduceOnPlateau
from tinyconv.train.augment import Augmentation
from tinyconv.train.config import Config
from tinyconv.train.schedules import SCHEDULES, build_schedule, check_schedule, options_of
from tinyconv.train.words import parse_schedule, parse_words

# ---------------------------------------------------------------- files


def test_toml_and_json_say_the_same(tmp_path):
    (tmp_path / "a.toml").write_text(
        'model = "vgg11"\ndata = "mnist"  # digits\nlr = 1e-2\n'
        '[schedule]\nname = "step"\nevery = 3\n[augment]\nshift = [0.1, 0.2]\nhflip = true\n'
    )
    (tmp_path / "a.json").write_text(
        json.dumps(
            {
                "model": "vgg11",
                "data": "mnist",
                "lr": 0.01,
                "schedule": {"name": "step", "every": 3},
                "augment": {"shift": [0.1, 0.2], "hflip": True},
            }
        )
    )
    config = Config.from_file(tmp_path / "a.toml")
    assert config == Config.from_file(tmp_path / "a.json")
    assert (config.model, config.lr, config.epochs) == ("vgg11", 0.01, 10)


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("epochs = ", DataError, r"config: .*bad\.toml is not a configuration: "),
        ("epoch = 3", UnknownNameError, r"there is no setting 'epoch'\. Did you mean 'epochs'"),
        ("epochs = 'three'", DataError, "is not a configuration"),
        ("[augment]\nrotate = 3", UnknownNameError, "there is no kind of augmentation 'rotate'"),
        ("[augment]\nzoom = 1.5", ArgumentError, "augment: zoom is 1.5; it must be a share of at least 0 and below 1"),
        ("[augment]\ncrop = 4\nresized_crop = true", ArgumentError, "resized_crop and crop both cut out a piece"),
        ("[augment]\nscale_jitter = 256", ArgumentError, "scale_jitter is 256; it must be a pair"),
        ("[augment]\nrotation = 'five'", ArgumentError, "RandomAffine: degrees is 'five'"),
        ("[schedule]\nname = 'plateu'", UnknownNameError, "Did you mean 'plateau'"),
        ("[schedule]\nname = 'plateau'\nfacto = 1", UnknownNameError, "schedule plateau: .*Did you mean 'factor'"),
        ("[schedule]\nname = 'step'\nevery = 'day'", ArgumentError, "every is 'day'; it must be like 30"),
        ("label_smoothing = 1.0", ArgumentError, "label_smoothing is 1.0; it must be a share"),
        ("size = 0", ArgumentError, "size is 0; it must be at least 1"),
        ("data = 'nowhere'", UnknownNameError, "there is no data set or folder 'nowhere'"),
    ],
)
def test_bad_files(tmp_path, text, error, message):
    (tmp_path / "bad.toml").write_text(text)
    with pytest.raises(error, match=message):
        Config.from_file(tmp_path / "bad.toml")


# ---------------------------------------------------------------- words


def test_words_of_the_command_line():
    assert parse_words(["rotation=5", "shift=0.1:0.2", "hflip", "fill=edge", "crop=4", "vflip=false"]) == {
        "rotation": 5,
        "shift": [0.1, 0.2],
        "hflip": True,
        "fill": "edge",
        "crop": 4,
        "vflip": False,
    }
    assert parse_schedule("cosine") == "cosine"
    assert parse_schedule("plateau:factor=0.5,min-lr=1e-4") == {"name": "plateau", "factor": 0.5, "min_lr": 1e-4}
    with pytest.raises(ArgumentError, match="'=5' is no setting; write NAME=VALUE"):
        parse_words(["=5"])
    with pytest.raises(ArgumentError, match="'zoom=' is no setting"):
        parse_words(["zoom="])


# ---------------------------------------------------------------- augmentation


def test_no_word_no_change():
    nothing = Augmentation()
    assert nothing.before((8, 8)) == nothing.after() == [] and nothing.mix(10) is None


def test_words_become_transforms_in_their_order():
    words = {
        "cutout": 8,
        "mixup": 0.2,
        "color": 0.3,
        "vflip": 0.1,
        "hflip": True,
        "zoom": 0.2,
        "rotation": 5,
        "shift": [0.1, 0.2],
        "fill": "wrap",
        "crop": 4,
        "lighting": 0.1,
    }
    a = Augmentation.of(words)
    assert a.before((32, 24)) == [
        t.RandomCrop((32, 24), padding=4),
        t.RandomAffine(5, (0.1, 0.2), (0.8, 1.2), per_axis=True, fill_mode="wrap"),
        t.RandomHorizontalFlip(0.5),
        t.RandomVerticalFlip(0.1),
        t.ColorJitter(0.3, 0.3, 0.3),
        t.Lighting(0.1),
    ]
    assert a.after() == [t.Cutout(8)] and a.mix(7) == t.Mixup(0.2, 7) and not a.makes_one_size


def test_words_that_make_one_size():
    assert Augmentation(resized_crop=True).before((9, 9)) == [t.RandomResizedCrop((9, 9), (0.08, 1.0))]
    assert Augmentation(resized_crop=0.5).before((9, 9)) == [t.RandomResizedCrop((9, 9), (0.5, 1.0))]
    jitter = Augmentation(scale_jitter=[10, 20])
    assert jitter.before((9, 9)) == [t.ScaleJitter(10, 20), t.RandomCrop((9, 9))]
    assert jitter.makes_one_size and not Augmentation(crop=4).makes_one_size


def test_a_hue_is_the_fourth_number():
    assert Augmentation(color=[0.1, 0.2, 0.3, 0.4]).before((4, 4)) == [t.ColorJitter(0.1, 0.2, 0.3, 0.4)]


# ---------------------------------------------------------------- schedules


def rates(schedule, steps=40, epoch=4, lr=2.0):
    """The rate of each batch."""
    optimizer = optim.SGD([nn.Parameter(np.zeros(1))], lr=lr, momentum=0.9)
    built = build_schedule(schedule, optimizer, steps, epoch)
    found = []
    for _ in range(steps):
        found.append(optimizer.param_groups[0]["lr"])
        if built is not None:
            built.step()
    return found


def test_rates_by_hand():
    assert rates("constant") == [2.0] * 40
    cosine = rates({"name": "cosine", "warmup": 4})
    np.testing.assert_allclose(cosine[:4], [0.5, 1, 1.5, 2])
    np.testing.assert_allclose(cosine[4:], [1 + math.cos(math.pi * k / 36) for k in range(36)], atol=1e-12)
    step = rates({"name": "step", "every": 3, "gamma": 0.5})
    assert step == [2.0] * 12 + [1.0] * 12 + [0.5] * 12 + [0.25] * 4
    many = rates({"name": "multistep", "milestones": [1, 5], "gamma": 0.1})
    np.testing.assert_allclose(many, [2.0] * 4 + [0.2] * 16 + [0.02] * 20)
    np.testing.assert_allclose(rates({"name": "exponential", "gamma": 0.5})[::4], 2 * 0.5 ** np.arange(10))
    cycle = rates({"name": "one_cycle", "pct_start": 0.25})
    assert 1.99 < max(cycle) <= 2.0 and np.argmax(cycle) in (9, 10)
    assert cycle[0] == pytest.approx(2.0 / 25) and cycle[-1] < 0.02


def test_a_plateau_watches_the_history():
    optimizer = optim.SGD([nn.Parameter(np.zeros(1))], lr=1.0)
    built = build_schedule({"name": "plateau", "factor": 0.5, "patience": 1}, optimizer, 40, 4)
    assert isinstance(built, ReduceOnPlateau) and built.monitor == "loss"

    class Fitting:
        history = []

    seen = []
    for loss in (3, 2, 2, 2, 2, 2, 1):
        Fitting.history.append({"loss": loss})
        built.on_epoch_end(Fitting)
        seen.append(optimizer.param_groups[0]["lr"])
    assert seen == [1, 1, 1, 0.5, 0.5, 0.25, 0.25]


@pytest.mark.parametrize("name", SCHEDULES)
def test_each_takes_its_defaults_back(name):
    assert check_schedule({"name": name, **options_of(name)}) == (name, options_of(name))


# ---------------------------------------------------------------- pictures of any size


@pytest.mark.parametrize("augment", [{}, {"resized_crop": 0.5}, {"scale_jitter": [17, 20]}, {"crop": 2}])
def test_a_folder_of_pictures_of_different_sizes(photographs, augment):
    from tinyconv.train.build import build

    trainer = build(Config(model="deck_demo", data=str(photographs), size=16, augment=augment, batch_size=8))
    assert [x.shape for x, _ in trainer.loader] == [(8, 3, 16, 16), (8, 3, 16, 16), (4, 3, 16, 16)]
    assert [x.shape for x, _ in trainer.val_loader] == [(6, 3, 16, 16)]


def test_without_a_size_it_is_the_models_own(photographs):
    from tinyconv.train.build import build

    trainer = build(Config(model="deck_cifar", data=str(photographs), batch_size=4))
    assert next(iter(trainer.loader))[0].shape == (4, 3, 32, 32)


def test_a_named_set_is_resized(monkeypatch):
    from tinyconv.train.build import build

    digits = data.mnist(train=False)[:20]
    monkeypatch.setitem(data.registry.SETS, "mnist", lambda train, root=None: digits)
    trainer = build(Config(model="deck_demo", data="mnist", size=16, batch_size=4))
    (x, _), *_ = trainer.val_loader
    expected = trainer.val_loader.transform.transforms[-1](t.Resize(16)(digits.images))
    np.testing.assert_array_equal(x.data, expected)
    assert next(iter(trainer.loader))[0].shape == (4, 1, 16, 16)


def test_a_thread_prepares_batches_where_that_takes_time(photographs):
    from tinyconv.train.build import build

    def workers(**settings):
        return build(Config(**({"model": "deck_summary", "limit": 10} | settings))).loader.num_workers

    assert workers() == 0 and workers(num_workers=3) == 3
    assert workers(augment={"hflip": True}) == workers(augment={"mixup": 0.2}) == workers(size=20) == 1
    assert workers(augment={"hflip": True}, num_workers=0) == 0
    assert workers(data=str(photographs), size=28) == 1


def test_label_smoothing_and_a_loss_of_the_models_own():
    from tinyconv.train.build import build

    with pytest.raises(ArgumentError, match="googlenet has a loss of its own, without label smoothing; leave it out"):
        build(Config(model="googlenet", limit=10, label_smoothing=0.1))
