// The strip of a layer: its maps side by side, on one scale.

const GAP = 4;
const UNIT = 13; // pixels of a single cell
const ROWS = 3;

// How large the maps are drawn, and where each stands.
function layout(shape, width) {
  const { C, H, W } = maps(shape);
  if (shape.length < 2) {
    const unit = W <= 500 ? UNIT : W <= 1500 ? 8 : 5;
    const columns = Math.max(1, Math.min(W, Math.floor(width / unit)));
    return { C: W, H: 1, W: 1, tile: unit - 1, high: unit - 1, gap: 1, columns, rows: Math.ceil(W / columns) };
  }
  const wide = C === 1 ? 96 : C <= 6 ? 72 : C <= 16 ? 52 : C <= 32 ? 40 : 32;
  const tile = Math.min(wide * Math.max(1, Math.min(8, W / (8 * H))), W * (H * W === 1 ? UNIT : 12));
  const gap = H * W === 1 ? 1 : GAP;
  const fitting = Math.max(1, Math.floor(width / (tile + gap)));
  const rows = Math.min(Math.ceil(C / fitting), H * W === 1 ? 8 : ROWS);
  return { C, H, W, tile, high: (tile * H) / W, gap, columns: Math.ceil(C / rows), rows };
}

class Strip {
  constructor(net, node, canvas) {
    Object.assign(this, { net, node, canvas });
  }

  // mode: values or gradients; blank: they have not been computed yet; index: of the selected cell, or null
  draw({ mode, blank, index, windows }) {
    const { shape } = this.node;
    const at = (this.at = layout(shape, this.canvas.parentElement.clientWidth - 2));
    const pen = sharp(this.canvas, at.columns * (at.tile + at.gap), at.rows * (at.high + at.gap));
    const numbers = blank ? null : this.net.numbers(this.node, mode);
    const most = numbers ? largest(numbers) : 0;
    for (let c = 0; c < at.C; c++) {
      const { left, top } = this.corner(c);
      const start = c * at.H * at.W;
      if (numbers && start + at.H * at.W <= numbers.length) {
        pen.drawImage(pixels(numbers, start, at.H, at.W, most), left, top, at.tile, at.high);
      } else hatch(pen, left, top, at.tile, at.high);
      pen.strokeStyle = ink("hair");
      pen.lineWidth = 1;
      pen.strokeRect(left - 0.5, top - 0.5, at.tile + 1, at.high + 1);
    }
    for (const window of windows) this.mark(pen, window);
    if (index !== null) this.ring(pen, index);
  }

  corner(c) {
    const { columns, tile, high, gap } = this.at;
    return { left: (c % columns) * (tile + gap) + gap / 2, top: Math.floor(c / columns) * (high + gap) + gap / 2 };
  }

  // A box around a window, in one map or in all.
  mark(pen, { channel, rows, columns }) {
    const { C, H, W, tile, high } = this.at;
    const vector = this.node.shape.length < 2;
    if (vector && columns[1] - columns[0] + 1 === C) {
      pen.strokeStyle = ink("accent");
      pen.lineWidth = 2;
      pen.strokeRect(0.5, 0.5, this.at.columns * (tile + 1) - 1, this.at.rows * (high + 1) - 1);
      return;
    }
    const tiles = vector ? span(columns[0], columns[1] + 1) : channel === null ? span(0, C) : [channel];
    pen.strokeStyle = ink("accent");
    pen.lineWidth = tiles.length > 20 ? 1 : 1.5;
    const [px, py] = [tile / W, high / H];
    for (const c of tiles) {
      const { left, top } = this.corner(c);
      pen.save();
      pen.beginPath();
      pen.rect(left - 1.5, top - 1.5, tile + 3, high + 3);
      pen.clip();
      if (vector) pen.strokeRect(left, top, tile, high);
      else
        pen.strokeRect(
          left + columns[0] * px,
          top + rows[0] * py,
          (columns[1] - columns[0] + 1) * px,
          (rows[1] - rows[0] + 1) * py,
        );
      pen.restore();
    }
  }

  // The selected cell, seen on every colour.
  ring(pen, index) {
    const { H, W, tile, high } = this.at;
    const [c, y, x] = this.node.shape.length < 2 ? [index, 0, 0] : place(this.node.shape, index);
    const { left, top } = this.corner(c);
    const [px, py] = [tile / W, high / H];
    const grown = Math.max(1, (7 - px) / 2);
    const box = [left + x * px - grown, top + y * py - grown, px + 2 * grown, py + 2 * grown];
    pen.lineWidth = 4;
    pen.strokeStyle = ink("paper");
    pen.strokeRect(...box);
    pen.lineWidth = 2;
    pen.strokeStyle = ink("ink");
    pen.strokeRect(...box);
    if (H * W > 1) pen.strokeRect(left - 1, top - 1, tile + 2, high + 2);
  }

  // A strip may be longer than the window is wide.
  bringIntoSight(index) {
    const { left } = this.corner(this.node.shape.length < 2 ? index : place(this.node.shape, index)[0]);
    const box = this.canvas.parentElement;
    if (left < box.scrollLeft) box.scrollLeft = left - GAP;
    else if (left + this.at.tile > box.scrollLeft + box.clientWidth)
      box.scrollLeft = left + this.at.tile + GAP - box.clientWidth;
  }

  // The cell at a place of the canvas; null between maps.
  indexAt(px, py) {
    const { C, H, W, columns, tile, high, gap } = this.at;
    const [column, row] = [Math.floor(px / (tile + gap)), Math.floor(py / (high + gap))];
    const c = row * columns + column;
    if (column >= columns || c >= C || c < 0) return null;
    const { left, top } = this.corner(c);
    const clamp = (v, size) => Math.max(0, Math.min(size - 1, Math.floor(v)));
    return (c * H + clamp(((py - top) * H) / high, H)) * W + clamp(((px - left) * W) / tile, W);
  }
}

// Numbers that are not there.
function hatch(pen, left, top, width, height) {
  pen.save();
  pen.beginPath();
  pen.rect(left, top, width, height);
  pen.clip();
  pen.strokeStyle = ink("hair");
  pen.lineWidth = 1;
  for (let x = left - height; x < left + width; x += 6) {
    pen.beginPath();
    pen.moveTo(x, top + height);
    pen.lineTo(x + height, top);
    pen.stroke();
  }
  pen.restore();
}
