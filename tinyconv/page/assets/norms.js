// Normalisation: batch norm, and local response normalisation.

// Everything that the formula has for one channel.
function statistics(net, node, index) {
  const { mean, var: variance, eps, training } = node.arguments;
  if (!mean) return null;
  const [w, b] = [net.operand(node, 1), net.operand(node, 2)];
  const c = node.shape.length === 1 ? index : place(node.shape, index)[0];
  return { c, mean: mean[c], variance: variance[c], eps, training, w: w ? w.numbers[c] : 1, b: b ? b.numbers[c] : 0 };
}

FORWARD.batch_norm = (net, node, index) => {
  const s = statistics(net, node, index);
  if (!s) return null;
  const x = net.operand(node, 0);
  const v = x.numbers[index];
  const z = (v - s.mean) / Math.sqrt(s.variance + s.eps);
  const whose = s.training ? "of this picture" : "the running ones";
  return arithmetic(
    "y = (x \u2212 mean) / \u221a(var + eps) \u00b7 w + b",
    [
      `mean = ${show(s.mean)} and var = ${show(s.variance)}, ${whose} of channel ${s.c}`,
      `z = (${show(v)} \u2212 ${show(s.mean)}) / \u221a(${show(s.variance)} + ${show(s.eps)}) = ${show(z)}`,
      `y = ${show(z)} \u00d7 ${show(s.w)} ${signed(s.b)} = ${show(z * s.w + s.b)}`,
    ],
    z * s.w + s.b,
    [spot(x.node, index)],
  );
};

BACKWARD.batch_norm = (net, node, position, index) => {
  const s = statistics(net, node, index);
  if (!s) return null;
  const x = net.operand(node, 0).numbers;
  const dy = net.gradient(node);
  const r = 1 / Math.sqrt(s.variance + s.eps);
  if (!s.training) {
    const total = dy[index] * s.w * r;
    return arithmetic(
      "dx = dy \u00b7 w / \u221a(var + eps): the statistics are fixed, so each number has its own way back",
      [`dx = ${show(dy[index])} \u00d7 ${show(s.w)} / \u221a(${show(s.variance)} + ${show(s.eps)}) = ${show(total)}`],
      total,
      [spot(node, index)],
    );
  }
  const { H, W } = maps(node.shape);
  const n = H * W;
  let [db, dw] = [0, 0];
  for (let i = s.c * n; i < (s.c + 1) * n; i++) {
    db += dy[i];
    dw += dy[i] * (x[i] - s.mean) * r;
  }
  const z = (x[index] - s.mean) * r;
  const ways = [dy[index] * s.w * r, (-s.w * r * db) / n, (-s.w * r * z * dw) / n];
  return arithmetic(
    "dx = w / \u221a(var + eps) (dy \u2212 (\u03a3 dy) / n \u2212 z (\u03a3 dy z) / n)",
    [
      `direct: ${show(dy[index])} \u00d7 ${show(s.w * r)} = ${show(ways[0])}`,
      `through the mean: ${MINUS}${show(s.w * r)} \u00d7 ${show(db)} / ${n} = ${show(ways[1])}`,
      `through the variance: ${MINUS}${show(s.w * r)} \u00d7 ${show(z)} \u00d7 ${show(dw)} / ${n} = ${show(ways[2])}`,
    ],
    ways[0] + ways[1] + ways[2],
    [spot(node, index)],
  );
};

// ---------------------------------------------------------------- neighbouring channels

// k + alpha / size * the sum of x^2 over the neighbouring channels c - before .. c + after, and the channels
function neighbours(net, node, index, turned = false) {
  const { size } = node.arguments;
  const [C, H, W] = node.shape;
  const c = place(node.shape, index)[0];
  const [before, after] = turned
    ? [Math.floor((size - 1) / 2), Math.floor(size / 2)]
    : [Math.floor(size / 2), Math.floor((size - 1) / 2)];
  const channels = span(Math.max(0, c - before), Math.min(C, c + after + 1));
  return channels.map((channel) => index + (channel - c) * H * W);
}

function scaleOf(net, node, index) {
  const { size, alpha, k } = node.arguments;
  const x = net.operand(node, 0).numbers;
  return k + (alpha / size) * neighbours(net, node, index).reduce((sum, i) => sum + x[i] * x[i], 0);
}

FORWARD.local_response_norm = (net, node, index) => {
  const { size, alpha, beta, k } = node.arguments;
  const x = net.operand(node, 0);
  const s = scaleOf(net, node, index);
  const total = x.numbers[index] * s ** -beta;
  return arithmetic(
    "y = x / (k + alpha/n \u03a3 x\u00b2)^beta, the sum over neighbouring channels",
    [
      `s = ${show(k)} + ${show(alpha)}/${size} \u00d7 \u03a3 x\u00b2 over ${plural(neighbours(net, node, index).length, "channel")} = ${show(s)}`,
      `y = ${show(x.numbers[index])} / ${show(s)}^${show(beta)} = ${show(total)}`,
    ],
    total,
    [spot(x.node, index)],
  );
};

BACKWARD.local_response_norm = (net, node, position, index) => {
  const { size, alpha, beta } = node.arguments;
  const x = net.operand(node, 0).numbers;
  const dy = net.gradient(node);
  const direct = dy[index] * scaleOf(net, node, index) ** -beta;
  const t = (i) => dy[i] * x[i] * scaleOf(net, node, i) ** (-beta - 1);
  const sum = neighbours(net, node, index, true).reduce((part, i) => part + t(i), 0);
  const others = ((-2 * alpha * beta) / size) * x[index] * sum;
  return arithmetic(
    "dx = dy / s^beta \u2212 2 alpha beta / n \u00b7 x \u03a3 dy x / s^(beta + 1)",
    [
      `direct: ${show(dy[index])} / s^${show(beta)} = ${show(direct)}`,
      `through the sums of the neighbouring channels: ${show(others)}`,
    ],
    direct + others,
    [spot(node, index)],
  );
};
