// The view "kernels": the parameters of a layer, their gradients, and what one step of SGD makes of them.

function viewKernels({ net, state, go, redraw }) {
  const node = [state.node, ...state.node.readers.map((reader) => reader.node)].find((near) =>
    near.inputs.some((input) => "parameter" in input),
  );
  if (!node)
    return [
      element("h2", {}, "Kernels"),
      element("p", { class: "note" }, "This layer has no parameters. Select a convolution or a dense layer."),
    ];
  const owned = node.inputs.filter((input) => "parameter" in input).map((input) => net.parameters[input.parameter]);
  const rate = element("input", {
    type: "number",
    min: 0,
    step: "any",
    value: state.rate,
    id: "rate",
    inputmode: "decimal",
  });
  rate.addEventListener("change", () => redraw({ rate: Math.max(0, Number(rate.value) || 0) }));
  return [
    element("h2", {}, "Kernels: ", element("em", {}, node.name), " ", element("code", {}, node.module)),
    element(
      "p",
      {},
      "One step of gradient descent, w \u2190 w \u2212 lr dL/dw, with ",
      element("label", { for: "rate" }, "lr = "),
      rate,
    ),
    ...(node.name === "conv2d" ? kernels(net, state, node, owned, go, redraw) : []),
    ...owned.filter(({ shape }) => node.name !== "conv2d" || shape.length < 4).map((p) => table(net, state, node, p)),
  ];
}

// ---------------------------------------------------------------- convolution

function kernels(net, state, node, owned, go, redraw) {
  const s = sizesOf(net, node);
  const [KH, KW] = s.size;
  const w = s.w;
  if (!w.parameter)
    return [element("p", { class: "note" }, "The kernels of this layer are computed from other parameters.")];
  const chosen = state.kernel?.node === node ? state.kernel : {};
  const f = chosen.f ?? (node === state.node ? place(node.shape, state.index)[0] : 0);
  const group = Math.floor(f / s.FG);
  const c = chosen.c ?? (state.group !== null && Math.floor(state.group / s.CG) === group ? state.group % s.CG : 0);
  const [ky, kx] = chosen.at ?? [Math.floor(KH / 2), Math.floor(KW / 2)];
  const choose = (change) => redraw({ kernel: { node, f, c, at: [ky, kx], ...change } });
  const start = (f * s.CG + c) * KH * KW;
  const before = [...w.numbers.subarray(start, start + KH * KW)];
  if (before.length < KH * KW)
    return [
      sheet(w.numbers, s, f, c, choose),
      element("p", { class: "note" }, `The kernels of map ${f} were left out of the page.`),
    ];
  const gradient = gradientOf(net, node, w.parameter, f, c, KH, KW, start);
  const shown = [sheet(w.numbers, s, f, c, choose)];
  if (!gradient)
    return [
      ...shown,
      grid(
        `w[${f}, ${c}]`,
        KW,
        before.map((v) => ({ v })),
        largest(before),
      ),
      element("p", { class: "note" }, "No gradient reaches these kernels."),
    ];
  const after = before.map((v, i) => Math.fround(v - state.rate * gradient[i]));
  const most = Math.max(largest(before), largest(after));
  const cells = (numbers, what) =>
    numbers.map((v, i) => {
      const [row, column] = [Math.floor(i / KW), i % KW];
      return {
        v,
        title: `${what}[${f}, ${c}, ${row}, ${column}]`,
        go: () => choose({ at: [row, column] }),
        chosen: row === ky && column === kx,
      };
    });
  return [
    ...shown,
    element(
      "figure",
      { class: "grids", id: "kernel" },
      grid("before: w", KW, cells(before, "w"), most),
      element("span", { class: "sign" }, `${MINUS} lr \u00d7`),
      grid("dL/dw", KW, cells(gradient, "dw"), largest(gradient)),
      element("span", { class: "sign" }, "="),
      grid("after", KW, cells(after, "w"), most),
      element(
        "figcaption",
        {},
        "The gradient has a scale of its own. Click a number to see where its gradient comes from.",
      ),
    ),
    ...elementGradient(net, state, node, w.parameter, { f, c, ky, kx }, go, redraw),
  ];
}

// All kernels, a column for each map, a row for each channel.
function sheet(numbers, s, f, c, choose) {
  const [KH, KW] = s.size;
  const scale = Math.max(1, Math.min(6, Math.floor((600 / s.F - 2) / KW), Math.floor((340 / s.CG - 2) / KH)));
  const [stepX, stepY] = [KW * scale + 2, KH * scale + 2];
  const canvas = element("canvas", { class: "goes" });
  const pen = sharp(canvas, s.F * stepX + 2, s.CG * stepY + 2);
  const most = largest(numbers);
  for (let k = 0; k < s.F; k++) {
    for (let j = 0; j < s.CG; j++) {
      const start = (k * s.CG + j) * KH * KW;
      const [left, top] = [k * stepX + 2, j * stepY + 2];
      if (start < numbers.length)
        pen.drawImage(pixels(numbers, start, KH, KW, most), left, top, KW * scale, KH * scale);
      else hatch(pen, left, top, KW * scale, KH * scale);
    }
  }
  pen.strokeStyle = ink("ink");
  pen.lineWidth = 2;
  pen.strokeRect(f * stepX + 1, c * stepY + 1, stepX, stepY);
  canvas.addEventListener("click", ({ offsetX, offsetY }) => {
    choose({ f: Math.min(s.F - 1, Math.floor(offsetX / stepX)), c: Math.min(s.CG - 1, Math.floor(offsetY / stepY)) });
  });
  return element(
    "figure",
    { class: "sheet" },
    element("div", { class: "scroll", tabindex: 0 }, canvas),
    element(
      "figcaption",
      {},
      `${plural(s.F, "column")}: a map each. ${plural(s.CG, "row")}: the channels that it sees. Below: w[${f}, ${c}]. Scale \u00b1${short(most)}.`,
    ),
  );
}

