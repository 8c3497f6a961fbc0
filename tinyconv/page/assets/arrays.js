// Arrays of the record: base64 of the leading bytes of float32 numbers, or made of other arrays.

// The first `kept` numbers; bytes that were cut off are 0.
function decode({ bytes, kept, data }) {
  const text = atob(data);
  const numbers = new Float32Array(kept);
  const memory = new Uint8Array(numbers.buffer); // least significant byte first, as on every processor of today
  for (let i = 0; i < kept; i++) {
    for (let b = 0; b < bytes; b++) memory[4 * i + 4 - bytes + b] = text.charCodeAt(bytes * i + b);
  }
  return numbers;
}

const DERIVED = {
  relu: (arrays, x) => arrays.numbers(x).map((v) => Math.max(v, 0)),
  where: (arrays, dy, y) => {
    const kept = arrays.numbers(y);
    return arrays
      .numbers(dy)
      .slice(0, kept.length)
      .map((v, i) => (kept[i] > 0 ? v : 0));
  },
  slice: (arrays, y, start) => arrays.numbers(y).slice(start),
};

class Arrays {
  constructor(about) {
    this.about = about;
    this.decoded = new Map();
  }

  // As many numbers as the page has, which may be fewer than the shape says.
  numbers(place) {
    if (!this.decoded.has(place)) this.decoded.set(place, this.made(place));
    return this.decoded.get(place);
  }

  made(place) {
    const about = this.about[place];
    if (!about.derived) return decode(about);
    const [how, ...sources] = about.derived;
    return DERIVED[how](this, ...sources).slice(0, product(about.shape));
  }

  // "" if all is there as the engine had it, otherwise what is missing.
  missing(place) {
    const { shape, derived, bytes, kept } = this.about[place];
    const rows = shape.length ? shape[0] : 1;
    const there = this.numbers(place).length;
    if (derived && there < product(shape)) return `the first ${(rows * there) / product(shape)} of ${rows} are here`;
    if (derived) return "";
    const parts = [];
    if (!kept) return "left out, and computed where it is needed";
    if (kept < product(shape)) parts.push(`the first ${(rows * kept) / product(shape)} of ${rows} are here`);
    if (bytes < 4 && kept) parts.push("rounded to 16 significant bits");
    return parts.join(", ");
  }
}

const product = (sizes) => sizes.reduce((a, b) => a * b, 1);
