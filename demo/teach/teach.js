// A visitor names what the model asks about; each answer spreads to all that the model finds alike.
const TEN = 10;
const ASKS = ["doubt", "chance"];
const say = (number) => number.toLocaleString("en");

function resumed(saved) {
  return {
    asks: ASKS.includes(saved.asks) ? saved.asks : "doubt",
    runs: { doubt: new Run(saved.runs?.doubt), chance: new Run(saved.runs?.chance) },
    asked: saved.asked ?? null, // the digit in question
    marking: false,
  };
}

export default function ({ parentElement, data }) {
  const { scripts, count, palette, key, tag } = data;
  const [script] = scripts;
  const page = stage(parentElement, ".teach", scripts, `${key}:${tag}`);
  const { root, gone, id, $, $$, listen } = page;
  const kept = recall(id, resumed);
  const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
  const chart = $(".dots");
  const camera = cameraOf(chart, { x: 0.5, y: 0.5, zoom: 1 }, () => {});
  const tip = tipOf($(".tip"), chart, scripts);
  let lesson = null; // and with it:
  let dots = null;
  let known = null; // after the answers so far: {next, said, clear}
  let theme = {};
  let hovered = -1;
  let busy = false; // an answer is on its way

  const run = () => kept.runs[kept.asks];
  const other = () => kept.runs[kept.asks === "doubt" ? "chance" : "doubt"];
  const glyph = (digit) => `${script.glyphs[digit]} ${script.glyphs[digit] === String(digit) ? "" : digit}`.trim();
  const wrongOf = (said) => [...said.keys()].filter((i) => said[i] !== lesson.labels[i]);
  const place = (i) => camera.pixel(lesson.positions[2 * i], lesson.positions[2 * i + 1]);

  function save() {
    const runs = Object.fromEntries(Object.entries(kept.runs).map(([name, { answers, wrong }]) => [name, { answers, wrong }]));
    remember(id, { asks: kept.asks, asked: kept.asked, runs });
  }

  // --- seeing ---------------------------------------------------------------------------------------
  function readTheme() {
    const { text, paper, digits, glyphs } = themeOf(root, scripts, palette);
    theme = { text, paper: `rgb(${paper})`, glyphs, colours: digits.map((rgb) => `rgb(${rgb})`) };
    $$(".digits button").forEach((button, digit) => button.style.setProperty("--dot", theme.colours[digit]));
  }
  function draw() {
    if (!known) return;
    dots.paint({
      theme,
      size: camera.size(),
      asked: kept.asked ?? -1,
      answered: run().answers.filter(([, label]) => label !== NOBODY).map(([digit]) => digit),
      hovered,
      wrong: kept.marking ? wrongOf(known.said) : [],
      names: namesOn(known.said, lesson.positions, script.glyphs, camera.pixel),
    });
  }
  function showQuestion() {
    const [none, digit] = [kept.asked === null, kept.asked];
    $(".found h2").textContent = none ? "It has no more to ask." : "Which digit is this?";
    enlarge($(".asked canvas"), none ? [] : lesson.picture(digit), script.stretch, 1);
    for (const button of [...$$(".digits button"), $(".skip"), $(".ten")]) button.disabled = none;
    $(".undo").disabled = $(".restart").disabled = !run().answers.length;
    root.dataset.asked = none ? -1 : digit;
  }
  function showProgress() {
    const wrong = run().wrong.at(-1);
    root.dataset.wrong = wrong;
    $(".score b").textContent = `${say(count - wrong)} right`;
    $(".score span").textContent = `of ${say(count)}, after ${run().given === 1 ? "one answer" : `${run().given || "no"} answers`}`;
    paintCurve($(".curve"), count, run(), other());
  }
  const show = () => (showQuestion(), showProgress(), draw());
  const tell = (text) => ($(".told").textContent = text);

  // --- teaching -------------------------------------------------------------------------------------
  // Ask the model what it knows by now; `origin` is the digit whose answer it hears, if there is one.
  async function learn(origin = null) {
    busy = true;
    try {
      const found = await learnt(run().answers, count);
      if (gone.signal.aborted) return null;
      const changed = known && origin !== null ? found.said.reduce((sum, digit, i) => sum + (digit !== known.said[i]), 0) : 0;
      dots.turn(found, origin);
      known = found;
      run().count(wrongOf(found.said).length);
      kept.asked = kept.asks === "chance" ? anyDigit() : found.next < 0 ? null : found.next;
      root.dataset.answers = run().answers.length;
      root.dataset.state = "ready";
      save();
      show();
      return changed;
    } finally {
      busy = false;
    }
  }
  function anyDigit() {
    const left = [...lesson.labels.keys()].filter((i) => !run().has(i));
    return left.length ? left[Math.floor(Math.random() * left.length)] : null;
  }
  // Does `work`, which changes the run; if the server does not follow, the run is as it was before.
  async function attempt(work) {
    if (busy || !known) return;
    const [before, mine] = [run().answers, run()];
    try {
      await work();
    } catch (error) {
      mine.answers = before;
      tell(error.message);
    }
  }

  const answer = (label) =>
    attempt(async () => {
      const digit = kept.asked;
      if (digit === null) return;
      const named = known.said[digit] !== NOBODY;
      run().answer(digit, label);
      const changed = await learn(digit);
      if (changed === null) return;
      tell(label === NOBODY ? "Then it asks about another." : reply(label, lesson.labels[digit], changed, named));
    });
  function reply(label, meant, changed, named) {
    const doubt = label === meant ? "" : `Whoever wrote it meant ${glyph(meant)}. `;
    const groups = new Set(known.said).size - known.said.includes(NOBODY);
    if (!named && changed > 1)
      return `${doubt}Now ${say(changed)} digits that it finds alike are ${glyph(label)}.` + (known.said.includes(NOBODY) || groups < 10 ? "" : " All have a name. From now on it asks where two groups meet.");
    if (!changed) return `${doubt}It had taken it for that.`;
    return `${doubt}It thinks otherwise now of ${changed === 1 ? "this one" : `${say(changed)} digits`}.`;
  }
  const takeBack = () => attempt(async () => run().answers.length && (run().takeBack(), await learn(), tell("Taken back.")));
  const haveTenAnswered = () =>
    attempt(async () => {
      const before = known.said;
      for (let i = 0; i < TEN && kept.asked !== null; i++) {
        const digit = kept.asked;
        run().answer(digit, lesson.labels[digit]);
        if ((await learn(digit)) === null) return;
      }
      const changed = known.said.reduce((sum, digit, i) => sum + (digit !== before[i]), 0);
      tell(`Those who wrote them have said what they meant: it thinks otherwise now of ${changed === 1 ? "one digit" : `${say(changed)} digits`}.`);
    });
  const restart = () => attempt(async () => ((run().answers = []), await learn(), tell("It knows no name again.")));

  // --- the controls ---------------------------------------------------------------------------------
  $(".digits").replaceChildren(
    ...script.glyphs.map((text, digit) =>
      make("button", { onclick: () => answer(digit), ariaLabel: glyph(digit) }, text, text === String(digit) ? "" : make("small", { textContent: digit }), make("i")),
    ),
  );
  listen($(".skip"), "click", () => answer(NOBODY));
  listen($(".undo"), "click", takeBack);
  listen($(".ten"), "click", haveTenAnswered);
  listen($(".restart"), "click", restart);
  listen($(".asks"), "change", (event) => {
    if (busy || !known) return void ($(`[name="asks"][value="${kept.asks}"]`).checked = true);
    kept.asks = event.target.value;
    attempt(async () => {
      await learn();
      tell(kept.asks === "chance" ? "Digits come as chance has them, and most it knew already. The dotted line is of its own questions." : "It asks about what it doubts. The dotted line is of digits by chance.");
    });
  });
  listen($(".marking input"), "change", (event) => ((kept.marking = event.target.checked), draw()));
  listen(document, "keydown", (event) => {
    const target = event.composedPath()[0];
    if (event.ctrlKey || event.metaKey || event.altKey || /^(textarea|select)$/i.test(target.tagName)) return;
    const onControl = /^(button|input|a)$/i.test(target.tagName);
    if (/^[0-9]$/.test(event.key)) answer(Number(event.key));
    else if (event.key === "z" || event.key === "Z") takeBack();
    else if (event.key === " " && !onControl) answer(NOBODY);
    else return;
    event.preventDefault();
  });

  const pointAt = (event) => {
    const box = chart.getBoundingClientRect();
    const within = event.pointerType === "mouse" ? Math.max(camera.size() / 2 + 5, 9) : 22;
    const spot = camera.spotAt(event.clientX - box.left, event.clientY - box.top);
    return nearestPoint(lesson.positions, () => true, spot, within / camera.unit());
  };
  const thought = (i) => (known.said[i] === NOBODY ? "no name yet" : `taken for ${glyph(known.said[i])}`);
  function hover(i) {
    if (i === hovered) return;
    hovered = i;
    if (i < 0) tip.hide();
    else tip.show(place(i), [lesson.picture(i)], thought(i), `var(${script.colour})`);
    draw();
  }
  listen(chart, "pointermove", (event) => known && hover(pointAt(event)));
  listen(chart, "pointerleave", () => known && hover(-1));
  listen(chart, "click", (event) => {
    if (busy || !known) return;
    const i = pointAt(event);
    if (i < 0) return;
    kept.asked = i;
    showQuestion();
    draw();
    tell(`You chose this one: ${thought(i)}.`);
  });

  // --- begin ----------------------------------------------------------------------------------------
  root.style.setProperty("--script", `var(${script.colour})`);
  $(".title p").textContent =
    `It has looked at tens of thousands of ${script.title} digits, and nobody told it what any of them says. By itself it found ten groups; ` +
    `here are ${say(count)} of the digits, alike beside alike. Name what it asks about, and see how far an answer goes.`;
  $(`[name="asks"][value="${kept.asks}"]`).checked = true;
  $(".marking input").checked = kept.marking;

  async function begin() {
    $(".wait .again").hidden = true;
    try {
      lesson ??= await readLesson(data);
      if (gone.signal.aborted) return;
      dots ??= dotsOf(chart, lesson.positions, place, still);
      readTheme();
      const asked = kept.asked;
      await learn();
      if (asked !== null && !run().has(asked) && !gone.signal.aborted) (kept.asked = asked), show(); // the same as before the reload
      tell(run().answers.length ? "" : "First it wants names: of each group, it shows the digit that stands for it best.");
    } catch (error) {
      $(".wait p").textContent = error.message;
      $(".wait .again").hidden = false;
    }
  }
  listen($(".wait .again"), "click", begin);
  listen(root, "transitionend", (event) => {
    if (event.propertyName !== "color" || event.target !== chart || !known) return;
    readTheme();
    show();
  });
  const resized = new ResizeObserver(() => known && show());
  resized.observe(chart);
  begin();
  return () => {
    gone.abort();
    resized.disconnect();
    dots?.close();
  };
}