// The convolutions that use the same kernels: their gradients are added.
function usesOf(net, node) {
  const { parameter } = node.inputs[1];
  return net.nodes.filter(({ name, inputs }) => name === "conv2d" && inputs[1].parameter === parameter);
}

// dL/dw of one kernel: as the engine had it, or computed here where it was left out of the page.
function gradientOf(net, node, parameter, f, c, KH, KW, start) {
  if (parameter.gradient === null) return null;
  const stored = net.arrays.numbers(parameter.gradient);
  if (stored.length) return [...stored.subarray(start, start + KH * KW)];
  const uses = usesOf(net, node);
  const of = (use, i) => kernelGradient(net, use, f, c, Math.floor(i / KW), i % KW).total;
  return span(0, KH * KW).map((i) => uses.reduce((sum, use) => sum + of(use, i), 0));
}

// One number of dL/dw: its terms, and their sum.
function elementGradient(net, state, node, parameter, { f, c, ky, kx }, go, redraw) {
  const explained = kernelGradient(net, node, f, c, ky, kx);
  const stored = net.arrays.numbers(parameter.gradient);
  const { CG, size } = sizesOf(net, node);
  const own = stored[((f * CG + c) * size[0] + ky) * size[1] + kx];
  const uses = usesOf(net, node).length;
  return [
    element(
      "h3",
      {},
      `dL/dw[${f}, ${c}, ${ky}, ${kx}] = `,
      number(explained.total, { class: "weight-gradient" }, show(explained.total, 6)),
    ),
    element("p", { class: "formula" }, explained.formula),
    explained.missing
      ? element("p", { class: "note" }, `${plural(explained.missing, "term")} left out of the page.`)
      : null,
    uses > 1
      ? element("p", { class: "note" }, `These kernels are used ${uses} times. This is the part of ${net.title(node)}.`)
      : null,
    list(explained.groups[0], state, go, redraw),
    element(
      "p",
      { class: "note" },
      own === undefined
        ? "Computed here: the engine's gradient was left out to keep the page small."
        : `The engine had ${show(own, 6)}.`,
    ),
  ];
}

// ---------------------------------------------------------------- the other parameters

// A bias, the weights of a dense layer or of batch norm: those of the selected unit, or the first ones.
function table(net, state, node, parameter) {
  const numbers = net.arrays.numbers(parameter.value);
  const { shape } = parameter;
  const columns = shape.length > 1 ? product(shape.slice(1)) : 1;
  const unit =
    shape.length > 1 && node === state.node
      ? node.shape.length < 3
        ? state.index % shape[0]
        : place(node.shape, state.index)[0]
      : 0;
  const start = unit * columns;
  const found = span(0, shape.length > 1 ? columns : shape[0]).filter((i) => start + i < numbers.length);
  const rows = found.slice(0, 128).map((i) => {
    const at = start + i;
    const gradient = gradientAt(net, node, parameter, unit, i, at);
    const after = gradient === null ? null : Math.fround(numbers[at] - state.rate * gradient);
    return element(
      "tr",
      {},
      element("td", {}, shape.length > 1 ? `[${unit}, ${i}]` : `[${i}]`),
      [numbers[at], gradient, after].map((v) => element("td", {}, v === null ? MINUS : number(v))),
    );
  });
  const head = element(
    "tr",
    {},
    ["", "before", "dL/dw", "after"].map((text) => element("th", { scope: "col" }, text)),
  );
  const part = found.length > 128 ? `, the first 128 of ${found.length}` : "";
  const which = shape.length > 1 ? `, unit ${unit}` : "";
  return element(
    "div",
    { class: "list long", tabindex: 0, "data-parameter": parameter.name },
    element(
      "table",
      {},
      element(
        "caption",
        {},
        element("code", {}, parameter.name),
        ` ${shape.join("\u202f\u00d7\u202f")}${which}${part}`,
      ),
      element("thead", {}, head),
      element("tbody", {}, rows),
    ),
    found.length ? null : element("p", { class: "note" }, "Left out of the page."),
  );
}

// The engine's gradient; of a dense layer whose gradient was left out, dy[o] x[i].
function gradientAt(net, node, parameter, unit, i, at) {
  if (parameter.gradient === null) return null;
  const stored = net.arrays.numbers(parameter.gradient);
  if (at < stored.length) return stored[at];
  const uses = net.nodes.filter(({ inputs }) => inputs.some((input) => net.parameters[input.parameter] === parameter));
  if (node.name !== "linear" || node.shape.length > 1 || uses.length > 1) return null;
  return net.gradient(node)[unit] * net.operand(node, 0).numbers[i];
}
