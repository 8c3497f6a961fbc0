// Numbers as text.

const MINUS = "\u2212";

function show(v, digits = 4) {
  if (v === null || v === undefined) return "?";
  if (!Number.isFinite(v)) return Number.isNaN(v) ? "NaN" : v > 0 ? "\u221e" : `${MINUS}\u221e`;
  if (v === 0) return "0";
  const size = Math.abs(v);
  const text = size >= 1e5 || size < 1e-3 ? v.toExponential(digits - 2) : v.toPrecision(digits);
  return text.replaceAll("-", MINUS);
}

const short = (v) => show(v, 3);

// As short as it can be, for the cells of a table: .424
function brief(v) {
  const size = Math.abs(v);
  if (!Number.isFinite(v) || v === 0) return show(v);
  if (size < 0.0005) return v.toExponential(0).replaceAll("-", MINUS);
  const text =
    size >= 1000 ? v.toExponential(1).replace("+", "") : size >= 1 ? v.toPrecision(3) : v.toFixed(3).replace("0.", ".");
  return text.replaceAll("-", MINUS);
}

// +0.3, with its sign: for terms of a sum
const signed = (v) => (v < 0 ? `${MINUS} ${show(-v)}` : `+ ${show(v)}`);

const percent = (p) => `${(100 * p).toFixed(p < 0.1 || p > 0.99 ? 2 : 1)} %`;

const plural = (n, word) => `${n.toLocaleString("en")} ${word}${n === 1 ? "" : "s"}`;
