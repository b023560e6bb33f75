// What is now, and the way back: of a drawing strokes {pen, points: [[x, y], ...]} in a unit square.
class Versions {
  constructor(now = []) {
    this.now = now;
    this.past = [];
    this.future = [];
  }
  change(now) {
    this.past.push(this.now);
    this.future = [];
    this.now = now;
  }
  undo() {
    if (this.past.length) this.future.push(this.now), (this.now = this.past.pop());
  }
  redo() {
    if (this.future.length) this.past.push(this.now), (this.now = this.future.pop());
  }
}

const PENS = [0.034, 0.058, 0.09]; // seen on the pad, of its side
const WEIGHTS = [1.4, 2.3, 3.4]; // read by the model, in pixels of the 20 x 20 box; MNIST's median is 2.3
const BOX = 20;
const PICTURE = 140;

// Strokes as ink in the current colour, `side` pixels a unit, each through the midpoints of its points.
function ink(context, strokes, side, width) {
  context.lineCap = context.lineJoin = "round";
  for (const { pen, points } of strokes) {
    const at = points.map(([x, y]) => [x * side, y * side]);
    context.lineWidth = width(pen) * side;
    context.beginPath();
    context.moveTo(...at[0]);
    for (let i = 1; i < at.length - 1; i++) {
      context.quadraticCurveTo(...at[i], (at[i][0] + at[i + 1][0]) / 2, (at[i][1] + at[i + 1][1]) / 2);
    }
    const [x, y] = at.at(-1);
    context.lineTo(x + 0.01, y); // a dot is a line too, but not one of no length
    context.stroke();
  }
}

// The picture the model is asked about, PICTURE x PICTURE bytes, ink 255. It is cropped to its ink
// and fitted into 20 x 20, which would fatten what is drawn small: so the pen grows with the drawing
// and keeps the weight that the datasets have.
const easel = new OffscreenCanvas(PICTURE, PICTURE).getContext("2d", { willReadFrequently: true });
function picture(strokes, stretch) {
  const points = strokes.flatMap((stroke) => stroke.points);
  const span = (axis) => {
    let [low, high] = [1, 0];
    for (const point of points) (low = Math.min(low, point[axis])), (high = Math.max(high, point[axis]));
    return high - low;
  };
  const box = Math.max(span(0), span(1) * stretch, 0.15);
  easel.fillStyle = "#000";
  easel.fillRect(0, 0, PICTURE, PICTURE);
  easel.strokeStyle = "#fff";
  ink(easel, strokes, PICTURE, (pen) => (WEIGHTS[pen] * box) / ((BOX - WEIGHTS[pen]) * stretch));
  const { data } = easel.getImageData(0, 0, PICTURE, PICTURE);
  return Uint8Array.from({ length: PICTURE * PICTURE }, (_, i) => data[4 * i]);
}

// Lets a pen write on `canvas`, whose height is the unit: `begin` takes each new stroke, of `pen()`, which
// then grows; after each new point, and at the end of the stroke with `done`, `changed(done)`.
function follow(canvas, listen, pen, begin, changed) {
  let stroke;
  let writer = null; // the pointer that is at it: neither a second finger nor the palm beside a pen
  const spot = (event) => {
    const { left, top, width, height } = canvas.getBoundingClientRect();
    const part = (value, most) => Number((Math.min(Math.max(value, 0), most) / height).toFixed(4));
    return [part(event.clientX - left, width), part(event.clientY - top, height)];
  };
  const lift = (event) => {
    if (event.pointerId !== writer) return;
    writer = null;
    changed(true);
  };
  listen(canvas, "pointerdown", (event) => {
    if (event.button !== 0 || writer !== null) return;
    event.preventDefault();
    capture(canvas, event);
    writer = event.pointerId;
    stroke = { pen: pen(), points: [spot(event)] };
    begin(stroke);
    changed(false);
  });
  listen(canvas, "pointermove", (event) => {
    if (event.pointerId !== writer) return;
    if (!event.buttons) return lift(event);
    const events = event.getCoalescedEvents?.() ?? [];
    for (const each of events.length ? events : [event]) {
      const [x, y] = spot(each);
      const [u, v] = stroke.points.at(-1);
      if (Math.hypot(x - u, y - v) > 0.003) stroke.points.push([x, y]);
    }
    changed(false);
  });
  listen(canvas, "pointerup", lift);
  listen(canvas, "pointercancel", lift);
}

// Some hand: how it slants, stretches and turns what it writes.
function someone() {
  const spread = (range) => (Math.random() * 2 - 1) * range;
  return { slant: spread(0.3), wide: 1 + spread(0.18), turn: spread(0.12) };
}

// An example digit as a hand would write it, a new one each time unless it is given.
function handwritten(strokes, pen, { slant, wide, turn } = someone()) {
  const placed = strokes.map((points) =>
    curve(points).map(([x, y]) => {
      const [u, v] = [(x * wide - y * slant), y + x * turn];
      return [u, v];
    }),
  );
  const all = placed.flat();
  const [xs, ys] = [0, 1].map((axis) => all.map((point) => point[axis]));
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const scale = 0.66 / Math.max(right - left, bottom - top);
  return placed.map((points) => ({
    pen,
    points: points.map(([x, y]) => [
      0.5 + (x - (left + right) / 2) * scale,
      0.5 + (y - (top + bottom) / 2) * scale,
    ]),
  }));
}

// Writes `strokes` into the list `written` as a pen would, in under a second; `drawn(done)` after each
// frame, which stops it by false.
async function writeOut(written, strokes, drawn) {
  if (isStill()) {
    written.push(...strokes);
    return drawn(true);
  }
  const pace = Math.max(1, strokes.flatMap((stroke) => stroke.points).length / 45);
  for (const { pen, points } of strokes) {
    const stroke = { pen, points: [] };
    written.push(stroke);
    for (let end = 1; stroke.points.length < points.length; end += pace) {
      stroke.points = points.slice(0, Math.ceil(end));
      if (drawn(false) === false) return;
      await new Promise(requestAnimationFrame);
    }
  }
  drawn(true);
}

// Catmull-Rom through the points, eight steps a span.
function curve(points) {
  const at = (i) => points[Math.min(Math.max(i, 0), points.length - 1)];
  const path = [];
  for (let i = 0; i < points.length - 1; i++) {
    const [a, b, c, d] = [at(i - 1), at(i), at(i + 1), at(i + 2)];
    for (let t = 0; t < 1; t += 0.125) {
      path.push(
        [0, 1].map(
          (k) =>
            b[k] +
            0.5 * t * (c[k] - a[k] + t * (2 * a[k] - 5 * b[k] + 4 * c[k] - d[k] + t * (3 * (b[k] - c[k]) + d[k] - a[k]))),
        ),
      );
    }
  }
  return [...path, points.at(-1)];
}
