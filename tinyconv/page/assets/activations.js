// Activations: one number of one number.

// Each: y and dx as numbers, and both as text with the numbers put in.
const ACTIVATIONS = {
  relu: {
    formula: ["y = max(x, 0)", "dx = dy where x > 0, 0 elsewhere"],
    y: (x) => Math.max(x, 0),
    text: (x) => `max(${show(x)}, 0)`,
    dx: (dy, x) => (x > 0 ? dy : 0),
    back: (dy, x) => `${x > 0 ? show(dy) : 0}, since x = ${show(x)} ${x > 0 ? "is" : "is not"} above 0`,
  },
  relu6: {
    formula: ["y = min(max(x, 0), 6)", "dx = dy where 0 < x < 6, 0 elsewhere"],
    y: (x) => Math.min(Math.max(x, 0), 6),
    text: (x) => `min(max(${show(x)}, 0), 6)`,
    dx: (dy, x) => (x > 0 && x < 6 ? dy : 0),
    back: (dy, x) => `${show(x > 0 && x < 6 ? dy : 0)}, since x = ${show(x)}`,
  },
  leaky_relu: {
    formula: ["y = x where x > 0, s x elsewhere", "dx = dy where x > 0, s dy elsewhere"],
    y: (x, { negative_slope: s }) => (x > 0 ? x : s * x),
    text: (x, { negative_slope: s }) => (x > 0 ? show(x) : `${show(s)} \u00d7 ${show(x)}`),
    dx: (dy, x, y, { negative_slope: s }) => (x > 0 ? dy : s * dy),
    back: (dy, x, y, { negative_slope: s }) => (x > 0 ? show(dy) : `${show(s)} \u00d7 ${show(dy)}`),
  },
  elu: {
    formula: ["y = x where x > 0, a (e^x \u2212 1) elsewhere", "dx = dy where x > 0, dy (y + a) elsewhere"],
    y: (x, { alpha }) => (x > 0 ? x : alpha * Math.expm1(x)),
    text: (x, { alpha }) => (x > 0 ? show(x) : `${show(alpha)} \u00d7 (e^${show(x)} \u2212 1)`),
    dx: (dy, x, y, { alpha }) => (x > 0 ? dy : dy * (y + alpha)),
    back: (dy, x, y, { alpha }) => (x > 0 ? show(dy) : `${show(dy)} \u00d7 (${show(y)} + ${show(alpha)})`),
  },
  tanh: {
    formula: ["y = tanh x", "dx = dy (1 \u2212 y\u00b2)"],
    y: (x) => Math.tanh(x),
    text: (x) => `tanh ${show(x)}`,
    dx: (dy, x, y) => dy * (1 - y * y),
    back: (dy, x, y) => `${show(dy)} \u00d7 (1 \u2212 ${show(y)}\u00b2)`,
  },
  sigmoid: {
    formula: ["y = 1 / (1 + e^\u2212x)", "dx = dy y (1 \u2212 y)"],
    y: (x) => 1 / (1 + Math.exp(-x)),
    text: (x) => `1 / (1 + e^${show(-x)})`,
    dx: (dy, x, y) => dy * y * (1 - y),
    back: (dy, x, y) => `${show(dy)} \u00d7 ${show(y)} \u00d7 (1 \u2212 ${show(y)})`,
  },
  silu: {
    formula: ["y = x \u03c3(x),  \u03c3(x) = 1 / (1 + e^\u2212x)", "dx = dy \u03c3 (1 + x (1 \u2212 \u03c3))"],
    y: (x) => x / (1 + Math.exp(-x)),
    text: (x) => `${show(x)} / (1 + e^${show(-x)})`,
    dx: (dy, x) => (dy * (1 + x * (1 - 1 / (1 + Math.exp(-x))))) / (1 + Math.exp(-x)),
    back: (dy, x) =>
      `${show(dy)} \u00d7 \u03c3 (1 + x (1 \u2212 \u03c3)) with x = ${show(x)}, \u03c3 = ${show(1 / (1 + Math.exp(-x)))}`,
  },
  exp: {
    formula: ["y = e^x", "dx = dy y"],
    y: (x) => Math.exp(x),
    text: (x) => `e^${show(x)}`,
    dx: (dy, x, y) => dy * y,
    back: (dy, x, y) => `${show(dy)} \u00d7 ${show(y)}`,
  },
  neg: {
    formula: ["y = \u2212x", "dx = \u2212dy"],
    y: (x) => -x,
    text: (x) => `\u2212(${show(x)})`,
    dx: (dy) => -dy,
    back: (dy) => `\u2212(${show(dy)})`,
  },
};

for (const [name, rule] of Object.entries(ACTIVATIONS)) {
  FORWARD[name] = (net, node, index) => {
    const x = net.operand(node, 0);
    const v = x.numbers[index];
    const total = rule.y(v, node.arguments);
    return arithmetic(rule.formula[0], [`y = ${rule.text(v, node.arguments)} = ${show(total)}`], total, [
      spot(x.node, index),
    ]);
  };
  BACKWARD[name] = (net, node, position, index) => {
    const v = net.operand(node, 0).numbers[index];
    const [y, dy] = [net.value(node)[index], net.gradient(node)[index]];
    const total = rule.dx(dy, v, y, node.arguments);
    const text = rule.back(dy, v, y, node.arguments);
    const line = text.startsWith(show(total)) ? `dx = ${text}` : `dx = ${text} = ${show(total)}`;
    return arithmetic(rule.formula[1], [line], total, [spot(node, index)]);
  };
}
