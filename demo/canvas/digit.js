// Digits of 28 x 28 bytes, ink 255, on a canvas in its own text colour.
const SIDE = 28;
const FINE = 6;

// 28 x 28 bytes FINE times finer: a cubic B-spline, then the edge that ink has.
const TAPS = Array.from({ length: SIDE * FINE }, (_, i) => {
  const place = (i + 0.5) / FINE - 0.5; // pixel centres
  const cell = Math.floor(place);
  const t = place - cell;
  const weights = [(1 - t) ** 3, 3 * t ** 3 - 6 * t ** 2 + 4, -3 * t ** 3 + 3 * t ** 2 + 3 * t + 1, t ** 3];
  return weights.map((w, k) => [cell + k - 1, w / 6]).filter(([j]) => j >= 0 && j < SIDE);
});
function smooth(bytes) {
  const wide = SIDE * FINE;
  const rows = new Float32Array(SIDE * wide);
  const all = new Float32Array(wide * wide);
  TAPS.forEach((taps, x) => {
    for (const [j, w] of taps) for (let y = 0; y < SIDE; y++) rows[y * wide + x] += w * bytes[y * SIDE + j];
  });
  TAPS.forEach((taps, y) => {
    for (const [j, w] of taps) for (let x = 0; x < wide; x++) all[y * wide + x] += w * rows[j * wide + x];
  });
  // The edge stands where it holds the picture's ink, and a little more: thin strokes hang together.
  const ink = (bytes.reduce((sum, byte) => sum + byte, 0) / 255) * FINE ** 2 * 1.2;
  let [low, high] = [30, 255];
  while (high - low > 4) {
    const level = (low + high) / 2;
    if (all.reduce((count, value) => count + (value > level), 0) > ink) low = level;
    else high = level;
  }
  return all.map((value) => {
    const t = Math.min(Math.max((value - low) / 80 + 0.5, 0), 1);
    return 255 * t * t * (3 - 2 * t);
  });
}

function context(canvas) {
  const side = Math.round(canvas.clientWidth * devicePixelRatio) || 1;
  if (canvas.width !== side) canvas.width = canvas.height = side;
  const context = canvas.getContext("2d");
  context.globalCompositeOperation = "source-over";
  context.clearRect(0, 0, side, side);
  context.strokeStyle = context.fillStyle = getComputedStyle(canvas).color;
  return context;
}

// Bytes of ink in the canvas's colour.
function stamp(canvas, bytes, side) {
  const context = canvas.getContext("2d");
  const image = context.createImageData(side, side);
  for (let i = 0; i < bytes.length; i++) image.data[4 * i + 3] = bytes[i];
  context.putImageData(image, 0, 0);
  context.globalCompositeOperation = "source-in";
  context.fillStyle = getComputedStyle(canvas).color;
  context.fillRect(0, 0, side, side);
}

// Large, and as a hand writes: the data set's digits were stretched, so the picture is not.
const fine = document.createElement("canvas");
fine.width = fine.height = SIDE * FINE;
function enlarge(canvas, bytes, stretch) {
  const large = context(canvas);
  if (!bytes.length) return;
  stamp(fine, smooth(bytes), SIDE * FINE);
  const width = canvas.width * (stretch > 1 ? 1.2 : 1);
  const height = width / stretch;
  large.drawImage(fine, (canvas.width - width) / 2, (canvas.height - height) / 2, width, height);
  large.globalCompositeOperation = "source-in";
  large.fillRect(0, 0, canvas.width, canvas.height);
}
