// Terms as tables: window times kernel, or the largest of a long sum.

const FEW = 10; // terms of a long sum that are shown

function groupsOf(state, part, go, redraw) {
  const { groups } = part;
  if (!groups.length) return [];
  const chosen =
    groups.find(({ key }) => key === state.group) ??
    groups.reduce((a, b) => (Math.abs(b.sum) > Math.abs(a.sum) ? b : a));
  const single = chosen.terms.length === 1;
  const shown = [];
  if (single && groups.length > 1) {
    const all = group(
      "",
      chosen.names,
      null,
      groups.map((g) => g.terms[0]),
    );
    shown.push(list(all, state, go, redraw));
  } else {
    if (groups.length > 1) shown.push(sums(groups, chosen, part, state, redraw));
    shown.push(chosen.shape && chosen.shape[1] <= 11 ? grids(chosen, go) : list(chosen, state, go, redraw));
  }
  return [...shown, addition(part)];
}

// The sum of each channel as a bar; the chosen one is shown number by number.
function sums(groups, chosen, part, state, redraw) {
  const most = Math.max(...groups.map(({ sum }) => Math.abs(sum)));
  const many = groups.length > 16 && !state.all;
  const shown = many ? [...groups].sort((a, b) => Math.abs(b.sum) - Math.abs(a.sum)).slice(0, FEW) : groups;
  const rest = groups.reduce((sum, g) => sum + g.sum, 0) - shown.reduce((sum, g) => sum + g.sum, 0);
  const buttons = shown.map((g) =>
    element(
      "button",
      {
        type: "button",
        "aria-pressed": g === chosen ? "true" : "false",
        onclick: () => redraw({ group: g.key }),
      },
      element("span", {}, g.title),
      bar(g.sum, most),
      number(g.sum),
    ),
  );
  return element(
    "div",
    { class: "sums", role: "group", "aria-label": `Sums over each ${part.over}` },
    buttons,
    many ? remainder(groups.length - shown.length, rest, redraw) : null,
  );
}

function remainder(count, sum, redraw) {
  return element(
    "button",
    { type: "button", class: "rest", onclick: () => redraw({ all: true }) },
    element("span", {}, `${count} more`),
    element("span", {}, "show all"),
    number(sum),
  );
}

function bar(v, most) {
  const share = most ? Math.abs(v) / most : 0;
  const side = v < 0 ? "negative" : "positive";
  return element(
    "i",
    { class: `bar ${side}`, "aria-hidden": "true" },
    element("i", { style: `width:${(50 * share).toFixed(1)}%` }),
  );
}

// window x kernel = products
function grids(g, go) {
  const [, columns] = g.shape;
  const [a, b] = g.names;
  const look = ({ from }) => (from ? () => go(from) : null);
  const left = g.terms.map((t) => ({
    v: t.none ? null : t.a,
    title: t.label,
    go: look(t),
    mark: t.padding ? "padding" : t.won ? "won" : "",
  }));
  if (b === "won") {
    return element(
      "figure",
      { class: "grids" },
      grid(`${a}, ${g.title}`, columns, left, largest(left.map(({ v }) => v))),
      element("figcaption", {}, "Framed: what won. Click a number to ask where it comes from."),
    );
  }
  const right = g.terms.map((t) => ({ v: t.b, title: b }));
  const products = g.terms.map((t) => ({ v: t.none ? null : t.product, title: "product" }));
  const most = (cells) => largest(cells.map(({ v }) => v ?? 0));
  const padded = g.terms.some((t) => t.padding && !t.none);
  return element(
    "figure",
    { class: "grids" },
    grid(`${a}, ${g.title}`, columns, left, most(left)),
    element("span", { class: "sign" }, "\u00d7"),
    grid(b, columns, right, most(right)),
    element("span", { class: "sign" }, "="),
    grid("products", columns, products, most(products)),
    element(
      "figcaption",
      {},
      `Their sum is ${show(g.sum)}.`,
      padded ? " Dashed: padding, which counts 0." : "",
      g.terms.some((t) => t.none) ? " Empty: this weight met the pixel in no window." : "",
      " Click a number on the left to ask where it comes from.",
    ),
  );
}

// The largest terms of a long sum, and the rest.
function list(g, state, go, redraw) {
  const order = [...g.terms].sort((s, t) => Math.abs(t.product) - Math.abs(s.product));
  const shown = state.all ? order : order.slice(0, FEW);
  const rest = sumOf(order.slice(shown.length));
  const most = order.length ? Math.abs(order[0].product) : 0;
  const [a, b] = g.names;
  const rows = shown.map((t) =>
    element(
      "tr",
      {},
      element("td", { class: t.from ? "goes" : null, onclick: () => t.from && go(t.from) }, t.label),
      element("td", {}, number(t.a)),
      element("td", {}, number(t.b)),
      element("td", {}, number(t.product)),
      element("td", {}, bar(t.product, most)),
    ),
  );
  const head = element(
    "tr",
    {},
    ["", a, b, "product", ""].map((text) => element("th", { scope: "col" }, text)),
  );
  const left = order.length - shown.length;
  return element(
    "div",
    { class: "list" },
    element(
      "table",
      {},
      element("caption", {}, `${plural(order.length, "term")}${order.length > 1 ? ", the largest first" : ""}`),
      element("thead", {}, head),
      element("tbody", {}, rows),
    ),
    left > 0 ? remainder(left, rest, redraw) : null,
  );
}

// sum + bias = total
function addition(part) {
  if (!part.plus.length && part.groups.length < 2) return null;
  const sum = part.groups.reduce((all, g) => all + g.sum, 0);
  const items = [element("dt", {}, "sum of the products"), element("dd", {}, number(sum, { class: "products" }))];
  for (const { label, value } of part.plus)
    items.push(element("dt", {}, label), element("dd", {}, number(value, { class: "bias" })));
  return element("dl", { class: "addition" }, items);
}
