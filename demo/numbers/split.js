// A line of writing into its digits: strokes belong together that stand above each other, or that
// touch and overlap a little. Places are in the pad's units, its height 1.
const NIB = 0.05; // about a pen's width
const ABOVE = 0.5; // shared, of the narrower one's width
const TOUCHING = 0.15; // shared, where they touch
const POINT = 0.2; // of the tallest digit's size: less is a decimal point
const SPACE = 0.8; // of the digits' usual height: a wider gap ends a number

// The smallest box around some strokes, the pen's width with it.
function boxOf(strokes) {
  const points = strokes.flatMap((stroke) => stroke.points);
  const [xs, ys] = [0, 1].map((axis) => points.map((point) => point[axis]));
  const [left, right] = [Math.min(...xs) - NIB / 2, Math.max(...xs) + NIB / 2];
  const [top, bottom] = [Math.min(...ys) - NIB / 2, Math.max(...ys) + NIB / 2];
  return { left, right, top, bottom, width: right - left, height: bottom - top };
}

// Strokes -> digits, left to right: {strokes, box, point: a decimal point, space: a gap before it}.
function digitsOf(strokes) {
  let groups = [];
  for (const stroke of strokes) {
    const mine = groups.filter((group) => belong(group, [stroke]));
    groups = [...groups.filter((group) => !mine.includes(group)), [...mine.flat(), stroke]];
  }
  const digits = groups.map((strokes) => ({ strokes, box: boxOf(strokes) })).sort((a, b) => middle(a) - middle(b));
  const size = ({ box }) => Math.max(box.width, box.height) - NIB;
  const largest = Math.max(...digits.map(size));
  const heights = digits.map(({ box }) => box.height).sort((a, b) => a - b);
  const usual = heights[Math.floor(heights.length / 2)];
  return digits.map((digit, i) => ({
    ...digit,
    point: digits.length > 1 && size(digit) < POINT * largest,
    space: i > 0 && digit.box.left - digits[i - 1].box.right > SPACE * usual,
  }));
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
