// All models at once: how many labels they had, and how well they read; a column a test set.
const sayFigure = (figure, digits = 2) =>
  figure === null ? "–" : figure.mean.toFixed(digits) + (figure.spread === null ? "" : ` ± ${figure.spread.toFixed(digits)}`);

// Shows it; what it returns paints the charts anew, as wide as they are by then.
function amountsOf({ $, $$ }, data, { script, colour }) {
  function showAmounts() {
    const measured = data.rows.some(({ ours }) => ours);
    const [first, ...more] = data.headline.map((sentence) => sentence.replaceAll(" %", "\u00a0%"));
    $(".headline").textContent = first ?? (measured ? "" : "Nothing has been measured yet.");
    $(".further").textContent = more.join(" ");
    $(".caution").textContent = data.caution;
    $(".amounts > .lead").hidden = !data.known; // it tells of the built in scripts
    $(".ways").replaceChildren(
      ...(data.rows.length ? data.tests : []).map((test) => {
        const [from, to] = test.way.split(" → ");
        const name = html("h4", {}, html("span", {}, from), " → ", html("span", {}, to));
        name.firstChild.style.color = colour(test.source);
        name.lastChild.style.color = colour(test.target);
        const count = test.n === null ? "" : `${test.n.toLocaleString("en")} digits: per cent read right, by labels used`;
        return html(
          "article",
          { class: "way", "--ink": colour(test.source), "data-test": test.name },
          name,
          html("p", { class: "quiet" }, count),
          html("div", { class: "chart accuracy" }),
          figuresTable(test),
          beside(test),
          html("h5", {}, "Do classes fall together, whatever they are called? Fowlkes–Mallows score, 1 is perfect"),
          html("div", { class: "chart fowlkes" }),
        );
      }),
    );
    $(".troubles").replaceChildren(...data.troubles.map(missing));
    if (!data.known) return;
    const { citation, mnist } = data.original;
    const unit = Object.entries(data.unit.figures).map(([way, value]) => `${way.replace("->", "→")} ${TWO(value)}`);
    $(".notes").replaceChildren(
      `The original (${citation}) never measured its writing of Kannada; MNIST digits it read in MNIST itself, ` +
        `${TWO(mnist[0])} to ${TWO(mnist.at(-1))}\u00a0%. It read sampled codes, here the mean counts. Its figures without labels and its ` +
        "Fowlkes–Mallows scores are approximate. UNIT itself, between other data sets of the same ten digits (",
      link(data.unit),
      `): ${unit.join(", ")}\u00a0%. Without labels no one can know which digit is which: “matched” names the classes as well as can be, as the charts do, which leave out what the original read unmatched; unmatched, our latent head and own discriminator still read Arabic digits right, since they share the model’s names for the groups, and the judge does not. The charts' axis goes by errors.` +
        (data.rows.some(({ asked_for, ours }) => asked_for && ours)
          ? " Triangles stand for labels that a model with fewer had asked for, of digits that it was unsure of; all others were drawn by chance."
          : ""),
    );
  }

  function link({ citation, url }) {
    return url ? html("a", { href: url, target: "_blank", rel: "noreferrer" }, citation) : citation;
  }

  function beside(test) {
    const parts = [];
    if (test.own_classifier !== null) parts.push([`our judge of ${script(test.source).title} on the digits as drawn`, test.own_classifier]);
    for (const each of [...test.classifiers, ...test.clusterings])
      parts.push([each, each.accuracy]);
    const line = html("p", { class: "quiet beside" }, parts.length ? "Reading only, no translation: " : "");
    parts.forEach(([what, value], i) => {
      const how = what.how?.startsWith("no labels") ? ", no labels" : "";
      line.append(...(typeof what === "string" ? [what] : [`${what.method} (`, link(what), `${how})`]), ` ${value}`, i < parts.length - 1 ? "; " : " %.");
    });
    return line;
  }

  function figuresTable(test) {
    const order = ["judge", "discriminator", "latent"];
    const head = [`${data.scarce} labels`, "judge", "discri­minator", "latent", "original"];
    const cell = (figure, reader) => {
      const td = html("td", { class: reader }, figure === null ? "–" : TWO(figure.mean));
      if (figure?.spread != null) td.append(html("small", { title: `mean and deviation of ${figure.seeds} seeds` }, `± ${TWO(figure.spread)}`));
      return td;
    };
    const rows = data.rows.flatMap((row) => {
      const theirs = row.original?.accuracy[test.name];
      const original = html("td", { class: "original" }, theirs == null ? "–" : `${row.original.about ? "≈ " : ""}${theirs}`);
      if (!row.ours) {
        const word = data.alone ? "not shown here" : "not trained yet";
        return [html("tr", { "data-labels": row.labels }, html("th", { scope: "row" }, row.words), html("td", { class: "none", colspan: 3 }, word), original)];
      }
      const line = (words, measure, last, name) =>
        html("tr", { "data-labels": name }, html("th", { scope: "row" }, words), ...order.map((reader) => cell(row.ours[test.name][measure][reader], reader)), last);
      const lines = [line(row.words, "accuracy", original, row.labels)];
      if (row.matched) lines.push(line("none, matched", "matched_accuracy", html("td", { class: "original" }, "–"), "0 matched"));
      return lines;
    });
    return html(
      "table",
      { class: "figures" },
      html("caption", { class: "hidden" }, `${test.way}: per cent read right, by ${data.scarce} labels used`),
      html("thead", {}, html("tr", {}, ...head.map((text) => html("th", { scope: "col" }, text)))),
      html("tbody", {}, ...rows),
    );
  }

  function paintAmounts() {
    for (const article of $$(".way")) {
      const test = data.tests.find(({ name }) => name === article.dataset.test);
      amountsChart(article.querySelector(".accuracy"), test, "accuracy", 190, data);
      amountsChart(article.querySelector(".fowlkes"), test, "fowlkes_mallows", 130, data);
    }
  }

  showAmounts();
  paintAmounts();
  return paintAmounts;
}

