// Whose hand a translation still is: each measure of the looks on a line, with its ideal.
const asItIs = (value) => value;
// [name, what it means, value of the looks, how near the ideal in [0, 1.1], text, ideal]
const GAUGES = [
  ["Variety", "spread within a digit, made over real", (l) => l.diversity, asItIs, TWO, "1"],
  ["Slant", "rank correlation within a digit; so are the next four", (l) => l.hand_kept?.slant, asItIs, TWO, "1"],
  ["Ink", "", (l) => l.hand_kept?.ink, asItIs, TWO, "1"],
  ["Width to height", "", (l) => l.hand_kept?.width_to_height, asItIs, TWO, "1"],
  ["Thickness of the stroke", "", (l) => l.hand_kept?.thickness, asItIs, TWO, "1"],
  ["Height", "", (l) => l.hand_kept?.height, asItIs, TWO, "1"],
  ["Like real writing", "Fréchet distance over that of real digits to real ones", (l) => l.judged && l.judged.frechet.distance / l.judged.frechet.floor, (v) => 1 - Math.log10(Math.max(v, 1)) / 2, (v) => `× ${v.toFixed(1)}`, "× 1"],
  ["Scripts mixed", "share of the other script among ten nearest codes", (l) => l.mixing, (v) => v / 0.5, TWO, "0.5"],
  ["Lines within a digit", "codes between two 3s are always 3s, per cent of lines", (l) => l.judged?.smooth_within, (v) => v / 100, (v) => v.toFixed(1), "100"],
  ["Lines between digits", "from one digit to another with one change of mind", (l) => l.judged?.smooth_between, (v) => v / 100, (v) => v.toFixed(1), "100"],
  ["Any digit in any hand", "all ten in the hand of one, per cent read right", (l) => l.judged?.any_digit, (v) => v / 100, (v) => v.toFixed(1), "100"],
  ["Copies stay readable", "points of accuracy lost on reconstructions", (l) => l.reconstruction_cost, (v) => 1 - v / 10, TWO, "0"],
  ...["shift", "rotation", "thickness", "stretch"].map((push) => [
    `Pushed: ${push}`, push === "shift" ? "points of accuracy lost when the digit is disturbed" : "", (l) => l.judged?.robust?.[push], (v) => 1 - v / 10, TWO, "0",
  ]),
];

function looksOf(looks, { script, colour }) {
  if (looks.missing) return [missing(looks)];
  const ways = Object.entries(looks);
  const legend = html("p", { class: "legend" });
  for (const [name, { target }] of ways) legend.append(html("span", { "--ink": colour(name) }, html("i"), `${script(name).title} → ${script(target).title}`));
  const gauges = GAUGES.flatMap(([title, meaning, of, nearness, text, ideal]) => {
    const found = ways.map(([name, part]) => [name, of(part)]).filter(([, value]) => value != null);
    if (!found.length) return [];
    const words = html("p", {}, title);
    if (meaning) words.append(html("small", {}, meaning));
    const line = html("div", { class: "scale", "aria-hidden": "true" }, html("u"));
    const output = html("output");
    for (const [name, value] of found) {
      line.append(html("i", { style: `left: ${90 * Math.min(Math.max(nearness(value), 0), 1.1)}%`, "--ink": colour(name) }));
      output.append(html("b", { "--ink": colour(name) }, text(value)));
    }
    output.append(html("span", {}, `ideal ${ideal}`));
    return [html("div", { class: "gauge", "--ways": ways.length }, words, line, output)];
  });
  gauges[0]?.classList.add("first");
  return [legend, ...gauges];
}
