// The network from top to bottom: a row for each operation, rails between them for branches and skips.

const LANE = 16;

// 5 x 5, stride 2, padding 1
function windowInWords({ arguments: about }) {
  if (!about?.stride) return "";
  const pair = ([a, b]) => (a === b ? String(a) : `${a}\u00d7${b}`);
  const parts = [about.size.join("\u202f\u00d7\u202f")];
  if (about.stride.some((v) => v > 1)) parts.push(`stride ${pair(about.stride)}`);
  if (about.before.some((v) => v > 0)) parts.push(`padding ${pair(about.before)}`);
  if (about.dilation.some((v) => v > 1)) parts.push(`dilation ${pair(about.dilation)}`);
  if (about.groups > 1) parts.push(`${about.groups} groups`);
  return parts.join(", ");
}

class Diagram {
  constructor(net, choose, drag) {
    Object.assign(this, { net, choose, drag });
    this.list = document.querySelector("#diagram ol");
    this.svg = document.querySelector("#diagram .rails");
    this.lanes = 1 + Math.max(...net.nodes.map(({ lane }) => lane), ...net.record.lines.map(([, , lane]) => lane));
    this.list.style.paddingLeft = `${this.lanes * LANE + 10}px`;
    this.rows = net.nodes.map((node) => this.row(node));
    this.list.append(...this.rows.map(({ item }) => item));
    this.seen = new Set();
    const watch = new IntersectionObserver((entries) => this.appear(entries), { rootMargin: "300px" });
    this.rows.forEach(({ item }) => watch.observe(item));
    new ResizeObserver(() => this.resized()).observe(this.list);
  }

  row(node) {
    const canvas = element("canvas", {
      tabindex: 0,
      role: "application",
      "aria-roledescription": "feature maps",
      "aria-label": `${this.net.title(node)}, ${node.shape.join(" by ") || "one number"}`,
      "aria-describedby": "said",
    });
    const strip = new Strip(this.net, node, canvas);
    canvas.addEventListener("click", (event) => {
      const index = strip.indexAt(event.offsetX, event.offsetY);
      if (index !== null) this.choose(node, index);
    });
    canvas.addEventListener("pointerdown", (event) => event.preventDefault());
    canvas.addEventListener("mousedown", (event) => event.preventDefault()); // the click gives it the focus
    canvas.addEventListener("pointermove", (event) => {
      const index = event.buttons & 1 ? strip.indexAt(event.offsetX, event.offsetY) : null;
      if (index !== null && node === this.state.node && index !== this.state.index) this.drag(index);
    });
    canvas.addEventListener("focus", () => this.choose(node, null));
    const scale = element("span", { class: "scale" });
    const state = element("span", { class: "state" });
    const head = element(
      "div",
      { class: "head", onclick: () => canvas.focus() },
      element("b", {}, this.net.nameOf(node)),
      node.module ? element("code", {}, node.module) : null,
      element("span", { class: "shape" }, node.shape.length ? node.shape.join("\u202f\u00d7\u202f") : "1 number"),
      element("span", { class: "window" }, windowInWords(node)),
      state,
      scale,
    );
    const item = element("li", { "data-node": node.number }, head, element("div", { class: "strip" }, canvas));
    return { node, item, canvas, strip, scale, state };
  }

  // Rows are drawn when they come into sight.
  appear(entries) {
    for (const { target, isIntersecting } of entries) {
      const row = this.rows[Number(target.dataset.node)];
      if (isIntersecting) this.seen.add(row);
      else this.seen.delete(row);
      if (isIntersecting && this.state && row.drawn !== this.look(row)) this.draw(row);
    }
  }

  resized() {
    if (this.width !== this.list.clientWidth) {
      this.width = this.list.clientWidth;
      for (const row of this.rows) {
        row.drawn = null;
        const at = layout(row.node.shape, row.canvas.parentElement.clientWidth - 2);
        row.canvas.style.height = `${at.rows * (at.high + at.gap)}px`;
      }
      if (this.state) this.update(this.state, this.windows);
    }
    this.drawRails();
  }

  // What a row shows, in words: it is drawn again if that changes.
  look({ node }) {
    const { mode, node: selected, index, arrived } = this.state;
    const windows = this.windows
      .filter((w) => w.node === node)
      .map(({ channel, rows, columns }) => [channel, rows, columns]);
    const blank = arrived ? !arrived.has(node.number) : false;
    return JSON.stringify([theme(), mode, blank, node === selected ? index : null, windows]);
  }

  update(state, windows) {
    [this.state, this.windows] = [state, windows];
    for (const row of this.rows) {
      const { node, item } = row;
      item.classList.toggle("selected", node === state.node);
      item.classList.toggle("active", state.active === node.number);
      item.classList.toggle(
        "waiting",
        Boolean(state.arrived) && !state.arrived.has(node.number) && state.active !== node.number,
      );
      row.state.textContent = state.notes?.get(node.number) ?? "";
      if (this.seen.has(row) && row.drawn !== this.look(row)) this.draw(row);
    }
    this.light();
  }

  // The rails along which gradients have come, and the dots where they are.
  light() {
    const { arrived, active, gives } = this.state;
    const on = (from, to) => Boolean(arrived) && active === to && gives.has(from);
    for (const path of this.svg.querySelectorAll("path")) {
      path.classList.toggle("on", on(Number(path.dataset.from), Number(path.dataset.to)));
    }
    for (const dot of this.svg.querySelectorAll("circle")) {
      dot.classList.toggle("on", Boolean(arrived?.has(Number(dot.dataset.node))));
    }
  }

  draw(row) {
    const { node, strip, scale } = row;
    const { mode, node: selected, index, arrived } = this.state;
    const blank = arrived ? !arrived.has(node.number) : false;
    const windows = this.windows.filter((w) => w.node === node);
    strip.draw({ mode, blank, index: node === selected ? index : null, windows });
    if (node === selected) strip.bringIntoSight(index);
    const numbers = this.net.numbers(node, mode);
    scale.textContent = blank ? "" : numbers ? `\u00b1${short(largest(numbers))}` : "no gradient";
    row.drawn = this.look(row);
  }

  drawRails() {
    const top = this.list.getBoundingClientRect().top;
    const middle = this.rows.map(({ item }) => {
      const box = item.querySelector(".head").getBoundingClientRect();
      return box.top - top + box.height / 2;
    });
    const x = (lane) => LANE / 2 + 3 + lane * LANE;
    const svg = (tag, attributes) => {
      const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
      for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
      return made;
    };
    const lines = this.net.record.lines.map(([from, to, lane]) => {
      const [a, b, l] = [x(this.net.nodes[from].lane), x(this.net.nodes[to].lane), x(lane)];
      const [start, end] = [middle[from], middle[to]];
      const bend = Math.min(22, (end - start) / 2);
      const down = `M ${a} ${start} C ${a} ${start + bend} ${l} ${start} ${l} ${start + bend}`;
      return svg("path", {
        d: `${down} V ${end - bend} C ${l} ${end} ${b} ${end - bend} ${b} ${end}`,
        "data-from": from,
        "data-to": to,
      });
    });
    const dots = this.net.nodes.map((node, i) =>
      svg("circle", { cx: x(node.lane), cy: middle[i], r: 4.5, "data-node": i }),
    );
    this.svg.setAttribute("width", this.lanes * LANE + 10);
    this.svg.setAttribute("height", this.list.clientHeight);
    this.svg.replaceChildren(...lines, ...dots);
    if (this.state) this.light();
  }
}
