// A visitor names what the model asks about; each answer spreads to all that the model finds alike.
const TEN = 10;
const ASKS = ["doubt", "chance"]; // which digit comes next
const mindOf = (number) => (number ? `changed its mind about ${digits(number)}` : "had thought so");
const digits = (number) => (number === 1 ? "one digit" : `${number.toLocaleString("en")} digits`);

function resumed(saved) {
  return {
    asks: ASKS.includes(saved.asks) ? saved.asks : ASKS[0],
    runs: Object.fromEntries(ASKS.map((asks) => [asks, new Run(saved.runs?.[asks])])),
    marking: false,
  };
}

export default function ({ parentElement, data }) {
  const { scripts, count, palette, key, tag } = data;
  const [script] = scripts;
  const page = stage(parentElement, ".teach", scripts, `${key}:${tag}`);
  const { root, gone, id, $, $$, listen, sized, recoloured, ending, end } = page;
  const kept = recall(id, resumed);
  const chart = $(".dots");
  const camera = cameraOf(chart, { x: 0.5, y: 0.5, zoom: 1 }, () => {});
  const tip = tipOf($(".tip"), chart, scripts);
  let lesson = null; // and with it:
  let dots = null;
  let known = null; // after the answers so far: {next, said, clear}
  let theme = {};
  let hovered = null;
  let busy = false; // an answer is on its way

  const run = () => kept.runs[kept.asks];
  const other = () => kept.runs[ASKS.find((asks) => asks !== kept.asks)];
  const wrongOf = (said) => [...said.keys()].filter((i) => said[i] !== lesson.labels[i]);
  const changes = (before, after) => after.reduce((sum, label, i) => sum + (label !== before[i]), 0);
  const place = (i) => camera.pixel(lesson.positions[2 * i], lesson.positions[2 * i + 1]);
  const save = () => remember(id, { asks: kept.asks, runs: kept.runs });
  const tell = (text) => ($(".told").textContent = text);
  const tellNext = (text) => tell(`${text} ${run().asked === null ? "It has no more to ask." : `Next: ${thought(run().asked)}.`}`);
  const thought = (i) => (known.said[i] === NOBODY ? "one of a group without a name" : `one that it takes for ${glyph(known.said[i])}`);

  // --- seeing ---------------------------------------------------------------------------------------
  function readTheme() {
    const { text, paper, digits, glyphs } = themeOf(root, scripts, palette);
    theme = { text, paper: `rgb(${paper})`, glyphs, colours: digits.map((rgb) => `rgb(${rgb})`) };
    $$(".digits button").forEach((button, digit) => button.style.setProperty("--dot", theme.colours[digit]));
  }
  function draw() {
    dots.paint({
      theme,
      size: camera.size(),
      asked: run().asked,
      answered: [...run().labels].filter(([, label]) => label !== NOBODY).map(([digit]) => digit),
      hovered,
      wrong: kept.marking ? wrongOf(known.said).filter((i) => known.said[i] !== NOBODY) : [],
      names: namesOn(known.said, lesson.positions, script.glyphs),
    });
  }
  function showQuestion() {
    const { asked, answers } = run();
    const none = asked === null;
    $(".found h2").textContent = none ? "It has no more to ask." : "Which digit is this?";
    $(".asked canvas").setAttribute("aria-label", none ? "No digit" : `The digit that it asks about: ${thought(asked)}`);
    enlarge($(".asked canvas"), none ? [] : lesson.picture(asked), script.stretch, 1);
    showActs();
    const [digit, label] = answers.at(-1) ?? [null, NOBODY];
    $(".mend").hidden = label === NOBODY || label === lesson.labels[digit];
    $(".mend").textContent = digit === null ? "" : `Name it ${glyph(lesson.labels[digit])} instead`;
    root.dataset.asked = asked ?? -1;
  }
  function showActs() {
    const { asked, answers } = run();
    for (const button of [...$$(".digits button"), $(".skip"), $(".ten")]) able(button, !busy && asked !== null);
    for (const button of [$(".undo"), $(".restart")]) able(button, !busy && answers.length > 0);
    able($(".mend"), !busy);
  }
  function showProgress() {
    const [{ given, wrong }, last] = [run(), run().wrong.at(-1)];
    $(".score b").textContent = `${(count - last).toLocaleString("en")} right`;
    $(".score span").textContent = `of ${count.toLocaleString("en")}, after ${given === 1 ? "one answer" : `${given || "no"} answers`}`;
    $(".other-line").hidden = !other().given;
    $(".other-line").textContent = kept.asks === "chance" ? "dotted: what it doubts" : "dotted: digits by chance";
    root.dataset.wrong = wrong.at(-1);
    paintCurve($(".curve"), count, run(), other());
  }
  const show = () => (showQuestion(), showProgress(), draw());

  // --- teaching -------------------------------------------------------------------------------------
  // What the model knows after `answers`, which only then count. `origin` is the digit whose answer is new;
  // `asked` the next question, where it is not the model's to choose. How many digits changed.
  async function learn(answers, { asks = kept.asks, origin = null, asked = null } = {}) {
    const found = await learnt(new Map(answers), data);
    if (gone.signal.aborted) return 0;
    const changed = known ? changes(known.said, found.said) : 0;
    dots.turn(found, origin);
    [known, kept.asks] = [found, asks];
    run().learn(answers, wrongOf(found.said).length);
    run().asked = asked ?? (asks === "chance" ? byChance() : found.next);
    root.dataset.answers = answers.length;
    save();
    show();
    return changed;
  }
  function byChance() {
    const taken = run().labels;
    const left = [...lesson.labels.keys()].filter((i) => !taken.has(i));
    return left.length ? left[Math.floor(Math.random() * left.length)] : null;
  }
  function wait(now) {
    busy = now;
    $(".digits").ariaBusy = now;
    showActs();
  }
  // One thing at a time; what the server cannot follow has not happened.
  async function attempt(work) {
    if (busy || !known) return;
    wait(true);
    try {
      await work();
    } catch (error) {
      tell(error.message);
    }
    wait(false);
    $(`[name="asks"][value="${kept.asks}"]`).checked = true;
  }

  const answer = (label) =>
    attempt(async () => {
      const { asked, answers } = run();
      if (asked !== null) await give(answers, asked, label);
    });
  const mend = (event) =>
    attempt(async () => {
      const { answers } = run();
      const [digit] = answers.at(-1);
      await give(answers.slice(0, -1), digit, lesson.labels[digit]);
      if (!event.detail) $(".digits button").focus(); // the button that had it is none any more
    });
  async function give(answers, digit, label) {
    const named = known.said[digit] !== NOBODY;
    const changed = await learn([...answers, [digit, label]], { origin: digit });
    tellNext(label === NOBODY ? "Then it asks about another." : reply(label, lesson.labels[digit], changed, named));
  }
  function reply(label, meant, changed, named) {
    const said = [label === meant ? "" : `Whoever wrote it meant ${glyph(meant)}.`];
    if (!changed) said.push(`It had taken it for ${glyph(label)}, too.`);
    else if (named || changed === 1) said.push(`It ${mindOf(changed)}.`);
    else said.push(`Now ${digits(changed)} that it finds alike are ${glyph(label)}.`);
    if (!named && !known.said.includes(NOBODY))
      said.push(new Set(known.said).size < script.glyphs.length ? "Two groups have the same name now: is there a slip? It asks once more." : "All have a name. From now on it asks where two groups meet.");
    return said.filter(Boolean).join(" ");
  }
  const takeBack = () =>
    attempt(async () => {
      const { answers } = run();
      if (!answers.length) return;
      const [asked] = answers.at(-1);
      await learn(answers.slice(0, -1), { asked });
      tellNext("Taken back.");
    });
  const answerTen = () =>
    attempt(async () => {
      const before = known.said;
      for (let i = 0; i < TEN && run().asked !== null && !gone.signal.aborted; i++) {
        const { asked, answers } = run();
        tell(`${i + 1} of ${TEN} …`);
        await learn([...answers, [asked, lesson.labels[asked]]]); // in no time: there is none for it to spread
      }
      tellNext(`Those who wrote them have said what they meant: it ${mindOf(changes(before, known.said))}.`);
    });
  const restart = (event) =>
    attempt(async () => {
      await learn([]);
      tellNext("It knows no name again.");
      if (!event.detail) $(".digits button").focus(); // the button that had it is none any more
    });
  const turnTo = (asks) =>
    attempt(async () => {
      await learn(kept.runs[asks].answers, { asks, asked: kept.runs[asks].asked });
      tellNext(asks === "chance" ? "Digits come as chance has them, whether it knew them or not." : "It asks about what it doubts most.");
    });

  // --- the controls ---------------------------------------------------------------------------------
  const glyph = answersOf($(".digits"), script.glyphs, listen, { answer, skip: () => answer(NOBODY), back: takeBack });
  listen($(".skip"), "click", () => answer(NOBODY));
  listen($(".undo"), "click", takeBack);
  listen($(".ten"), "click", answerTen);
  listen($(".mend"), "click", mend);
  listen($(".restart"), "click", restart);
  listen($(".asks"), "change", (event) => turnTo(event.target.value));
  listen($(".marking input"), "change", (event) => ((kept.marking = event.target.checked), known && draw()));

  function pointAt(event) {
    const box = chart.getBoundingClientRect();
    const within = event.pointerType === "mouse" ? Math.max(camera.size() / 2 + 5, 9) : 22;
    const spot = camera.spotAt(event.clientX - box.left, event.clientY - box.top);
    const found = nearestPoint(lesson.positions, () => true, spot, within / camera.unit());
    return found < 0 ? null : found;
  }
  function hover(i) {
    if (i === hovered) return;
    hovered = i;
    if (i === null) tip.hide();
    else tip.show(place(i), [lesson.picture(i)], known.said[i] === NOBODY ? "no name yet" : `taken for ${glyph(known.said[i])}`, `var(${script.colour})`);
    draw();
  }
  listen(chart, "pointermove", (event) => known && hover(pointAt(event)));
  listen(chart, "pointerleave", () => known && hover(null));
  listen(chart, "click", (event) => {
    const i = known && !busy ? pointAt(event) : null;
    if (i !== null) choose(i);
  });
  onKeys(chart, listen, (key) => known && !busy && WAYS[key] && (() => chooseToward(WAYS[key])), chart);
  function chooseToward(way) {
    const i = nearestToward(lesson.positions, () => true, run().asked ?? 0, way);
    if (i < 0) tell("No digit lies further that way.");
    else choose(i);
  }
  function choose(i) {
    run().asked = i;
    save();
    showQuestion();
    draw();
    tell(`You chose number ${(i + 1).toLocaleString("en")}, ${thought(i)}.`);
  }

  // --- begin ----------------------------------------------------------------------------------------
  root.style.setProperty("--script", `var(${script.colour})`);
  $(".title p").textContent =
    `It has looked at tens of thousands of ${script.title} digits, and nobody told it what they say. It found ten groups by itself: ` +
    `here are ${count.toLocaleString("en")} digits, alike beside alike. Name what it asks about, or tap a dot and name that.`;
  $(`[name="asks"][value="${kept.asks}"]`).checked = true;
  $(".marking input").checked = kept.marking;

  async function begin() {
    $(".wait .again").hidden = true;
    try {
      lesson ??= await readLesson(data);
      if (gone.signal.aborted) return;
      dots ??= dotsOf(chart, lesson.positions, camera);
      readTheme();
      await learn(run().answers, { asked: run().asked });
      root.dataset.state = "ready";
      if (run().given) tellNext("It knows what you have told it before.");
      else tell("First it wants names: of each group, it shows the digit that stands for it best.");
    } catch (error) {
      $(".wait p").textContent = error.message;
      $(".wait .again").hidden = false;
    }
  }
  listen($(".wait .again"), "click", begin);
  recoloured(() => {
    if (!known) return;
    readTheme();
    show();
  }, ".dots");
  sized([chart], () => known && show());
  ending(() => dots?.close());
  begin();
  return end;
}
