"""The page of one's own net in a browser: what is clicked shows the engine's numbers."""

import json

import numpy as np
import pytest

import tinyconv
import tinyconv.nn.functional as F
from tinyconv import models, nn, optim
from tinyconv.page import explain_html

from . import chromium

pytestmark = [
    pytest.mark.skipif(chromium.find() is None, reason="there is no Chromium to open the page in"),
    pytest.mark.xdist_group("browser"),
]
LABEL = 3
BEGINNING = "{ mode: 'value', view: 0, step: 0, group: null, kernel: null, all: false, rate: 0.1 }"
# the exact numbers of tables: "x[2, 3, 4] = 0.25" is a cell's title
TABLES = """[...document.querySelectorAll("#view .grid")].map((table) =>
    [...table.querySelectorAll("td")].map((cell) => Number(cell.title.split(" = ")[1])))"""


@pytest.fixture(scope="module")
def browser():
    with chromium.Chromium(1280, 900) as started:
        yield started


@pytest.fixture(scope="module")
def lenet(tmp_path_factory):
    """LeNet-5, a picture, and the page of both."""
    rng = np.random.default_rng(5)
    tinyconv.manual_seed(5)
    net, x = models.create("lenet5"), rng.standard_normal((1, 28, 28)).astype(np.float32)
    path = explain_html(
        net, x, LABEL, tmp_path_factory.mktemp("page") / "lenet.html", classes=[f"<i>{k}" for k in range(10)]
    )
    return net.eval(), x, path


@pytest.fixture
def page(browser, lenet):
    """LeNet-5's page as it is in the beginning; afterwards nothing must have complained or been loaded."""
    if not browser.run("location.href").startswith(lenet[2].as_uri()):
        browser.open(lenet[2])
    browser.run("document.getElementById('keys').close()")
    browser.run(f"tinyconv.page.change({BEGINNING})")
    yield browser
    assert browser.complaints == []
    assert all(url.startswith(("file:", "data:", "about:")) for url in browser.requests)


@pytest.fixture(scope="module")
def engine_maps(lenet):
    """What the engine has at C3, conv2d features.3: its input, output, and the gradients of both."""
    net, x, _ = lenet
    with tinyconv.engine("numpy"):
        h = net.features[:3](tinyconv.tensor(x[None]))
        y = net.features[3](h)
        for map_ in (h, y):
            map_.retain_grad()
        loss = F.cross_entropy(net.classifier(net.features[4:](y)), [LABEL])
        loss.backward()
    found = {name: a.data[0].copy() for name, a in {"x": h, "y": y, "dx": h.grad, "dy": y.grad}.items()}
    net.zero_grad()
    return found


def click_cell(page, node, share_x, share_y):
    """Click on the maps of a node, at a share of their width and height; returns the cell that is then selected."""
    canvas = f"document.querySelector('li[data-node=\"{node}\"] canvas')"
    page.run(f"{canvas}.scrollIntoView({{block: 'center'}})")
    page.settle()
    box = json.loads(page.run(f"JSON.stringify({canvas}.getBoundingClientRect())"))
    page.click(box["x"] + share_x * box["width"], box["y"] + share_y * box["height"])
    return shown(page)


def shown(page):
    """What the view says: the place, the stored number, the total of the terms."""
    return page.run(
        """(() => {
        const at = document.querySelector(".result").dataset;
        const exact = (selector) => Number(document.querySelector(selector)?.dataset.value);
        return { node: Number(at.node), index: Number(at.index), mode: at.mode,
                 stored: exact(".stored"), total: exact(".check .total") };
        })()"""
    )


# ---------------------------------------------------------------- clicks


@pytest.mark.parametrize(("share_x", "share_y"), [(0.05, 0.2), (0.4, 0.3), (0.93, 0.8)])
def test_a_click_on_a_map_shows_the_engines_number_and_its_sum(page, engine_maps, share_x, share_y):
    seen = click_cell(page, 4, share_x, share_y)
    assert (seen["node"], seen["mode"]) == (4, "value")
    y = engine_maps["y"].reshape(-1)[seen["index"]]
    assert seen["stored"] == y
    assert seen["total"] == pytest.approx(float(y), rel=1e-5, abs=1e-6)


