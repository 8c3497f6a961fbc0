"""WeightedLoss: one number for a net that has several outputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tinyconv.errors import ArgumentError, UnknownNameError
from tinyconv.ops.arguments import number
from tinyconv.tensor import Tensor

from .module import Module

Loss = Callable[[Any, Any], Tensor]


class WeightedLoss(Module):
    """loss = sum_i w_i loss_i(output_i, target_i)      for a net that returns several outputs

        loss_fn = nn.WeightedLoss({"type": nn.CrossEntropyLoss(), "side": nn.CrossEntropyLoss()}, {"side": 0.5})
        loss_fn(net(x), {"type": types, "side": sides}).backward()
        loss_fn.parts    # {"type": tensor(1.2), "side": tensor(0.4)}: each loss alone, for display

    losses   for each output, by name: modules or functions of (output, target); a list is named "0", "1", ...
    weights  likewise; 1 for a name that is left out
    outputs  a dict, a named tuple, or a tuple or list in the order of the losses. One tensor alone, such as
             GoogLeNet gives in evaluation, is the first loss's output, and the others are left out
    targets  likewise; one tensor is every loss's target (auxiliary classifiers)
    Szegedy et al. 2015, arXiv:1409.4842, section 5, weighs its auxiliary classifiers so
    """

    def __init__(self, losses: Mapping[str, Loss] | Sequence[Loss], weights: Any = None):
        name = "WeightedLoss"
        self.losses: dict[str, Loss] = _named(losses)
        if not self.losses:
            raise ArgumentError(name, "losses is empty; it needs a loss for each output.")
        given = {} if weights is None else _named(weights)
        for key, loss in self.losses.items():
            if not callable(loss):
                raise ArgumentError(name, f"the loss of {key!r} is {loss!r}; it must be a module or a function.")
            if isinstance(loss, Module):  # owned, so that weights of classes move with it
                setattr(self, f"loss_{key}", loss)
        for key in given:
            if key not in self.losses:
                raise UnknownNameError(name, "loss", key, self.losses)
        self.weights = {key: number(name, f"the weight of {key!r}", given.get(key, 1.0), 0) for key in self.losses}
        self.parts: dict[str, Tensor] = {}

    def forward(self, outputs: Any, targets: Any) -> Tensor:
        keys = list(self.losses)
        if isinstance(outputs, Tensor):
            outputs, keys = {keys[0]: outputs}, keys[:1]
        found = self._by_name("outputs", outputs, keys)
        several = isinstance(targets, (Mapping, tuple, list))
        wanted = self._by_name("targets", targets, keys) if several else dict.fromkeys(keys, targets)
        losses = {key: self.losses[key](found[key], wanted[key]) for key in keys}
        self.parts = {key: loss.detach() for key, loss in losses.items()}
        terms = [self.weights[key] * loss for key, loss in losses.items()]
        total = terms[0]
        for term in terms[1:]:
            total = total + term
        return total

    def _by_name(self, what: str, values: Any, keys: list[str]) -> dict[str, Any]:
        """Outputs or targets under the names of their losses."""
        name = "WeightedLoss"
        if hasattr(values, "_asdict"):  # a named tuple
            values = values._asdict()
        if isinstance(values, Mapping):
            for key in values:
                if key not in self.losses:
                    raise UnknownNameError(name, "loss", key, self.losses)
            missing = [key for key in keys if key not in values]
            if missing:
                raise ArgumentError(name, f"{what} has no {missing[0]!r}; it has {', '.join(map(repr, values))}.")
            return dict(values)
        if not isinstance(values, (tuple, list)):
            kind = type(values).__name__
            raise ArgumentError(name, f"{what} is {kind}; it must be a dict, a tuple or a list, or one tensor.")
        if len(values) != len(self.losses):
            raise ArgumentError(name, f"{what} has {len(values)} entries for {len(self.losses)} losses.")
        return dict(zip(self.losses, values, strict=True))

    def extra_repr(self) -> str:
        return f"weights={self.weights}"


def _named(values: Any) -> dict[str, Any]:
    return dict(values) if isinstance(values, Mapping) else {str(i): value for i, value in enumerate(values)}
