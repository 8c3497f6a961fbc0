"""ResNets: torchvision's documentation; Keras's model.summary(), whose convolutions have biases."""

from zoo.facts import Facts

FACTS = {
    "resnet18": Facts(11_689_512),
    "resnet34": Facts(21_797_672),
    "resnet50": Facts(25_557_032, keras=25_636_712, as_keras=("statistics", "biases")),
    "resnet101": Facts(44_549_160, keras=44_707_176, as_keras=("statistics", "biases")),
    "resnet152": Facts(60_192_808, keras=60_419_944, as_keras=("statistics", "biases")),
}
