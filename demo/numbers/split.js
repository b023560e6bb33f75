// A line of writing into its digits: strokes belong together that stand above each other, or that
// touch and overlap a little. Places are in the pad's units, its height 1.
const NIB = 0.05; // about a pen's width
const ABOVE = 0.5; // shared, of the narrower one's width
const TOUCHING = 0.15; // shared, where they touch
const POINT = 0.2; // of the tallest digit's size: less is a decimal point
const SPACE = 0.8; // of the digits' usual height: a wider gap ends a number,
const UNEVEN = 1.6; // if it is as much wider than the usual gap
const TALLER = 0.6; // of what is written: digits of their own where one is expected,
const APART = 0.1; // if so much is between them
const FLAT = 6; // times as wide as tall: no digit; as demo/api.py
const MINUS = 3; // the same, before the first digit, of less than a third of the others' height
const SPECK = 0.12; // of the pad: less is a dot so far, of which a point may become
const STACKED = [0.1, 0.35]; // of what is written in one place: two rows have so much between them, are each so tall

// The smallest box around some strokes, the pen's width with it.
function boxOf(strokes) {
  const points = strokes.flatMap((stroke) => stroke.points);
  const [xs, ys] = [0, 1].map((axis) => points.map((point) => point[axis]));
  const [left, right] = [Math.min(...xs) - NIB / 2, Math.max(...xs) + NIB / 2];
  const [top, bottom] = [Math.min(...ys) - NIB / 2, Math.max(...ys) + NIB / 2];
  return { left, right, top, bottom, width: right - left, height: bottom - top };
}

// Strokes -> digits, left to right: {strokes, box, mark: "." or "−" or "", flat, speck: no digit, space: a gap before it}.
function digitsOf(strokes) {
  let groups = [];
  for (const stroke of strokes) {
    const mine = groups.filter((group) => belong(group, [stroke]));
    groups = [...groups.filter((group) => !mine.includes(group)), [...mine.flat(), stroke]];
  }
  const digits = groups.map((strokes) => ({ strokes, box: boxOf(strokes) })).sort((a, b) => middle(a) - middle(b));
  const size = ({ box }) => Math.max(box.width, box.height) - NIB;
  const flat = ({ box }) => box.width > FLAT * box.height;
  const largest = Math.max(...digits.filter((digit) => !flat(digit)).map(size));
  const heights = digits.map(({ box }) => box.height).sort((a, b) => a - b);
  const usual = heights[Math.floor(heights.length / 2)];
  const gaps = digits.slice(1).map(({ box }, i) => box.left - digits[i].box.right);
  const between = gaps.length > 1 ? gaps.toSorted((a, b) => a - b)[(gaps.length - 1) >> 1] : 0; // of two the lesser
  const row = digits.length > 1 ? boxOf(digits.slice(1).flatMap(({ strokes }) => strokes)) : null;
  const minus = ({ box }, i) =>
    i === 0 && row && box.width > MINUS * box.height && Math.max(3 * box.height, 0.7 * box.width) < row.height && Math.abs((box.top + box.bottom - row.top - row.bottom) / 2) < row.height / 4;
  const mark = (digit, i) => (digits.length > 1 && size(digit) < POINT * largest ? "." : minus(digit, i) ? "−" : "");
  return digits.map((digit, i) => ({
    ...digit,
    mark: mark(digit, i),
    flat: flat(digit),
    speck: Math.max(digit.box.width, digit.box.height) < SPECK,
    space: mark(digit, i) !== "." && gaps[i - 1] > Math.max(SPACE * usual, UNEVEN * between),
  }));
}
// Whether one stands above the other: two rows, where one is expected.
function stacked({ strokes, box }) {
  const [between, tall] = STACKED.map((share) => share * box.height);
  const boxes = strokes.map((stroke) => boxOf([stroke])).sort((a, b) => a.top - b.top);
  let bottom = -Infinity;
  return boxes.some(({ top }) => {
    const cut = top - bottom > between && bottom - box.top > tall && box.bottom - top > tall;
    bottom = Math.max(bottom, ...boxes.filter((each) => each.top <= top).map((each) => each.bottom));
    return cut;
  });
}
// How large most digits are, 0 for none.
function usualSize(strokes) {
  const sizes = digitsOf(strokes)
    .filter(({ mark, flat, speck }) => !mark && !flat && !speck)
    .map(({ box }) => Math.max(box.width, box.height));
  return sizes.toSorted((a, b) => a - b)[sizes.length >> 1] ?? 0;
}
// Whether strokes are tall digits side by side, well apart: two or more, where one is expected.
function sideBySide(strokes) {
  if (strokes.length < 2) return false;
  const { height } = boxOf(strokes);
  const tall = digitsOf(strokes).filter(({ box }) => box.height > TALLER * height);
  return tall.some(({ box }, i) => i > 0 && box.left - tall[i - 1].box.right > APART * height);
}
const middle = ({ box }) => (box.left + box.right) / 2;

function belong(one, other) {
  const [a, b] = [boxOf(one), boxOf(other)];
  const shared = (Math.min(a.right, b.right) - Math.max(a.left, b.left)) / Math.min(a.width, b.width);
  return shared > ABOVE || (shared > TOUCHING && touch(one, other));
}

function touch(one, other) {
  const points = (strokes) => strokes.flatMap((stroke) => stroke.points);
  return points(one).some(([x, y]) => other.some((stroke) => stroke.points.some((point, i) => apart([x, y], stroke.points[i - 1] ?? point, point) < NIB)));
}

// From a point to a line's nearest place.
function apart([x, y], [u, v], [s, t]) {
  const [dx, dy] = [s - u, t - v];
  const along = Math.min(Math.max(((x - u) * dx + (y - v) * dy) / (dx * dx + dy * dy || 1), 0), 1);
  return Math.hypot(x - u - along * dx, y - v - along * dy);
}

// Strokes moved so that their box stands in the middle of the unit square, as a digit is asked about.
function centred(strokes, { left, top, width, height }) {
  const scale = 0.7 / Math.max(width, height);
  return placed(strokes, scale, 0.5 - (left + width / 2) * scale, 0.5 - (top + height / 2) * scale);
}

const placed = (strokes, scale, right, down) =>
  strokes.map(({ pen, points }) => ({ pen, points: points.map(([x, y]) => [x * scale + right, y * scale + down]) }));
