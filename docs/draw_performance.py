"""The pictures of performance.md.

pip install matplotlib
python docs/draw_performance.py
"""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.patches import FancyArrowPatch, Rectangle

FOLDER = Path(__file__).resolve().parent / "images"
BLUE, SKY, GREEN, ORANGE, VERMILLION = "#0072B2", "#56B4E9", "#009E73", "#E69F00", "#D55E00"  # Okabe and Ito 2008
GREY, PALE, INK = "#9a9a9a", "#f1f1f1", "#222222"


# ---------------------------------------------------------------- a box of pencils


def canvas(width: float, height: float, top: float = 0):
    """Axes whose unit is a tenth of an inch, y downwards from `top`."""
    figure = plt.figure(figsize=(width / 10, (height - top) / 10), facecolor="white")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(height, top))
    axes.axis("off")
    return axes


def save(axes, name: str) -> None:
    axes.figure.savefig(FOLDER / f"{name}.png", dpi=150)
    plt.close(axes.figure)


def box(axes, x, y, width, height, colour=PALE, edge=INK, line=0.8, **more) -> None:
    axes.add_patch(Rectangle((x, y), width, height, facecolor=colour, edgecolor=edge, linewidth=line, **more))


def grid(axes, x, y, rows, columns, size, colour=PALE, **more) -> None:
    """Squares; colour may be a function of row and column."""
    for i in range(rows):
        for j in range(columns):
            fill = colour(i, j) if callable(colour) else colour
            box(axes, x + j * size, y + i * size, size, size, fill, line=0.6, **more)


def say(axes, x, y, text, size=9.0, colour=INK, where="center", weight="normal", up="center") -> None:
    axes.text(x, y, text, fontsize=size, color=colour, ha=where, va=up, fontweight=weight, linespacing=1.35)


def arrow(axes, start, end, colour=INK, bend=0.0, width=1.2) -> None:
    style = {"arrowstyle": "-|>", "mutation_scale": 10, "shrinkA": 0, "shrinkB": 0, "linewidth": width}
    axes.add_patch(FancyArrowPatch(start, end, color=colour, connectionstyle=f"arc3,rad={bend}", **style))


def brace(axes, x0, x1, y, text, colour=INK) -> None:
    """What a stretch is, written under it."""
    axes.annotate("", (x0, y), (x1, y), arrowprops={"arrowstyle": "|-|, widthA=0.25, widthB=0.25", "color": colour})
    say(axes, (x0 + x1) / 2, y + 1.6, text, colour=colour)


# ---------------------------------------------------------------- the register tile and the panels


def tile() -> None:
    axes = canvas(90, 54)
    ax, ay, aw, ah = 9, 23, 24, 28  # A: pixels by k
    bx, by, bw, bh = 38, 4, 30, 15  # B: k by filters
    box(axes, ax, ay, aw, ah)
    box(axes, ax, ay + 8, aw, 5, SKY)
    box(axes, ax + 9, ay + 8, 0.9, 5, VERMILLION)
    box(axes, bx, by, bw, bh)
    box(axes, bx + 10, by, 10, bh, "#f6d08a")
    box(axes, bx + 10, by + 5.5, 10, 0.9, VERMILLION)
    box(axes, bx, ay, bw, ah)
    box(axes, bx + 10, ay + 8, 10, 5, GREEN)
    axes.plot([bx + 15] * 2, [ay + 8, ay + 13], color="white", linewidth=1)
    for x in (bx + 10, bx + 20):
        axes.plot([x] * 2, [by, by + bh], color=INK, linewidth=0.6, linestyle=":")
        axes.plot([x] * 2, [ay, ay + ah], color=INK, linewidth=0.6, linestyle=":")
    say(axes, ax + aw / 2, ay - 1.7, "A: columns of im2col, one row a pixel")
    say(axes, bx + bw / 2, by - 1.8, "B: filters, in panels of 32")
    say(axes, bx + bw / 2, ay + ah + 1.6, "C: outputs, channels side by side")
    say(axes, ax - 1.2, ay + 10.5, "14\npixels", where="right")
    say(axes, ax + aw / 2, ay + ah + 1.6, "k = (ky, kx, c)")
    say(axes, bx - 1.2, by + bh / 2, "k", where="right")
    say(axes, ax + 9.5, ay + 14.8, "step k: 14 numbers,\neach into a whole vector", 8, VERMILLION, up="top")
    say(axes, bx + bw + 1.5, by + 6, "step k: 2 vectors\nof 16 filters", 8, VERMILLION, "left")
    arrow(axes, (ax + aw + 0.3, ay + 10.5), (bx + 9.5, ay + 10.5), SKY, width=2)
    arrow(axes, (bx + 15, by + bh + 0.3), (bx + 15, ay + 7.5), ORANGE, width=2)
    notes = (
        (GREEN, "tile, 14 x 2 vectors: 28 sums,\nin registers from the first k\nto the last (31 of 32 in use)"),
        ("#f6d08a", "panel: read in the order in\nwhich it lies, by every tile\nof these filters"),
        (SKY, "columns of some output rows:\nat most 384 kB, in the\nsecond cache"),
    )
    for i, (colour, text) in enumerate(notes):
        y = 26 + 8 * i
        box(axes, bx + bw + 1.5, y - 1, 1.6, 2, colour)
        say(axes, bx + bw + 3.8, y + 0.1, text, 8, where="left")
    save(axes, "tile")


