"""A net in training, in tinyconv or in PyTorch: the same lines build and train both.

Libraries are imported inside functions: a process that imports tinyconv first has the better thread settings.
"""

from __future__ import annotations

import math
import time
from contextlib import ExitStack
from typing import Any

from _machine import forget_peak_memory, memory, page_faults, peak_memory, settings
from _nets import Job
from _timing import medians, seconds_of


class Steps:
    """What every side answers: it has the method `step`, and knows `imports`, its memory (MB) before the net."""

    imports: float | None

    def step(self) -> None:
        raise NotImplementedError

    def seconds(self, steps: int) -> list[float]:
        return seconds_of(self.step, steps)

    def warm_up(self) -> None:
        """Two steps compile and load what is needed and fill the optimiser's memory; the peak counts from here."""
        self.step()
        self.step()
        forget_peak_memory()

    def memory(self, steps: int) -> dict[str, Any]:
        """The peak (MB) since the warm-up, and the pages that a step has to ask the system for."""
        before = page_faults()
        for _ in range(steps):
            self.step()
        faults = None if before is None else round((page_faults() - before) / steps)
        return {"peak_mb": peak_memory(), "after_imports_mb": self.imports, "page_faults_a_step": faults}

    def settings(self) -> dict[str, str]:
        return settings()


class Training(Steps):
    """A step is zero_grad, forward, cross entropy, backward and the optimiser's update; or forward alone.

    library   tinyconv or torch
    checking  without dropout, which draws other numbers in every library, and with lr = 1: updates to be seen
    dtype     "float32" or "float64"
    channels_last, compiled   PyTorch's modes
    """

    def __init__(
        self,
        library: Any,
        job: Job,
        threads: int,
        checking: bool = False,
        dtype: str = "float32",
        channels_last: bool = False,
        compiled: bool = False,
    ):
        library.set_num_threads(threads)
        self.library, self.job, self.checking = library, job, checking
        self.imports = memory()
        self.model = job.net.build(library.nn).train(not job.inference)
        self.pictures, self.labels = map(library.from_numpy, examples(job, dtype))
        if checking:
            for module in self.model.modules():
                if isinstance(module, library.nn.Dropout):
                    module.p = 0.0
        if dtype == "float64":
            self.model.double()
        if channels_last:
            self.model.to(memory_format=library.channels_last)
            self.pictures = self.pictures.contiguous(memory_format=library.channels_last)
        self.run = library.compile(self.model) if compiled else self.model
        self.begin()

    def begin(self, noise: float = 0.0) -> None:
        """With the first weights, changed by this share of their size, and an optimiser that remembers nothing."""
        begin_alike(self.weights(), noise)
        name, settings = self.job.net.optimizer
        settings = settings | {"lr": 1.0} if self.checking else settings
        self.optimizer = getattr(self.library.optim, name)(self.model.parameters(), **settings)

    def weights(self) -> dict[str, Any]:
        """Every parameter's own memory as an array."""
        return {name: p.detach().numpy() for name, p in self.model.named_parameters()}

    def loss(self) -> Any:
        self.optimizer.zero_grad()
        return self.library.nn.functional.cross_entropy(self.run(self.pictures), self.labels)

    def step(self) -> None:
        if self.job.inference:
            self.outputs()
        else:
            self.loss().backward()
            self.optimizer.step()

    def outputs(self) -> Any:
        no_gradients = getattr(self.library, "inference_mode", self.library.no_grad)  # PyTorch's is the faster one
        with no_gradients():
            return self.run(self.pictures)

    # ------------------------------------------------------------ what is asked for, by name

    def check(self, noise: float = 0.0) -> dict[str, dict[str, Any]]:
        """What must agree: the outputs, the loss, the gradients, and how two updates by them change the weights."""
        self.begin(noise)
        if self.job.inference:
            return {"forward": {"the outputs": single(self.outputs().numpy())}}
        self.optimizer.zero_grad()
        y = self.run(self.pictures)
        loss = self.library.nn.functional.cross_entropy(y, self.labels)
        loss.backward()
        before = {name: w.copy() for name, w in self.weights().items()}
        self.optimizer.step()
        self.optimizer.step()
        gradients = {name: p.grad.numpy() for name, p in self.model.named_parameters()}
        return {
            "forward": {"the outputs": single(y.detach().numpy()), "the loss": single(loss.detach().numpy())},
            "backward": {f"the gradient of {name}": single(dw) for name, dw in gradients.items()},
            "update": {f"the change of {name}": single(w - before[name]) for name, w in self.weights().items()},
        }

    def gflop(self) -> float:
        """Multiplications and additions of a step's convolutions and dense layers.

        A product with the weights in each of forward, dw and dx; the first layer needs no dx.
        """
        products: list[int] = []

        def count(layer: Any, inputs: Any, y: Any) -> None:
            products.append(math.prod(y.shape) * math.prod(layer.weight.shape[1:]))

        with ExitStack() as stack:
            for layer in self.model.modules():
                if isinstance(layer, (self.library.nn.Conv2d, self.library.nn.Linear)):
                    stack.enter_context(layer.register_forward_hook(count))
            self.outputs()
        return 2 * (sum(products) if self.job.inference else 3 * sum(products) - products[0]) / 1e9

    def parts(self, seconds: float) -> dict[str, float]:
        """The time (ms) of each part of a step: medians of as many steps as fit, of three at least."""
        from _parts import parts_of

        self.step()  # brings threads and caches back
        splits, end = [], time.perf_counter() + seconds
        while len(splits) < 3 or time.perf_counter() < end:
            splits.append(parts_of(self.loss, self.optimizer.step))
        return medians(splits)


def begin_alike(weights: dict[str, Any], noise: float = 0.0) -> None:
    """The same weights in every library and process: He's normal numbers; those of one axis differ from each other."""
    import numpy as np

    rng, disturbing = np.random.default_rng(5), np.random.default_rng(6)
    for name, w in weights.items():
        size = 0.1 if w.ndim == 1 else math.sqrt(2 / math.prod(w.shape[1:]))
        w[...] = size * rng.standard_normal(w.shape, np.float32)
        if w.ndim == 1 and name.endswith("weight"):
            w += 1  # batch norm's
        if noise:
            w *= 1 + noise * disturbing.standard_normal(w.shape)


def examples(job: Job, dtype: str = "float32") -> tuple[Any, Any]:
    """Normal noise in the shape of pictures, and labels; what is in the pictures does not matter to the time."""
    import numpy as np

    rng = np.random.default_rng(28)
    pictures = rng.standard_normal((job.batch, *job.net.picture), np.float32)
    return pictures.astype(dtype), rng.integers(0, job.net.classes, job.batch)


def single(array: Any) -> Any:
    """A copy in float32, exact enough for what is compared."""
    return array.astype("float32", order="C", copy=True)


# ---------------------------------------------------------------- the sides


def tinyconv(*arguments: Any, **options: Any) -> Training:
    import tinyconv

    return Training(tinyconv, *arguments, **options)


def pytorch(*arguments: Any, **options: Any) -> Training:
    import torch

    return Training(torch, *arguments, **options)


def keras(*arguments: Any, **options: Any) -> Any:
    from _keras import KerasTraining

    return KerasTraining(*arguments, **options)
