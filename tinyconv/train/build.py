"""From a configuration to a Trainer that is ready to go."""

from __future__ import annotations

from typing import Any

from tinyconv import data, models, optim
from tinyconv.nn import Module
from tinyconv.nn.functional import cross_entropy
from tinyconv.optim.lr_scheduler import CosineLR, LRScheduler
from tinyconv.random import manual_seed

from .config import LEARNING_RATES, OPTIMIZERS, Config
from .trainer import Trainer


def build(config: Config) -> Trainer:
    """The Trainer that a configuration describes, at its beginning, with all random streams seeded."""
    manual_seed(config.seed)
    training, held_out = load_data(config)
    normalize = normalisation(config, training)
    loader = data.DataLoader(training, config.batch_size, shuffle=True, transform=normalize)
    model = models.create(config.model, len(training.classes), training.images.shape[1]).to(config.device)
    optimizer = build_optimizer(config, model)
    return Trainer(
        model,
        optimizer,
        loader,
        getattr(model, "loss", cross_entropy),  # nets with auxiliary classifiers have one of their own
        val_loader=data.DataLoader(held_out, batch_size=500, transform=normalize),
        scheduler=build_schedule(config, optimizer, steps=config.epochs * len(loader)),
    )


def load_data(config: Config) -> tuple[data.Dataset, data.Dataset]:
    """What is trained on, and what is evaluated after each epoch: the share held out, or else the test set."""
    training = data.load(config.data, train=True)
    if config.limit is not None and config.limit < len(training):
        training = training.split(config.limit, seed=config.seed, stratified=True)[1]
    if config.validation:
        return training.split(config.validation, seed=config.seed, stratified=True)
    return training, data.load(config.data, train=False)


def normalisation(config: Config, training: data.Dataset) -> data.Normalize:
    """Each channel to mean 0 and variance 1 over the training pictures."""
    known = {"mnist": data.MNIST_STATISTICS}
    return data.Normalize(*(known[config.data] if config.data in known else training.statistics()))


def build_optimizer(config: Config, model: Module) -> optim.Optimizer:
    lr = LEARNING_RATES[config.optimizer] if config.lr is None else config.lr
    options: dict[str, Any] = {"lr": lr, "weight_decay": config.weight_decay}
    if config.optimizer == "sgd":
        options |= {"momentum": config.momentum, "nesterov": config.momentum > 0}
    return OPTIMIZERS[config.optimizer](model.parameters(), **options)


def build_schedule(config: Config, optimizer: optim.Optimizer, steps: int) -> LRScheduler | None:
    if config.schedule == "constant":
        return None
    return CosineLR(optimizer, steps, warmup=min(config.warmup, steps - 1))