# ---------------------------------------------------------------- im2col in the cache


def im2col() -> None:
    axes = canvas(92, 34, 2)
    colours = (BLUE, SKY, GREEN, ORANGE, VERMILLION, "#CC79A7", "#999999", "#F0E442", "#dddddd")

    def tap(i, j):
        return colours[(i - 1) * 3 + j - 2] if 1 <= i < 4 and 2 <= j < 5 else "white"

    grid(axes, 4, 8, 5, 7, 2.6, tap)
    box(axes, 4 + 2 * 2.6, 8 + 2.6, 3 * 2.6, 3 * 2.6, "none", line=2.2)
    say(axes, 13.1, 5.8, "picture in memory: each square\nholds all channels of a pixel")
    say(axes, 13.1, 23.5, "no border is stored")

    for i in range(3):
        y = 8 + 4.4 * i
        grid(axes, 33, y, 1, 9, 2.2, lambda _, j, i=i: "white" if j in (0, 8) else tap(i + 1, j - 1))
        for j in (0, 8):
            say(axes, 33 + 2.2 * j + 1.1, y + 1.1, "0", 8, GREY)
        arrow(axes, (24, 8 + 2.6 * (i + 1) + 1.3), (32.4, y + 1.1), GREY)
    say(axes, 42.9, 5.8, "scratch: a line with its zeros")
    say(axes, 42.9, 23.5, "padding becomes zeros here, and here alone")

    for row in range(5):
        y = 8 + 2.6 * row
        for k in range(9):
            box(axes, 63 + 2.6 * k, y, 2.6, 2.2, colours[k] if row == 3 else PALE, line=0.6)
    arrow(axes, (53.6, 13.5), (62.4, 16.9), GREY)
    say(axes, 74.7, 5.8, "scratch: columns, one row a pixel")
    brace(axes, 63, 86.4, 22.4, "(ky, kx, c): 3 runs of 3 C numbers")
    for row, text in enumerate(("pixel 0", "1", "2", "3", "...")):
        say(axes, 87.2, 9.1 + 2.6 * row, text, 8, where="left")
    say(
        axes,
        46,
        31,
        "A run of one window row lies side by side in the line, for channels do: it is copied vector by vector.\n"
        "Both scratches belong to a thread, are used again for the next rows, and never leave its second cache.",
    )
    save(axes, "im2col")


# ---------------------------------------------------------------- Winograd


