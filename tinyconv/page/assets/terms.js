// How a number came about: groups of terms, or lines of arithmetic.
//
// An explanation is
//   formula  in letters
//   groups   [{title, names: [a, b], shape: [rows, columns] or null, terms, sum}], which are added up
//   plus     [{label, value}], added too: a bias
//   lines    arithmetic as text, where it is no sum
//   total    the result, computed here in double precision from the numbers of the record
//   missing  how many terms the page has no numbers for
//   windows  [{node, rows: [first, last], columns, channel or null}], to be marked in the diagram

// a * b; `from` says where a can be looked up: {node, index, mode}
const term = (a, b, label, from = null) => ({ a, b, product: a * b, label, from });

// A place of the padding: it counts 0.
const padding = (b, label) => ({ a: 0, b, product: 0, label, from: null, padding: true });

const sumOf = (terms) => terms.reduce((sum, { product }) => sum + product, 0);

function group(title, names, shape, terms) {
  return { title, names, shape, terms, sum: sumOf(terms) };
}

function explanation(formula, groups, plus = [], more = {}) {
  const total = groups.reduce((sum, g) => sum + g.sum, 0) + plus.reduce((sum, { value }) => sum + value, 0);
  return { formula, groups, plus, lines: [], total, missing: 0, windows: [], ...more };
}

// A formula with numbers in it.
function arithmetic(formula, lines, total, windows = []) {
  return { formula, groups: [], plus: [], lines, total, missing: 0, windows };
}

// One place of a map, to be marked.
function spot(node, index) {
  const [channel, y, x] = place(node.shape, index);
  return { node, channel, rows: [y, y], columns: [x, x] };
}
