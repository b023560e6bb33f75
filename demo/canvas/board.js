// The translation board: what was drawn is asked about while it is drawn.
const HANDS = 10;
const PAUSE = 600; // milliseconds between two looks around the translation, while the pen is down
const NUMBERS = "Numbers writes whole numbers.";
const FETCHED = new Map(); // by model: its map, read once a tab

export default function ({ parentElement, data: { scripts, separation, models, shown, maps, palette, key } }) {
  const here = stage(parentElement, ".board", scripts, key);
  const { root, gone, id, $, listen, sized, recoloured, end } = here;
  const kept = recall(id, (saved) => desk(saved, scripts, { model: saved.model, stray: saved.stray ?? 2 }));

  const pad = $(".pad canvas");
  let live = null; // the stroke that the pen is at
  const drawing = () => kept.drawings[kept.source];
  const from = () => scripts[kept.source];
  const to = () => scripts[kept.target];
  const named = (wanted) => models.find(({ name }) => name === wanted);
  const chosen = () => named(kept.model) ?? named(shown);
  let reply = null;

  // --- the page ---------------------------------------------------------------------------------
  // At most once a frame, however fast the pen reports.
  let drawn = 0;
  function showDrawing() {
    cancelAnimationFrame(drawn);
    drawn = requestAnimationFrame(paintDrawing);
  }

  function paintDrawing() {
    ink(context(pad), drawing().now, pad.width, (pen) => PENS[pen]);
    showTools(here, drawing());
  }

  function showReply() {
    const { digit = [], translation = [], state = "empty" } = reply ?? {};
    stamp($(".seen"), digit, SIDE);
    stamp($(".made"), translation, SIDE);
    enlarge($(".result canvas"), translation, to().stretch);
    showBars($(".reads .bars"), reply?.source_probabilities ?? []);
    showBars($(".echoes .bars"), reply?.target_probabilities ?? []);
    const several = !live && translation.length > 0 && hasNumbers() && sideBySide(drawing().now);
    say(several ? `Two digits? ${NUMBERS}` : reply?.message ?? "");
    root.dataset.state = several ? "unsure" : state;
    $(".save").disabled = !translation.length;
    showBack();
    // What stands around the translation must not hold it up: seldom while the pen is down.
    const calm = since === null && (!live || performance.now() - calmed > PAUSE);
    if (calm) calmed = performance.now();
    showHands(calm);
    showPlace(calm);
  }
  let calmed = 0;

  function showBack() {
    const { round_trip = [], round_trip_error: error } = reply ?? {};
    stamp($(".back canvas"), round_trip, SIDE);
    $(".back p").textContent =
      error == null
        ? `Your digit to ${to().title} and home again.`
        : `To ${to().title} and home again: ${Math.sqrt(error).toFixed(2)} of full ink is lost or gained at a pixel, root mean square.`;
  }

  // What the model makes of the drawing's code: all ten digits in its hand, in both scripts, and
  // hands around it, `stray` times the posterior's deviations away from its mean.
  let noise = null;
  const decodeHands = newest(async ({ code, spread }) => {
    noise ??= Array.from({ length: HANDS }, () => code.map(gauss));
    const others = noise.map((each) => inOtherHand(code, spread, each.map((x) => kept.stray * x)));
    const [way, mind] = [[kept.source, kept.target], chosen()];
    const pictures = await decode([...inOneHand(code, separation), ...others], scripts, asked());
    if (way[0] !== kept.source || way[1] !== kept.target || mind !== chosen() || !reply?.code?.length) return;
    const show = (strip, first, s) =>
      [...strip.children].forEach((canvas, i) => enlarge(canvas, pictures[first + i][s], scripts[s].stretch));
    way.forEach((s, i) => show($(i ? ".ten .theirs" : ".ten .mine"), 0, s));
    show($(".hands .strip"), 10, kept.target);
    root.dataset.hands = Number(root.dataset.hands ?? 0) + 1;
  });
  function showHands(calm = true) {
    if (reply?.code?.length) {
      if (calm) decodeHands(reply).catch(() => {}); // the drawing's own question tells of trouble
    } else for (const canvas of root.querySelectorAll(":is(.ten, .hands) .strip canvas")) context(canvas);
  }
  // Where the code lies among those of the atlas, and the digits nearest to it; for models with one.
  const findPlace = newest(async ({ code }) => {
    const name = chosen().name;
    if (!FETCHED.has(name)) FETCHED.set(name, readAtlas({ ...maps[name], query: asked() }));
    FETCHED.get(name).catch(() => FETCHED.delete(name)); // to be asked for again
    const atlas = await FETCHED.get(name);
    const found = await askServer("api/atlas/nearest", asked(), new Float32Array(code));
    if (reply?.code !== code || name !== chosen().name) return;
    const near = found.nearest.slice(0, HANDS);
    $(".near .strip").replaceChildren(
      ...near.map((i) => {
        const script = scripts[atlas.scripts[i]];
        const canvas = document.createElement("canvas");
        canvas.role = "img";
        canvas.ariaLabel = canvas.title = `${script.title} ${script.glyphs[atlas.labels[i]]}`;
        canvas.style.color = `var(${script.colour})`;
        return canvas;
      }),
    );
    near.forEach((i, k) => enlarge($(".near .strip").children[k], atlas.picture(i), scripts[atlas.scripts[i]].stretch));
    $(".tally").textContent = scripts
      .map(({ title }, s) => `${near.filter((i) => atlas.scripts[i] === s).length} ${title}`)
      .join(", ");
    showMap(atlas, found.places.tsne);
    root.dataset.places = Number(root.dataset.places ?? 0) + 1;
  });
  function showMap(atlas, place) {
    const canvas = $(".place canvas");
    fit(canvas);
    const chart = canvas.getContext("2d");
    chart.clearRect(0, 0, canvas.width, canvas.height);
    const side = 0.92 * canvas.height;
    const at = (x, y) => [canvas.width / 2 + side * (x - 0.5), canvas.height / 2 - side * (y - 0.5)];
    const colours = palette[isDark() ? "dark" : "light"];
    const size = Math.max(1, side / 220);
    chart.globalAlpha = 0.5;
    for (let i = 0; i < atlas.labels.length; i++) {
      chart.fillStyle = colours[atlas.labels[i]];
      const [x, y] = at(atlas.views.tsne[2 * i], atlas.views.tsne[2 * i + 1]);
      chart.fillRect(x - size / 2, y - size / 2, size, size);
    }
    chart.globalAlpha = 1;
    if (!place) return;
    const [x, y] = at(...place);
    for (const [width, colour] of [[7, getComputedStyle(canvas).backgroundColor], [3, getComputedStyle($(".pad canvas")).color]]) {
      chart.lineWidth = width * devicePixelRatio;
      chart.strokeStyle = colour;
      chart.beginPath();
      chart.arc(x, y, 9 * devicePixelRatio, 0, 2 * Math.PI);
      chart.stroke();
    }
  }
  const isDark = () => {
    const [r, g, b] = getComputedStyle($(".result")).backgroundColor.match(/[\d.]+/g).map(Number);
    return r + g + b < 384;
  };
  function showPlace(calm) {
    const known = chosen()?.name in maps;
    $(".place").hidden = $(".near").hidden = !known || !reply?.code?.length;
    if (known) $(".place .many").textContent = maps[chosen().name].count.toLocaleString("en");
    if (known && reply?.code?.length && calm) findPlace({ code: reply.code }).catch(() => {});
  }

  // The board is also shown where there is no such page, nor what it knows of strokes.
  const hasNumbers = () => document.querySelector('.st-key-pages a[href$="numbers"]') !== null;

  const asked = () => (chosen() ? { model: chosen().name } : {});

  // What a message may end with, to be pressed.
  const OFFERS = {
    "Change the script?": (textContent) => make("button", { textContent, onclick: move }),
    [NUMBERS]: (textContent) => make("a", { textContent, href: "numbers", target: "_self" }),
  };
  function say(text) {
    const message = $(".message");
    const offer = Object.keys(OFFERS).find((offer) => text.endsWith(offer));
    const parts = offer ? [text.slice(0, -offer.length), OFFERS[offer](offer)] : [text];
    if (message.textContent !== text) message.replaceChildren(...parts);
    $(".result canvas").setAttribute("aria-label", `Translation. ${text}`);
  }

  function showBars(bars, probabilities) {
    const best = likeliest(probabilities);
    [...bars.children].forEach((bar, digit) => {
      const p = probabilities[digit] ?? 0;
      bar.style.setProperty("--p", p);
      bar.classList.toggle("best", digit === best);
      bar.querySelector("small").textContent = digit === best ? `${Math.round(100 * p)} %` : "";
    });
  }

  function showScripts() {
    showWay(here, scripts, kept, turn);
    pad.setAttribute("aria-label", `Drawing pad: draw a digit in ${from().title}`);
    fill($(".reads .bars"), from(), from().examples);
    fill($(".echoes .bars"), to(), null);
  }

  function fill(bars, script, examples) {
    bars.replaceChildren(
      ...script.glyphs.map((glyph, digit) => {
        const bar = document.createElement(examples ? "button" : "div");
        bar.className = "bar";
        bar.innerHTML = "<small></small><i></i><span></span>";
        bar.querySelector("span").textContent = glyph;
        if (examples) {
          bar.title = bar.ariaLabel = `Write ${glyph}`;
          bar.onclick = () => write(digit);
        }
        return bar;
      }),
    );
  }

  // How many labels the model saw: the same drawing, read by a mind that was told more or less.
  function showModels() {
    $(".models").classList.toggle("lone", models.length < 2);
    $(".models legend").textContent = `Labels of ${scripts.at(-1).title} that the model saw`;
    $(".asked-for").hidden = !models.some(({ asked_for }) => asked_for);
    for (const { name, title, hint, asked_for } of models) {
      const input = make("input", { type: "radio", name: "model", value: name, checked: name === chosen().name, ariaLabel: title });
      const words = asked_for ? asked_for.toLocaleString("en") : title;
      $(asked_for ? ".asked-for" : ".by-chance").append(make("label", { title: hint }, input, words));
    }
    $(".models output").textContent = chosen()?.hint ?? "";
  }

  // --- the live question: one in flight, the newest waits -----------------------------------------
  let since = null; // when the oldest ink was drawn that no question has carried yet
  const question = insistent(async () => {
    const [subject, aim, mind, began] = [drawing(), to(), chosen(), since];
    since = null;
    const way = { source: from().name, target: aim.name, ...asked(), ...(live ? {} : { hint: 1 }) }; // once the pen rests
    const answer = await askServer("api/translate", way, picture(subject.now, from().stretch));
    if (subject !== drawing() || aim !== to() || mind !== chosen()) return; // turned meanwhile
    reply = answer;
    showReply();
    root.dataset.answers = Number(root.dataset.answers) + 1;
    window.dispatchEvent(new CustomEvent("unit:answer", { detail: { began, state: reply.state } }));
  }, gone, (text) => {
    reply = { state: "trouble", message: text };
    showReply();
  });
  function ask() {
    since ??= performance.now();
    question();
  }

  // --- the pen ------------------------------------------------------------------------------------
  function changed({ keep = true } = {}) {
    showDrawing();
    ask();
    if (keep) remember(id, onDesk(kept, scripts, { model: kept.model, stray: kept.stray }));
  }

  follow(
    pad,
    listen,
    () => kept.pen,
    (stroke) => {
      kept.writing++;
      live = stroke;
      drawing().change([...drawing().now, stroke]);
    },
    (done) => {
      if (done) live = null;
      changed({ keep: done });
    },
  );

  async function write(digit) {
    if (!from().examples) return;
    const turn = ++kept.writing;
    const written = [];
    drawing().change(written);
    await writeOut(written, handwritten(from().examples[digit], kept.pen), (done) => turn === kept.writing && changed({ keep: done }));
  }

  function step(what) {
    kept.writing++;
    what();
    changed();
  }
  function surprise() {
    const able = scripts.map((_, i) => i).filter((i) => scripts[i].examples && scripts.length > 1);
    if (!able.length) return;
    const source = able[Math.floor(Math.random() * able.length)];
    if (source !== kept.source) turn(wayFrom(source, kept));
    write(Math.floor(Math.random() * 10));
  }

  // The drawing and its translation side by side, each in its script's colour, on paper.
  function save() {
    if (!reply?.translation?.length) return;
    const side = 560;
    const sheet = make("canvas", { width: 2 * side, height: side });
    const paper = sheet.getContext("2d");
    paper.fillStyle = getComputedStyle(root).getPropertyValue("--st-secondary-background-color");
    paper.fillRect(0, 0, sheet.width, sheet.height);
    paper.drawImage(pad, 0, 0, side, side);
    paper.drawImage($(".result canvas"), side, 0, side, side);
    download(`${from().name}-to-${to().name}.png`.toLowerCase(), sheet.toDataURL("image/png"));
  }

  const undo = () => step(() => drawing().undo());
  const redo = () => step(() => drawing().redo());
  const clear = () => step(() => drawing().now.length && drawing().change([]));
  const swap = () => turn({ source: kept.target, target: kept.source });
  // As swap, and the drawing comes along.
  function move() {
    moveDrawing(kept, kept.target);
    swap();
  }
  const turn = (way) =>
    step(() => {
      Object.assign(kept, way);
      reply = null;
      showScripts();
      showReply();
    });
  listen($(".shuffle"), "click", () => {
    noise = null;
    showHands();
  });
  listen($(".dial input"), "input", (event) => {
    kept.stray = Number(event.target.value);
    showHands();
  });
  listen($(".dial input"), "change", () => changed());
  listen($(".models"), "change", (event) => {
    kept.model = event.target.value;
    $(".models output").textContent = chosen().hint;
    changed();
  });
  tools(here, kept, { undo, redo, clear, swap, surprise, save, write, changed: () => changed() });

  // --- begin --------------------------------------------------------------------------------------
  const paint = () => (showDrawing(), showReply());
  recoloured(paint);
  sized([$(".pad")], paint);
  $(".dial input").value = kept.stray;
  const strip = (into, label) =>
    into.replaceChildren(...Array.from({ length: HANDS }, (_, i) => make("canvas", { role: "img", ariaLabel: label(i) })));
  strip($(".ten .mine"), (i) => `${i} in your hand`);
  strip($(".ten .theirs"), (i) => `${i} in your hand, translated`);
  strip($(".hands .strip"), (i) => `Another hand, ${i + 1}`);
  showModels();
  showScripts();
  changed({ keep: false });
  return end;
}
