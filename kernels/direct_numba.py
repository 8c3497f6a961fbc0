"""Direct convolution: im2col, a few output rows at a time, in front of the micro-kernel.

A unit of work is some rows of outputs. Its columns - one row for each output pixel here, so that channels lie side by
side - are laid out in scratch that stays in the second cache, and multiplied by the filters there:

    y[p, f] = max(floor, b[f] + sum_k cols[p, k] w[k, f])         k = (ky, kx, c)
    dw[k, f] = sum_p cols[p, k] dy[p, f]
    dx is y for filters flipped and transposed, once for each of the SH*SW phases of dx

In dx the filters also meet the zeros around dy, for which the definition has no term: an infinite or NaN filter
spreads there. Pictures are channels-last, (N, H, W, C). Every stride, dilation, padding and number of groups; both
float32 and float64.
"""

import numpy as np

from tinyconv.backend import Array
from tinyconv.geometry import Window
from tinyconv.memory import empty, empty_channels_last

from ._columns import ITEMS, Slide, columns, slide_of
from ._layout import pixels, plain
from ._llvm import VECTOR_BYTES, lanes
from ._micro import ROWS, tile2
from ._moves import at
from ._numba import inner, most_threads, shared
from ._product import clear, copy, edge_size, filled, multiply, pack
from ._team import share_out


def forward(x: Array, w: Array, b: Array | None, window: Window, relu: bool = False) -> Array:
    N, C, H, W = x.shape
    F, OHW = len(w), window.out(H, W)
    y = empty_channels_last((N, F, *OHW), x.dtype)
    _convolve(y, x, w.transpose(2, 3, 1, 0), b, slide_of(window, x, N, *OHW), relu)
    return y


