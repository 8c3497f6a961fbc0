"""Local response normalisation: windows within, beyond and over the channels, odd and even, any power."""

from kernel_cases import Case, normal

SHAPES = {
    "pictures": (2, 7, 3, 5),
    "signals": (2, 6, 9),
    "one channel": (3, 1, 4, 4),
    "volumes": (1, 4, 2, 3, 2),
    "no pictures": (0, 3, 4, 4),
    "more than a block of pixels": (1, 4, 13, 11),
}
SETTINGS = {  # size, alpha, beta, k
    "AlexNet": (5, 5e-4, 0.75, 2.0),
    "even": (4, 0.5, 0.75, 1.0),
    "two": (2, 1.0, 0.5, 1.0),
    "one": (1, 0.3, 1.0, 0.5),
    "all channels": (21, 2.0, 0.6, 1.0),
    "nothing": (3, 0.0, 0.0, 1.0),
}


def cases(arrays):
    return [
        Case(
            f"{label}, {name}",
            lambda r, d, X=X, setting=setting: (*[normal(r, X, d) for _ in range(arrays)], *setting),
            2 * setting[0] + 8,
        )
        for label, X in SHAPES.items()
        for name, setting in SETTINGS.items()
        if label == "pictures" or name in ("AlexNet", "even")
    ]


CASES = {"local_response_norm": cases(1), "local_response_norm_input": cases(2)}
