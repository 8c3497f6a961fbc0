// Making elements. Text goes in as text, never as HTML.

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "style") made.style.cssText = value;
    else if (value !== null && value !== undefined && value !== false)
      made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

const byId = (id) => document.getElementById(id);

// A number whose every digit can be had: as a tooltip, and by whoever reads the page with a program.
function number(v, attributes = {}, text = show(v)) {
  const exact = v === null || v === undefined ? "" : String(v);
  return element(
    "span",
    { ...attributes, class: `number ${attributes.class ?? ""}`, "data-value": exact, title: exact },
    text,
  );
}

// A canvas of so many CSS pixels, sharp on every screen.
function sharp(canvas, width, height) {
  const density = window.devicePixelRatio || 1;
  [canvas.width, canvas.height] = [Math.round(width * density), Math.round(height * density)];
  [canvas.style.width, canvas.style.height] = [`${width}px`, `${height}px`];
  const pen = canvas.getContext("2d");
  pen.setTransform(density, 0, 0, density, 0, 0);
  pen.imageSmoothingEnabled = false;
  pen.clearRect(0, 0, width, height);
  return pen;
}

const ink = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

// A table of numbers on their colours, as wide as the window is.
function grid(caption, columns, cells, most) {
  const rows = [];
  for (let i = 0; i < cells.length; i += columns) {
    rows.push(
      element(
        "tr",
        {},
        cells.slice(i, i + columns).map((cell) => gridCell(cell, most)),
      ),
    );
  }
  return element("table", { class: "grid" }, element("caption", {}, caption), element("tbody", {}, rows));
}

function gridCell({ v, title = null, go = null, mark = "", chosen = false }, most) {
  const empty = v === null || v === undefined;
  const shade = empty ? null : colour(v / (most || 1));
  const attributes = {
    class: [mark, go ? "goes" : "", chosen ? "chosen" : ""].join(" ").trim() || null,
    style: shade ? `background:${css(shade)};color:${inkOn(shade)}` : null,
    title: title ? `${title}${empty ? "" : ` = ${v}`}` : null,
    onclick: go ?? (() => {}),
  };
  return element("td", attributes, empty ? "\u00b7" : brief(v));
}
