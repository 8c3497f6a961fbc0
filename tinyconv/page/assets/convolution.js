// Convolution: a number is a sum over a window of every channel, and its gradient a sum over the windows that saw it.

const FORWARD = {}; // operation -> (net, node, index) -> explanation of its output
const BACKWARD = {}; // operation -> (net, node, position, index) -> explanation of its part of an input's gradient

// Letters for the sizes of a convolution.
function sizesOf(net, node) {
  const { size, stride, dilation, before, groups } = node.arguments;
  const x = net.operand(node, 0);
  const w = net.operand(node, 1);
  const [C, H, W] = x.shape;
  const [F, OH, OW] = node.shape;
  return { x, w, C, H, W, F, OH, OW, CG: C / groups, FG: F / groups, size, stride, dilation, before };
}

// The input row (axis 0) or column (axis 1) that place k of window o reads.
const reads = ({ stride, dilation, before }, axis, o, k) => o * stride[axis] + k * dilation[axis] - before[axis];

// The window that reads input row (or column) i at its place k; null if there is none.
function reader({ stride, dilation, before, OH, OW }, axis, i, k) {
  const o = (i + before[axis] - k * dilation[axis]) / stride[axis];
  return Number.isInteger(o) && o >= 0 && o < (axis ? OW : OH) ? o : null;
}

function boxOf(node, rows, columns, channel = null) {
  const ends = (list) => [Math.min(...list), Math.max(...list)];
  return rows.length && columns.length ? [{ node, channel, rows: ends(rows), columns: ends(columns) }] : [];
}

FORWARD.conv2d = (net, node, index) => {
  const s = sizesOf(net, node);
  const [KH, KW] = s.size;
  const [f, oy, ox] = place(node.shape, index);
  const first = Math.floor(f / s.FG) * s.CG;
  const bias = net.operand(node, 2);
  const groups = [];
  let missing = 0;
  for (let c = 0; c < s.CG; c++) {
    const terms = [];
    for (let ky = 0; ky < KH; ky++) {
      for (let kx = 0; kx < KW; kx++) {
        const [iy, ix] = [reads(s, 0, oy, ky), reads(s, 1, ox, kx)];
        const b = s.w.numbers[((f * s.CG + c) * KH + ky) * KW + kx];
        const inside = iy >= 0 && iy < s.H && ix >= 0 && ix < s.W;
        const i = indexOf(s.x.shape, first + c, iy, ix);
        const a = inside ? s.x.numbers[i] : 0;
        const label = `x[${first + c}, ${iy}, ${ix}]`;
        if (a === undefined || b === undefined) missing++;
        else if (inside) terms.push(term(a, b, label, { node: s.x.node, index: i, mode: "value" }));
        else terms.push(padding(b, label));
      }
    }
    if (terms.length) groups.push({ ...group(`channel ${first + c}`, ["x", "w"], [KH, KW], terms), key: first + c });
  }
  const rows = [reads(s, 0, oy, 0), reads(s, 0, oy, KH - 1)];
  const columns = [reads(s, 1, ox, 0), reads(s, 1, ox, KW - 1)];
  return explanation(
    "y[f,oy,ox] = b[f] + \u03a3 w[f,c,ky,kx] x[c, oy\u00b7s + ky\u00b7d \u2212 p, ox\u00b7s + kx\u00b7d \u2212 p]",
    groups,
    bias ? [{ label: `b[${f}], the bias`, value: bias.numbers[f] }] : [],
    { missing, windows: s.x.node ? [{ node: s.x.node, channel: null, rows, columns }] : [], over: "channel" },
  );
};

BACKWARD.conv2d = (net, node, position, index) => {
  const s = sizesOf(net, node);
  const [KH, KW] = s.size;
  const [c, iy, ix] = place(s.x.shape, index);
  const dy = net.gradient(node);
  const first = Math.floor(c / s.CG) * s.FG;
  const groups = [];
  let missing = 0;
  for (let f = first; f < first + s.FG; f++) {
    const terms = [];
    for (let ky = 0; ky < KH; ky++) {
      for (let kx = 0; kx < KW; kx++) {
        const [oy, ox] = [reader(s, 0, iy, ky), reader(s, 1, ix, kx)];
        const b = s.w.numbers[((f * s.CG + (c % s.CG)) * KH + ky) * KW + kx];
        if (oy === null || ox === null) {
          if (b !== undefined) terms.push({ ...padding(b, "no window"), none: true });
          continue;
        }
        const i = indexOf(node.shape, f, oy, ox);
        if (dy[i] === undefined || b === undefined) missing++;
        else terms.push(term(dy[i], b, `dy[${f}, ${oy}, ${ox}]`, { node, index: i, mode: "gradient" }));
      }
    }
    if (terms.length) groups.push({ ...group(`map ${f}`, ["dy", "w"], [KH, KW], terms), key: f });
  }
  const places = (axis, i, K) => [...Array(K).keys()].map((k) => reader(s, axis, i, k)).filter((o) => o !== null);
  return explanation(
    "dx[c,iy,ix] = \u03a3 over the windows that saw this pixel of  dy[f,oy,ox] w[f,c,ky,kx]",
    groups,
    [],
    { missing, windows: boxOf(node, places(0, iy, KH), places(1, ix, KW)), over: "map" },
  );
};

// dw[f,c,ky,kx]: every dy of map f times the pixel that this weight met.
function kernelGradient(net, node, f, c, ky, kx) {
  const s = sizesOf(net, node);
  const dy = net.gradient(node);
  const first = Math.floor(f / s.FG) * s.CG;
  const terms = [];
  let missing = 0;
  for (let oy = 0; oy < s.OH; oy++) {
    for (let ox = 0; ox < s.OW; ox++) {
      const [iy, ix] = [reads(s, 0, oy, ky), reads(s, 1, ox, kx)];
      if (iy < 0 || iy >= s.H || ix < 0 || ix >= s.W) continue;
      const a = dy[indexOf(node.shape, f, oy, ox)];
      const i = indexOf(s.x.shape, first + c, iy, ix);
      if (a === undefined || s.x.numbers[i] === undefined) missing++;
      else {
        const from = s.x.node ? { node: s.x.node, index: i, mode: "value" } : null;
        terms.push(term(a, s.x.numbers[i], `dy[${f}, ${oy}, ${ox}] x[${first + c}, ${iy}, ${ix}]`, from));
      }
    }
  }
  const formula =
    "dw[f,c,ky,kx] = \u03a3 over all windows of  dy[f,oy,ox] x[c, oy\u00b7s + ky\u00b7d \u2212 p, ox\u00b7s + kx\u00b7d \u2212 p]";
  return explanation(formula, [group("all windows", ["dy", "x"], null, terms)], [], { missing });
}
