// The digits as dots, in the colours of what they are taken for; an answer spreads from where it was given.
const SPREADS = 700; // milliseconds, over the whole map
const [UNKNOWN_ALPHA, FAINT] = [0.35, 0.3]; // of a dot without a name, and of one in doubt

// `place(i)` gives a dot's pixel; `look` is what is seen: {said, clear}.
function dotsOf(canvas, positions, place, still) {
  let [before, now, from, began, frame] = [null, null, null, 0, 0];

  // From now on `look`; what changed does so the later, the farther it lies from the digit `origin`.
  function turn(look, origin) {
    [before, now, from] = [now ?? look, look, origin];
    began = still() || origin === null ? -Infinity : performance.now();
  }
  const changed = (i, time) => {
    if (from === null || before.said[i] === now.said[i]) return true;
    const far = Math.hypot(positions[2 * i] - positions[2 * from], positions[2 * i + 1] - positions[2 * from + 1]);
    return time - began >= SPREADS * Math.min(far / 0.5, 1);
  };

  function paint({ theme, size, asked, answered, hovered, wrong, names }) {
    cancelAnimationFrame(frame);
    const again = () => (frame = requestAnimationFrame(() => paint({ theme, size, asked, answered, hovered, wrong, names })));
    const time = performance.now();
    const [width, height] = [canvas.clientWidth, canvas.clientHeight].map((side) => Math.round(side * devicePixelRatio) || 1);
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const context = canvas.getContext("2d");
    context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    context.clearRect(0, 0, width, height);
    const circle = ([x, y], radius) => {
      context.beginPath();
      context.arc(x, y, radius, 0, 7);
    };
    let spreading = false;
    for (let i = 0; 2 * i < positions.length; i++) {
      const there = changed(i, time);
      spreading ||= !there;
      const { said, clear } = there ? now : before;
      const nameless = said[i] === NOBODY;
      context.globalAlpha = nameless ? UNKNOWN_ALPHA : FAINT + ((1 - FAINT) * clear[i]) / 255;
      context.fillStyle = nameless ? theme.text : theme.colours[said[i]];
      circle(place(i), size / 2);
      context.fill();
    }
    context.globalAlpha = 1;
    context.strokeStyle = theme.text;
    context.lineWidth = 1.5;
    for (const i of wrong) circle(place(i), size / 2 + 3), context.stroke();
    for (const i of answered) {
      circle(place(i), size / 2 + 2.5);
      context.fillStyle = now.said[i] === NOBODY ? theme.text : theme.colours[now.said[i]];
      context.fill();
      context.lineWidth = 1;
      context.strokeStyle = theme.paper;
      context.stroke();
    }
    context.font = `500 ${canvas.clientWidth < 500 ? 17 : 22}px ${theme.glyphs}`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillStyle = theme.text;
    for (const { text, at: [x, y] } of names) {
      context.lineWidth = 5;
      context.lineJoin = "round";
      context.strokeStyle = theme.paper; // so that it can be read upon dots
      context.strokeText(text, x, y);
      context.fillText(text, x, y);
    }
    context.strokeStyle = theme.text;
    context.lineWidth = 2.5;
    if (hovered >= 0) circle(place(hovered), size / 2 + 4), context.stroke();
    if (asked >= 0) {
      circle(place(asked), size / 2 + 6);
      context.stroke();
      circle(place(asked), size / 2 + 11);
      context.lineWidth = 1;
      context.stroke();
    }
    if (spreading) again();
  }
  return { turn, paint, close: () => cancelAnimationFrame(frame) };
}

// The glyph of each digit in the midst of those taken for it.
function namesOn(said, positions, glyphs, pixel) {
  const groups = glyphs.map(() => []);
  said.forEach((digit, i) => digit !== NOBODY && groups[digit].push(i));
  return groups.flatMap((own, digit) => {
    if (own.length < said.length / 100) return [];
    const [u, v] = [0, 1].map((axis) => median(own.map((i) => positions[2 * i + axis])));
    return [{ text: glyphs[digit], at: pixel(u, v) }];
  });
}
