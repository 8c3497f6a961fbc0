// The view "this number": where the selected number comes from.

function viewNumber({ net, state, explained, go, redraw }) {
  const { node, index, mode } = state;
  const letter = node.number === 0 ? "x" : "y";
  const symbol = mode === "gradient" ? `dL/d${letter}` : letter;
  const heading = [
    loupe(net, state, explained, go),
    element(
      "h2",
      {},
      mode === "gradient" ? "Gradient of " : "",
      element("em", {}, net.nameOf(node)),
      " ",
      element("code", {}, node.module),
    ),
    element(
      "p",
      { class: "place" },
      placeInWords(node.shape, index),
      net.ownLines && node.line ? `, called in ${node.line}` : "",
    ),
    element(
      "p",
      { class: "result", "data-node": node.number, "data-index": index, "data-mode": mode },
      element("span", { class: "symbol" }, `${symbol} =`),
      number(explained.stored, { class: "stored" }, show(explained.stored, 6)),
    ),
  ];
  return [...heading, ...body(net, state, explained, go, redraw)];
}

// The selected map, enlarged, and the one that it was made of.
function loupe(net, { node, index, mode }, explained, go) {
  const part = explained.parts[0];
  const shown = [];
  const window = part?.windows[0];
  if (window && part.groups.length && isPicture(window.node)) {
    const strongest = part.groups.reduce((a, b) => (Math.abs(b.sum) > Math.abs(a.sum) ? b : a));
    const from = strongest.terms.find((t) => t.from)?.from;
    const c = window.channel ?? (from ? place(window.node.shape, from.index)[0] : 0);
    shown.push(enlarged(net, window.node, c, mode, go, window), element("span", { class: "sign" }, "\u2192"));
  }
  if (isPicture(node)) shown.push(enlarged(net, node, place(node.shape, index)[0], mode, go, spot(node, index)));
  return element("div", { class: "loupe" }, shown);
}

const isPicture = ({ shape }) => shape.length === 3 && shape[1] * shape[2] > 1;

const ENLARGED = 132;

function enlarged(net, node, c, mode, go, window) {
  const [, H, W] = node.shape;
  const numbers = net.numbers(node, mode);
  const map = numbers ? numbers.subarray(c * H * W, (c + 1) * H * W) : new Float32Array(0);
  const box = {
    left: window.columns[0],
    top: window.rows[0],
    columns: window.columns[1] - window.columns[0] + 1,
    rows: window.rows[1] - window.rows[0] + 1,
  };
  const choose = (y, x) => go({ node, index: indexOf(node.shape, c, y, x), mode });
  const wide = ENLARGED * Math.min(1, W / H);
  return matrix(
    `map ${c}, ${node.number ? node.module || node.name : "the picture"}`,
    map,
    H,
    W,
    wide,
    (wide * H) / W,
    {
      box,
      choose,
      most: numbers ? largest(numbers) : 0,
    },
  );
}

function body(net, state, explained, go, redraw) {
  const { node, mode } = state;
  if (explained.stored === undefined)
    return [element("p", { class: "note" }, "This number was left out of the page to keep it below 5 MB.")];
  if (explained.stored === null) return [element("p", { class: "note" }, "No gradient reaches this place.")];
  if (mode === "value" && node.number === 0)
    return [element("p", {}, "A number of the picture, as the net was given it.")];
  if (mode === "gradient" && node === net.last) return [element("p", {}, "The backward pass begins here: dL/dL = 1.")];
  const parts = explained.parts.map((part) => partOf(net, state, part, explained.parts.length > 1, go, redraw));
  if (explained.unknown) {
    parts.push(
      element("p", { class: "note" }, "The page does not know the arithmetic of this operation. ", node.formula),
    );
  }
  if (explained.parts.length > 1) {
    parts.unshift(
      element(
        "p",
        {},
        `The number is used ${explained.parts.length} times, and its gradient is the sum of what comes back:`,
      ),
    );
  }
  return [...parts, ...check(net, state, explained)];
}

function partOf(net, state, part, several, go, redraw) {
  const through = several
    ? element(
        "h3",
        {},
        "through ",
        element("em", {}, net.nameOf(part.node)),
        " ",
        element("code", {}, part.node.module),
        "  ",
        number(part.total),
      )
    : null;
  const shown = [through, element("p", { class: "formula" }, part.formula)];
  if (part.lines.length)
    shown.push(
      element(
        "ol",
        { class: "lines" },
        part.lines.map((line) => element("li", {}, line)),
      ),
    );
  if (part.missing && !part.groups.length)
    shown.push(
      element("p", { class: "note" }, "The kernel of this map was left out of the page to keep it below 5 MB."),
    );
  if (part.note) shown.push(element("p", {}, part.note));
  shown.push(...groupsOf(state, part, go, redraw));
  return element("section", { class: "part" }, shown.filter(Boolean));
}

// By how much the engine's sum in single precision may differ from ours: as for random errors of each term.
function roundingOf(net, { parts, stored }) {
  const products = parts.flatMap(({ groups }) => groups.flatMap(({ terms }) => terms.map((t) => t.product)));
  const summed = [...products, ...parts.flatMap(({ plus }) => plus.map(({ value }) => value))];
  const size = summed.reduce((sum, v) => sum + Math.abs(v), Math.max(Math.abs(stored), summed.length ? 0 : 1));
  const shortened = net.arrays.about.some(({ bytes }) => bytes < 4);
  return (shortened ? 2 ** -15 : 2 ** -22) * Math.sqrt(summed.length + 64) * size;
}

// What was computed here beside what the engine had.
function check(net, { node, mode }, explained) {
  if (explained.total === null || explained.parts.every(({ groups, lines }) => !groups.length && !lines.length))
    return [];
  const missing = missingTerms(explained);
  const items = [
    element("dt", {}, "together"),
    element("dd", {}, number(explained.total, { class: "total" }, show(explained.total, 6))),
  ];
  if (missing) {
    items.push(
      element("dt", {}, `${plural(missing, "term")} left out of the page`),
      element("dd", {}, number(explained.stored - explained.total)),
    );
  }
  const shortened = net.arrays.missing(mode === "gradient" ? node.gradient : node.value);
  const off = missing ? 0 : Math.abs(explained.total - explained.stored);
  const why = off <= roundingOf(net, explained) ? "which is rounding" : "more than rounding explains";
  const rounding = off === 0 ? "" : `; they differ by ${show(off, 2)}, ${why}`;
  items.push(
    element("dt", {}, `the engine had${rounding}`),
    element("dd", {}, number(explained.stored, {}, show(explained.stored, 6))),
  );
  return [
    element("dl", { class: "check" }, items),
    shortened
      ? element("p", { class: "note" }, `Of this layer the page has less than the engine had: ${shortened}.`)
      : null,
  ];
}
