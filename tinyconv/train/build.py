"""From a configuration to a Trainer that is ready to go."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from tinyconv import data, models, optim
from tinyconv.errors import ArgumentError
from tinyconv.nn import Module
from tinyconv.nn.functional import cross_entropy
from tinyconv.optim.lr_scheduler import LRScheduler
from tinyconv.random import manual_seed

from .augment import Augmentation
from .callbacks import AverageWeights, Callback, EarlyStopping
from .config import LEARNING_RATES, OPTIMIZERS, Config
from .console import Output
from .metrics import top_k_accuracy
from .schedules import build_schedule
from .trainer import Trainer
from .transfer import find_head, freeze, load_matching, parameter_groups


def build(config: Config, resuming: bool = False) -> Trainer:
    """The Trainer that a configuration describes, at its beginning, with all random streams seeded.

    resuming  a checkpoint will be loaded: the file of weights to start from is not needed any more
    """
    manual_seed(config.seed)
    sets = load_data(config)
    loader = training_loader(config, sets)
    model = build_model(config, sets, config.weights is not None and not resuming)
    optimizer = build_optimizer(config, model)
    schedule = build_schedule(config.schedule, optimizer, steps=config.epochs * len(loader), epoch=len(loader))
    callbacks: list[Callback] = [schedule] if isinstance(schedule, Callback) else []
    if config.average is not None:
        callbacks.append(AverageWeights(model, config.average))
    if config.early_stopping:
        callbacks.append(EarlyStopping(patience=config.early_stopping, restore_best=True))
    return Trainer(
        model,
        optimizer,
        loader,
        loss_function(config, model),
        val_loader=data.DataLoader(sets.held_out, batch_size=500, transform=sets.plain, device=config.device),
        scheduler=schedule if isinstance(schedule, LRScheduler) else None,
        callbacks=callbacks,
        metrics={"top5": top_k_accuracy} if len(sets.training.classes) > 10 else {},
        clip_grad_norm=config.clip_grad_norm,
        precision=config.precision,
    )


# ---------------------------------------------------------------- data


@dataclass(frozen=True)
class Sets:
    """What is trained on, and what is evaluated after each epoch.

    shape  (C, H, W) of what the net is given
    plain  what pictures go through that are not augmented
    """

    training: data.Labelled
    held_out: data.Labelled
    shape: tuple[int, int, int]
    plain: data.Compose


def load_data(config: Config) -> Sets:
    """The training pictures, and the share of them held out, or else the test set."""
    any_size = Augmentation.of(config.augment).makes_one_size
    size = config.size
    training = data_of(config, train=True, size=None if any_size else size)
    if size is None and training.picture_shape[1] is None:
        size = models.card(config.model).input[1]
        training = training if any_size else data_of(config, train=True, size=size)
    if config.limit is not None and config.limit < len(training):
        training = training.split(config.limit, seed=config.seed, stratified=True)[1]
    normalize = data.Normalize(*(data.STATISTICS.get(config.data) or training.statistics()))
    if config.validation:
        training, held_out = training.split(config.validation, seed=config.seed, stratified=True)
    else:
        held_out = data_of(config, train=False, size=size)
    C, H, W = held_out.picture_shape
    resize = [] if size is None else [data.Resize(size), data.CenterCrop(size)]
    return Sets(training, held_out, (C, size or H, size or W), data.Compose([*resize, normalize]))


def data_of(config: Config, train: bool, size: int | tuple[int, int] | None) -> Any:
    """The training or test pictures; those in a folder are decoded at `size`, if one is given."""
    if config.data in data.names():
        return data.load(config.data, train)
    return data.load(config.data, train, size=size, bad=config.bad)


def training_loader(config: Config, sets: Sets) -> data.DataLoader:
    augmentation = Augmentation.of(config.augment)
    *resize, normalize = sets.plain.transforms
    before = [*([] if augmentation.makes_one_size else resize), *augmentation.before(sets.shape[1:])]
    transform = data.Compose([*before, normalize, *augmentation.after()])
    mix = augmentation.mix(len(sets.training.classes))
    # Where there is next to nothing to prepare, a thread takes more time than it saves. A GPU does most of it itself.
    changed_here = config.device == "cpu" and (transform.draws or resize or mix)
    takes_time = changed_here or isinstance(sets.training, data.FolderDataset)
    return data.DataLoader(
        sets.training,
        config.batch_size,
        shuffle=True,
        transform=transform,
        mix=mix,
        num_workers=int(bool(takes_time)) if config.num_workers is None else config.num_workers,
        device=config.device,
    )


# ---------------------------------------------------------------- model and optimiser


def build_model(config: Config, sets: Sets, load: bool) -> Module:
    """A fresh model, or one that begins with weights of another, and with what is frozen."""
    C, _, _ = sets.shape
    model = models.create(config.model, len(sets.training.classes), C, **config.options)
    if load:
        assert config.weights is not None  # for mypy
        Output().line(f"From {config.weights}: {load_matching(config.weights, model)}")
    if config.freeze:
        freeze(model, *config.freeze)
    return model.to(config.device)


def loss_function(config: Config, model: Module) -> Any:
    """Cross entropy, or the model's own loss, as nets with auxiliary classifiers have one."""
    own = getattr(model, "loss", None)
    if own and config.label_smoothing:
        raise ArgumentError("train", f"{config.model} has a loss of its own, without label smoothing; leave it out.")
    return own or partial(cross_entropy, label_smoothing=config.label_smoothing)


def build_optimizer(config: Config, model: Module) -> optim.Optimizer:
    lr = LEARNING_RATES[config.optimizer] if config.lr is None else config.lr
    options: dict[str, Any] = {"lr": lr, "weight_decay": config.weight_decay}
    if config.optimizer in ("sgd", "lars"):
        options["momentum"] = config.momentum
    if config.optimizer == "sgd":
        options["nesterov"] = config.momentum > 0
    return OPTIMIZERS[config.optimizer](learned(config, model), **options)


def learned(config: Config, model: Module) -> Any:
    """The parameters that are not frozen; where the body has a rate of its own, in two groups."""
    if config.body_lr is None:
        return [p for p in model.parameters() if p.requires_grad]
    heads: dict[str, dict[str, Any]] = {f"{path}.*": {} for path in find_head(model)}
    return parameter_groups(model, {**heads, "*": {"lr": config.body_lr}})
