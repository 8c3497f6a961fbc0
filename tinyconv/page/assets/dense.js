// Dense layers.

FORWARD.linear = (net, node, index) => {
  const [x, w, b] = [0, 1, 2].map((position) => net.operand(node, position));
  const I = w.shape[1];
  const O = w.shape[0];
  const [row, o] = [Math.floor(index / O), index % O];
  const terms = [];
  let missing = 0;
  for (let i = 0; i < I; i++) {
    const [a, factor] = [x.numbers[row * I + i], w.numbers[o * I + i]];
    if (a === undefined || factor === undefined) missing++;
    else terms.push(term(a, factor, `x[${i}]`, x.node ? { node: x.node, index: row * I + i, mode: "value" } : null));
  }
  const plus = b ? [{ label: `b[${o}], the bias`, value: b.numbers[o] }] : [];
  const windows = x.node ? [{ node: x.node, channel: null, rows: [row, row], columns: [0, I - 1] }] : [];
  return explanation("y[o] = b[o] + \u03a3 w[o,i] x[i]", [group("all inputs", ["x", "w"], null, terms)], plus, {
    missing,
    windows,
  });
};

BACKWARD.linear = (net, node, position, index) => {
  const w = net.operand(node, 1);
  const [O, I] = w.shape;
  const [row, i] = [Math.floor(index / I), index % I];
  const dy = net.gradient(node);
  const terms = [];
  let missing = 0;
  for (let o = 0; o < O; o++) {
    const factor = w.numbers[o * I + i];
    if (factor === undefined) missing++;
    else terms.push(term(dy[row * O + o], factor, `dy[${o}]`, { node, index: row * O + o, mode: "gradient" }));
  }
  const windows = [{ node, channel: null, rows: [row, row], columns: [0, O - 1] }];
  return explanation("dx[i] = \u03a3 dy[o] w[o,i]", [group("all outputs", ["dy", "w"], null, terms)], [], {
    missing,
    windows,
  });
};
