// The page: what is selected, and everything that follows from it.

const VIEWS = [
  ["number", "this number", viewNumber],
  ["im2col", "im2col", viewIm2col],
  ["kernels", "kernels", viewKernels],
  ["loss", "loss", viewLoss],
  ["backward", "backward", viewSteps],
];

class Page {
  constructor(record) {
    this.net = new Net(record);
    this.history = [];
    const { nodes } = this.net;
    const first = nodes.find(({ name }) => name === "conv2d") ?? nodes[1] ?? nodes[0];
    this.state = {
      node: first,
      index: middleOf(first),
      mode: "value",
      view: 0,
      step: 0,
      group: null,
      all: false,
      rate: 0.1,
      kernel: null,
    };
    this.tabs = VIEWS.map(([name, title], i) =>
      element(
        "button",
        { type: "button", role: "tab", id: `tab-${name}`, "aria-controls": "view", onclick: () => this.tab(i) },
        title,
      ),
    );
    document.querySelector(".tabs").append(...this.tabs);
    document.querySelector(".tabs").addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      event.stopPropagation();
      this.tab((this.state.view + step + VIEWS.length) % VIEWS.length);
      this.tabs[this.state.view].focus();
    });
    byId("show-value").addEventListener("click", () => this.change({ mode: "value" }));
    byId("show-gradient").addEventListener("click", () => this.change({ mode: "gradient" }));
    byId("theme").addEventListener("click", () => this.toggleTheme());
    byId("help").addEventListener("click", () => byId("keys").showModal());
    this.diagram = new Diagram(
      this.net,
      (node, index) => this.choose(node, index),
      (index) => this.change({ index }),
    );
    const head = document.querySelector("header");
    new ResizeObserver(() => document.documentElement.style.setProperty("--head", `${head.offsetHeight}px`)).observe(
      head,
    );
    this.fromAddress();
    greet(this.net);
    installKeys(this);
    this.show();
    requestAnimationFrame(() => this.center());
  }

  // ------------------------------------------------------------ changes

  // A cell of a node; without an index, the node that got the focus, at the cell where it was last.
  choose(node, index) {
    if (index === null) {
      if (node === this.state.node) return;
      index = node.last ?? middleOf(node);
    }
    this.select({ node, index });
    this.diagram.rows[node.number].canvas.focus({ preventScroll: true });
  }

  select(to) {
    const { node, index, mode } = this.state;
    this.history.push({ node, index, mode });
    node.last = index;
    this.change({ group: null, kernel: null, all: false, ...to });
  }

  // To where a number comes from.
  go({ node, index, mode }) {
    const view = mode === this.state.mode || this.state.view === 0 ? this.state.view : 0;
    this.select({ node, index, mode, view });
    this.reveal();
  }

  back() {
    const before = this.history.pop();
    if (before) this.change({ group: null, kernel: null, all: false, ...before });
    this.reveal();
  }

  change(to) {
    Object.assign(this.state, to);
    this.show();
  }

  toggleMode() {
    this.change({ mode: this.state.mode === "value" ? "gradient" : "value" });
  }

  toggleTheme() {
    document.documentElement.dataset.theme = theme() === "dark" ? "light" : "dark";
    this.show();
  }

  tab(view) {
    this.change({ view, ...(VIEWS[view][0] === "backward" ? { mode: "gradient" } : {}) });
  }

  toStep(step) {
    const last = this.net.record.steps.length;
    this.change({ view: VIEWS.length - 1, mode: "gradient", step: Math.max(0, Math.min(last, step)) });
  }

  // One map, row or column on.
  move(maps_, rows, columns) {
    const { node, index } = this.state;
    const { C, H, W } = maps(node.shape);
    const [c, y, x] = place(node.shape, index);
    const vector = node.shape.length < 2;
    const wide = vector && rows ? (this.diagram.rows[node.number].strip.at?.columns ?? 1) : 0;
    const [nc, ny, nx] = [c + maps_, y + (vector ? 0 : rows), x + columns + rows * wide];
    if (nc < 0 || nc >= C || ny < 0 || ny >= H || nx < 0 || nx >= W) return;
    this.change({ index: indexOf(node.shape, nc, ny, nx), group: maps_ ? null : this.state.group, kernel: null });
  }

  layer(step) {
    const next = this.net.nodes[this.state.node.number + step];
    if (!next) return;
    this.select({ node: next, index: next.last ?? middleOf(next) });
    this.reveal();
  }

  // To the source of the largest term.
  follow() {
    const terms = this.explained.parts
      .flatMap(({ groups }) => groups.flatMap((g) => g.terms))
      .filter(({ from }) => from);
    if (terms.length) {
      this.go(terms.reduce((a, b) => (Math.abs(b.product) > Math.abs(a.product) ? b : a)).from);
      return;
    }
    const window = this.explained.parts[0]?.windows[0];
    if (window)
      this.go({
        node: window.node,
        index: indexOf(window.node.shape, window.channel ?? 0, window.rows[0], window.columns[0]),
        mode: this.state.mode,
      });
  }

  reveal() {
    const { item, canvas } = this.diagram.rows[this.state.node.number];
    item.scrollIntoView({ block: "nearest" });
    canvas.focus({ preventScroll: true });
  }

  // The active step, or what the address says, into the middle.
  center() {
    const { active, node } = this.diagram.state;
    this.diagram.rows[active ?? node.number].item.scrollIntoView({
      block: active === null && node.number < 3 ? "nearest" : "center",
    });
  }

  // ------------------------------------------------------------ showing

  show() {
    const { net, state } = this;
    this.explained = explain(net, state.node, state.index, state.mode);
    const [name, , view] = VIEWS[state.view];
    const stepping = name === "backward" ? arrivals(net, state.step) : {};
    const windows = name === "backward" ? [] : this.explained.parts.flatMap((part) => part.windows);
    this.diagram.update({ ...state, arrived: null, notes: null, active: null, ...stepping }, windows);
    const focused = byId("view").contains(document.activeElement) ? document.activeElement.id : "";
    const context = {
      net,
      state,
      explained: this.explained,
      go: (from) => this.go(from),
      redraw: (to) => this.change(to),
    };
    byId("view").replaceChildren(...view(context).flat().filter(Boolean));
    byId("view").setAttribute("aria-labelledby", `tab-${name}`);
    byId("view").dataset.view = name;
    if (focused) byId(focused)?.focus();
    this.tabs.forEach((tab, i) => {
      tab.setAttribute("aria-selected", i === state.view ? "true" : "false");
      tab.tabIndex = i === state.view ? 0 : -1;
    });
    for (const mode of ["value", "gradient"])
      byId(`show-${mode}`).setAttribute("aria-pressed", state.mode === mode ? "true" : "false");
    const numbers = net.numbers(state.node, state.mode);
    const most = numbers ? largest(numbers) : 0;
    byId("legend-low").textContent = `${MINUS}${short(most)}`;
    byId("legend-high").textContent = short(most);
    byId("theme").textContent = theme() === "dark" ? "light" : "dark";
    byId("said").textContent = this.said();
    if (name === "backward" && this.centered !== state.step) this.center();
    this.centered = name === "backward" ? state.step : null;
    this.toAddress();
  }

  // What a screen reader says: the place, the number, and the arithmetic behind it.
  said() {
    const { net, state, explained } = this;
    if (VIEWS[state.view][0] === "backward") {
      const step = net.record.steps[state.step - 1];
      return step
        ? `Step ${state.step}: ${step.name} ${step.module}. ${step.gives.map((g) => (g.added ? "added to" : "set")).join(", ")}.`
        : "Before the first step.";
    }
    const what = state.mode === "gradient" ? "gradient" : "value";
    const parts = explained.parts.map((part) => {
      if (part.lines.length) return part.lines.join("; ");
      const terms = part.groups.reduce((count, g) => count + g.terms.length, 0);
      const plus = part.plus.map(({ label, value }) => `${label} ${show(value)}`).join(", ");
      return `${plural(terms, "product")}${plus ? `, ${plus}` : ""}, together ${show(part.total)}. ${part.note ?? ""}`;
    });
    return `${net.title(state.node)}, ${placeInWords(state.node.shape, state.index)}: ${what} ${show(explained.stored)}. ${parts.join(" ")}`;
  }

  // ------------------------------------------------------------ the address

  toAddress() {
    const { node, index, mode, view, step } = this.state;
    history.replaceState(
      null,
      "",
      `#${new URLSearchParams({ node: node.number, index, mode, view: VIEWS[view][0], step })}`,
    );
  }

  fromAddress() {
    const address = new URLSearchParams(location.hash.slice(1));
    const node = this.net.nodes[address.get("node") ?? -1];
    if (!node) return;
    const index = Math.min(Math.max(0, Number(address.get("index")) || 0), product(node.shape) - 1);
    const view = Math.max(
      0,
      VIEWS.findIndex(([name]) => name === address.get("view")),
    );
    const step = Math.min(Math.max(0, Number(address.get("step")) || 0), this.net.record.steps.length);
    Object.assign(this.state, {
      node,
      index,
      view,
      step,
      mode: address.get("mode") === "gradient" ? "gradient" : "value",
    });
  }
}

function middleOf({ shape }) {
  const { H, W } = maps(shape);
  return indexOf(shape, 0, Math.floor(H / 2), Math.floor(shape.length < 2 ? 0 : W / 2));
}

// For the console: tinyconv.explain(tinyconv.net, tinyconv.net.nodes[4], 0, "gradient")
const page = new Page(JSON.parse(byId("record").textContent));
globalThis.tinyconv = { page, net: page.net, explain, kernelGradient };
