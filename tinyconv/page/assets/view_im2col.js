// The view "im2col": the same convolution as one product of matrices.

// The column matrix of a group of channels: row (c, ky, kx), column (oy, ox).
function columnMatrix(s, group) {
  const [KH, KW] = s.size;
  const M = s.OH * s.OW;
  const columns = new Float32Array(s.CG * KH * KW * M);
  let at = 0;
  for (let c = group * s.CG; c < (group + 1) * s.CG; c++) {
    for (let ky = 0; ky < KH; ky++) {
      for (let kx = 0; kx < KW; kx++) {
        for (let oy = 0; oy < s.OH; oy++) {
          const iy = reads(s, 0, oy, ky);
          for (let ox = 0; ox < s.OW; ox++, at++) {
            const ix = reads(s, 1, ox, kx);
            const inside = iy >= 0 && iy < s.H && ix >= 0 && ix < s.W;
            columns[at] = inside ? (s.x.numbers[(c * s.H + iy) * s.W + ix] ?? 0) : 0;
          }
        }
      }
    }
  }
  return columns;
}

function viewIm2col({ net, state, go }) {
  const node = convolutionNear(net, state.node);
  if (!node)
    return [
      element("h2", {}, "im2col"),
      element(
        "p",
        { class: "note" },
        "Select a convolution, or the map before it: this view shows it as a product of matrices.",
      ),
    ];
  const own = node === state.node;
  const index = own ? state.index : middleOf(node);
  const s = sizesOf(net, node);
  const [f, oy, ox] = place(node.shape, index);
  const group = Math.floor(f / s.FG);
  const [K, M] = [s.CG * s.size[0] * s.size[1], s.OH * s.OW];
  const column = oy * s.OW + ox;
  const y = net.value(node);
  const columns = columnMatrix(s, group);
  const first = group * s.FG;
  const row = f - first;
  const wide = Math.max(90, Math.min(330, M * 4));
  const tall = Math.max(40, Math.min(220, K * 5));
  const high = Math.max(28, Math.min(180, s.FG * 8));
  const c = channelOf(state, s, group);
  const choose = (r, k) => go({ node, index: (first + r) * M + k, mode: "value" });
  return [
    element("h2", {}, "im2col: ", element("em", {}, node.name), " ", element("code", {}, node.module)),
    element(
      "p",
      {},
      `Every window of the picture becomes a column; every kernel is a row. The convolution is then one product of matrices: `,
      element("span", { class: "formula" }, `(${s.FG} \u00d7 ${K}) (${K} \u00d7 ${M}) = ${s.FG} \u00d7 ${M}`),
      s.FG < s.F ? `, for each of ${s.F / s.FG} groups of channels.` : ".",
    ),
    element(
      "div",
      { class: "im2col" },
      matrix(`x, channel ${c}`, pictureOf(s, c), s.H, s.W, 132, (132 * s.H) / s.W, { box: windowOf(s, oy, ox) }),
      matrix(`columns, ${K} \u00d7 ${M}`, columns, K, M, wide, tall, { column, choose: (r, k) => choose(row, k) }),
      matrix(`w, ${s.FG} \u00d7 ${K}`, s.w.numbers.subarray(first * K, (first + s.FG) * K), s.FG, K, 132, high, {
        row,
        choose: (r) => choose(r, column),
      }),
      matrix(`y without the bias, ${s.FG} \u00d7 ${M}`, product2(net, node, y, first, s.FG, M), s.FG, M, wide, high, {
        row,
        column,
        choose,
      }),
    ),
    element(
      "p",
      {},
      `Row ${row} of w times column ${column} (row ${oy}, column ${ox} of the map): ${K} products, the same as in `,
      element("em", {}, "this number"),
      ". A click in one of the matrices selects another row or column.",
    ),
    pairs(s, f, group, columns, column, M),
  ];
}

// The selected convolution, or the one that reads the selected node.
function convolutionNear(net, node) {
  if (node.name === "conv2d") return node;
  return node.readers.map((reader) => reader.node).find(({ name }) => name === "conv2d") ?? null;
}

