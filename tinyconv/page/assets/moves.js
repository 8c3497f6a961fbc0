// Operations that only move numbers about.

// Operations of which every output is one input, or none: [input position, place in it], or null for a constant
const MOVES = {
  reshape: (net, node, index) => [0, index],
  clone: (net, node, index) => [0, index],
  cat: (net, node, index) => {
    const axis = node.arguments.dim;
    const inner = product(node.shape.slice(axis + 1));
    const along = Math.floor(index / inner) % node.shape[axis];
    const outer = Math.floor(index / (inner * node.shape[axis]));
    let start = 0;
    for (let position = 0; ; position++) {
      const size = net.operand(node, position).shape[axis];
      if (along < start + size) return [position, (outer * size + along - start) * inner + (index % inner)];
      start += size;
    }
  },
  getitem: (net, node, index) => {
    const { slices } = node.arguments;
    const shape = net.operand(node, 0).shape;
    if (!slices) return undefined;
    let [at, stride, left] = [0, 1, index];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const [start, step] = slices[axis];
      at += (start + (left % node.shape[axis]) * step) * stride;
      stride *= shape[axis];
      left = Math.floor(left / node.shape[axis]);
    }
    return [0, at];
  },
  pad: (net, node, index) => {
    if (node.arguments.mode !== "constant") return undefined;
    const shape = net.operand(node, 0).shape;
    let [at, stride, left] = [0, 1, index];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const before = node.arguments.pad[2 * (shape.length - 1 - axis)] ?? 0;
      const i = (left % node.shape[axis]) - before;
      if (i < 0 || i >= shape[axis]) return null;
      at += i * stride;
      stride *= shape[axis];
      left = Math.floor(left / node.shape[axis]);
    }
    return [0, at];
  },
};

for (const [name, source] of Object.entries(MOVES)) {
  FORWARD[name] = (net, node, index) => {
    const found = source(net, node, index);
    if (found === undefined) return null;
    if (found === null)
      return arithmetic(
        "the border has a constant value",
        [`y = ${show(node.arguments.value ?? 0)}`],
        node.arguments.value ?? 0,
      );
    const x = net.operand(node, found[0]);
    const v = x.numbers[found[1]];
    const from = x.node ? `${net.title(x.node)}, ${placeInWords(x.shape, found[1])}` : "a constant";
    return arithmetic(
      "the same number in another place",
      [`y = ${show(v)}, from ${from}`],
      v,
      x.node ? [spot(x.node, found[1])] : [],
    );
  };
  BACKWARD[name] = (net, node, position, index) => {
    const dy = net.gradient(node);
    const terms = [];
    for (let i = 0; i < dy.length; i++) {
      const found = source(net, node, i);
      if (found === undefined) return null;
      if (found && found[0] === position && found[1] === index) {
        terms.push(term(dy[i], 1, `dy at ${placeInWords(node.shape, i)}`, { node, index: i, mode: "gradient" }));
        if (name !== "getitem") break;
      }
    }
    const formula = terms.length ? "dx = dy: the same number in another place" : "dx = 0: this number was left out";
    return explanation(formula, [group("where it went", ["dy", "factor"], null, terms)], [], {
      windows: terms.map(({ from }) => spot(node, from.index)),
    });
  };
}
