// What the page says of the net as a whole: what it takes the picture for, and what is missing here.

// The head of the page, and its foot.
function greet(net) {
  const { classes, label, given, version } = net.record;
  const { p } = softmax(net);
  const best = p.indexOf(Math.max(...p));
  const right = given ? (best === label ? `, rightly` : `; it is ${classes[label]}`) : "";
  byId("verdict").textContent =
    `takes the picture for ${classes[best]} (${percent(p[best])})${right}. Loss ${show(net.record.loss)}.`;
  thumbnail(net, byId("thumbnail"));
  byId("notes").append(
    ...notes(net),
    element("p", {}, `Made by tinyconv ${version}: evaluation mode, the engine numpy.`),
  );
}

// The picture in its own colours, from its darkest number to its brightest.
function thumbnail(net, canvas) {
  const [C, H, W] = net.nodes[0].shape;
  const x = net.value(net.nodes[0]);
  if (x.length < C * H * W) return;
  const low = x.reduce((a, b) => Math.min(a, b), Infinity);
  const range = x.reduce((a, b) => Math.max(a, b), -Infinity) - low || 1;
  const image = new ImageData(W, H);
  for (let i = 0; i < H * W; i++) {
    for (let k = 0; k < 3; k++) image.data[4 * i + k] = (255 * (x[(C === 3 ? k : 0) * H * W + i] - low)) / range;
    image.data[4 * i + 3] = 255;
  }
  [canvas.width, canvas.height] = [W, H];
  canvas.getContext("2d").putImageData(image, 0, 0);
}

// What the page does not have, or not exactly.
function notes(net) {
  const found = [];
  const say = (what, place) => {
    const missing = place === null ? "" : net.arrays.missing(place);
    if (missing) found.push(element("li", {}, `${what}: ${missing}`));
  };
  for (const node of net.nodes) {
    say(node.number ? net.title(node) : "the picture", node.value);
    say(`gradient of ${node.number ? net.title(node) : "the picture"}`, node.gradient);
  }
  for (const { name, value, gradient } of net.parameters) {
    say(name, value);
    say(`gradient of ${name}`, gradient);
  }
  const from = net.record.dtype === "float64" ? ", rounded to float32 from float64" : ", in float32";
  if (!found.length) return [element("p", {}, `Every number is here as the engine had it${from}.`)];
  return [
    element(
      "details",
      {},
      element(
        "summary",
        {},
        `To keep the page below 5 MB, ${plural(found.length, "array")} of the net ${found.length === 1 ? "is" : "are"} rounded or shortened`,
      ),
      element("ul", {}, found),
    ),
  ];
}
