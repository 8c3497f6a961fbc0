// Blue below zero, orange above: told apart by the colour-blind; zero is the colour of the paper.

const SCALES = {
  light: [
    [5, 63, 122],
    [74, 150, 200],
    [250, 250, 249],
    [240, 158, 88],
    [172, 56, 0],
  ],
  dark: [
    [150, 208, 255],
    [46, 108, 164],
    [27, 30, 35],
    [172, 86, 30],
    [255, 190, 132],
  ],
};

const theme = () => document.documentElement.dataset.theme;

// A number from -1 to 1 as [red, green, blue].
function colour(v) {
  const scale = SCALES[theme()];
  const place = (Math.max(-1, Math.min(1, v || 0)) + 1) * 2;
  const low = Math.min(3, Math.floor(place));
  const share = place - low;
  return scale[low].map((from, i) => Math.round(from + (scale[low + 1][i] - from) * share));
}

const css = ([r, g, b]) => `rgb(${r} ${g} ${b})`;

// Black or white, whichever is easier to read on a colour.
const inkOn = ([r, g, b]) => (0.299 * r + 0.587 * g + 0.114 * b > 140 ? "#15181c" : "#ffffff");

// The largest absolute value: where the scale ends.
function largest(numbers) {
  let most = 0;
  for (const v of numbers) if (Number.isFinite(v)) most = Math.max(most, Math.abs(v));
  return most;
}

// Numbers H x W from `start` on, as a canvas with a pixel for each.
function pixels(numbers, start, H, W, most) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [W, H];
  const image = new ImageData(W, H);
  for (let i = 0; i < H * W; i++) {
    const [r, g, b] = colour(numbers[start + i] / (most || 1));
    image.data.set([r, g, b, 255], 4 * i);
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}