def test_the_window_and_the_kernel_are_the_engines_number_by_number(page, lenet, engine_maps):
    index = click_cell(page, 4, 0.4, 0.3)["index"]
    f, oy, ox = np.unravel_index(index, (16, 10, 10))
    page.run("document.querySelectorAll('.sums button')[2].click()")
    tables = page.run(TABLES)
    window = engine_maps["x"][2, oy : oy + 5, ox : ox + 5].reshape(-1)
    kernel = lenet[0].features[3].weight.data[f, 2].reshape(-1)
    np.testing.assert_array_equal(np.float32(tables[0]), window)
    np.testing.assert_array_equal(np.float32(tables[1]), kernel)
    np.testing.assert_allclose(tables[2], window.astype(float) * kernel, rtol=1e-12)


def test_g_shows_the_gradients_and_the_windows_that_saw_a_pixel(page, lenet, engine_maps):
    page.press("g")
    seen = click_cell(page, 3, 0.3, 0.5)
    assert (seen["node"], seen["mode"]) == (3, "gradient")
    dx = engine_maps["dx"].reshape(-1)[seen["index"]]
    assert seen["stored"] == pytest.approx(float(dx), rel=1e-5, abs=1e-9)
    assert seen["total"] == pytest.approx(float(dx), rel=1e-4, abs=1e-8)
    c, iy, ix = np.unravel_index(seen["index"], (6, 14, 14))
    page.run("document.querySelectorAll('.sums button')[7].click()")
    factors = page.run(TABLES)[1]
    np.testing.assert_array_equal(np.float32(factors), lenet[0].features[3].weight.data[7, c].reshape(-1))
    products = page.run("Number(document.querySelectorAll('.sums .number')[7].dataset.value)")
    w, dy = lenet[0].features[3].weight.data[7, c], engine_maps["dy"][7]
    pairs = [(iy - ky, ix - kx, w[ky, kx]) for ky in range(5) for kx in range(5)]
    by_hand = sum(float(dy[oy, ox]) * float(k) for oy, ox, k in pairs if 0 <= oy < 10 and 0 <= ox < 10)
    assert products == pytest.approx(by_hand, rel=1e-4, abs=1e-9)


def test_a_number_of_the_window_leads_to_where_it_came_from(page):
    click_cell(page, 4, 0.4, 0.3)
    page.run("document.querySelector('.grid td.goes').click()")
    page.settle()
    assert shown(page)["node"] == 3
    page.press("Backspace", 8)
    assert shown(page)["node"] == 4


# ---------------------------------------------------------------- every number


def every_number(browser, count=25):
    """The explanations of some numbers of every map and gradient, against what is stored: the worst of each."""
    return browser.run(
        """(() => {
        const { net, explain } = tinyconv;
        const found = [];
        for (const node of net.nodes) for (const mode of ["value", "gradient"]) {
          const all = net.numbers(node, mode);
          let [most, worst] = [1e-30, 0];
          for (const v of all) most = Math.max(most, Math.abs(v));
          for (let k = 0; k < COUNT; k++) {
            const index = Math.floor(((k + 0.5) / COUNT) * all.length);
            const { stored, total, unknown, parts } = explain(net, node, index, mode);
            if (unknown || parts.some((part) => part.missing)) worst = Infinity;
            else if (total !== null) worst = Math.max(worst, Math.abs(total - stored) / most);
          }
          found.push([`${node.name} ${node.module} ${mode}`, worst]);
        }
        return found.map(([name, worst]) => [name, Number.isFinite(worst) ? worst : 1e9]);
        })()""".replace("COUNT", str(count))
    )


def test_every_layer_of_lenet_adds_up(page):
    found = every_number(page)
    assert len(found) == 2 * 15
    assert [f for f in found if not f[1] < 1e-5] == []


# ---------------------------------------------------------------- the other views


