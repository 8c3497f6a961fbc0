// The view "backward": the backward pass one step at a time, in the order of the tape.

function viewSteps({ net, state, redraw }) {
  const { steps } = net.record;
  const n = state.step;
  const slider = element("input", {
    type: "range",
    min: 0,
    max: steps.length,
    value: n,
    id: "step",
    "aria-label": "Step of the backward pass",
    "aria-valuetext": n
      ? `step ${n} of ${steps.length}: ${steps[n - 1].name} ${steps[n - 1].module}`
      : "before the first step",
  });
  slider.addEventListener("input", () => redraw({ step: Number(slider.value) }));
  const button = (text, label, to, disabled) =>
    element("button", { type: "button", "aria-label": label, disabled, onclick: () => redraw({ step: to }) }, text);
  return [
    element("h2", {}, "The backward pass"),
    element(
      "div",
      { class: "stepper" },
      button("\u2039", "back one step", n - 1, n === 0),
      slider,
      button("\u203a", "one step on", n + 1, n === steps.length),
      element("output", { for: "step" }, `${n} / ${steps.length}`),
    ),
    ...(n ? stepShown(net, steps[n - 1]) : beginning(net)),
  ];
}

function beginning(net) {
  return [
    element(
      "p",
      {},
      "The gradient of the loss with respect to itself is 1. From there the steps go back over the tape, newest ",
      "operation first: each has then got all of its dy. ",
      `There are ${net.record.steps.length} steps; hatched maps have no gradient yet.`,
    ),
  ];
}

function stepShown(net, step) {
  const added = step.gives.some((given) => given.added);
  const gives = step.gives.map((given) =>
    element(
      "tr",
      {},
      element("td", { class: given.added ? "added" : "set" }, given.added ? "added to" : "set"),
      element("td", { class: "words" }, whose(net, given)),
      element("td", {}, number(given.norm)),
      added ? element("td", {}, given.added ? number(given.total) : "") : null,
    ),
  );
  const heads = ["", "the gradient of", "norm", ...(added ? ["norm of the sum"] : [])];
  return [
    element(
      "h3",
      { class: "operation" },
      element("em", {}, step.name),
      step.module ? element("code", {}, step.module) : null,
    ),
    step.formula ? element("p", { class: "formula" }, step.formula) : null,
    element("p", {}, "What arrived, dy, has the norm ", number(step.dy), "."),
    step.gives.length
      ? element(
          "div",
          { class: "list" },
          element(
            "table",
            {},
            element("caption", {}, "What this step gave"),
            element(
              "thead",
              {},
              element(
                "tr",
                {},
                heads.map((text) =>
                  element("th", { scope: "col", class: text.startsWith("the") ? "words" : null }, text),
                ),
              ),
            ),
            element("tbody", {}, gives),
          ),
        )
      : null,
    element("h3", {}, step.rules.length === 1 ? "Its gradient rule" : "Its gradient rules"),
    ...step.rules.map(({ where, text }) =>
      element("figure", { class: "code" }, element("pre", { tabindex: 0 }, text), element("figcaption", {}, where)),
    ),
  ];
}

function whose(net, given) {
  if ("node" in given) return given.node === 0 ? "the picture" : net.title(net.nodes[given.node]);
  if ("parameter" in given) return element("code", {}, net.parameters[given.parameter].name);
  return given.other;
}

// After n steps: the nodes whose gradient is there, and what is said of those that have a part of it.
function arrivals(net, n) {
  const parts = new Map([[net.last.number, 0]]);
  for (const { gives } of net.record.steps.slice(0, n)) {
    for (const given of gives) if ("node" in given) parts.set(given.node, (parts.get(given.node) ?? 0) + 1);
  }
  const expected = (node) => node.readers.filter((reader) => reader.node.gradient !== null).length;
  const arrived = new Set(
    [...parts].filter(([number, count]) => count >= expected(net.nodes[number])).map(([number]) => number),
  );
  const notes = new Map();
  for (const [number, count] of parts) {
    const of = expected(net.nodes[number]);
    if (of > 1) notes.set(number, `${count} of ${of} parts`);
  }
  const step = n ? net.record.steps[n - 1] : null;
  for (const given of step ? step.gives : []) {
    if ("node" in given && !notes.has(given.node)) notes.set(given.node, given.added ? "added to" : "set");
  }
  const gives = new Set((step ? step.gives : []).map(({ node }) => node));
  return { arrived, notes, gives, active: step ? step.node : net.last.number };
}
