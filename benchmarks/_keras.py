"""A plain net in training in Keras, on TensorFlow: built from the same description, of Keras's layers."""

from __future__ import annotations

from typing import Any

from _machine import memory
from _nets import Job
from _training import Steps, begin_alike, examples


class Layers:
    """torch.nn's names for Keras's layers. They are channels last, as Keras is by default."""

    def __init__(self, picture: tuple[int, int, int]):
        import keras

        C, H, W = picture
        layers = keras.layers
        self.Sequential = lambda *parts: keras.Sequential([keras.Input((H, W, C)), *parts])
        self.Conv2d = lambda i, o, size, padding=0: layers.Conv2D(o, size, padding="same" if padding else "valid")
        self.Linear = lambda i, o: layers.Dense(o)
        self.ReLU = lambda: layers.Activation("relu")
        self.Tanh = lambda: layers.Activation("tanh")
        self.MaxPool2d, self.AvgPool2d = layers.MaxPooling2D, layers.AveragePooling2D
        self.Dropout, self.Flatten = layers.Dropout, layers.Flatten


class KerasTraining(Steps):
    """As Training; the step is Keras's own `train_on_batch`, compiled to a graph."""

    def __init__(self, job: Job, threads: int, checking: bool = False):
        import keras
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(threads)
        self.imports = memory()
        self.model = job.net.build(Layers(job.net.picture))
        name, settings = job.net.optimizer
        settings = settings | {"lr": 1.0} if checking else settings
        names = {"lr": "learning_rate", "eps": "epsilon"}
        self.optimizer = getattr(keras.optimizers, name)(**{names.get(key, key): v for key, v in settings.items()})
        self.cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        self.model.compile(self.optimizer, self.cross_entropy)
        weights = self.as_pytorch(self.model.trainable_variables)
        begin_alike(weights)
        self.model.set_weights(self.as_keras(weights))
        pictures, labels = examples(job)
        self.pictures, self.labels = tf.constant(pictures.transpose(0, 2, 3, 1)), tf.constant(labels)

    def step(self) -> None:
        self.model.train_on_batch(self.pictures, self.labels)

    def check(self) -> dict[str, dict[str, Any]]:
        import tensorflow as tf

        variables = self.model.trainable_variables
        with tf.GradientTape() as tape:
            y = self.model(self.pictures)  # not in training: without dropout
            loss = self.cross_entropy(self.labels, y)
        gradients = tape.gradient(loss, variables)
        before = self.as_pytorch(variables)
        self.optimizer.apply_gradients(zip(gradients, variables, strict=True))
        self.optimizer.apply_gradients(zip(gradients, variables, strict=True))
        after = self.as_pytorch(variables)
        return {
            "forward": {"the outputs": y.numpy(), "the loss": loss.numpy()},
            "backward": {f"the gradient of {name}": g for name, g in self.as_pytorch(gradients).items()},
            "update": {f"the change of {name}": after[name] - before[name] for name in before},
        }

    # ------------------------------------------------------------ Keras's order of axes and PyTorch's

    def as_pytorch(self, variables: Any) -> dict[str, Any]:
        """Weights, or their gradients, under PyTorch's names and in its shapes: (F, C, KH, KW) and (F, C*H*W)."""
        arrays = [v.numpy() for v in variables]
        named = {}
        for (name, (H, W, C, F), flat), w, b in zip(self.kernels(), arrays[::2], arrays[1::2], strict=True):
            w = w.reshape(H, W, C, F).transpose(3, 2, 0, 1)
            named |= {f"{name}.weight": (w.reshape(F, -1) if flat else w).copy(), f"{name}.bias": b.copy()}
        return named

    def as_keras(self, named: dict[str, Any]) -> list[Any]:
        """The opposite: (KH, KW, C, F) and (H*W*C, F)"""
        arrays = []
        for name, (H, W, C, F), flat in self.kernels():
            w = named[f"{name}.weight"].reshape(F, C, H, W).transpose(2, 3, 1, 0)
            arrays += [w.reshape(-1, F) if flat else w, named[f"{name}.bias"]]
        return arrays

    def kernels(self) -> list[tuple[str, tuple[int, int, int, int], bool]]:
        """For each layer with weights its place in the net, its H, W, C, F, and whether they are one long axis."""
        found, picture = [], (1, 1)
        for number, layer in enumerate(self.model.layers):
            if type(layer).__name__ == "Flatten":
                picture = layer.input.shape[1:3]
            if layer.weights:
                shape = tuple(layer.weights[0].shape)
                flat = len(shape) == 2
                if flat:
                    H, W = picture
                    shape, picture = (H, W, shape[0] // (H * W), shape[1]), (1, 1)
                found.append((str(number), shape, flat))
        return found