// One measure of a test set by labels used: all readers, and the original's.
function amountsChart(figure, test, measure, height, { rows: every, scarce }) {
  const width = figure.clientWidth;
  if (!width) return;
  // Labels that a model asked for are a choice apart: marks beside the lines.
  const asked = every.filter(({ asked_for, ours }) => asked_for && ours);
  const all = every.filter(({ asked_for }) => !asked_for);
  const [left, right, top, bottom] = [34, 14, 8, 38];
  const rows = all.filter((row) => row.images !== null);
  const most = Math.max(10, ...rows.map((row) => row.images));
  const x = scale(0, most, left + 12, width - right, byTens);
  const accuracy = measure === "accuracy";
  const y = accuracy ? scale(0, 99.7, height - bottom, top, byErrors) : scale(0, 1, height - bottom, top);
  const levels = accuracy ? ACCURACIES : [0, 0.5, 1];
  const names = { 0: "0", "1-per-class": "10" };
  const chart = axes({
    width, height, left, bottom,
    x: { at: x, ticks: rows.map((row) => [row.images, names[row.labels] ?? row.labels.replace("%", " %")]) },
    y: { at: y, ticks: levels.map((level) => [level, String(level)]) },
    label: `${test.way}: ${accuracy ? "accuracy" : "Fowlkes–Mallows score"} by ${scarce} labels used; the table has the figures`,
  });
  const draw = (kind, points) => {
    if (!points.length) return;
    chart.append(svg("path", { class: kind, d: path(points.map(([row, f]) => [x(row.images), y(f.mean)])) }));
    for (const [row, f] of points) {
      const [px, py] = [x(row.images), y(f.mean)];
      if (f.spread) chart.append(svg("path", { class: `spread ${kind}`, d: `M${px} ${y(f.mean - f.spread)}V${y(f.mean + f.spread)}` }));
      chart.append(
        kind === "original" ? svg("rect", { class: kind, x: px - 3.5, y: py - 3.5, width: 7, height: 7 })
        : kind === "latent" ? svg("path", { class: "latent dot", d: `M${px - 3} ${py - 3}l6 6m0-6l-6 6` })
        : svg("circle", { class: kind, cx: px, cy: py, r: kind === "judge" ? 4 : 3.5 }),
      );
    }
  };
  draw("original", rows.flatMap((row) => {
    const value = row.original?.[measure][test.name];
    const apart = accuracy && row.matched; // it did not match, so its figure is of something else
    return value == null || apart ? [] : [[row, { mean: value, spread: null }]];
  }));
  for (const reader of ["latent", "discriminator", "judge"])
    draw(reader, rows.flatMap((row) => {
      // Without labels the names of the classes are free.
      const found = row.ours?.[test.name][accuracy && row.matched ? "matched_accuracy" : measure][reader];
      return found ? [[row, found]] : [];
    }));
  const none = rows.find(({ matched }) => matched)?.ours?.[test.name].matched_accuracy.judge;
  for (const { images, ours } of asked) {
    const judged = ours[test.name][measure].judge;
    if (judged) chart.append(svg("path", { class: "asked", d: `M${x(images)} ${y(judged.mean) - 4.5}l4.5 8h-9z` }));
  }
  // One answer for all marks of an amount, wherever in its column the pointer is.
  const places = rows.map((row) => x(row.images));
  const nearest = (place) => places.reduce((best, each, i) => (Math.abs(each - place) < Math.abs(places[best] - place) ? i : best), 0);
  rows.forEach((row, i) => {
    const said = ["judge", "discriminator", "latent"].flatMap((reader) => {
      const f = row.ours?.[test.name][measure][reader];
      return f ? [`${READERS[reader]} ${sayFigure(f, accuracy ? 2 : 3)}`] : [];
    });
    if (accuracy && none && row.matched) said.push(`independent judge, matched ${sayFigure(none)}`);
    for (const { images, words, ours } of asked) {
      const judged = ours[test.name][measure].judge;
      if (judged && nearest(x(images)) === i) said.push(`${words}: independent judge ${sayFigure(judged, accuracy ? 2 : 3)}`);
    }
    const theirs = row.original?.[measure][test.name];
    if (theirs != null) said.push(`the original${accuracy && row.matched ? ", unmatched," : ""} ${row.original.about ? "≈ " : ""}${theirs}`);
    if (!said.length) return;
    const [from, to] = [i ? (places[i - 1] + places[i]) / 2 : left, i < places.length - 1 ? (places[i] + places[i + 1]) / 2 : width];
    chart.append(svg("rect", { class: "hit", x: from, y: 0, width: to - from, height: height - bottom, "data-tip": [`labels: ${row.words}`, ...said].join("\n") }));
  });
  figure.replaceChildren(chart);
  tips(figure);
}
