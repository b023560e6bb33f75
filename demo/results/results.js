// The Results page: figures of all models at once, then one model closely. Nothing here is invented:
// what was not measured is said to be missing, with the command that measures it.
const SHEETS = new Map(); // what the server said of a model, by its name
const READERS = { judge: "independent judge", discriminator: "own discriminator", latent: "latent head" };
const TWO = (value) => value.toFixed(2).replace("-", "−");

export default function ({ parentElement, data }) {
  const root = parentElement.querySelector(".results");
  const $ = (selector) => root.querySelector(selector);
  const id = `unit:${data.key}`;
  const gone = new AbortController();
  const listen = (target, type, f) => target.addEventListener(type, f, { signal: gone.signal });
  const script = (name) => data.scripts.find((each) => each.name === name) ?? { name, title: name, glyphs: [..."0123456789"], colour: "--st-green-color" };
  const colour = (name) => `var(${script(name).colour})`;
  const titleOf = (name) => ({ mnist: "MNIST", kannada: "Kannada-MNIST", dig: "Dig-MNIST" })[name] ?? script(name).title;

  const kept = recall(id, ({ model, test, reader = "judge" }) => ({ model, test, reader, tick: null }));
  if (!data.models.some(({ name }) => name === kept.model)) kept.model = data.shown ?? data.models.at(-1)?.name;
  const chose = () => remember(id, { model: kept.model, test: kept.test, reader: kept.reader });

  function missing({ missing: sentence, command }) {
    return html("p", { class: "missing" }, `Not to be shown yet: ${sentence}. This makes it:`, html("code", {}, command));
  }

  // --- all models: labels against accuracy ----------------------------------------------------------
  const sayFigure = (figure, digits = 2) =>
    figure === null ? "–" : figure.mean.toFixed(digits) + (figure.spread === null ? "" : ` ± ${figure.spread.toFixed(digits)}`);

  function showAmounts() {
    $(".headline").textContent = data.headline.join(" ").replaceAll(" %", "\u00a0%") || "Nothing has been measured yet.";
    $(".ways").replaceChildren(
      ...data.tests.map((test) => {
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
    const { citation, mnist } = data.original;
    const unit = Object.entries(data.unit.figures).map(([way, value]) => `${way.replace("->", "→")} ${TWO(value)}`);
    $(".notes").replaceChildren(
      `The original (${citation}) never measured its writing of Kannada; MNIST digits it read in MNIST itself, ` +
        `${TWO(mnist[0])} to ${TWO(mnist.at(-1))} %. It read sampled codes, here the mean counts. Its figures without labels and its ` +
        "Fowlkes–Mallows scores are approximate. UNIT itself, between other data sets of the same ten digits (",
      link(data.unit),
      `): ${unit.join(", ")} %. Without labels no one can know which digit is which: “matched” names the classes as well as can be, the pale dot in the charts.`,
    );
    $(".troubles").replaceChildren(...data.troubles.map(missing));
    paintAmounts();
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
    const head = ["Kannada labels", "judge", "discri­minator", "latent", "original"];
    const cell = (figure, reader) => {
      const td = html("td", { class: reader }, figure === null ? "–" : TWO(figure.mean));
      if (figure?.spread != null) td.append(html("small", { title: `mean and deviation of ${figure.seeds} seeds` }, `± ${TWO(figure.spread)}`));
      return td;
    };
    const rows = data.rows.flatMap((row) => {
      const theirs = row.original?.accuracy[test.name];
      const original = html("td", { class: "original" }, theirs == null ? "–" : `${row.original.about ? "≈ " : ""}${theirs}`);
      if (!row.ours) {
        const word = data.alone ? "not asked for" : "not trained yet";
        return [html("tr", { "data-labels": row.labels }, html("th", { scope: "row" }, row.words), html("td", { class: "none", colspan: 3 }, word), original)];
      }
      const line = (words, measure, last, name) =>
        html("tr", { "data-labels": name }, html("th", { scope: "row" }, words), ...order.map((reader) => cell(row.ours[test.name][measure][reader], reader)), last);
      const lines = [line(row.words, "accuracy", original, row.labels)];
      if (row.labels === "0") lines.push(line("none, matched", "matched_accuracy", html("td", { class: "original" }, "–"), "0 matched"));
      return lines;
    });
    return html(
      "table",
      { class: "figures" },
      html("caption", { class: "hidden" }, `${test.way}: per cent read right, by Kannada labels used`),
      html("thead", {}, html("tr", {}, ...head.map((text) => html("th", { scope: "col" }, text)))),
      html("tbody", {}, ...rows),
    );
  }

  function paintAmounts() {
    for (const article of root.querySelectorAll(".way")) {
      const test = data.tests.find(({ name }) => name === article.dataset.test);
      amountsChart(article.querySelector(".accuracy"), test, "accuracy", 190);
      amountsChart(article.querySelector(".fowlkes"), test, "fowlkes_mallows", 130);
    }
  }

  function amountsChart(figure, test, measure, height) {
    const width = figure.clientWidth;
    if (!width) return;
    const [left, right, top, bottom] = [34, 14, 8, 38];
    const rows = data.rows.filter((row) => row.images !== null);
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
      label: `${test.way}: ${accuracy ? "accuracy" : "Fowlkes–Mallows score"} by Kannada labels used; the table has the figures`,
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
      return value == null ? [] : [[row, { mean: value, spread: null }]];
    }));
    for (const reader of ["latent", "discriminator", "judge"])
      draw(reader, rows.flatMap((row) => (row.ours?.[test.name][measure][reader] ? [[row, row.ours[test.name][measure][reader]]] : [])));
    // Without labels the names of the classes are free.
    const none = rows.find(({ labels }) => labels === "0")?.ours?.[test.name].matched_accuracy.judge;
    if (accuracy && none) {
      const [px, py] = [x(0), y(none.mean)];
      chart.append(svg("circle", { class: "judge matched", cx: px, cy: py, r: 3 }));
    }
    // One answer for all marks of an amount, wherever in its column the pointer is.
    const places = rows.map((row) => x(row.images));
    rows.forEach((row, i) => {
      const said = ["judge", "discriminator", "latent"].flatMap((reader) => {
        const f = row.ours?.[test.name][measure][reader];
        return f ? [`${READERS[reader]} ${sayFigure(f, accuracy ? 2 : 3)}`] : [];
      });
      if (accuracy && none && row.labels === "0") said.push(`independent judge, matched ${sayFigure(none)}`);
      const theirs = row.original?.[measure][test.name];
      if (theirs != null) said.push(`the original ${row.original.about ? "≈ " : ""}${theirs}`);
      if (!said.length) return;
      const [from, to] = [i ? (places[i - 1] + places[i]) / 2 : left, i < places.length - 1 ? (places[i] + places[i + 1]) / 2 : width];
      chart.append(svg("rect", { class: "hit", x: from, y: 0, width: to - from, height: height - bottom, "data-tip": [`labels: ${row.words}`, ...said].join("\n") }));
    });
    figure.replaceChildren(chart);
    tips(figure);
  }

  // --- one model ------------------------------------------------------------------------------------
  function showModels() {
    const choice = $(".models");
    choice.querySelectorAll("label, span").forEach((label) => label.remove());
    choice.append(html("span", {}, "Kannada labels"));
    const rows = data.rows.map(({ labels, words }) => [data.models.filter((model) => model.labels === labels), labels, words]);
    const known = new Set(data.rows.map(({ labels }) => labels));
    for (const model of data.models) if (!known.has(model.labels)) rows.push([[model], model.labels, model.labels]);
    for (const [models, labels, words] of rows) {
      for (const { name } of models) choice.append(option("model", name, models.length > 1 ? `${words} (${name})` : words, name === kept.model));
      if (!models.length && !data.alone) choice.append(option("model", `no ${labels}`, words, false, "not trained yet"));
    }
  }

  function option(name, value, text, checked, disabled) {
    const input = html("input", { type: "radio", name: `${id}-${name}`, value });
    input.checked = checked;
    input.disabled = Boolean(disabled);
    return html("label", { title: disabled ?? null }, input, text);
  }

  let shown = null; // what the server said of the chosen model
  let film = null; // {sheet, index}
  async function choose() {
    stop();
    const name = kept.model;
    if (!name) return;
    root.dataset.state = "waiting";
    chose();
    let detail;
    try {
      detail = SHEETS.get(name) ?? (await askServer("api/results", { model: name }, new Uint8Array()));
      SHEETS.set(name, detail);
    } catch (error) {
      if (gone.signal.aborted || name !== kept.model) return;
      return showTrouble(error.message);
    }
    const pictures = detail.film.missing ? null : await fetchFilm(name);
    if (gone.signal.aborted || name !== kept.model) return;
    shown = detail;
    film = pictures && { sheet: pictures, ...detail.film };
    showTraining();
    showLooks();
    await showMistakes();
    root.dataset.model = name;
    root.dataset.state = "ready";
  }

  function showTrouble(message) {
    root.dataset.state = "trouble";
    const again = html("button", {}, "Try again");
    listen(again, "click", choose);
    $(".film").replaceChildren(html("p", { class: "missing script" }, message.replace(/ Trying again.*/, ""), " ", again));
    for (const part of [".curves", ".gauges", ".matrix", ".worst", ".keep", ".moment"]) $(part).replaceChildren();
    $(".time").hidden = true;
  }

  async function fetchFilm(name) {
    const url = new URL("api/film", document.baseURI);
    url.search = new URLSearchParams({ model: name });
    try {
      const response = await fetch(url);
      if (!response.ok || !response.headers.get("content-type")?.startsWith("image/")) return null;
      return await inked(await response.blob());
    } catch {
      return null; // the curves still tell the story
    }
  }

  // --- the training: one time for film and curves ----------------------------------------------------
  let times = null; // {steps, minutes, progress} of what the scrubber stops at
  function showTraining() {
    const { training } = shown;
    const frames = film?.frames ?? [];
    times = !training.missing ? training
      : frames.length ? { steps: frames.map((f) => f.step), minutes: frames.map((f) => f.minutes), progress: frames.map((f) => f.progress), meeting: null }
      : null;
    buildFilm();
    $(".time").hidden = times === null;
    $(".moment").textContent = "";
    if (times) {
      const last = times.steps.length - 1;
      kept.tick = Math.min(kept.tick ?? last, last);
      $(".time input").max = last;
      placeMeeting();
    }
    $(".curves").replaceChildren(...(training.missing ? [missing(training)] : CURVES.map((curve) => curveOf(curve, training))));
    $(".keep").replaceChildren();
    if (film) {
      const url = (as) => {
        const url = new URL("api/film", document.baseURI);
        url.search = new URLSearchParams({ model: kept.model, ...(as && { as }) });
        return url;
      };
      const file = `${kept.model}-training`;
      $(".keep").append("The film to keep: ", html("a", { href: url("gif"), download: `${file}.gif` }, "GIF"), ", ", html("a", { href: url(), download: `${file}.webp` }, "frames as one WebP"), ".");
    }
    paintCurves();
    showTick();
  }

  function buildFilm() {
    const place = $(".film");
    place.replaceChildren();
    if (!film) {
      const why = shown.film.missing ? shown.film : { missing: "the film did not arrive", command: "reload this page" };
      place.append(html("div", { class: "script" }, missing(why)));
      return;
    }
    film.domains.forEach((name, s) => {
      const other = film.domains[s ? 0 : 1];
      const names = ["as drawn", "copied", `in ${script(other).title}`];
      const ink = [name, name, other];
      place.append(html("h4", { class: "script", style: `color: ${colour(name)}` }, `${script(name).title} digits`));
      names.forEach((text, row) => {
        const canvas = html("canvas", { role: "img", class: ["first", "", "last"][row], "--own": colour(ink[row]), "aria-label": `${script(name).title} digits ${text}`, "data-script": s, "data-row": row });
        place.append(html("span", {}, text), canvas);
      });
    });
  }

  // The newest frame that is not of later than the tick.
  function frameAt(step) {
    return Math.max(0, film.frames.findLastIndex((frame) => frame.step <= step));
  }

  function paintFilm() {
    if (!film || !times) return;
    const frame = frameAt(times.steps[kept.tick]);
    root.dataset.frame = frame;
    const narrow = $(".film").clientWidth < 560;
    const digits = [...Array(film.digits).keys()].filter((digit) => !narrow || digit % film.each === 0);
    for (const canvas of root.querySelectorAll(".film canvas")) {
      const [s, row] = [Number(canvas.dataset.script), Number(canvas.dataset.row)];
      const scripts = film.domains.length;
      const y = row === 0 ? s : scripts + (frame * scripts + s) * 2 + row - 1;
      tiles(canvas, film.sheet, digits.map((digit) => [digit * 28, y * 28]));
    }
  }

  // Where between the ticks the scripts met, 0 for the first tick and 1 for the last.
  function meetingAt(values) {
    const { meeting, progress } = times;
    if (meeting === null || !(meeting > progress[0] && meeting < progress.at(-1))) return null;
    const after = progress.findIndex((value) => value >= meeting);
    const share = (meeting - progress[after - 1]) / (progress[after] - progress[after - 1]);
    return values(after - 1) + share * (values(after) - values(after - 1));
  }

  function placeMeeting() {
    const at = meetingAt((i) => i);
    const mark = $(".meeting");
    mark.hidden = at === null;
    if (at === null) return;
    const share = at / (times.steps.length - 1);
    mark.style.left = `calc(0.7rem + (100% - 1.4rem) * ${share})`;
  }

  function showTick() {
    root.dataset.tick = kept.tick ?? "";
    if (!times) return;
    const i = kept.tick;
    const input = $(".time input");
    input.value = i;
    const minutes = times.minutes[i];
    const when = `${minutes < 10 ? minutes.toFixed(1) : Math.round(minutes)} minutes, step ${times.steps[i].toLocaleString("en")}`;
    const met = times.meeting === null ? null : times.progress[i] >= times.meeting;
    $(".moment").textContent =
      when + (met === null ? "" : met ? ". The scripts have met: translations are asked for, and judged." : ". The scripts have not met: each learns to copy and to name its own digits.");
    input.setAttribute("aria-valuetext", when);
    paintFilm();
    paintCursors();
  }

  let player = 0;
  function stop() {
    clearInterval(player);
    player = 0;
    root.classList.remove("playing");
    $(".play").ariaLabel = $(".play").title = "Play";
  }
  function play() {
    if (player) return stop();
    if (!times) return;
    const last = times.steps.length - 1;
    if (kept.tick >= last) kept.tick = 0;
    root.classList.add("playing");
    $(".play").ariaLabel = $(".play").title = "Pause";
    showTick();
    player = setInterval(() => {
      kept.tick = Math.min(kept.tick + 1, last);
      showTick();
      if (kept.tick === last) stop();
    }, Math.min(Math.max(6000 / (last + 1), 90), 500));
  }
  listen($(".play"), "click", play);
  listen($(".time input"), "input", (event) => {
    stop();
    kept.tick = Number(event.target.value);
    showTick();
  });

  // --- curves ---------------------------------------------------------------------------------------
  const sum = (...lists) => lists[0]?.map((_, i) => lists.reduce((total, list) => (total === null || list?.[i] == null ? null : total + list[i]), 0));
  const CURVES = [
    {
      title: "Copying: reconstruction and KL, nats a digit",
      lines: [
        ["training", "thin", (t, name) => sum(t.train[`${name}/reconstruction`], t.train[`${name}/kl`])],
        ["validation", "", (t, name) => sum(t.validation[`${name}/reconstruction`], t.validation[`${name}/kl`])],
      ],
      digits: 1,
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
    },
  ];

  function curveOf(curve, training) {
    const names = film?.domains ?? data.scripts.map(({ name }) => name);
    const lines = names.flatMap((name, i) =>
      curve.lines.map(([what, kind, of]) => ({ name, what, kind, values: of(training, name, names[i ? 0 : 1]) ?? [] })),
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
    const panel = html("figure", { class: "curve" }, html("h4", {}, curve.title), list, figure);
    Object.assign(panel, { curve, lines, training });
    const seek = (event) => {
      if (!panel.at || !(event.buttons & 1)) return;
      const x = event.clientX - figure.getBoundingClientRect().left;
      const gaps = training.minutes.map((minute) => Math.abs(panel.at(minute) - x));
      stop();
      kept.tick = gaps.indexOf(Math.min(...gaps));
      showTick();
    };
    listen(figure, "pointerdown", seek);
    listen(figure, "pointermove", seek);
    return panel;
  }

  function paintCurves() {
    for (const panel of root.querySelectorAll(".curve")) {
      const { curve, lines, training } = panel;
      const figure = panel.querySelector(".chart");
      const [width, height] = [figure.clientWidth, 190];
      if (!width) continue;
      const [left, right, top, bottom] = [36, 6, 20, 24];
      const values = lines.flatMap((line) => line.values.filter((value) => value != null));
      if (!values.length) {
        figure.replaceChildren(html("p", { class: "quiet" }, "The log has none of this."));
        continue;
      }
      const [low, high] = [curve.zero ? 0 : Math.min(...values), Math.max(...values)];
      let levels = ticks(low, high);
      let [bottomValue, topValue] = [low, high];
      if (curve.errors) {
        levels = ACCURACIES.filter((level, i) => level >= low || ACCURACIES[i + 1] > low);
        [bottomValue, topValue] = [levels[0], Math.max(high, 99.5)];
      }
      const y = scale(bottomValue, topValue, height - bottom, top, curve.errors ? byErrors : undefined);
      const end = training.minutes.at(-1);
      const x = scale(0, end, left, width - right);
      panel.at = x;
      const chart = axes({
        width, height, left, bottom,
        x: { at: x, ticks: ticks(0, end, 5).map((minute) => [minute, minute ? String(minute) : "0 min"]) },
        y: { at: y, ticks: levels.map((level) => [level, String(level)]) },
        label: `${curve.title}, over ${end.toFixed(0)} minutes of training`,
      });
      const meeting = meetingAt((i) => training.minutes[i]);
      if (meeting !== null) chart.append(svg("path", { class: "meet", d: `M${x(meeting)} ${top}V${height - bottom}` }), svg("text", { x: x(meeting), y: top - 8, "text-anchor": x(meeting) < 80 ? "start" : "middle" }, "the scripts meet"));
      for (const { name, kind, values } of lines) {
        const points = values.flatMap((value, i) => (value == null ? [] : [[x(training.minutes[i]), y(value)]]));
        const line = svg("path", { class: kind, d: path(points.length > 1 ? points : [...points, points[0]]) });
        line.style.setProperty("--ink", colour(name));
        chart.append(line);
      }
      chart.append(svg("path", { class: "cursor", d: "" }));
      figure.replaceChildren(chart);
    }
    paintCursors();
  }

  function paintCursors() {
    for (const panel of root.querySelectorAll(".curve")) {
      if (!panel.at) continue;
      const at = panel.at(panel.training.minutes[kept.tick]);
      panel.querySelector(".cursor")?.setAttribute("d", `M${at} 20V166`);
      for (const { output, values } of panel.lines) {
        const value = values[kept.tick];
        output.textContent = value == null ? "–" : value.toFixed(panel.curve.digits);
      }
    }
  }

  // --- looks ----------------------------------------------------------------------------------------
  // [name, what it means, value of the looks, how near the ideal in [0, 1.1], text, ideal]
  const share = (value) => value;
  const GAUGES = [
    ["Variety", "spread within a digit, made over real", (l) => l.diversity, share, TWO, "1"],
    ["Slant", "rank correlation within a digit; so are the next four", (l) => l.hand_kept?.slant, share, TWO, "1"],
    ["Ink", "", (l) => l.hand_kept?.ink, share, TWO, "1"],
    ["Width to height", "", (l) => l.hand_kept?.width_to_height, share, TWO, "1"],
    ["Thickness of the stroke", "", (l) => l.hand_kept?.thickness, share, TWO, "1"],
    ["Height", "", (l) => l.hand_kept?.height, share, TWO, "1"],
    ["Like real writing", "Fréchet distance over that of real digits to real ones", (l) => l.judged && l.judged.frechet.distance / l.judged.frechet.floor, (v) => 1 - Math.log10(Math.max(v, 1)) / 2, (v) => `× ${v.toFixed(1)}`, "× 1"],
    ["Scripts mixed", "share of the other script among ten nearest codes", (l) => l.mixing, (v) => v / 0.5, TWO, "0.5"],
    ["Lines within a digit", "codes between two 3s are always 3s, per cent of lines", (l) => l.judged?.smooth_within, (v) => v / 100, (v) => v.toFixed(1), "100"],
    ["Lines between digits", "from one digit to another with one change of mind", (l) => l.judged?.smooth_between, (v) => v / 100, (v) => v.toFixed(1), "100"],
    ["Copies stay readable", "points of accuracy lost on reconstructions", (l) => l.reconstruction_cost, (v) => 1 - v / 10, TWO, "0"],
    ...["shift", "rotation", "thickness", "stretch"].map((push) => [
      `Pushed: ${push}`, push === "shift" ? "points of accuracy lost when the digit is disturbed" : "", (l) => l.judged?.robust?.[push], (v) => 1 - v / 10, TWO, "0",
    ]),
  ];

  function showLooks() {
    const { looks } = shown;
    const place = $(".gauges");
    if (looks.missing) return place.replaceChildren(missing(looks));
    const ways = Object.entries(looks).slice(0, 2);
    const legend = html("p", { class: "legend" });
    for (const [name, { target }] of ways) legend.append(html("span", { "--ink": colour(name) }, html("i"), `${script(name).title} → ${script(target).title}`));
    place.replaceChildren(legend);
    let first = true;
    for (const [title, meaning, of, nearness, text, ideal] of GAUGES) {
      const found = ways.map(([name, part]) => [name, of(part)]).filter(([, value]) => value != null);
      if (!found.length) continue;
      const words = html("p", {}, title);
      if (meaning) words.append(html("small", {}, meaning));
      const line = html("div", { class: "scale", "aria-hidden": "true" }, html("u"));
      const output = html("output");
      for (const [name, value] of found) {
        line.append(html("i", { style: `left: ${90 * Math.min(Math.max(nearness(value), 0), 1.1)}%`, "--ink": colour(name) }));
        output.append(html("b", { "--ink": colour(name) }, text(value)));
      }
      output.append(html("span", {}, `ideal ${ideal}`));
      place.append(html("div", { class: first ? "gauge first" : "gauge" }, words, line, output));
      first = false;
    }
  }

  // --- mistakes -------------------------------------------------------------------------------------
  let pictures = null; // {of, sheet}
  async function showMistakes() {
    const { mistakes } = shown;
    const [tests, readers] = [$(".tests"), $(".read")];
    for (const choice of [tests, readers]) choice.querySelectorAll("label").forEach((label) => label.remove());
    if (mistakes.missing || !Object.keys(mistakes).length) {
      $(".matrix").replaceChildren(missing(mistakes.missing ? mistakes : { missing: "no test set has been read", command: `python -m unit_core mistakes ${kept.model}` }));
      return $(".worst").replaceChildren();
    }
    if (!(kept.test in mistakes)) kept.test = "kannada" in mistakes ? "kannada" : Object.keys(mistakes)[0];
    const part = mistakes[kept.test];
    const reader = kept.reader in part.confusion ? kept.reader : Object.keys(part.confusion)[0];
    for (const name of Object.keys(mistakes)) tests.append(option("test", name, titleOf(name), name === kept.test));
    for (const [name, words] of [["judge", "judge, on the translation"], ["latent", "latent head"]])
      if (name in part.confusion) readers.append(option("reader", name, words, name === reader));
    showMatrix(part, reader);
    await showWorst(part);
  }

  function showMatrix(part, reader) {
    const counts = part.confusion[reader];
    const own = script(part.source);
    const other = reader === "latent" ? own : script(part.target);
    const sums = counts.map((row) => row.reduce((a, b) => a + b, 0));
    const all = sums.reduce((a, b) => a + b, 0);
    const right = counts.reduce((total, row, i) => total + row[i], 0);
    const head = html("tr", {}, html("td", { style: "background: none" }), ...other.glyphs.map((glyph) => html("th", { scope: "col" }, glyph)));
    const rows = counts.map((row, c) => {
      const cells = row.map((count, read) => {
        if (read === c) return html("td", { class: "right" }, String(count));
        const part = sums[c] ? count / sums[c] : 0;
        const depth = Math.min(1, Math.sqrt(part / 0.1));
        const title = `${own.glyphs[c]} read as ${other.glyphs[read]}: ${count} of ${sums[c]}`;
        return html("td", { class: depth > 0.6 ? "deep" : "", "--share": `${Math.round(100 * depth)}%`, title }, count ? String(count) : "");
      });
      return html("tr", {}, html("th", { scope: "row" }, own.glyphs[c]), ...cells);
    });
    const worst = counts
      .flatMap((row, c) => row.map((count, read) => ({ c, read, count })))
      .filter(({ c, read, count }) => c !== read && count)
      .sort((a, b) => b.count - a.count)
      .slice(0, 3);
    const caption = html("caption", {}, `Rows: the digit drawn; columns: how it is read. ${right.toLocaleString("en")} of ${all.toLocaleString("en")} right`);
    if (worst.length) caption.append("; most often wrong: ");
    worst.forEach(({ c, read, count }, i) =>
      caption.append(html("b", {}, own.glyphs[c]), " as ", html("b", {}, other.glyphs[read]), ` (${count} of ${sums[c]})`, i < worst.length - 1 ? ", " : ""),
    );
    caption.append(".");
    const table = html("table", { "--own": `var(${own.colour})`, "--other": `var(${other.colour})` }, caption, html("thead", {}, head), html("tbody", {}, ...rows));
    $(".matrix").replaceChildren(table);
  }

  async function showWorst(part) {
    const place = $(".worst");
    if (!part.worst.length) {
      const why = "judge" in part.confusion ? "The judge reads every translation of this test set right." : `There is no judge of ${script(part.target).title} to be mistaken.`;
      return place.replaceChildren(html("p", { class: "quiet" }, why));
    }
    let sheet = pictures?.of === part ? pictures.sheet : null;
    try {
      sheet ??= await inked(await (await fetch(`data:image/png;base64,${part.pictures}`)).blob());
    } catch {
      return place.replaceChildren(missing(shown.mistakes.missing ? shown.mistakes : { missing: "the pictures of the mistakes are damaged", command: "python -m unit_core mistakes CHECKPOINT" }));
    }
    pictures = { of: part, sheet };
    const [own, other] = [script(part.source), script(part.target)];
    const gallery = html("div", { class: "gallery", "--own": `var(${own.colour})`, "--other": `var(${other.colour})` });
    part.worst.forEach(({ label, read, confidence }) => {
      const drawn = html("canvas", { class: "own", role: "img", "aria-label": `${own.glyphs[label]}, copied` });
      const made = html("canvas", { class: "other", role: "img", "aria-label": `in ${other.title}` });
      const sure = confidence > 0.9995 ? "> 99.9" : (100 * confidence).toFixed(1);
      const caption = html("figcaption", {}, html("b", {}, own.glyphs[label]), " read as ", html("b", {}, other.glyphs[read]), html("br"), `${sure} % sure`);
      gallery.append(html("figure", {}, html("div", {}, drawn, made), caption));
    });
    place.replaceChildren(
      html("h4", {}, "Where the judge is surest and wrong"),
      html("p", { class: "quiet" }, "The model’s copy of the digit, and its translation. At most four of the same mistake."),
      gallery,
    );
    paintWorst();
  }

  function paintWorst() {
    if (!pictures) return;
    root.querySelectorAll(".gallery figure").forEach((figure, i) => {
      figure.querySelectorAll("canvas").forEach((canvas, row) => tiles(canvas, pictures.sheet, [[28 * i, 28 * row]]));
    });
  }

  // --- begin ----------------------------------------------------------------------------------------
  listen($(".models"), "change", (event) => {
    kept.model = event.target.value;
    kept.tick = null; // each model's film ends with its own last word
    choose();
  });
  listen($(".tests"), "change", (event) => ((kept.test = event.target.value), chose(), showMistakes()));
  listen($(".read"), "change", (event) => ((kept.reader = event.target.value), chose(), showMistakes()));
  let width = 0;
  const resized = new ResizeObserver(() => {
    if (root.clientWidth === width) return;
    width = root.clientWidth;
    paintAmounts();
    paintCurves();
    paintFilm();
    paintWorst();
  });
  listen(root, "transitionend", (event) => {
    if (event.propertyName === "color" && event.target.tagName === "CANVAS") paintFilm(), paintWorst();
  });
  showAmounts();
  showModels();
  resized.observe(root);
  choose();
  return () => {
    stop();
    gone.abort();
    resized.disconnect();
  };
}
