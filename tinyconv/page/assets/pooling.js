// Pooling: the largest, or the mean, of every window.

// The input rows (axis 0) or columns (axis 1) of window o.
function rowsOf(node, size, axis, o) {
  if (node.name.startsWith("adaptive")) {
    const count = node.shape[1 + axis];
    const first = Math.floor((o * size) / count);
    return span(first, Math.ceil(((o + 1) * size) / count));
  }
  const places = span(0, node.arguments.size[axis]).map((k) => reads(node.arguments, axis, o, k));
  return places.filter((i) => i >= 0 && i < size);
}

const span = (from, to) => [...Array(to - from).keys()].map((k) => from + k);

const windowsWith = (node, size, axis, i) =>
  span(0, node.shape[1 + axis]).filter((o) => rowsOf(node, size, axis, o).includes(i));

// The pixels of the window of an output, in row-major order.
function pixelsOf(node, x, c, oy, ox) {
  const [, H, W] = x.shape;
  const [rows, columns] = [rowsOf(node, H, 0, oy), rowsOf(node, W, 1, ox)];
  const found = [];
  for (const iy of rows) for (const ix of columns) found.push(indexOf(x.shape, c, iy, ix));
  return { found, rows, columns };
}

// The pixel that wins: the first of the largest, and NaN before all.
function winnerOf(numbers, found) {
  let best = found[0];
  for (const i of found)
    if (numbers[i] > numbers[best] || (Number.isNaN(numbers[i]) && !Number.isNaN(numbers[best]))) best = i;
  return best;
}

function divisorOf(node, oy, ox, count) {
  const divisor = node.arguments.divisor;
  if (divisor === undefined) return count; // of a bin
  return Array.isArray(divisor) ? divisor[oy][ox] : divisor;
}

function maxPool(net, node, index) {
  const x = net.operand(node, 0);
  const [c, oy, ox] = place(node.shape, index);
  const { found, rows, columns } = pixelsOf(node, x, c, oy, ox);
  const best = winnerOf(x.numbers, found);
  const ties = found.filter((i) => x.numbers[i] === x.numbers[best]).length - 1;
  const terms = found.map((i) => {
    const [, iy, ix] = place(x.shape, i);
    const won = i === best;
    return {
      ...term(x.numbers[i], won ? 1 : 0, `x[${c}, ${iy}, ${ix}]`, { node: x.node, index: i, mode: "value" }),
      won,
    };
  });
  const [, wy, wx] = place(x.shape, best);
  const tied = ties
    ? ` ${plural(ties, "other pixel")} ${ties === 1 ? "is" : "are"} as large: the first one wins.`
    : " No other is as large.";
  return explanation(
    "y = the largest pixel of the window",
    [group("the window", ["x", "won"], [rows.length, columns.length], terms)],
    [],
    {
      windows: x.node
        ? [{ node: x.node, channel: c, rows: [rows[0], rows.at(-1)], columns: [columns[0], columns.at(-1)] }]
        : [],
      note: `The winner stands in row ${wy}, column ${wx}.${tied}`,
      total: x.numbers[best],
    },
  );
}

function maxPoolBack(net, node, position, index) {
  const x = net.operand(node, 0);
  const dy = net.gradient(node);
  const [c, iy, ix] = place(x.shape, index);
  const [, H, W] = x.shape;
  const [rows, columns] = [windowsWith(node, H, 0, iy), windowsWith(node, W, 1, ix)];
  const terms = [];
  for (const oy of rows) {
    for (const ox of columns) {
      const i = indexOf(node.shape, c, oy, ox);
      const won = winnerOf(x.numbers, pixelsOf(node, x, c, oy, ox).found) === index;
      terms.push({ ...term(dy[i], won ? 1 : 0, `dy[${c}, ${oy}, ${ox}]`, { node, index: i, mode: "gradient" }), won });
    }
  }
  const won = terms.filter((t) => t.won).length;
  return explanation(
    "dx = the sum of dy over the windows that this pixel won",
    [group("windows that saw it", ["dy", "won"], [rows.length, columns.length], terms)],
    [],
    {
      windows: boxOf(node, rows, columns, c),
      note: `${plural(terms.length, "window")} saw this pixel; it won ${won}.`,
    },
  );
}

function averagePool(net, node, index) {
  const x = net.operand(node, 0);
  const [c, oy, ox] = place(node.shape, index);
  const { found, rows, columns } = pixelsOf(node, x, c, oy, ox);
  const n = divisorOf(node, oy, ox, found.length);
  const terms = found.map((i) => {
    const [, iy, ix] = place(x.shape, i);
    return term(x.numbers[i], 1 / n, `x[${c}, ${iy}, ${ix}]`, { node: x.node, index: i, mode: "value" });
  });
  return explanation(
    `y = the sum of the window / ${n}`,
    [group("the window", ["x", `1/${n}`], [rows.length, columns.length], terms)],
    [],
    { windows: x.node ? boxOf(x.node, rows, columns, c) : [] },
  );
}

function averagePoolBack(net, node, position, index) {
  const x = net.operand(node, 0);
  const dy = net.gradient(node);
  const [c, iy, ix] = place(x.shape, index);
  const [, H, W] = x.shape;
  const [rows, columns] = [windowsWith(node, H, 0, iy), windowsWith(node, W, 1, ix)];
  const terms = [];
  for (const oy of rows) {
    for (const ox of columns) {
      const n = divisorOf(node, oy, ox, pixelsOf(node, x, c, oy, ox).found.length);
      const i = indexOf(node.shape, c, oy, ox);
      terms.push(term(dy[i], 1 / n, `dy[${c}, ${oy}, ${ox}]`, { node, index: i, mode: "gradient" }));
    }
  }
  return explanation(
    "dx = the sum of dy / (pixels of a window) over the windows that saw this pixel",
    [group("windows that saw it", ["dy", "share"], [rows.length, columns.length], terms)],
    [],
    { windows: boxOf(node, rows, columns, c) },
  );
}

FORWARD.max_pool2d = FORWARD.adaptive_max_pool2d = maxPool;
BACKWARD.max_pool2d = BACKWARD.adaptive_max_pool2d = maxPoolBack;
FORWARD.avg_pool2d = FORWARD.adaptive_avg_pool2d = averagePool;
BACKWARD.avg_pool2d = BACKWARD.adaptive_avg_pool2d = averagePoolBack;
