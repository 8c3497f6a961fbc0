// Softmax and cross entropy.

// Of the logits: their largest, e^(x - largest), the sum, and the probabilities.
function softmax(net) {
  const x = [...net.value(net.logits)];
  const most = Math.max(...x);
  const e = x.map((v) => Math.exp(v - most));
  const sum = e.reduce((a, b) => a + b, 0);
  return { x, most, e, sum, p: e.map((v) => v / sum) };
}

FORWARD.cross_entropy = (net, node) => {
  const { x, most, sum, p } = softmax(net);
  const t = net.record.label;
  const total = Math.log(sum) - (x[t] - most);
  return arithmetic(
    "loss = \u2212ln p[t],  p = softmax(x),  t the right class",
    [
      `p[${t}] = e^(${show(x[t])} \u2212 ${show(most)}) / ${show(sum)} = ${show(p[t], 7)}`,
      `loss = \u2212ln ${show(p[t], 7)} = ${show(total)}`,
    ],
    total,
    [{ node: net.logits, channel: null, rows: [0, 0], columns: [0, x.length - 1] }],
  );
};

BACKWARD.cross_entropy = (net, node, position, index) => {
  const { p } = softmax(net);
  const dy = net.gradient(node)[0];
  const t = index === net.record.label ? 1 : 0;
  const total = dy * (p[index] - t);
  return arithmetic(
    "dx[k] = dy (p[k] \u2212 t[k]),  t[k] = 1 for the right class, 0 for the others",
    [`dx = ${show(dy)} \u00d7 (${show(p[index])} \u2212 ${t}) = ${show(total)}`],
    total,
    [spot(node, 0)],
  );
};