def winograd() -> None:
    axes = canvas(92, 60, 3)
    s = 2.0
    grid(axes, 3, 9, 6, 6, s, "#cfe6f5")
    box(axes, 3 + 4 * s, 9, 6 * s, 6 * s, "none", GREY, 1.0, linestyle="--")
    say(axes, 9, 6.9, "d: 6 x 6 pixels")
    say(axes, 12.5, 23.6, "the next tile overlaps by 2", 8, GREY)
    grid(axes, 29, 9, 6, 6, s, SKY)
    say(axes, 35, 6.9, "V, 6 x 6")
    arrow(axes, (23.6, 15), (28.4, 15))
    say(axes, 26, 12.7, r"$B^T d\,B$", 9)

    grid(axes, 6, 32, 3, 3, s, "#f6d08a")
    say(axes, 9, 29.9, "g: a filter's 3 x 3")
    grid(axes, 29, 29, 6, 6, s, ORANGE)
    say(axes, 35, 26.9, "U, 6 x 6")
    arrow(axes, (12.6, 35), (28.4, 35))
    say(axes, 20.5, 32.7, r"$G\,g\,G^T$  once a call", 9)

    say(axes, 46, 25, "36 products,\nsummed over\nall channels", 9)
    grid(axes, 53, 19, 6, 6, s, GREEN)
    say(axes, 59, 16.9, "M, 6 x 6")
    arrow(axes, (41.4, 16), (52.4, 23), SKY)
    arrow(axes, (41.4, 34), (52.4, 27), ORANGE)
    grid(axes, 78, 21, 4, 4, s, "#b9e4d6")
    say(axes, 82, 18.9, "y: 4 x 4 outputs")
    arrow(axes, (65.6, 25), (77.4, 25))
    say(axes, 71.5, 22.7, r"$A^T M A$", 9)
    say(axes, 82, 31.4, "+ bias, ReLU", 8, GREY)
    say(axes, 82, 34.6, "directly: 16 x 9 = 144\nproducts for these 16", 8, VERMILLION, up="top")

    say(
        axes,
        46,
        45.5,
        "The products of one point (of 36) for many tiles are a product of matrices, so the micro-kernel does them:",
    )
    box(axes, 14, 50, 9, 7, SKY)
    say(axes, 18.5, 53.5, "V[p]")
    say(axes, 13.2, 53.5, "tiles", 8, where="right")
    say(axes, 18.5, 48.8, "C", 8)
    say(axes, 25.5, 53.5, "x", 11)
    box(axes, 28, 50, 12, 7, ORANGE)
    say(axes, 34, 53.5, "U[p]")
    say(axes, 34, 48.8, "F", 8)
    say(axes, 42.3, 53.5, "=", 11)
    box(axes, 45, 50, 12, 7, GREEN)
    say(axes, 51, 53.5, "M[p]", colour="white")
    say(axes, 51, 48.8, "F", 8)
    say(
        axes,
        60,
        53.5,
        "V and M of some tiles stay in the second cache;\n"
        "a vector holds channels of one pixel,\nso a transform is plain sums.",
        8,
        where="left",
    )
    save(axes, "winograd")


# ---------------------------------------------------------------- the order in memory


