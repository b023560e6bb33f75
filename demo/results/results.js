// The Results page: figures of all models at once, then one model closely. Nothing here is invented:
// what was not measured is said to be missing, with the command that measures it.
const SHEETS = new Map(); // what the server said of a model, by its name

export default function ({ parentElement, data: { rows, ...data } }) {
  data.rows = rows.filter(({ ours }) => ours || data.known); // what is not trained stands beside the published alone
  const page = stage(parentElement, ".results", data.scripts, data.key);
  const { root, gone, id, $, listen, sized, recoloured, ending, end } = page;
  root.classList.toggle("unpublished", !data.known);
  const names = namesOf(data.scripts);
  const kept = recall(id, ({ model, test, reader = "judge" }) => ({ model, test, reader, tick: null }));
  if (!data.models.some(({ name }) => name === kept.model)) kept.model = data.shown ?? data.models.at(-1)?.name;
  const chose = () => remember(id, { model: kept.model, test: kept.test, reader: kept.reader });

  const paintAmounts = amountsOf(page, data, names);
  const training = trainingOf(page, data, kept, names);
  const mistakes = mistakesOf(page, data, kept, names);

  function showModels() {
    const choice = $(".models");
    choice.querySelectorAll("label, span").forEach((label) => label.remove());
    choice.append(html("span", {}, `${data.scarce} labels`));
    const rows = data.rows.map(({ labels, words }) => [data.models.filter((model) => model.labels === labels), labels, words]);
    const known = new Set(data.rows.map(({ labels }) => labels));
    for (const model of data.models) if (!known.has(model.labels)) rows.push([[model], model.labels, model.labels]);
    for (const [models, labels, words] of rows) {
      for (const { name } of models) choice.append(option(`${id}-model`, name, models.length > 1 ? `${words} (${name})` : words, name === kept.model));
      if (!models.length && !data.alone) choice.append(option(`${id}-model`, `no ${labels}`, words, false, "not trained yet"));
    }
  }

  let shown = null; // what the server said of the chosen model, once it has
  async function choose() {
    training.wait();
    shown = null;
    const name = kept.model;
    if (!name) return;
    root.dataset.state = "waiting";
    chose();
    let detail;
    try {
      detail = SHEETS.get(name) ?? (await askServer("api/results", { model: name }));
      SHEETS.set(name, detail);
    } catch (error) {
      if (gone.signal.aborted || name !== kept.model) return;
      return showTrouble(error.message);
    }
    const pictures = detail.film.missing ? null : await fetchFilm(name);
    if (gone.signal.aborted || name !== kept.model) return;
    shown = detail;
    training.show(detail, pictures);
    $(".gauges").replaceChildren(...looksOf(detail.looks, names));
    await mistakes.show(detail.mistakes);
    if (gone.signal.aborted || name !== kept.model) return;
    root.dataset.model = name;
    root.dataset.state = "ready";
  }

  function showTrouble(message) {
    root.dataset.state = "trouble";
    const again = html("button", {}, "Try again");
    listen(again, "click", choose);
    $(".film").replaceChildren(html("p", { class: "missing script" }, message, " ", again));
    for (const part of [".curves", ".gauges", ".matrix", ".worst", ".keep", ".moment"]) $(part).replaceChildren();
    $(".time").hidden = true;
  }

  listen($(".models"), "change", (event) => {
    kept.model = event.target.value;
    kept.tick = null; // each model's film ends with its own last word
    choose();
  });
  listen($(".tests"), "change", (event) => ((kept.test = event.target.value), chose(), shown && mistakes.show(shown.mistakes)));
  listen($(".read"), "change", (event) => ((kept.reader = event.target.value), chose(), shown && mistakes.show(shown.mistakes)));
  let width = 0;
  const fit = () => {
    if (root.clientWidth === width) return;
    width = root.clientWidth;
    paintAmounts();
    training.paintCurves();
    training.paint();
    mistakes.paint();
  };
  recoloured(() => (training.paint(), mistakes.paint()));
  showModels();
  sized([root], fit);
  ending(training.stop);
  choose();
  return end;
}
