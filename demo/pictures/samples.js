// Pictures to try: written by hands of the page's own, on paper with the faults that paper has.
const SAMPLES = [
  { name: "tag", title: "A price, by phone", make: tag },
  { name: "ledger", title: "A ruled ledger", make: ledger },
  { name: "board", title: "Chalk on a board", make: board },
];

const PRICE = ["1450", "36"];
const LEDGER = [["2026", "18", "475"], ["1947", "365"], ["30", "1582", "64"], ["9071", "28"], ["512", "803"]];
const CHALK = ["48", "7305", "169"];

function easelOf(width, height, paper) {
  const canvas = make("canvas", { width, height });
  const sheet = canvas.getContext("2d", { willReadFrequently: true });
  sheet.fillStyle = paper;
  sheet.fillRect(0, 0, width, height);
  return { canvas, sheet };
}

// A number by one hand: `size` pixels tall, from `left`, on the line at `base`; where it ends.
function number(sheet, { examples }, text, left, base, size, weight) {
  const { slant, wide, turn } = someone();
  const hand = { slant: slant / 2, wide, turn: turn / 2 }; // a tidy one
  for (const digit of text) {
    const strokes = handwritten(examples[digit], 0, hand);
    const points = strokes.flatMap((stroke) => stroke.points);
    const [xs, ys] = [0, 1].map((axis) => points.map((point) => point[axis]));
    const scale = size / Math.max(Math.max(...ys) - Math.min(...ys), 0.75 * (Math.max(...xs) - Math.min(...xs)));
    const [right, down] = [left - scale * Math.min(...xs), base - scale * Math.max(...ys)];
    const moved = strokes.map(({ pen, points }) => ({ pen, points: points.map(([x, y]) => [x * scale + right, y * scale + down]) }));
    ink(sheet, moved, 1, () => weight);
    left += scale * (Math.max(...xs) - Math.min(...xs)) + 0.3 * size;
  }
  return left;
}

function grain(sheet, amount) {
  const { width, height } = sheet.canvas;
  const image = sheet.getImageData(0, 0, width, height);
  for (let i = 0; i < image.data.length; i += 4) {
    const noise = amount * (Math.random() + Math.random() - 1);
    for (let k = 0; k < 3; k++) image.data[i + k] += noise;
  }
  sheet.putImageData(image, 0, 0);
}

function shadow(sheet, from, to, ...stops) {
  const gradient = sheet.createLinearGradient(...from, ...to);
  stops.forEach((darkness, i) => gradient.addColorStop(i / (stops.length - 1), `rgb(20 12 0 / ${darkness})`));
  sheet.fillStyle = gradient;
  sheet.fillRect(-400, -400, sheet.canvas.width + 800, sheet.canvas.height + 800);
}

// Tilted, half in the shadow of the hand that holds the phone.
function tag(scripts) {
  const { canvas, sheet } = easelOf(1000, 700, "#efe3c8");
  sheet.rotate(-0.06);
  sheet.strokeStyle = "#3a3130";
  number(sheet, scripts.at(-1), PRICE[0], 110, 390, 150, 16);
  number(sheet, scripts.at(-1), PRICE[1], 520, 620, 110, 13);
  shadow(sheet, [0, 0], [1000, 700], 0, 0.1, 0.5, 0.55);
  grain(sheet, 14);
  return canvas;
}

// Its lines are in one script or in another.
function ledger(scripts) {
  const { canvas, sheet } = easelOf(1200, 900, "#f8f6ef");
  const step = 160;
  sheet.lineWidth = 2;
  LEDGER.forEach((_, row) => {
    sheet.strokeStyle = "#9db4cf";
    sheet.beginPath();
    sheet.moveTo(0, 150 + row * step);
    sheet.lineTo(1200, 150 + row * step);
    sheet.stroke();
  });
  sheet.strokeStyle = "#d08a86";
  sheet.strokeRect(90, -10, 1200, 1000);
  LEDGER.forEach((numbers, row) => {
    sheet.strokeStyle = "#22306b";
    numbers.reduce((left, text, column) => number(sheet, scripts[row % scripts.length], text, Math.max(left + 50, 140 + column * 400), 140 + row * step, 74, 8), 0);
  });
  shadow(sheet, [0, 0], [1200, 200], 0.12, 0, 0.05);
  grain(sheet, 8);
  return canvas;
}

function board(scripts) {
  const { canvas, sheet } = easelOf(1100, 760, "#24433a");
  sheet.strokeStyle = "#eef3ec";
  CHALK.forEach((text, row) => number(sheet, scripts[(row + 1) % scripts.length], text, 160 + 60 * row, 235 + row * 215, 125, 14));
  shadow(sheet, [0, 760], [1100, 0], 0.3, 0, 0.15);
  grain(sheet, 26);
  return canvas;
}