def layout() -> None:
    axes = canvas(90, 30)
    colours = (BLUE, ORANGE, GREEN)
    for c in range(3):
        x, y = 3 + 2.4 * c, 7 + 2.4 * c
        grid(axes, x, y, 2, 4, 2.6, colours[c], zorder=3 - c)
    say(axes, 10, 4.6, "a picture of 3 channels,\n2 x 4 pixels", up="center")
    say(axes, 24, 8.3, "N, C, H, W", 9, where="left", weight="bold")
    say(axes, 24, 19.3, "channels-last", 9, where="left", weight="bold")
    for k in range(24):
        x = 37 + 2.1 * k
        box(axes, x, 7, 2.1, 2.6, colours[k // 8], line=0.6)
        box(axes, x, 18, 2.1, 2.6, colours[k % 3], line=0.6)
    brace(axes, 37, 37 + 8 * 2.1, 11, "channel 0")
    brace(axes, 37 + 8 * 2.1, 37 + 16 * 2.1, 11, "channel 1")
    brace(axes, 37 + 16 * 2.1, 37 + 24 * 2.1, 11, "channel 2")
    brace(axes, 37, 37 + 3 * 2.1, 22, "pixel 0")
    brace(axes, 37 + 3 * 2.1, 37 + 6 * 2.1, 22, "pixel 1")
    brace(axes, 37 + 12 * 2.1, 37 + 24 * 2.1, 22, "the second line")
    say(axes, 45, 27.6, "Both have the shape (N, C, H, W); only the strides differ.", 9)
    save(axes, "layout")


# ---------------------------------------------------------------- the fused pass


def fused() -> None:
    axes = canvas(92, 57)

    def chain(y, title, steps):
        """steps: (operation, height of its result, is it kept, its name)"""
        say(axes, 3, y, title, 9.5, where="left", weight="bold")
        x = 3
        for n, (operation, height, kept, name) in enumerate(steps):
            if operation:
                box(axes, x, y + 6.6, 10.5, 4.8, "white", GREY)
                say(axes, x + 5.25, y + 9, operation, 8.5)
                x += 10.5
                arrow(axes, (x + 0.2, y + 9), (x + 2.4, y + 9))
                x += 2.6
            box(axes, x, y + 9 - height / 2, 2.4, height, BLUE if kept else "#e2e2e2")
            say(axes, x + 1.2, y + 9 + height / 2 + 1.5, name, 8.5, BLUE if kept else INK)
            if operation == "max pool":  # a byte each
                box(axes, x + 3.6, y + 12.6, 0.6, height, BLUE)
                say(axes, x + 5, y + 14.6, "winner", 8.5, BLUE, "left")
                axes.plot([x - 1.6, x - 1.6, x + 3.4], [y + 9, y + 14.6, y + 14.6], color=INK, linewidth=0.8)
            x += 2.4
            if n + 1 < len(steps):
                arrow(axes, (x + 0.2, y + 9), (x + 2.4, y + 9))
                x += 2.6

    x, pool, drop = ("", 8, True, "x"), ("max pool", 4, False, "p"), ("dropout", 4, True, "z")
    title = "Layer by layer: two large arrays are written, and one of them is kept for the ReLU"
    chain(3.5, title, [x, ("conv + b", 12, False, "y"), ("ReLU", 12, True, "r"), pool, drop])
    title = "Together: the ReLU is the convolution's last step, and all that is kept is small"
    chain(23, title, [x, ("conv + b\n+ ReLU", 12, False, "r"), pool, drop])
    say(axes, 3, 42.5, "Backward: one pass over the small array, then pooling's", 9.5, where="left", weight="bold")
    y, x = 47.5, 3
    for text, width in (
        ("dz", 0),
        (r"where z > 0:  dz / (1 - p),  else 0", 28),
        ("to the winners", 14),
        ("dw, dx, db", 12),
    ):
        if width:
            box(axes, x, y - 2.4, width, 4.8, "white", GREY)
            say(axes, x + width / 2, y, text, 8.5)
            x += width
        else:
            box(axes, x, y - 2, 2.4, 4, "#e2e2e2")
            say(axes, x + 1.2, y + 3.6, text, 8.5)
            x += 2.4
        if text != "dw, dx, db":
            arrow(axes, (x + 0.2, y), (x + 2.4, y))
            x += 2.6
    say(
        axes,
        3,
        54.5,
        "z > 0 exactly where ReLU let the winner pass and dropout kept it. The next layer keeps z anyway: it is its x.",
        8.5,
        where="left",
    )
    box(axes, 71, 45.5, 2, 2.6, BLUE)
    say(axes, 74, 46.8, "kept until backward", 8.5, where="left")
    box(axes, 71, 50.5, 2, 2.6, "#e2e2e2")
    say(axes, 74, 51.8, "back in the pool at once", 8.5, where="left")
    save(axes, "fused")


# ---------------------------------------------------------------- pixels as lanes


def pixels_as_lanes() -> None:
    axes = canvas(92, 47)
    say(
        axes, 3, 3.5, "Channels as lanes: LeNet's 6 filters leave 10 of 16 lanes idle", 9.5, where="left", weight="bold"
    )
    for j in range(16):
        box(axes, 6 + 2.6 * j, 6, 2.6, 2.8, GREEN if j < 6 else "white", line=0.7)
    say(axes, 49.5, 7.4, "one pixel's 6 outputs", where="left")
    say(
        axes,
        3,
        13.5,
        "Pixels as lanes: every lane computes another pixel, whatever the number of filters",
        9.5,
        where="left",
        weight="bold",
    )
    for f in range(6):
        for j in range(16):
            box(axes, 6 + 2.6 * j, 16 + 1.5 * f, 2.6, 1.5, GREEN, line=0.5)
    say(axes, 49.5, 20.5, "6 filters x 4 vectors of 16 pixels:\n24 sums in registers (one vector shown)", where="left")

    say(
        axes,
        3,
        29.5,
        "A tap of the window is an offset into a long row: the same 8 outputs meet these pixels",
        9.5,
        where="left",
        weight="bold",
    )
    lines = ("#cfe6f5", "#f6d08a", "#b9e4d6", "#ecd0e0")
    for t in range(32):
        box(axes, 6 + 2.3 * t, 33, 2.3, 2.6, lines[t // 8], line=0.5)
    for i in range(4):
        say(axes, 6 + 2.3 * (8 * i + 4), 31.8, f"line {i}", 8, GREY)
    for tap, y in ((0, 37), (1, 39.4), (2, 41.8)):
        x = 6 + 2.3 * (2 + 8 * tap)
        box(axes, x, y, 2.3 * 8, 1.5, SKY, line=0.6)
        say(axes, x + 2.3 * 8 + 0.8, y + 0.75, f"ky = {tap}", 8, where="left")
    say(
        axes,
        6,
        45.4,
        "There is such a row for each channel and kx, with the zeros of the border in it: KW copies, not KH KW.",
        8.5,
        where="left",
    )
    save(axes, "pixels-as-lanes")


if __name__ == "__main__":
    plt.rcParams["font.family"] = "DejaVu Sans"
    for draw in (tile, im2col, winograd, layout, fused, pixels_as_lanes):
        draw()