def test_softmax_and_loss(page, lenet):
    net, x, _ = lenet
    page.press("4")
    with tinyconv.engine("numpy"), tinyconv.no_grad():
        logits = net(tinyconv.tensor(x[None]))
        p = F.softmax(logits, 1).data[0]
        loss = F.cross_entropy(logits, [LABEL]).item()
    values = "[...document.querySelectorAll('#loss .%s')].map((s) => Number(s.dataset.value))"
    np.testing.assert_allclose(page.run(values % "probability"), p, rtol=1e-5)
    np.testing.assert_allclose(page.run(values % "error"), p - np.eye(10)[LABEL], rtol=1e-5, atol=1e-7)
    assert page.run("Number(document.querySelector('.loss').dataset.value)") == pytest.approx(loss, rel=1e-5)
    assert page.run("document.querySelector('#loss th[scope=row]').textContent") == "<i>0"


def test_im2col_gives_the_same_sum(page, lenet, engine_maps):
    index = click_cell(page, 4, 0.4, 0.3)["index"]
    page.press("2")
    total = page.run("Number(document.querySelector('.list .total').dataset.value)")
    f = index // 100
    expected = float(engine_maps["y"].reshape(-1)[index]) - float(lenet[0].features[3].bias.data[f])
    assert total == pytest.approx(expected, rel=1e-4, abs=1e-6)
    assert page.run("document.querySelectorAll('.im2col canvas').length") == 4


def test_kernels_before_and_after_are_those_of_the_optimiser(page, lenet):
    net, x, path = lenet
    index = click_cell(page, 4, 0.4, 0.3)["index"]
    page.press("3")
    page.run("const rate = document.getElementById('rate'); rate.value = 0.5; rate.dispatchEvent(new Event('change'))")
    tables = page.run(TABLES)
    f, state = index // 100, {name: a.data.copy() for name, a in net.state_dict().items()}
    with tinyconv.engine("numpy"):
        F.cross_entropy(net(tinyconv.tensor(x[None])), [LABEL]).backward()
        gradient = net.features[3].weight.grad.data[f, 0].reshape(-1).copy()
        before = net.features[3].weight.data[f, 0].reshape(-1).copy()
        optim.SGD(net.parameters(), lr=0.5).step()
    after = net.features[3].weight.data[f, 0].reshape(-1).copy()
    net.zero_grad()
    net.load_state_dict(state)
    np.testing.assert_array_equal(np.float32(tables[0]), before)
    np.testing.assert_allclose(tables[1], gradient, rtol=1e-5, atol=1e-9)
    np.testing.assert_allclose(tables[2], after, rtol=1e-6)
    shown_gradient = page.run("Number(document.querySelector('.weight-gradient').dataset.value)")
    assert shown_gradient == pytest.approx(float(gradient[12]), rel=1e-4, abs=1e-8)


def test_the_slider_goes_back_over_the_tape(page):
    page.press("5")
    assert page.run("document.querySelectorAll('#diagram li.waiting').length") == 14  # all but the loss
    last = page.run("Number(document.getElementById('step').max)")
    assert last == 14
    for _ in range(4):
        page.press(".")
    assert page.run("document.querySelector('.operation').textContent") == "tanhclassifier.4"
    assert "tanh_input" in page.run("document.querySelector('.code pre').textContent")
    slider = "const s = document.getElementById('step'); s.value = s.max; s.dispatchEvent(new Event('input'))"
    page.run(slider)
    page.settle()
    assert page.run("document.querySelectorAll('#diagram li.waiting').length") == 0
    assert page.run("document.querySelector('output').textContent") == "14 / 14"


# ---------------------------------------------------------------- for everybody


def test_all_of_it_by_keyboard(page):
    start = click_cell(page, 4, 0.05, 0.2)["index"]
    page.press("ArrowRight", 39)
    page.press("ArrowDown", 40)
    assert shown(page)["index"] == start + 11
    page.press("]")
    assert shown(page)["index"] == start + 111
    said = page.run("document.getElementById('said').textContent")
    assert said.startswith("conv2d features.3, map 1, row") and "150 products, b[1], the bias" in said
    page.press("j")
    assert shown(page)["node"] == 5
    assert page.run("document.activeElement.closest('li').dataset.node") == "5"
    page.press("Enter", 13)
    assert shown(page)["node"] == 4
    page.press("?")
    assert page.run("document.getElementById('keys').open")


