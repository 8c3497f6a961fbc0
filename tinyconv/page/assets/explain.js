// Why this number? One explanation for a value, one for each use of it for a gradient.

function explain(net, node, index, mode) {
  return mode === "gradient" ? explainGradient(net, node, index) : explainValue(net, node, index);
}

function explainValue(net, node, index) {
  const stored = net.value(node)[index];
  const rule = FORWARD[node.name];
  const part = rule ? rule(net, node, index) : null;
  return {
    stored,
    parts: part ? [{ node, ...part }] : [],
    total: part ? part.total : null,
    unknown: !part && node.number > 0,
  };
}

function explainGradient(net, node, index) {
  const gradient = net.gradient(node);
  if (!gradient) return { stored: null, parts: [], total: null, unknown: false };
  const parts = [];
  let unknown = false;
  for (const { node: reader, position } of node.readers) {
    if (!net.gradient(reader)) continue;
    const rule = BACKWARD[reader.name];
    const part = rule ? rule(net, reader, position, index) : null;
    if (part) parts.push({ node: reader, ...part });
    else unknown = true;
  }
  const total = parts.length && !unknown ? parts.reduce((sum, part) => sum + part.total, 0) : null;
  return { stored: gradient[index], parts, total: node === net.last ? 1 : total, unknown };
}

const missingTerms = (explained) => explained.parts.reduce((sum, part) => sum + part.missing, 0);
