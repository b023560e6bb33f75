// What lies over the points: labels, rings, a lasso, one's own dot.

// The midst of each script's digits in every view: at script * 10 + digit, where there are such.
function centresOf({ views, scripts, labels }, count) {
  const groups = Array.from({ length: 10 * count }, () => []);
  labels.forEach((label, i) => groups[scripts[i] * 10 + label].push(i));
  const middle = (at, own) => own.length && [0, 1].map((axis) => median(own.map((i) => at[2 * i + axis])));
  return Object.fromEntries(VIEWS.map((view) => [view, groups.map((own) => middle(views[view], own))]));
}

// Each shown script's glyph in the midst of its digits, `place(one view's, other view's)` in pixels; side by
// side where some have the same midst.
function labelsOf(centres, scripts, shown, place) {
  const [before, after] = VIEWS.map((view) => centres[view]);
  return [...shown.digits].flatMap((digit) => {
    const found = [...shown.scripts].sort()
      .filter((script) => before[script * 10 + digit])
      .map((script) => ({ text: scripts[script].glyphs[digit], at: place(before[script * 10 + digit], after[script * 10 + digit]) }));
    return found.reduce((apart, { text, at }) => {
      const near = apart.find((each) => Math.hypot(each.at[0] - at[0], each.at[1] - at[1]) < 40);
      if (!near) return [...apart, { text, at }];
      Object.assign(near, { text: `${near.text} ${text}`, at: [0, 1].map((axis) => (near.at[axis] + at[axis]) / 2) });
      return apart;
    }, []);
  });
}

// Places are in CSS pixels.
function paintOver(canvas, theme, { marks, labels, strength, radius, from, near, hovered, lasso, dot, aim }) {
  const context = canvas.getContext("2d");
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
  context.clearRect(0, 0, width, height);
  context.lineJoin = "round";
  context.textBaseline = "middle";
  context.strokeStyle = context.fillStyle = theme.text;
  const line = (thick, ...places) => {
    context.lineWidth = thick;
    context.beginPath();
    for (const [x, y] of places) context.lineTo(x, y);
    context.stroke();
  };
  const ring = (thick, [x, y], wide) => {
    context.lineWidth = thick;
    context.beginPath();
    context.arc(x, y, wide, 0, 7);
    context.stroke();
  };
  const write = (text, x, y) => {
    context.lineWidth = 5;
    context.strokeStyle = `rgb(${theme.paper})`; // so that it can be read upon points
    context.strokeText(text, x, y);
    context.strokeStyle = theme.text;
    context.fillText(text, x, y);
  };

  context.strokeStyle = `rgb(${theme.paper})`;
  for (const { at: [x, y], script } of marks) {
    context.fillStyle = theme.scripts[script];
    context.lineWidth = 1.5;
    trace(context, script, x, y, radius + 1.5);
    context.stroke();
    context.fill();
  }
  context.strokeStyle = context.fillStyle = theme.text;

  context.globalAlpha = strength;
  context.font = `500 ${width < 500 ? 17 : 21}px ${theme.glyphs}`;
  context.textAlign = "center";
  for (const { text, at } of labels) write(text, ...at);

  context.globalAlpha = 0.45;
  for (const place of near) line(1.2, from, place);
  context.globalAlpha = 1;
  for (const place of near) ring(1.2, place, radius);
  if (from) ring(2.5, from, radius + 4);
  if (hovered) ring(2.5, hovered, radius + 2);

  if (lasso) {
    context.setLineDash([5, 4]);
    line(1.5, ...lasso, lasso[0]);
    context.setLineDash([]);
    context.globalAlpha = 0.08;
    context.fill();
    context.globalAlpha = 1;
  }
  if (dot) {
    const [x, y] = dot.at;
    context.fillStyle = dot.colour;
    context.strokeStyle = `rgb(${theme.paper})`;
    ring(3, dot.at, 8);
    context.fill();
    context.strokeStyle = dot.colour;
    ring(1.5, dot.at, 12);
    context.font = `500 15px ${theme.glyphs}`;
    context.textAlign = "left";
    write("yours", x + 17, y);
    context.strokeStyle = theme.text;
  }
  if (aim) {
    const [x, y] = [width / 2, height / 2];
    for (const [a, b] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) line(1.5, [x + 5 * a, y + 5 * b], [x + 14 * a, y + 14 * b]);
  }
}
