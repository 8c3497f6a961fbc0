// The net: nodes (the picture, and the operations behind it), parameters, and the numbers that belong to them.

class Net {
  constructor(record) {
    this.record = record;
    this.arrays = new Arrays(record.arrays);
    this.nodes = record.nodes;
    this.parameters = record.parameters;
    this.nodes.forEach((node, number) => Object.assign(node, { number, readers: [] }));
    for (const node of this.nodes) {
      node.inputs.forEach((operand, position) => {
        if ("node" in operand) this.nodes[operand.node].readers.push({ node, position });
      });
    }
    this.ownLines = new Set(this.nodes.map(({ line }) => line)).size > 3; // those of the net, not of whoever called it
    this.last = this.nodes[this.nodes.length - 1];
    this.logits = this.nodes[this.nodes.filter(({ name }) => name === "cross_entropy").at(-1).inputs[0].node];
  }

  value(node) {
    return this.arrays.numbers(node.value);
  }

  gradient(node) {
    return node.gradient === null ? null : this.arrays.numbers(node.gradient);
  }

  // The values or the gradients of a node; null if it has none.
  numbers(node, mode) {
    return mode === "gradient" ? this.gradient(node) : this.value(node);
  }

  // An input of an operation: its shape, its numbers, and the node or the parameter that it is.
  operand(node, position) {
    const source = node.inputs[position];
    if (source === undefined) return null;
    if ("node" in source) {
      const input = this.nodes[source.node];
      return { node: input, shape: input.shape, numbers: this.value(input) };
    }
    if ("parameter" in source) {
      const parameter = this.parameters[source.parameter];
      return { parameter, shape: parameter.shape, numbers: this.arrays.numbers(parameter.value) };
    }
    return { shape: this.arrays.about[source.constant].shape, numbers: this.arrays.numbers(source.constant) };
  }

  // conv2d features.0
  title(node) {
    return [this.nameOf(node), node.module].filter(Boolean).join(" ");
  }

  nameOf(node) {
    if (node.number === 0) return "the picture";
    return node === this.last ? "the loss" : node.name;
  }
}

// Every shape as C maps of H x W: (C, H, W) as it is, (K) as one row, (A, B) as one map.
function maps(shape) {
  if (shape.length < 3) return { C: 1, H: shape.length < 2 ? 1 : shape[0], W: shape[shape.length - 1] ?? 1 };
  return { C: shape[0], H: shape[1], W: product(shape.slice(2)) };
}

// The place of a number: its map, row and column.
function place(shape, index) {
  const { H, W } = maps(shape);
  return [Math.floor(index / (H * W)), Math.floor(index / W) % H, index % W];
}

function indexOf(shape, c, y, x) {
  const { H, W } = maps(shape);
  return (c * H + y) * W + x;
}

// map 3, row 5, column 7
function placeInWords(shape, index) {
  if (shape.length === 0) return "the number";
  if (shape.length === 1) return `unit ${index}`;
  const [c, y, x] = place(shape, index);
  return shape.length === 2 ? `row ${y}, column ${x}` : `map ${c}, row ${y}, column ${x}`;
}
