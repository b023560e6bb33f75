// What a model gets wrong: who is taken for whom, and the mistakes that are made most surely.
function mistakesOf({ $, $$, id }, data, kept, { script, testSet }) {
  const isMatched = () => data.models.find(({ name }) => name === kept.model)?.matched;
  let pictures = null; // {of, sheet}

  let turns = 0; // only the newest choice is shown, whichever arrives last

  async function show(mistakes) {
    const turn = ++turns;
    const [tests, readers] = [$(".tests"), $(".read")];
    if (mistakes.missing || !Object.keys(mistakes).length) {
      $(".matrix").replaceChildren(missing(mistakes.missing ? mistakes : { missing: "no test set has been read", command: "python -m unit_core mistakes CHECKPOINT" }));
      for (const choice of [tests, readers]) offer(choice, [], null);
      return $(".worst").replaceChildren();
    }
    if (!(kept.test in mistakes)) kept.test = "kannada" in mistakes ? "kannada" : Object.keys(mistakes)[0];
    const part = mistakes[kept.test];
    const reader = kept.reader in part.confusion ? kept.reader : Object.keys(part.confusion)[0];
    offer(tests, Object.keys(mistakes), kept.test, `${id}-test`, testSet);
    const words = { judge: "judge, on the translation", latent: "latent head" };
    offer(readers, Object.keys(words).filter((name) => name in part.confusion), reader, `${id}-reader`, (name) => words[name]);
    showMatrix(part, reader);
    await showWorst(part, () => turn === turns);
  }

  // The radios of a choice are made anew only when they are others: who is on one stays there.
  function offer(choice, names, chosen, group, words) {
    const radios = () => [...choice.querySelectorAll("input")];
    if (String(radios().map(({ value }) => value)) !== String(names)) {
      choice.querySelectorAll("label").forEach((label) => label.remove());
      choice.append(...names.map((name) => option(group, name, words(name), name === chosen)));
    }
    radios().forEach((radio) => (radio.checked = radio.value === chosen));
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
    caption.append(isMatched() ? ". Its groups are called by the digits that they fit best." : ".");
    const table = html("table", { "--own": `var(${own.colour})`, "--other": `var(${other.colour})` }, caption, html("thead", {}, head), html("tbody", {}, ...rows));
    $(".matrix").replaceChildren(table);
  }

  async function showWorst(part, wanted) {
    const place = $(".worst");
    if (!part.worst.length) {
      const why = "judge" in part.confusion ? "The judge reads every translation of this test set right." : `There is no judge of ${script(part.target).title} to be mistaken.`;
      return place.replaceChildren(html("p", { class: "quiet" }, why));
    }
    let sheet = pictures?.of === part ? pictures.sheet : null;
    try {
      sheet ??= await inked(await (await fetch(`data:image/png;base64,${part.pictures}`)).blob());
    } catch {
      return place.replaceChildren(missing({ missing: "the pictures of the mistakes are damaged", command: "python -m unit_core mistakes CHECKPOINT" }));
    }
    if (!wanted()) return;
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
      html("p", { class: "quiet" }, `The model’s copy of the digit, and its translation. At most four of the same mistake.${isMatched() ? " A group is called by the digit that it fits best, whatever a picture looks like." : ""}`),
      gallery,
    );
    paint();
  }

  function paint() {
    if (!pictures) return;
    $$(".gallery figure").forEach((figure, i) => {
      figure.querySelectorAll("canvas").forEach((canvas, row) => tiles(canvas, pictures.sheet, [[28 * i, 28 * row]]));
    });
  }
  return { show, paint };
}
