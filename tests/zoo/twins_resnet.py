"""ResNets as torchvision defines them; the names are the same."""

from zoo.receipts import Twin


def torchvision(name):
    def build():
        import torchvision.models

        return getattr(torchvision.models, name)(weights=None)

    return Twin(f"torchvision {name}", build)


TWINS = {name: torchvision(name) for name in ("resnet18", "resnet34", "resnet50", "resnet101", "resnet152")}
