// Digits of 28 x 28 bytes, ink 255, on a canvas in its own text colour.
const SIDE = 28;
const FINE = 6;

// 28 x 28 bytes `fine` times finer: a cubic B-spline, then the edge that ink has.
const WEIGHTS_AT = {}; // by fineness: for each fine place its four cells' weights, flat
function weightsAt(fine) {
  return (WEIGHTS_AT[fine] ??= Float32Array.from({ length: 4 * SIDE * fine }, (_, i) => {
    const place = ((i >> 2) + 0.5) / fine - 0.5; // pixel centres
    const t = place - Math.floor(place);
    return [(1 - t) ** 3, 3 * t ** 3 - 6 * t ** 2 + 4, -3 * t ** 3 + 3 * t ** 2 + 3 * t + 1, t ** 3][i & 3] / 6;
  }));
}
function smooth(bytes, fine = FINE) {
  const wide = SIDE * fine;
  const weights = weightsAt(fine);
  const rows = new Float32Array(SIDE * wide);
  const all = new Float32Array(wide * wide);
  const counts = new Uint32Array(257); // of fine pixels, by level
  for (let place = 0; place < wide; place++) {
    const cell = Math.floor((place + 0.5) / fine - 0.5) - 1;
    for (let k = Math.max(0, -cell); k < 4 && cell + k < SIDE; k++) {
      const w = weights[4 * place + k];
      for (let y = 0; y < SIDE; y++) rows[y * wide + place] += w * bytes[y * SIDE + cell + k];
    }
  }
  for (let place = 0; place < wide; place++) {
    const cell = Math.floor((place + 0.5) / fine - 0.5) - 1;
    const line = place * wide;
    for (let k = Math.max(0, -cell); k < 4 && cell + k < SIDE; k++) {
      const w = weights[4 * place + k];
      for (let x = 0; x < wide; x++) all[line + x] += w * rows[(cell + k) * wide + x];
    }
    for (let x = 0; x < wide; x++) counts[Math.ceil(all[line + x])]++;
  }
  // The edge stands where it holds the picture's ink, and a little more: thin strokes hang together.
  let ink = (bytes.reduce((sum, byte) => sum + byte, 0) / 255) * fine ** 2 * 1.2;
  let low = 255;
  while (low > 30 && (ink -= counts[low + 1]) > 0) low--;
  for (let i = 0; i < all.length; i++) {
    const t = Math.min(Math.max((all[i] - low) / 80 + 0.5, 0), 1);
    all[i] = 255 * t * t * (3 - 2 * t);
  }
  return all;
}

// Gives a canvas the pixels that the screen has for it; of a new size, it is clean.
function fit(canvas, wide = canvas.clientWidth, high = canvas.clientHeight) {
  const [width, height] = [wide, high].map((side) => Math.round(side * devicePixelRatio) || 1);
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
}

// A clean canvas as wide as it is shown, `aspect` times its height, and the pen to draw on it.
function context(canvas, aspect = 1) {
  fit(canvas, canvas.clientWidth, canvas.clientWidth / aspect);
  const context = canvas.getContext("2d");
  context.globalCompositeOperation = "source-over";
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.strokeStyle = context.fillStyle = getComputedStyle(canvas).color;
  return context;
}

// Bytes of ink in the canvas's colour.
function stamp(canvas, bytes, side) {
  const context = canvas.getContext("2d");
  const image = context.createImageData(side, side);
  for (let i = 0; i < bytes.length; i++) image.data[4 * i + 3] = bytes[i];
  context.putImageData(image, 0, 0);
  tint(context);
}

// Large, and as a hand writes: the data set's digits were stretched, so the picture is not. With a `share`
// above 1 the picture's margin may be cut off.
const fine = document.createElement("canvas");
function enlarge(canvas, bytes, stretch, share = stretch > 1 ? 1.2 : 1) {
  const large = context(canvas);
  if (!bytes.length) return;
  place(large, bytes, stretch, 0, 0, canvas.width, FINE, share);
  tint(large);
}

function place(context, bytes, stretch, left, top, side, fineness, share = 1) {
  const wide = SIDE * fineness;
  if (fine.width !== wide) fine.width = fine.height = wide;
  stamp(fine, smooth(bytes, fineness), wide);
  const width = side * share;
  const height = width / stretch;
  context.drawImage(fine, left + (side - width) / 2, top + (side - height) / 2, width, height);
}

// The smallest box of cells around the ink of 28 x 28 bytes.
function inkBox(bytes) {
  const cells = [...bytes.keys()].filter((i) => bytes[i] > 51);
  const [xs, ys] = [cells.map((i) => i % SIDE), cells.map((i) => Math.floor(i / SIDE))];
  return { left: Math.min(...xs), right: Math.max(...xs) + 1, top: Math.min(...ys), bottom: Math.max(...ys) + 1 };
}

// Many small ones in rows of `columns` on one canvas, `cell` pixels each.
function contacts(canvas, pictures, columns, stretch, cell = Math.ceil((canvas.clientWidth * devicePixelRatio) / columns)) {
  const [width, height] = [columns * cell, Math.ceil(pictures.length / columns) * cell];
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const sheet = canvas.getContext("2d");
  sheet.globalCompositeOperation = "source-over";
  sheet.clearRect(0, 0, width, height);
  pictures.forEach((bytes, i) => place(sheet, bytes, stretch, (i % columns) * cell, Math.floor(i / columns) * cell, cell, 3));
  tint(sheet);
}
