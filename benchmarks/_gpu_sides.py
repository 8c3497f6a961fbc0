"""A net in training on a GPU, in tinyconv and in PyTorch, both in one process.

Neither library waits for the GPU within a step. The weights, the pictures and the labels are the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from _nets import Job
from _training import begin_alike, examples


class Side:
    """One library in one mode. `step` only tells the GPU what to do; `wait` returns when it is done."""

    job: Job
    model: Any
    peak_mb: float | None = None

    def learn(self) -> Any:
        """Loss, and the gradients of the parameters."""
        raise NotImplementedError

    def outputs(self) -> Any:
        raise NotImplementedError

    def step(self) -> None:
        raise NotImplementedError

    def wait(self) -> None:
        raise NotImplementedError

    def gradients(self) -> dict[str, Any]:
        """What must agree: the outputs, or the loss and all gradients."""
        if self.job.inference:
            return {"outputs": self.outputs().cpu().numpy()}
        loss = self.learn()
        found = {name: p.grad.cpu().numpy() for name, p in self.model.named_parameters()}
        return {"loss": loss.detach().cpu().numpy(), **found}

    def seconds(self, steps: int) -> float:
        """The time of a step, of so many in a row."""
        self.wait()
        began = time.perf_counter()
        for _ in range(steps):
            self.step()
        self.wait()
        return (time.perf_counter() - began) / steps


class Ours(Side):
    """tinyconv; `captured`: the step played as a CUDA graph, as the Trainer does it; `half`: in float16."""

    def __init__(self, job: Job, captured: bool = False, half: bool = False, exact: bool = False):
        import tinyconv
        from tinyconv.train.capture import CapturedStep
        from tinyconv.train.precision import HalfPrecision

        self.tc, self.job = tinyconv, job
        self.model = job.net.build(tinyconv.nn).train(not job.inference)
        if exact:
            without_dropout(self.model, tinyconv.nn)
        begin_alike({name: p.detach().numpy() for name, p in self.model.named_parameters()})
        self.model.to("cuda")
        self.pictures, self.labels = (tinyconv.from_numpy(a).to("cuda") for a in examples(job))
        name, settings = job.net.optimizer
        self.optimizer = getattr(tinyconv.optim, name)(self.model.parameters(), **settings)
        self.half = HalfPrecision(self.model) if half else None
        tinyconv.cuda.empty_cache()
        self.before = tinyconv.cuda.memory_reserved()
        self._learn = self.learn
        if captured and not job.inference:
            self.step(), self.step()
            captured_step = CapturedStep(lambda x, t: (self.learn(), None), self.model, self.pictures, self.labels)
            self._learn = lambda: captured_step(self.pictures, self.labels)[0]

    def learn(self) -> Any:
        self.optimizer.zero_grad()
        if self.half is None:
            loss = self.tc.nn.functional.cross_entropy(self.model(self.pictures), self.labels)
            loss.backward()
            return loss
        with self.half.stored_in_half():
            loss = self.tc.nn.functional.cross_entropy(self.half.forward(self.pictures), self.labels)
            self.half.scaled(loss).backward()
        self.half.unscale()
        return loss

    def outputs(self) -> Any:
        with self.tc.no_grad():
            if self.half is None:
                return self.model(self.pictures)
            with self.half.stored_in_half():
                return self.half.forward(self.pictures)

    def step(self) -> None:
        if self.job.inference:
            self.outputs()
            return
        self._learn()
        if self.half is None or self.half.went_well():
            self.optimizer.step()

    def wait(self) -> None:
        self.tc.cuda.synchronize()

    def memory(self) -> None:
        """The most that a step has from the GPU, over what was there before, in MB."""
        self.wait()
        self.peak_mb = round((self.tc.cuda.memory_reserved() - self.before) / 1e6, 1)


class Theirs(Side):
    """PyTorch: `channels_last`, `compiled`, `half` (autocast to float16 and a GradScaler)."""

    def __init__(
        self, job: Job, channels_last: bool = False, compiled: bool = False, half: bool = False, exact: bool = False
    ):
        import torch

        self.torch, self.job, self.half = torch, job, half
        self.model = job.net.build(torch.nn).train(not job.inference)
        if exact:
            without_dropout(self.model, torch.nn)
        begin_alike({name: p.detach().numpy() for name, p in self.model.named_parameters()})
        self.model.cuda()
        self.pictures, self.labels = (torch.from_numpy(a).cuda() for a in examples(job))
        if channels_last:
            self.model.to(memory_format=torch.channels_last)
            self.pictures = self.pictures.contiguous(memory_format=torch.channels_last)
        self.run = torch.compile(self.model) if compiled else self.model
        name, settings = job.net.optimizer
        self.optimizer = getattr(torch.optim, name)(self.model.parameters(), **settings)
        self.scaler = torch.amp.GradScaler("cuda", enabled=half)
        torch.cuda.empty_cache()
        self.before = torch.cuda.memory_reserved()
        torch.cuda.reset_peak_memory_stats()

    def learn(self) -> Any:
        self.optimizer.zero_grad()
        with self.torch.autocast("cuda", self.torch.float16, enabled=self.half):
            loss = self.torch.nn.functional.cross_entropy(self.run(self.pictures), self.labels)
        self.scaler.scale(loss).backward()
        return loss

    def outputs(self) -> Any:
        with self.torch.inference_mode(), self.torch.autocast("cuda", self.torch.float16, enabled=self.half):
            return self.run(self.pictures)

    def step(self) -> None:
        if self.job.inference:
            self.outputs()
            return
        self.learn()
        self.scaler.step(self.optimizer)
        self.scaler.update()

    def wait(self) -> None:
        self.torch.cuda.synchronize()

    def memory(self) -> None:
        self.wait()
        self.peak_mb = round((self.torch.cuda.max_memory_reserved() - self.before) / 1e6, 1)


def without_dropout(model: Any, nn: Any) -> None:
    """It draws other numbers in every library."""
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0


SIDES: dict[str, Callable[[Job], Side]] = {
    "tinyconv": lambda job: Ours(job, captured=True),
    "tinyconv, uncaptured": Ours,
    "tinyconv, float16": lambda job: Ours(job, captured=True, half=True),
    "PyTorch": Theirs,
    "PyTorch, channels_last": lambda job: Theirs(job, channels_last=True),
    "PyTorch, compiled": lambda job: Theirs(job, compiled=True),
    "PyTorch, float16": lambda job: Theirs(job, channels_last=True, half=True),
}
