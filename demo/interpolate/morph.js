// From digit to digit: one point (t, u) among four corners, shown in every script.
const BREATH = 80; // milliseconds between two strips
const STEPS = 11; // pictures in the strip
const GRID = 5; // pictures along a side of the square
const SPREAD = 0.7; // of the hands that "another hand" draws; the prior's is 1
const PICKED = "unit:picked"; // where the map leaves what was picked there
const FIRST = [3, 8, 6, 2];
const TAME = 0.2; // spread of the hands to begin with
const TOLD = {
  line: "Every number of the code moves evenly. Half way lies nearer to the middle of the space: a plainer hand.",
  sphere: "The same ends, at an even distance from the origin: half way keeps more of its ink and of its hand.",
};

function resumed(saved, { latent, separation, directions }) {
  const fits = saved.ends?.length === 4 && saved.ends.every(({ code }) => code?.length === latent);
  return {
    ends: fits
      ? saved.ends
      : FIRST.map((digit, i) => ({ script: i % 2, digit, code: someHand(digit, latent, separation, TAME), strokes: [] })),
    t: saved.t ?? 0,
    u: saved.u ?? 0,
    way: saved.way in WAYS ? saved.way : "line",
    hand: directions.map((_, k) => Math.max(-1, Math.min(1, saved.hand?.[k] ?? 0))),
    picked: saved.picked ?? null,
    playing: false,
  };
}

