// The digits as dots, in the colours of what they are taken for; an answer spreads from where it was given.
const SPREADS = 700; // milliseconds, over half of the map
const [UNKNOWN_ALPHA, FAINT] = [0.35, 0.3]; // of a dot without a name, and of one in doubt
const BESIDE = 0.2; // what a dot keeps of it beside those that are marked

function dotsOf(canvas, positions, camera) {
  let [before, now, from, began, frame] = [null, null, null, 0, 0];

  // From now on `look`, {said, clear}; what changed does so the later, the farther it lies from the digit `origin`.
  function turn(look, origin) {
    [before, now, from] = [now ?? look, look, origin];
    began = isStill() || origin === null ? -Infinity : performance.now();
  }
  function changed(i, time) {
    if (from === null || before.said[i] === now.said[i]) return true;
    const far = Math.hypot(positions[2 * i] - positions[2 * from], positions[2 * i + 1] - positions[2 * from + 1]);
    return time - began >= SPREADS * Math.min(far / 0.5, 1);
  }

  // `scene` is {theme, size, asked, answered, hovered, wrong, names}: digits, but names as `namesOn` has them.
  function paint(scene) {
    cancelAnimationFrame(frame);
    const { theme, size } = scene;
    const time = performance.now();
    fit(canvas);
    const context = canvas.getContext("2d");
    context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    const marked = new Set(scene.wrong);
    const pixel = camera.pixels();
    const place = (i) => pixel(positions[2 * i], positions[2 * i + 1]);
    const circle = (i, radius) => {
      context.beginPath();
      context.arc(...place(i), radius, 0, 7);
    };
    const ring = (i, radius, thick) => {
      circle(i, radius);
      context.lineWidth = thick;
      context.stroke();
    };
    const colour = (label) => (label === NOBODY ? theme.text : theme.colours[label]);

    let spreading = false;
    for (let i = 0; 2 * i < positions.length; i++) {
      const there = changed(i, time);
      spreading ||= !there;
      const { said, clear } = there ? now : before;
      context.globalAlpha = said[i] === NOBODY ? UNKNOWN_ALPHA : FAINT + ((1 - FAINT) * clear[i]) / 255;
      if (marked.size) context.globalAlpha *= BESIDE;
      context.fillStyle = colour(said[i]);
      circle(i, size / 2);
      context.fill();
    }
    context.globalAlpha = 1;
    for (const i of marked) {
      context.fillStyle = colour(now.said[i]);
      circle(i, size / 2 + 1);
      context.fill();
    }
    context.strokeStyle = theme.paper;
    for (const i of marked.size ? [] : scene.answered) {
      context.fillStyle = colour(now.said[i]);
      circle(i, size / 2 + 2.5);
      context.fill();
      ring(i, size / 2 + 2.5, 1);
    }
    context.font = `500 ${canvas.clientWidth < 500 ? 17 : 22}px ${theme.glyphs}`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.lineWidth = 5;
    context.lineJoin = "round";
    context.fillStyle = theme.text;
    for (const { text, digit } of scene.names) {
      context.strokeText(text, ...place(digit)); // so that it can be read upon dots
      context.fillText(text, ...place(digit));
    }
    context.strokeStyle = theme.text;
    if (scene.hovered !== null) ring(scene.hovered, size / 2 + 4, 2.5);
    if (scene.asked !== null) ring(scene.asked, size / 2 + 6, 2.5), ring(scene.asked, size / 2 + 11, 1);
    if (spreading) frame = requestAnimationFrame(() => paint(scene));
  }
  return { turn, paint, close: () => cancelAnimationFrame(frame) };
}

// The glyph of each class, at the digit in the midst of those taken for it.
function namesOn(said, positions, glyphs) {
  return glyphs.flatMap((text, label) => {
    const own = [...said.keys()].filter((i) => said[i] === label);
    if (own.length < said.length / 100) return [];
    const middle = [0, 1].map((axis) => median(own.map((i) => positions[2 * i + axis])));
    return [{ text, digit: nearestPoint(positions, (i) => said[i] === label, middle, Infinity) }];
  });
}
