// What was measured during a training, as curves over its minutes; `note` tells how to read them.
const total = (...lists) => lists[0]?.map((_, i) => lists.reduce((all, list) => (all === null || list?.[i] == null ? null : all + list[i]), 0));
const CURVES = [
  {
    title: "Copying: reconstruction and KL, nats a digit",
    lines: [
      ["training", "thin", (t, name) => total(t.train[`${name}/reconstruction`], t.train[`${name}/kl`])],
      ["validation", "", (t, name) => total(t.validation[`${name}/reconstruction`], t.validation[`${name}/kl`])],
    ],
    digits: 1,
    note: "Training lies higher: there digits are warped and soiled, and the decoder is given a point of the cloud, not its middle.",
  },
  {
    title: "Read right: the code, and the translation; validation, %",
    lines: [
      ["latent head", "thin", (t, name) => t.validation[`${name}/latent`]],
      ["translation", "", (t, name) => t.validation[`${name}/discriminator`]],
    ],
    digits: 1,
    errors: true,
  },
  {
    title: "Real or made? The losses of the two sides, training",
    lines: [
      ["discriminator", "thin", (t, name) => t.train[`critic/${name}/realness`]],
      ["translator", "", (t, name, other) => t.train[`${other}>${name}/gan`]],
    ],
    digits: 2,
    note: "A discriminator that can only guess pays 2, a perfect one 0. The translator pays less than 0 once it is taken for real.",
  },
  {
    title: "What translations still change of the hand, training",
    lines: [
      ["transforms", "", (t, name, other) => t.train[`${name}>${other}/equivariance`]],
      ["style", "thin", (t, name, other) => t.train[`${name}>${other}/style`]],
      ["cycle", "dotted", (t, name, other) => t.train[`${name}>${other}/cycle`]],
    ],
    digits: 2,
    zero: true,
    note: "Of the ink of both, the bent translation and that of the bent digit, how much differs; of five measures of the hand, and of the code, how far they are off, in deviations.",
  },
];

// A panel with a curve for each of `domains` and lines of `curve`; `seek(tick)` is told where it is pressed.
function curveOf(curve, training, domains, { script, colour }, listen, seek) {
  const { minutes } = training;
  let at = null; // minutes to pixels, once it is painted
  const lines = domains.flatMap((name, i) =>
    curve.lines.map(([what, kind, of]) => ({ name, what, kind, values: of(training, name, domains[firstOther(i)]) ?? [] })),
  ).filter(({ values }) => values.some((value) => value != null));
  const list = html("ul");
  for (const line of lines) {
    line.output = html("b");
    const key = svg("svg", { viewBox: "0 0 20 6", "aria-hidden": "true" }, svg("path", { class: line.kind, d: "M1 3h18" }));
    list.append(html("li", { "--ink": colour(line.name) }, key, `${script(line.name).title}, ${line.what}`, line.output));
  }
  // Scripts side by side: a column each.
  list.style.gridTemplateRows = `repeat(${curve.lines.length}, auto)`;
  list.style.gridAutoFlow = "column";
  const figure = html("div", { class: "chart" });
  const note = curve.note ? [html("p", { class: "quiet" }, curve.note)] : [];
  const panel = html("figure", { class: "curve" }, html("h4", {}, curve.title), list, figure, ...note);
  const pressed = (event) => {
    if (!at || !(event.buttons & 1)) return;
    const x = event.clientX - figure.getBoundingClientRect().left;
    const gaps = minutes.map((minute) => Math.abs(at(minute) - x));
    seek(gaps.indexOf(Math.min(...gaps)));
  };
  listen(figure, "pointerdown", pressed);
  listen(figure, "pointermove", pressed);

  // `meeting` is the minute in which the scripts met, or null.
  function paint(meeting) {
    const [width, height] = [figure.clientWidth, 190];
    if (!width) return;
    const [left, right, top, bottom] = [36, 6, 20, 24];
    const values = lines.flatMap((line) => line.values.filter((value) => value != null));
    if (!values.length) {
      figure.replaceChildren(html("p", { class: "quiet" }, "The log has none of this."));
      return;
    }
    const [low, high] = [curve.zero ? 0 : Math.min(...values), Math.max(...values)];
    let levels = ticks(low, high);
    let [bottomValue, topValue] = [low, high];
    if (curve.errors) {
      levels = ACCURACIES.filter((level, i) => level >= low || ACCURACIES[i + 1] > low);
      [bottomValue, topValue] = [levels[0], Math.max(high, 99.5)];
    }
    const y = scale(bottomValue, topValue, height - bottom, top, curve.errors ? byErrors : undefined);
    const end = minutes.at(-1);
    const x = scale(0, end, left, width - right);
    at = x;
    const chart = axes({
      width, height, left, bottom,
      x: { at: x, ticks: ticks(0, end, 5).map((minute) => [minute, minute ? String(minute) : "0 min"]) },
      y: { at: y, ticks: levels.map((level) => [level, String(level)]) },
      label: `${curve.title}, over ${end.toFixed(0)} minutes of training`,
    });
    if (meeting !== null) chart.append(svg("path", { class: "meet", d: `M${x(meeting)} ${top}V${height - bottom}` }), svg("text", { x: x(meeting), y: top - 8, "text-anchor": x(meeting) < 80 ? "start" : "middle" }, "the scripts meet"));
    for (const { name, kind, values } of lines) {
      const points = values.map((value, i) => (value == null ? null : [x(minutes[i]), y(value)]));
      const there = points.filter(Boolean);
      const line = svg("path", { class: kind, d: path(there.length > 1 ? points : [...there, there[0]]) });
      line.style.setProperty("--ink", colour(name));
      chart.append(line);
    }
    chart.append(svg("path", { class: "cursor", d: "" }));
    figure.replaceChildren(chart);
  }
  function point(tick) {
    if (!at) return;
    panel.querySelector(".cursor")?.setAttribute("d", `M${at(minutes[tick])} 20V166`);
    for (const { output, values } of lines) {
      const known = values.slice(0, tick + 1).findLast((value) => value != null); // some end before others
      output.textContent = known?.toFixed(curve.digits) ?? "–";
    }
  }
  return { panel, paint, point };
}