const channelOf = (state, s, group) => {
  const c = state.group ?? group * s.CG;
  return c >= group * s.CG && c < (group + 1) * s.CG ? c : group * s.CG;
};

const pictureOf = (s, c) => s.x.numbers.subarray(c * s.H * s.W, (c + 1) * s.H * s.W);

function windowOf(s, oy, ox) {
  const [top, left] = [reads(s, 0, oy, 0), reads(s, 1, ox, 0)];
  return { top, left, rows: (s.size[0] - 1) * s.dilation[0] + 1, columns: (s.size[1] - 1) * s.dilation[1] + 1 };
}

// y - b
function product2(net, node, y, first, FG, M) {
  const b = net.operand(node, 2);
  const part = y.slice(first * M, (first + FG) * M);
  return b ? part.map((v, i) => v - b.numbers[first + Math.floor(i / M)]) : part;
}

// A matrix as a picture, with a row, a column or a box marked; choose(row, column) when it is clicked.
function matrix(
  caption,
  numbers,
  rows,
  columns,
  width,
  height,
  { row = null, column = null, box = null, choose = null, most = largest(numbers) } = {},
) {
  const canvas = element("canvas", {});
  const pen = sharp(canvas, width, height);
  const there = Math.floor(numbers.length / columns);
  pen.imageSmoothingEnabled = columns > width || rows > height;
  if (there) pen.drawImage(pixels(numbers, 0, there, columns, most), 0, 0, width, (height * there) / rows);
  if (there < rows) hatch(pen, 0, (height * there) / rows, width, height);
  const [px, py] = [width / columns, height / rows];
  const outline = (x, y, w, h) => {
    pen.lineWidth = 3;
    pen.strokeStyle = ink("paper");
    pen.strokeRect(x, y, w, h);
    pen.lineWidth = 1.5;
    pen.strokeStyle = ink("accent");
    pen.strokeRect(x, y, w, h);
  };
  if (row !== null) outline(0.75, row * py - 1, width - 1.5, py + 2);
  if (column !== null) outline(column * px - 1, 0.75, px + 2, height - 1.5);
  if (box) outline(box.left * px, box.top * py, box.columns * px, box.rows * py);
  if (choose) {
    canvas.classList.add("goes");
    canvas.addEventListener("click", ({ offsetX, offsetY }) => {
      const limit = (v, n) => Math.max(0, Math.min(n - 1, Math.floor(v)));
      choose(limit(offsetY / py, rows), limit(offsetX / px, columns));
    });
  }
  return element("figure", {}, canvas, element("figcaption", {}, caption));
}

// The row and the column, number beside number.
function pairs(s, f, group, columns, column, M) {
  const [KH, KW] = s.size;
  const K = s.CG * KH * KW;
  const w = s.w.numbers.subarray(f * K, (f + 1) * K);
  if (w.length < K) return element("p", { class: "note" }, "This kernel was left out of the page.");
  const rows = [];
  let sum = 0;
  for (let k = 0; k < K; k++) {
    const x = columns[k * M + column];
    sum += w[k] * x;
    if (k >= 200) continue;
    const [c, ky, kx] = [group * s.CG + Math.floor(k / (KH * KW)), Math.floor(k / KW) % KH, k % KW];
    rows.push(
      element(
        "tr",
        {},
        element("td", {}, `(${c}, ${ky}, ${kx})`),
        element("td", {}, number(w[k])),
        element("td", {}, number(x)),
        element("td", {}, number(w[k] * x)),
      ),
    );
  }
  const head = element(
    "tr",
    {},
    ["(c, ky, kx)", "w", "column", "product"].map((text) => element("th", { scope: "col" }, text)),
  );
  const caption = element(
    "caption",
    {},
    "Row times column; their sum is ",
    number(sum, { class: "total" }),
    K > 200 ? ` (the first 200 of ${K})` : "",
  );
  return element(
    "div",
    { class: "list long", tabindex: 0 },
    element("table", {}, caption, element("thead", {}, head), element("tbody", {}, rows)),
  );
}