export default function ({ parentElement, data }) {
  const { scripts, latent, separation, directions, key } = data;
  const axes = directions.map(({ axis }) => axis);
  const { root, gone, id, $, $$, listen, sized, recoloured, end } = stage(parentElement, ".morph", scripts, key);
  const kept = recall(id, (saved) => resumed(saved, data));
  const corners = () => kept.ends.map(({ code }) => code);
  // The hand's sliders go from -1 to 1, wherever the ends of a direction are.
  const inHand = (code, hand) => moved(code, axes, hand.map((part, k) => part * directions[k].reach[part < 0 ? 0 : 1]));
  const at = (t, u) => inHand(between(corners(), t, u, kept.way), kept.hand);

  const { play, pause, toggle } = playerOf(kept, { root, button: $(".play"), gone, steps: STEPS, go: (t) => go(t, kept.u, { keep: false }), paused: save });

  function save() {
    const { ends, t, u, way, hand, picked } = kept;
    remember(id, { ends, t, u, way, hand, picked });
  }

  // --- the pages' parts -------------------------------------------------------------------------
  $(".title .all").textContent = scripts.length === 2 ? "both scripts" : "all scripts";
  $(".stages").append(
    ...scripts.map(({ title, colour }) => {
      const canvas = make("canvas", { role: "img" });
      const part = make("div", {}, make("h2", { textContent: title }), make("div", { className: "sheet" }, canvas), make("p", { className: "says" }));
      part.style.setProperty("--ink", `var(${colour})`);
      return part;
    }),
  );
  const strip = $(".strip");
  strip.append(
    ...scripts.map(({ colour }) => {
      const canvas = make("canvas", { ariaHidden: "true" });
      canvas.style.setProperty("--ink", `var(${colour})`);
      return canvas;
    }),
    make(
      "div",
      { className: "cells" },
      ...Array.from({ length: STEPS }, (_, i) =>
        make("button", { ariaLabel: `Step ${i + 1} of ${STEPS}`, onclick: () => go(i / (STEPS - 1), kept.u) }),
      ),
    ),
  );
  $(".fields").append(
    ...scripts.map(({ title, colour }) => {
      const canvas = make("canvas", { ariaHidden: "true" });
      const field = make("div", { className: "sheet field", tabIndex: 0, role: "slider", ariaLabel: `Place in the square, ${title}` }, canvas, make("i"));
      field.setAttribute("aria-roledescription", "two-way slider");
      field.style.setProperty("--ink", `var(${colour})`);
      listen(field, "pointerdown", (event) => {
        if (event.button !== 0) return;
        capture(field, event);
        reach(field, event);
      });
      listen(field, "pointermove", (event) => event.buttons && reach(field, event));
      return field;
    }),
  );
  // Pictures stand in the middle of their cells: so do the places between them.
  function reach(field, event) {
    const { left, top, width } = field.getBoundingClientRect();
    const part = (value) => Math.min(Math.max(((value / width) * GRID - 0.5) / (GRID - 1), 0), 1);
    go(part(event.clientX - left), part(event.clientY - top));
  }

  $$(".end").forEach((section, e) => {
    const end = kept.ends[e];
    section.append($(".end-parts").content.cloneNode(true));
    const name = e ? "To" : "From";
    section.querySelector("h2").textContent = name;
    section.querySelector(".digits").ariaLabel = `${name}: choose a digit`;
    section.querySelector(".scripts").append(...scripts.map(({ title }, s) => radio(`script-${e}`, s, title, s === end.script)));
    listen(section.querySelector(".scripts"), "change", ({ target }) => {
      kept.ends[e].script = Number(target.value);
      kept.ends[e].strokes = []; // the point stays, and is seen in the other script
      showEnd(e);
      changed();
    });
    section.querySelector(".digits").append(...digitButtons((digit) => choose(e, digit)));
    listen(section.querySelector(".another"), "click", () => choose(e));
    listen(section.querySelector(".clear"), "click", () => {
      kept.ends[e].strokes = [];
      note(e, "");
      showEnd(e);
      save();
      ask();
    });
    follow(
      section.querySelector("canvas"),
      listen,
      () => 1,
      (stroke) => {
        pause();
        kept.ends[e].strokes.push(stroke);
        kept.ends[e].digit = null;
        go(e, 0, { keep: false });
      },
      (done) => {
        showEnd(e);
        encode(e);
        if (done) save();
      },
    );
  });
  $(".corners").append(
    ...[2, 3].map((e) => {
      const side = e === 2 ? "left" : "right";
      const digits = make("div", { className: "digits", role: "group", ariaLabel: `Lower ${side}: choose a digit` }, ...digitButtons((digit) => choose(e, digit)));
      const another = make("button", { className: "another", textContent: "Another", title: "Another hand", ariaLabel: `Another hand, lower ${side}`, onclick: () => choose(e) });
      return make("div", { className: "corner" }, make("h3", { textContent: `Lower ${side}` }), make("div", {}, digits, another));
    }),
  );
  function digitButtons(chosen) {
    return Array.from({ length: 10 }, (_, digit) => make("button", { onclick: () => chosen(digit) }));
  }

  $(".sliders").append(
    ...directions.map(({ name, low, high }, k) => {
      const slider = make("input", { type: "range", min: -1, max: 1, step: 0.02, value: kept.hand[k], ariaLabel: name });
      slider.oninput = () => {
        kept.hand[k] = Number(slider.value);
        slider.setAttribute("aria-valuetext", `${Math.round(100 * Math.abs(kept.hand[k]))} % ${kept.hand[k] < 0 ? low : high}`);
        changed();
      };
      const words = name.startsWith("shape") ? ["", ""] : [low, high]; // the rest have pictures alone
      const side = () => make("canvas", { ariaHidden: "true" });
      return make("label", {}, side(), ...words.map((textContent) => make("span", { textContent })), side(), slider);
    }),
  );

  // --- what changes -----------------------------------------------------------------------------
  // Pictures are asked for by what they depend on: the strip stands while t moves, the square while
  // the point does.
  const wanted = { strip: 1, square: 1, sides: 1 };
  const shown = { strip: 0, square: 0, sides: 0 };
  let since = null; // when the oldest change was made that no answer has shown yet

  function changed({ t = false, u = false, keep = true } = {}) {
    since ??= performance.now();
    wanted.sides++;
    if (!t) wanted.strip++;
    if (!t && !u) wanted.square++;
    showPlace();
    ask();
    if (keep) save();
  }

  function go(t, u, { keep = true } = {}) {
    const same = u === kept.u;
    Object.assign(kept, { t, u });
    changed({ t: same, u: true, keep });
  }

  function choose(e, digit = kept.ends[e].digit ?? reading(kept.ends[e].code, separation).digit) {
    Object.assign(kept.ends[e], { digit, code: someHand(digit, latent, separation, SPREAD), strokes: [] });
    if (e < 2) note(e, ""), showEnd(e); // the lower corners are seen in the square alone
    changed();
  }

  const note = (e, text) => tell($(`.end[data-end="${e}"] .note`), text);

  const encoders = [0, 1].map((e) =>
    insistent(async () => {
      const end = kept.ends[e];
      if (!end.strokes.length) return;
      const source = scripts[end.script];
      const target = scripts[firstOther(end.script)];
      const reply = await askServer("api/translate", { source: source.name, target: target.name }, picture(end.strokes, source.stretch));
      if (!end.strokes.length) return; // chosen or cleared meanwhile
      note(e, reply.state === "ok" ? "" : reply.message);
      if (!reply.code.length) return;
      end.code = reply.code;
      changed();
    }, gone, (text) => note(e, text)),
  );
  const encode = (e) => busy(encoders[e]());

  let running = 0; // `data-busy` while an answer is awaited, for the tests
  async function busy(...work) {
    running++;
    root.dataset.busy = "";
    await Promise.all(work);
    if (!--running) delete root.dataset.busy;
  }

  // --- what is seen -----------------------------------------------------------------------------
  const pictures = { now: null, strip: [], square: [], sides: [], ends: [] }; // each by script, but for the ends
  const asker = (work) => insistent(async () => (await work(), say("")), gone, say);

  // The point itself, as fast as it goes.
  const askNow = asker(async () => {
    const began = since;
    since = null;
    const now = at(kept.t, kept.u);
    const decoded = await decode([now, ...kept.ends.slice(0, 2).map(({ code }) => code)], scripts);
    if (gone.signal.aborted) return;
    [pictures.now, ...pictures.ends] = decoded;
    showNow(now);
    [0, 1].forEach((e) => kept.ends[e].strokes.length || showEnd(e));
    root.dataset.answers = Number(root.dataset.answers) + 1;
    window.dispatchEvent(new CustomEvent("unit:morph", { detail: { began } }));
  });

  // What stands around it, a few times a second.
  const askRest = asker(async () => {
    const want = { ...wanted };
    const step = (i, steps) => i / (steps - 1);
    const codes = {
      strip: Array.from({ length: want.strip === shown.strip ? 0 : STEPS }, (_, i) => at(step(i, STEPS), kept.u)),
      square: Array.from({ length: want.square === shown.square ? 0 : GRID * GRID }, (_, i) => at(step(i % GRID, GRID), step(Math.floor(i / GRID), GRID))),
    };
    const sides = directions.flatMap((_, k) => [-1, 1].map((end) => inHand(between(corners(), kept.t, kept.u, kept.way), kept.hand.with(k, end))));
    if (want.sides === shown.sides) return;
    const decoded = await decode([...codes.strip, ...codes.square, ...sides], scripts);
    if (gone.signal.aborted) return;
    const byScript = (some) => scripts.map((_, s) => some.map((each) => each[s]));
    if (codes.strip.length) {
      pictures.strip = byScript(decoded.slice(0, STEPS));
      showStrip();
    }
    if (codes.square.length) {
      pictures.square = byScript(decoded.slice(codes.strip.length, codes.strip.length + codes.square.length));
      showSquare();
    }
    pictures.sides = decoded.slice(-sides.length).map((each) => each[0]);
    showSides();
    Object.assign(shown, want);
    await new Promise((wake) => setTimeout(wake, BREATH));
  });
  const ask = () => busy(askNow(), askRest());

  function say(text) {
    tell($(".message"), text);
  }

  function showNow(code) {
    const { digit, sure } = reading(code, separation);
    const percent = Math.round(100 * sure);
    $$(".stages > div").forEach((part, s) => {
      const { glyphs, title, stretch } = scripts[s];
      const canvas = part.querySelector("canvas");
      enlarge(canvas, pictures.now[s], stretch);
      canvas.setAttribute("aria-label", `${title}: reads as ${glyphs[digit]}, ${percent} per cent`);
      part.querySelector(".says").innerHTML = `<b>${glyphs[digit]}</b> ${percent} %`;
    });
    root.dataset.digit = digit;
  }
  const showSides = () => $$(".sliders canvas").forEach((canvas, i) => enlarge(canvas, pictures.sides[i] ?? [], scripts[0].stretch));
  const showStrip = () => strip.querySelectorAll("canvas").forEach((canvas, s) => contacts(canvas, pictures.strip[s] ?? [], STEPS, scripts[s].stretch));
  const showSquare = () => $$(".field canvas").forEach((canvas, s) => contacts(canvas, pictures.square[s] ?? [], GRID, scripts[s].stretch));

  function showPlace() {
    const { t, u } = kept;
    $(".along").value = t;
    $(".along").setAttribute("aria-valuetext", `${Math.round(100 * t)} % of the way`);
    strip.querySelectorAll(".cells button").forEach((cell, i) => cell.setAttribute("aria-current", i === Math.round(t * (STEPS - 1))));
    $$(".field").forEach((field) => {
      field.style.setProperty("--t", t);
      field.style.setProperty("--u", u);
      field.ariaValueNow = Math.round(100 * t);
      field.setAttribute("aria-valuetext", `${Math.round(100 * t)} % across, ${Math.round(100 * u)} % down`);
    });
    $(".told").textContent = TOLD[kept.way];
    $$(".ways input").forEach((radio) => (radio.checked = radio.value === kept.way));
    able($(".reset"), kept.hand.some((s) => s));
    $$(".corner").forEach((corner, i) => press(corner, kept.ends[i + 2]));
  }

  function showEnd(e) {
    const section = $(`.end[data-end="${e}"]`);
    const end = kept.ends[e];
    const script = scripts[end.script];
    const canvas = section.querySelector("canvas");
    section.style.setProperty("--ink", `var(${script.colour})`);
    able(section.querySelector(".clear"), end.strokes.length > 0);
    canvas.ariaLabel = `${e ? "To" : "From"}: draw a digit in ${script.title} here`;
    if (end.strokes.length) ink(context(canvas), end.strokes, canvas.width, (pen) => PENS[pen]);
    else enlarge(canvas, pictures.ends[e]?.[end.script] ?? [], script.stretch);
    press(section, end);
  }

  function press(part, { digit, script }) {
    part.style.setProperty("--ink", `var(${scripts[script].colour})`);
    part.querySelectorAll(".digits button").forEach((button, i) => {
      button.textContent = scripts[script].glyphs[i];
      button.setAttribute("aria-pressed", i === digit);
    });
  }

  // --- to take home -----------------------------------------------------------------------------
  const fileName = (kind) => `${[0, 1].map((e) => reading(kept.ends[e].code, separation).digit).join("-to-")}.${kind}`;
  listen($(".gif"), "click", () => takeGif(root, fileName("gif"), scripts, (t) => at(t, kept.u)).catch(({ message }) => say(message)));
  listen($(".png"), "click", () => takePng(root, fileName("png"), scripts, pictures.strip, STEPS));

  // --- controls ---------------------------------------------------------------------------------
  listen($(".along"), "input", ({ target }) => {
    pause();
    go(Number(target.value), kept.u);
  });
  listen($(".play"), "click", toggle);
  listen($(".ways"), "change", ({ target }) => {
    kept.way = target.value;
    changed();
  });
  listen($(".reset"), "click", () => {
    kept.hand.fill(0);
    $$(".sliders input").forEach((slider) => (slider.value = 0));
    changed();
  });
  for (const part of [".fields", ".strip"]) listen($(part), "pointerdown", pause);
  onKeys(root, listen, (key) => {
    const step = (x, by) => Number(Math.min(Math.max(x + by, 0), 1).toFixed(4));
    const move = (dt, du) => () => (pause(), go(step(kept.t, dt), step(kept.u, du)));
    const inSquare = $(".field:focus");
    return {
      " ": toggle,
      arrowleft: move(-0.05, 0),
      arrowright: move(0.05, 0),
      arrowup: inSquare && move(0, -0.05),
      arrowdown: inSquare && move(0, 0.05),
      h: () => (choose(0), choose(1)),
    }[key];
  });

  // --- begin ------------------------------------------------------------------------------------
  function takePicked() {
    let told = null;
    try {
      told = sessionStorage.getItem(PICKED);
      if (!told || told === kept.picked) return;
      const picked = JSON.parse(told);
      ["a", "b"].forEach((name, e) => {
        const { code, script, label } = picked[name] ?? {};
        if (code?.length !== latent || !code.every(Number.isFinite)) return;
        const s = Math.max(0, scripts.findIndex((each) => each.name === script));
        Object.assign(kept.ends[e], { code, script: s, digit: label ?? null, strokes: [] });
        $$(`[name="script-${e}"]`)[s].checked = true;
        note(e, "Picked on the map.");
      });
      Object.assign(kept, { t: 0, u: 0 });
    } catch {} // no storage, or not what the map writes
    kept.picked = told;
  }
  const showAll = () => {
    [0, 1].forEach(showEnd);
    if (pictures.now) showNow(at(kept.t, kept.u));
    showStrip();
    showSquare();
  };
  recoloured(showAll);
  sized([root], showAll);
  takePicked();
  [0, 1].forEach(showEnd);
  changed();
  if (kept.playing) play();
  return end;
}
