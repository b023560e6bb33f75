// How many digits are still taken wrong, by how many were answered: of the run that is on, and the other.
function paintCurve(box, count, run, other) {
  const [width, height, left, bottom] = [box.clientWidth, 150, 42, 22];
  const most = Math.max(20, run.given, other.given);
  const x = scale(0, most, left + 4, width - 8);
  const y = scale(count, 1, 8, height - bottom - 6, byTens);
  const tens = [count, ...[1000, 100, 10, 1].filter((each) => 3 * each < count)];
  const chart = axes({
    width, height, left, bottom,
    x: { at: x, ticks: ticks(0, most).map((value) => [value, String(value)]) },
    y: { at: y, ticks: tens.map((value) => [value, value.toLocaleString("en")]) },
    label: `Digits taken wrong: ${run.wrong.at(-1)} after ${run.given} answers`,
  });
  const line = ({ wrong }) => path(wrong.map((value, i) => [x(i), y(Math.max(value, 1))]));
  if (other.given) chart.append(svg("path", { class: "other", d: line(other) }));
  chart.append(svg("path", { d: line(run) }));
  chart.append(svg("circle", { cx: x(run.given), cy: y(Math.max(run.wrong.at(-1), 1)), r: 3.5 }));
  box.replaceChildren(chart);
}