def input_gradient(dy: Array, w: Array, window: Window, shape: tuple[int, ...]) -> Array:
    (H, W), (KH, KW), F = shape[2:], window.size, dy.shape[1]
    (SH, SW), (DH, DW), G = window.stride, window.dilation, window.groups
    (top, _), (left, _) = window.padding
    dx = empty_channels_last(shape, dy.dtype)
    wt = w.reshape(G, F // G, -1, KH, KW).transpose(3, 4, 1, 0, 2)  # (KH, KW, F/G, G, C/G)
    wt = wt.reshape(KH, KW, F // G, shape[1])
    for py in range(min(SH, H)):
        for px in range(min(SW, W)):
            kys = [ky for ky in range(KH) if (py + top - ky * DH) % SH == 0]
            kxs = [kx for kx in range(KW) if (px + left - kx * DW) % SW == 0]
            if not kys or not kxs:
                dx.transpose(0, 2, 3, 1)[:, py::SH, px::SW] = 0
                continue
            # dx[py + SH i] = sum over these taps of w[ky] dy[i + (py + top - ky DH)/SH], which slides with the steps
            # of dy between neighbouring taps, the last one first
            step_y = (kys[1] - kys[0]) * DH // SH if len(kys) > 1 else 1
            step_x = (kxs[1] - kxs[0]) * DW // SW if len(kxs) > 1 else 1
            before_y, before_x = -((py + top - kys[-1] * DH) // SH), -((px + left - kxs[-1] * DW) // SW)
            taps = Window((len(kys), len(kxs)), (1, 1), ((before_y, 0), (before_x, 0)), (step_y, step_x), G)
            slide = slide_of(taps, dy, len(dy), -(-(H - py) // SH), -(-(W - px) // SW), 0, (SH, SW, py, px))
            _convolve(dx, dy, wt[np.ix_(kys[::-1], kxs[::-1])], None, slide, False)
    return dx


def weight_gradient(dy: Array, x: Array, window: Window) -> Array:
    (N, F, OH, OW), (KH, KW), G = dy.shape, window.size, window.groups
    FG, wide = F // G, 2 * lanes(x.dtype)
    slide = slide_of(window, x, N, OH, OW, min(FG, 256))
    K = slide.KY * KW * slide.CG  # of one slice of columns
    slices = KH // slide.KY
    height, width = filled(K, ROWS), filled(FG, wide)
    splits = min(-(-FG // wide), -(-K * FG // 2**17))  # of the filters: what each item adds to stays in the cache
    most = 2**25 // (G * slices * height * width * x.itemsize)  # 32 MB in all
    parts = max(1, min(-(-ITEMS // (splits * slices)), -(-N * OH // slide.rows), most))
    dw = empty((parts, G, slices, height, width), x.dtype)
    M = slide.rows * OW
    scratch = empty((most_threads(), M * slide.pitch + ROWS + slide.line + M * width), x.dtype)
    _weight(parts * slices * splits, dw, pixels(dy), pixels(x), slide, splits, scratch)
    total = empty((KH, KW, slide.CG, F), x.dtype)
    _sum_parts(slices * K, total.reshape(slices, K, F), dw)
    return total.transpose(3, 2, 0, 1)


def _convolve(y: Array, x: Array, w: Array, b: Array | None, slide: Slide, relu: bool) -> None:
    """y, x (N, C, H, W) and filters w (KH, KW, C/G, F) -> y, whose places the slide gives."""
    F, G, dtype = w.shape[3], slide.G, y.dtype
    K, FG = slide.KY * slide.KW * slide.CG, F // G
    slices = slide.KH // slide.KY
    wide = 2 * lanes(dtype)
    panels = empty((G, slices, K * filled(FG, wide)), dtype)
    _pack(G * slices * -(-FG // wide), panels, plain(w).reshape(slices, K, F))
    bias = np.zeros(F, dtype) if b is None else plain(b)
    M = slide.rows * slide.OW
    sizes = M * slide.pitch, slide.line, edge_size(K, wide), M * FG
    scratch = empty((most_threads(), sum(sizes)), dtype)
    units = -(-len(x) * slide.OH // slide.rows)
    splits = min(-(-ITEMS // max(units, 1)), -(-FG // wide))  # of the filters
    floor = dtype.type(0 if relu else -np.inf)
    _forward(units * splits, y.transpose(0, 2, 3, 1), pixels(x), panels, bias, slide, splits, floor, scratch)


@shared
def _pack(items, *arguments):
    share_out(_pack_panel, items, arguments)


@inner
def _pack_panel(i, thread, panels, w):
    _, slices, _ = panels.shape
    _, K, F = w.shape
    FG = F // len(panels)
    wide = 2 * VECTOR_BYTES // w.itemsize
    pieces = (FG + wide - 1) // wide
    g, s, v = i // (slices * pieces), i // pieces % slices, i % pieces * wide
    pack(panels[g, s], v * K, w[s].reshape(-1), g * FG + v, F, 1, K, min(wide, FG - v))


@shared
def _forward(items, *arguments):
    share_out(_forward_item, items, arguments)


@inner
def _forward_item(item, thread, y, x, filters, bias, slide, splits, floor, scratch):
    """One unit of outputs, for one part of the filters."""
    N, _, _, F = y.shape
    lines, FG = N * slide.OH, F // slide.G
    K = slide.KY * slide.KW * slide.CG
    wide = 2 * VECTOR_BYTES // x.itemsize
    panels = (FG + wide - 1) // wide
    in_place = slide.SY == 1 and slide.SX == 1
    q, split = item // splits, item % splits
    v0, v1 = panels * split // splits * wide, min(FG, panels * (split + 1) // splits * wide)
    mine = scratch[thread]
    M = slide.rows * slide.OW
    cols, line = mine[: M * slide.pitch], mine[M * slide.pitch :]
    edge, out = line[slide.line :], line[slide.line + ROWS * (K + wide) :]
    r0, r1 = q * slide.rows, min(lines, (q + 1) * slide.rows)
    M = (r1 - r0) * slide.OW
    for g in range(slide.G):
        f0 = g * FG + v0
        c, c0, ldc = (y.reshape(-1), r0 * slide.OW * F + f0, F) if in_place else (out, 0, v1 - v0)
        for ky in range(0, slide.KH, slide.KY):
            a, a0, pitch = columns(cols, x, r0, r1, ky, g, slide, line, True)
            start, s0, lds = (c, c0, ldc) if ky else (bias, f0, 0)
            bound = floor if ky + slide.KY == slide.KH else x.dtype.type(-np.inf)
            b = filters[g, ky // slide.KY]
            multiply(c, c0, ldc, start, s0, lds, a, a0, pitch, b, v0 * K, M, v1 - v0, K, bound, edge)
        if not in_place:
            _put(y, out, r0, r1, f0, v1 - v0, slide)


@inner
def _put(y, out, r0, r1, f0, FG, slide):
    """The outputs of the rows r0 to r1 to the places that the slide gives."""
    for r in range(r0, r1):
        line = y[r // slide.OH, r % slide.OH * slide.SY + slide.y0]
        for ox in range(slide.OW):
            pixel = line[ox * slide.SX + slide.x0]
            i = ((r - r0) * slide.OW + ox) * FG
            copy(pixel, f0, out, i, FG)


@shared
def _weight(items, *arguments):
    share_out(_weight_item, items, arguments)


@inner
def _weight_item(i, thread, dw, dy, x, slide, splits, scratch):
    """One part of the pixels, for one slice of the columns and one part of the filters."""
    parts, G, slices, height, width = dw.shape
    N, OH, OW, F = dy.shape
    lines, FG, K = N * OH, F // G, slide.KY * slide.KW * slide.CG
    wide = 2 * VECTOR_BYTES // x.itemsize
    panels = (FG + wide - 1) // wide
    no_floor = x.dtype.type(-np.inf)
    part, slice_, split = i // (slices * splits), i // splits % slices, i % splits
    mine = scratch[thread]
    M = slide.rows * OW
    cols, line = mine[: M * slide.pitch + ROWS], mine[M * slide.pitch + ROWS :]
    dys = line[slide.line :]
    f0, f1 = panels * split // splits * wide, min(FG, panels * (split + 1) // splits * wide)
    begin, end = lines * part // parts, lines * (part + 1) // parts
    for g in range(G):
        sums = dw[part, g, slice_].reshape(-1)
        for k in range(height):
            clear(sums, k * width + f0, k * width + f0 + (f1 - f0 + wide - 1) // wide * wide)
        for r0 in range(begin, end, slide.rows):
            r1 = min(end, r0 + slide.rows)
            M = (r1 - r0) * OW
            readable = r1 < lines or K % ROWS == 0
            a, a0, pitch = columns(cols, x, r0, r1, slice_ * slide.KY, g, slide, line, readable)
            pack(dys, 0, dy.reshape(-1), r0 * OW * F + g * FG + f0, F, 1, M, f1 - f0)
            for v in range(f0, f1, wide):
                b = at(dys, (v - f0) * M)
                for k in range(0, K, ROWS):
                    c = at(sums, k * width + v)
                    tile2(c, width, c, width, at(a, a0 + k), 1, pitch, b, wide, M, no_floor)


@shared
def _sum_parts(items, *arguments):
    share_out(_sum_row, items, arguments)


@inner
def _sum_row(i, thread, total, dw):
    """dw (slices, K, F) = the sum of all parts (part, group, slice, K and more, F/G and more), in order."""
    parts, G, _, _, _ = dw.shape
    _, K, F = total.shape
    FG = F // G
    s, k = i // K, i % K
    for g in range(G):
        to = total[s, k, g * FG : (g + 1) * FG]
        copy(to, 0, dw[0, g, s, k], 0, FG)
        for part in range(1, parts):
            for f in range(FG):
                to[f] += dw[part, g, s, k, f]
