// Sums, differences, products and quotients of two arrays, with broadcasting; and sums over axes.

// The place in an operand of a place in the result: axes of size 1 repeat, missing ones stand in front.
function broadcast(shape, index, operand) {
  let [at, stride, left] = [0, 1, index];
  for (let axis = 1; axis <= shape.length; axis++) {
    const size = shape[shape.length - axis];
    const own = operand[operand.length - axis] ?? 1;
    if (own > 1) at += (left % size) * stride;
    stride *= own;
    left = Math.floor(left / size);
  }
  return at;
}

// y, and the factor of dy in the gradient of each input, as a number and as text
const PAIRS = {
  add: { sign: "+", y: (a, b) => a + b, factors: [() => 1, () => 1], formula: "dx = dy" },
  sub: { sign: MINUS, y: (a, b) => a - b, factors: [() => 1, () => -1], formula: "da = dy, db = \u2212dy" },
  mul: { sign: "\u00d7", y: (a, b) => a * b, factors: [(a, b) => b, (a) => a], formula: "da = dy b, db = dy a" },
  div: {
    sign: "/",
    y: (a, b) => a / b,
    factors: [(a, b) => 1 / b, (a, b) => -a / (b * b)],
    formula: "da = dy / b, db = \u2212dy a / b\u00b2",
  },
};

for (const [name, rule] of Object.entries(PAIRS)) {
  FORWARD[name] = (net, node, index) => {
    const operands = [0, 1].map((position) => net.operand(node, position));
    const places = operands.map((o) => broadcast(node.shape, index, o.shape));
    const [a, b] = operands.map((o, k) => o.numbers[places[k]]);
    const total = rule.y(a, b);
    const windows = operands.flatMap((o, k) => (o.node ? [spot(o.node, places[k])] : []));
    return arithmetic(
      `y = a ${rule.sign} b`,
      [`y = ${show(a)} ${rule.sign} ${b < 0 ? `(${show(b)})` : show(b)} = ${show(total)}`],
      total,
      windows,
    );
  };
  BACKWARD[name] = (net, node, position, index) => {
    const operands = [0, 1].map((k) => net.operand(node, k));
    const dy = net.gradient(node);
    const own = operands[position].shape;
    const alike = product(own) === product(node.shape);
    const terms = [];
    for (const i of alike ? [index] : span(0, product(node.shape))) {
      if (broadcast(node.shape, i, own) !== index) continue;
      const [a, b] = operands.map((o) => o.numbers[broadcast(node.shape, i, o.shape)]);
      terms.push(
        term(dy[i], rule.factors[position](a, b), `dy[${place(node.shape, i).join(", ")}]`, {
          node,
          index: i,
          mode: "gradient",
        }),
      );
    }
    const windows = alike ? [spot(node, index)] : [];
    return explanation(rule.formula, [group("where it was used", ["dy", "factor"], null, terms)], [], { windows });
  };
}

FORWARD.sum = (net, node, index) => {
  const x = net.operand(node, 0);
  const kept = keptShape(x, node);
  const found = span(0, product(x.shape)).filter((i) => broadcast(x.shape, i, kept) === index);
  const from = (i) => (x.node ? { node: x.node, index: i, mode: "value" } : null);
  const terms = found.map((i) => term(x.numbers[i], 1, placeInWords(x.shape, i), from(i)));
  return explanation("y = the sum of x", [group("all", ["x", "factor"], null, terms)]);
};

BACKWARD.sum = (net, node, position, index) => {
  const x = net.operand(node, 0);
  const i = broadcast(x.shape, index, keptShape(x, node));
  const terms = [term(net.gradient(node)[i], 1, "dy", { node, index: i, mode: "gradient" })];
  return explanation("dx = dy", [group("its sum", ["dy", "factor"], null, terms)]);
};

// The shape with 1 for the axes that are summed.
function keptShape(x, node) {
  const summed = [node.arguments.dim].flat();
  return x.shape.map((size, axis) => (summed.includes(axis) ? 1 : size));
}
