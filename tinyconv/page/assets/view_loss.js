// The view "loss": softmax and cross entropy with numbers.

function viewLoss({ net, go }) {
  const { classes, label, given } = net.record;
  const { x, most, e, sum, p } = softmax(net);
  const t = x.map((_, k) => (k === label ? 1 : 0));
  const top = Math.max(...p);
  const order =
    x.length > 20
      ? [
          ...new Set([
            label,
            ...span(0, x.length)
              .sort((i, j) => p[j] - p[i])
              .slice(0, 19),
          ]),
        ]
      : span(0, x.length);
  const size = largest(p.map((v, k) => v - t[k]));
  const rows = order.map((k) =>
    element(
      "tr",
      { class: k === label ? "right" : null },
      element("th", { scope: "row" }, classes[k]),
      element("td", { class: "goes", onclick: () => go({ node: net.logits, index: k, mode: "value" }) }, number(x[k])),
      element("td", {}, number(e[k])),
      element("td", {}, number(p[k], { class: "probability" })),
      element(
        "td",
        {},
        element(
          "i",
          { class: "bar full", "aria-hidden": "true" },
          element("i", { style: `width:${((100 * p[k]) / top).toFixed(1)}%` }),
        ),
      ),
      element("td", {}, String(t[k])),
      element(
        "td",
        { class: "goes", onclick: () => go({ node: net.logits, index: k, mode: "gradient" }) },
        number(p[k] - t[k], { class: "error" }),
      ),
      element("td", {}, bar(p[k] - t[k], size)),
    ),
  );
  const loss = Math.log(sum) - (x[label] - most);
  const heads = ["class", "x", `e^(x ${MINUS} max)`, "p", "", "t", `p ${MINUS} t`, ""];
  return [
    element("h2", {}, "Softmax and loss"),
    element(
      "p",
      { class: "formula" },
      "p[k] = e^x[k] / \u03a3 e^x[j],   loss = \u2212ln p[t],   dL/dx[k] = p[k] \u2212 t[k]",
    ),
    element(
      "div",
      { class: "list", id: "loss" },
      element(
        "table",
        {},
        element(
          "caption",
          {},
          `The right class is ${classes[label]}${given ? "" : ", which is what the net takes the picture for: no label was given"}.`,
          order.length < x.length ? ` The ${order.length} likeliest of ${x.length}.` : "",
        ),
        element(
          "thead",
          {},
          element(
            "tr",
            {},
            heads.map((text) => element("th", { scope: "col" }, text)),
          ),
        ),
        element("tbody", {}, rows),
      ),
    ),
    element(
      "dl",
      { class: "addition" },
      element("dt", {}, "largest x"),
      element("dd", {}, number(most)),
      element("dt", {}, `sum of e^(x ${MINUS} max)`),
      element("dd", {}, number(sum)),
      element("dt", {}, `loss = ${MINUS}ln ${show(p[label], 7)}`),
      element("dd", {}, number(loss, { class: "loss" }, show(loss, 6))),
    ),
    element(
      "p",
      {},
      "Each output learns from its own error alone: where p is too large the gradient is positive and the output ",
      "will fall, where it is too small it will rise. The errors add up to 0.",
    ),
  ];
}
