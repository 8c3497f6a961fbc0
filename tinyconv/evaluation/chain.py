"""Nets that are chains: which layers they run, one after the other, and where the dense ones begin."""

from __future__ import annotations

from tinyconv import nn

POINTWISE = (  # layers that do at each position of a map what they do to a vector
    *(nn.ReLU, nn.LeakyReLU, nn.ReLU6, nn.PReLU, nn.ELU, nn.GELU, nn.SiLU, nn.Softplus),
    *(nn.Tanh, nn.ScaledTanh, nn.Sigmoid, nn.Hardsigmoid, nn.Hardswish, nn.Dropout, nn.Identity),
)
POOLING = (nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d, nn.GlobalAvgPool2d, nn.GlobalMaxPool2d, nn.SpatialPyramidPool2d)
PARTS = (("features", "classifier"), ("features", "avgpool", "classifier"))  # of nets that are chains by custom


def in_order(model: nn.Module) -> list[nn.Module]:
    """The layers of a net that runs them one after the other; none of a net that does not, as far as one can see."""
    parts = dict(model.named_children())
    if isinstance(model, nn.Sequential) and type(model).forward is nn.Sequential.forward:
        layers = list(model)  # one of them may come twice
    elif tuple(parts) in PARTS:
        layers = list(parts.values())
    else:
        return []
    return [inner for layer in layers for inner in in_order(layer) or [layer]]


def split(layers: list[nn.Module]) -> tuple[list[nn.Module], list[nn.Module]]:
    """What works on maps, and what comes from the flattening on; none of that if all pixels are pooled before."""
    for i, layer in enumerate(layers):
        to_several = isinstance(layer, nn.AdaptiveAvgPool2d) and layer.output_size not in (1, (1, 1))
        if to_several or isinstance(layer, (nn.Flatten, nn.Linear)):
            return layers[:i], layers[i:]
        if isinstance(layer, POOLING):
            break
    return layers, []