def test_what_a_screen_reader_needs(page):
    assert page.run("document.documentElement.lang") == "en"
    controls = "[...document.querySelectorAll('button, canvas[tabindex], input')]"
    assert page.run(f"{controls}.every((e) => e.textContent || e.ariaLabel || e.labels?.length)")
    assert page.run("document.querySelectorAll('[role=tab]').length") == 5
    assert page.run("document.querySelectorAll('[role=tab][aria-selected=true]').length") == 1
    assert page.run("document.querySelector('[role=tabpanel]').getAttribute('aria-labelledby')") == "tab-number"
    assert page.run("document.getElementById('said').ariaLive") == "polite"


@pytest.mark.parametrize("dark", [False, True])
def test_it_follows_the_systems_colours(browser, lenet, dark):
    browser.open(lenet[2], dark)
    assert browser.run("document.documentElement.dataset.theme") == ("dark" if dark else "light")
    browser.press("d")
    assert browser.run("document.documentElement.dataset.theme") == ("light" if dark else "dark")


def test_a_telephone_is_wide_enough(browser, lenet):
    browser.call("Emulation.setDeviceMetricsOverride", width=390, height=844, deviceScaleFactor=2, mobile=True)
    browser.open(lenet[2])
    for view in ("number", "im2col", "kernels", "loss", "backward"):
        browser.run(f"document.getElementById('tab-{view}').click()")
        assert browser.run("document.documentElement.scrollWidth") <= 390, view
    browser.call("Emulation.setDeviceMetricsOverride", **browser.size)


# ---------------------------------------------------------------- other nets


def all_kinds():
    """Strides, padding, dilation, groups; skips of both kinds; what pools, normalises and joins."""
    branches = nn.Concat(
        nn.Conv2d(6, 4, 1),
        nn.Sequential(nn.Conv2d(6, 6, 3, padding=2, dilation=2, groups=3), nn.Sigmoid()),
        nn.Sequential(nn.MaxPool2d(3, 1, 1), nn.LeakyReLU(0.1)),
    )
    skip = nn.Residual(
        {"c": nn.Conv2d(16, 8, 3, 2, 1), "bn": nn.BatchNorm2d(8)}, {"d": nn.Conv2d(16, 8, 1, 2)}, relu=True
    )
    first = nn.Sequential(
        nn.Conv2d(3, 6, (3, 2), (2, 1), (1, 1)), nn.BatchNorm2d(6), nn.ReLU(), nn.LocalResponseNorm(3, 0.5)
    )
    pools = [nn.AvgPool2d(3, 2, 1, ceil_mode=True, count_include_pad=False), nn.AdaptiveAvgPool2d((2, 3))]
    rest = [
        nn.ReLU6(),
        nn.SqueezeExcitation(8, 2),
        nn.Flatten(),
        nn.Dropout(),
        nn.Linear(48, 5),
        nn.ELU(),
        nn.Linear(5, 4),
    ]
    return nn.Sequential(first, branches, skip, *pools, *rest)


def test_every_kind_of_layer_adds_up(browser, tmp_path, rng):
    with tinyconv.engine("numpy"):
        net = all_kinds()
        for name, buffer in net.named_buffers():
            if name.endswith(("mean", "var")):
                buffer.data[...] = rng.uniform(0.5, 1.5, buffer.shape)
        browser.complaints.clear()
        browser.open(explain_html(net, rng.standard_normal((3, 15, 14)), 1, tmp_path / "kinds.html"))
    found = every_number(browser)
    assert browser.complaints == []
    assert [f for f in found if not f[1] < 1e-5] == []


@pytest.mark.long
def test_a_residual_net_adds_up_to_its_precision(browser, tmp_path, rng):
    browser.complaints.clear()
    net = models.create("resnet20", width=8)
    browser.open(explain_html(net, rng.standard_normal((3, 32, 32)), 1, tmp_path / "resnet.html"))
    assert [f for f in every_number(browser, 8) if not f[1] < 1e-4] == []
    assert browser.complaints == []
