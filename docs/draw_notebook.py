"""Draw the pictures of docs/guides/notebook.md:  python docs/draw_notebook.py

The last one is a photograph of a page in a browser, and left out where there is no Chromium.
"""

import shutil
import subprocess
import tempfile
from pathlib import Path

import tinyconv as tc
import tinyconv.nn.functional as F
from tinyconv import data, models, optim
from tinyconv.train import fit

IMAGES = Path(__file__).parent / "images"
SIZE = (860, 1250)  # of the photograph


def expression() -> None:
    a, b, c = (tc.tensor(n, requires_grad=True) for n in (2.0, -3.0, 7.0))
    e = a * b
    d = e + c
    L = d.tanh() * a
    L.graph(locals()).save(IMAGES / "graph-expression.svg")


def lenet5() -> None:
    net, digits = models.create("lenet5"), data.mnist(train=False)[:4]
    x = tc.tensor(digits.images.astype("float32") / 255)
    with tc.trace():
        loss = F.cross_entropy(net(x), digits.labels)
        loss.backward()
        loss.graph(net).save(IMAGES / "graph-lenet5.svg")


def representations() -> None:
    """A weight, pictures, a net and a history, one below the other."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        print("There is no Chromium: notebook.png is left as it is.")
        return
    net, transform = models.create("lenet5"), data.Normalize(*data.MNIST_STATISTICS)
    train, held_out = data.mnist()[:2000], data.mnist(train=False)[:1000]
    loaders = [data.DataLoader(part, batch_size=50, transform=transform) for part in (train, held_out)]
    history = fit(net, loaders[0], 6, optim.SGD(net.parameters(), lr=0.05, momentum=0.9), val_loader=loaders[1])
    pictures = tc.tensor(held_out.images[:12].astype("float32") / 255)
    shown = [net.classifier[5].bias, net.features[0].weight, pictures, net, history]
    body = "".join(f'<div style="margin:0 0 26px">{each._repr_html_()}</div>' for each in shown)
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.html"
        page.write_text(f'<meta charset="utf-8"><body style="margin:20px;background:white">{body}', encoding="utf-8")
        options = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            f"--user-data-dir={folder}/user",
        ]
        size = f"--window-size={SIZE[0]},{SIZE[1]}"
        command = [browser, *options, size, f"--screenshot={IMAGES / 'notebook.png'}", page.as_uri()]
        subprocess.run(command, check=True, capture_output=True)


if __name__ == "__main__":
    tc.manual_seed(1)
    expression()
    lenet5()
    representations()
