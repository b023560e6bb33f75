// Small charts as SVG, in the page's own colours and at the size they are shown.
const SVG = "http://www.w3.org/2000/svg";
function svg(name, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}
function html(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("--")) node.style.setProperty(key, value);
    else if (value !== null) node.setAttribute(key, value);
  }
  node.append(...children);
  return node;
}

// Values from `low` to `high` -> places from `start` to `end`, through `bend`.
function scale(low, high, start, end, bend = (value) => value) {
  const [a, b] = [bend(low), bend(high)];
  return (value) => start + ((bend(value) - a) / (b - a || 1)) * (end - start);
}
// Accuracies by what is wrong, in powers of ten: 90, 99 and 99.9 stand equally far apart.
const byErrors = (percent) => -Math.log10(Math.max(100 - percent, 0.05));
const ACCURACIES = [0, 50, 80, 90, 95, 98, 99, 99.5];
// Counts in powers of ten, and none at all a step before ten.
const byTens = (count) => (count < 1 ? 0 : Math.log10(count));

// About `count` round numbers from `low` to `high`.
function ticks(low, high, count = 4) {
  const rough = (high - low) / count || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((f) => f * power).find((s) => s >= rough);
  const found = [];
  for (let tick = Math.ceil(low / step) * step; tick <= high + step / 1e6; tick += step) found.push(Number(tick.toFixed(6)));
  return found;
}

function path(points) {
  return points.map((point, i) => (point ? `${points[i - 1] ? "L" : "M"}${point[0].toFixed(1)} ${point[1].toFixed(1)}` : "")).join("");
}

// An empty chart of `width` x `height` with its axes; `x` and `y` are {at, ticks: [[value, text]]}.
function axes({ width, height, left, bottom, x, y, label }) {
  const chart = svg("svg", { viewBox: `0 0 ${width} ${height}`, height, role: "img", "aria-label": label });
  for (const [value, text] of y.ticks) {
    const at = y.at(value);
    chart.append(
      svg("path", { class: "grid", d: `M${left} ${at}H${width}` }),
      svg("text", { x: left - 6, y: at, dy: "0.32em", "text-anchor": "end" }, text),
    );
  }
  let taken = [-Infinity, -Infinity]; // ends of the last text in each of two rows
  for (const [value, text] of x.ticks) {
    const [at, half] = [x.at(value), 3.4 * text.length];
    const row = at - half < taken[0] + 4 ? 1 : 0;
    taken[row] = at + half;
    chart.append(svg("text", { x: at, y: height - bottom + 16 + 13 * row, "text-anchor": "middle" }, text));
  }
  return chart;
}

// A box over `figure` that says what is under the pointer: any mark with a data-tip.
function tips(figure) {
  const tip = html("div", { class: "tip", hidden: "" });
  figure.append(tip);
  figure.onpointerover = (event) => {
    const text = event.target.dataset?.tip;
    tip.hidden = !text;
    if (!text) return;
    const [box, mark] = [figure.getBoundingClientRect(), event.target.getBoundingClientRect()];
    tip.textContent = text;
    const middle = mark.left + mark.width / 2 - box.left;
    const half = tip.offsetWidth / 2;
    tip.style.left = `${Math.min(Math.max(middle, half - 8), box.width - half + 8)}px`;
    tip.style.top = `${Math.max(mark.top, box.top) - box.top}px`;
  };
  figure.onpointerleave = () => (tip.hidden = true);
}
