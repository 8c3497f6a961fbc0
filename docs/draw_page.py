"""The pictures of guides/page.md: pages of LeNet-5, trained for a minute, and of a fresh ResNet-20, in Chromium.

python docs/draw_page.py
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
from draw_plots import shrink

import tinyconv
from tinyconv import data, models, optim
from tinyconv.train import fit

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
sys.path.append(str(ROOT / "tests"))
from chromium import Chromium  # noqa: E402  # from tests/, put on the path above


def lenet(folder: Path) -> Path:
    tinyconv.manual_seed(1)
    normalize = data.Normalize(*data.MNIST_STATISTICS)
    net = models.create("lenet5")
    batches = data.DataLoader(data.mnist()[:6000], batch_size=50, shuffle=True, transform=normalize)
    fit(net, batches, epochs=2, optimizer=optim.SGD(net.parameters(), lr=0.05, momentum=0.9))
    test = data.mnist(train=False)
    x = normalize(test.batch(np.array([0])))
    return tinyconv.explain_html(net, x, int(test.labels[0]), folder / "lenet5.html", title="LeNet-5")


def resnet(folder: Path) -> Path:
    tinyconv.manual_seed(1)
    digit = data.mnist(train=False).images[4].astype(np.float32) / 255  # (1, 28, 28)
    x = np.repeat(np.pad(digit, ((0, 0), (2, 2), (2, 2))), 3, axis=0)
    return tinyconv.explain_html(models.create("resnet20"), x, 4, folder / "resnet20.html", title="ResNet-20")


def draw(browser: Chromium, page: Path, script: str, dark: bool, name: str) -> None:
    browser.open(page, dark)
    browser.run(script)
    browser.settle()
    browser.picture(IMAGES / name)
    shrink(IMAGES / name)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder, Chromium(1280, 800) as browser:
        number = "tinyconv.page.select({ node: tinyconv.net.nodes[4], index: 555 })"
        draw(browser, lenet(Path(folder)), number, False, "page-number.png")
        draw(browser, resnet(Path(folder)), "tinyconv.page.toStep(19)", True, "page-backward.png")
