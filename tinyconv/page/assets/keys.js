// The keyboard: every number can be reached, and every view, without a mouse.

const KEYS = [
  ["arrow keys", "move the selected cell"],
  ["[  ]", "the map before, the next map"],
  ["j  k", "the next layer, the layer before"],
  ["g", "values or gradients"],
  ["Enter", "go to where the largest term comes from"],
  ["Backspace", "return"],
  ["1 to 5", "the views: this number, im2col, kernels, loss, backward"],
  [",  .", "a step of the backward pass back, or on"],
  ["d", "dark or light"],
  ["?", "this list"],
];

function installKeys(page) {
  const list = document.querySelector("#keys dl");
  list.append(...KEYS.flatMap(([key, what]) => [element("dt", {}, element("kbd", {}, key)), element("dd", {}, what)]));
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || byId("keys").open) return;
    const { target, key } = event;
    if (target.matches("input, textarea")) return;
    const onControl = target.matches("button, a, [role=tab], .scroll, .long, pre");
    const action = ANYWHERE[key] ?? (onControl ? null : ON_MAPS[key]);
    if (!action) return;
    event.preventDefault();
    action(page);
  });
}

const ANYWHERE = {
  g: (page) => page.toggleMode(),
  d: (page) => page.toggleTheme(),
  "?": () => byId("keys").showModal(),
  j: (page) => page.layer(1),
  k: (page) => page.layer(-1),
  "[": (page) => page.move(-1, 0, 0),
  "]": (page) => page.move(1, 0, 0),
  ",": (page) => page.toStep(page.state.step - 1),
  ".": (page) => page.toStep(page.state.step + 1),
  Backspace: (page) => page.back(),
};
for (const n of [1, 2, 3, 4, 5]) ANYWHERE[n] = (page) => page.tab(n - 1);

const ON_MAPS = {
  ArrowLeft: (page) => page.move(0, 0, -1),
  ArrowRight: (page) => page.move(0, 0, 1),
  ArrowUp: (page) => page.move(0, -1, 0),
  ArrowDown: (page) => page.move(0, 1, 0),
  Enter: (page) => page.follow(),
};
