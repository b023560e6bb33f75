// The translation board: what was drawn is asked about while it is drawn.
const KEEP = new Map(); // by name: a rerun that mounts the board anew loses nothing
const RETRY = 1500;
const HANDS = 10;
const PAUSE = 300;
const FETCHED = new Map(); // by model: its map, read once a tab

function recall(id, scripts) {
  if (KEEP.has(id)) return KEEP.get(id);
  let saved = {};
  try {
    saved = JSON.parse(sessionStorage.getItem(id)) ?? {}; // of this tab alone
  } catch {} // no storage, or not ours: start empty
  const drawings = scripts.map(({ name }) => new Versions(saved.drawings?.[name]));
  const [source, target] = saved.way ?? [0, 1];
  const kept = { drawings, source, target, pen: saved.pen ?? 1, model: saved.model, stray: saved.stray ?? 2, live: null, writing: 0 };
  KEEP.set(id, kept);
  return kept;
}

export default function ({ parentElement, data: { scripts, models, maps, palette, key } }) {
  const { root, gone, id, $, listen } = stage(parentElement, ".board", scripts, key);
  const kept = recall(id, scripts);

  const drawing = () => kept.drawings[kept.source];
  const from = () => scripts[kept.source];
  const to = () => scripts[kept.target];
  const chosen = () => models.find(({ name }) => name === kept.model) ?? models.at(-1);
  let reply = null;

  // --- the page ---------------------------------------------------------------------------------
  // At most once a frame, however fast the pen reports.
  let drawn = 0;
  function showDrawing() {
    cancelAnimationFrame(drawn);
    drawn = requestAnimationFrame(paintDrawing);
  }

  function paintDrawing() {
    const canvas = $(".pad canvas");
    ink(context(canvas), drawing().now, canvas.width, (pen) => PENS[pen]);
    root.classList.toggle("drawn", drawing().now.length > 0);
    $(".undo").disabled = !drawing().past.length;
    $(".redo").disabled = !drawing().future.length;
    $(".clear").disabled = !drawing().now.length;
  }

  function showReply() {
    const { digit = [], translation = [], state = "empty" } = reply ?? {};
    stamp($(".seen"), digit, SIDE);
    stamp($(".made"), translation, SIDE);
    enlarge($(".result canvas"), translation, to().stretch);
    showBars($(".reads .bars"), reply?.source_probabilities ?? []);
    showBars($(".echoes .bars"), reply?.target_probabilities ?? []);
    say(reply?.message ?? "");
    root.dataset.state = state;
    $(".save").disabled = !translation.length;
    showBack();
    // What stands around the translation must not hold it up: seldom while the pen is down.
    const calm = !waiting && (!kept.live || performance.now() - calmed > PAUSE);
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

  // Codes around the drawing's own: its posterior's mean and `stray` times its deviations.
  let noise = null;
  const decodeHands = newest(async ({ code, spread }) => {
    noise ??= [...$(".hands .strip").children].map(() => code.map(gauss));
    const codes = noise.map((each) => code.map((mean, i) => mean + kept.stray * spread[i] * each[i]));
    const [script, aim] = [kept.target, to()];
    const pictures = await decode(codes, scripts, asked());
    if (aim !== to() || !reply?.code?.length) return;
    [...$(".hands .strip").children].forEach((canvas, i) => enlarge(canvas, pictures[i][script], aim.stretch));
    root.dataset.hands = Number(root.dataset.hands ?? 0) + 1;
  });
  function showHands(calm = true) {
    if (reply?.code?.length) {
      if (calm) decodeHands(reply).catch(() => {}); // the drawing's own question tells of trouble
    } else for (const canvas of $(".hands .strip").children) context(canvas);
  }
  // Where the code lies among those of the atlas, and the digits nearest to it; for models with one.
  const findPlace = newest(async ({ code }) => {
    const name = chosen().name;
    if (!FETCHED.has(name)) FETCHED.set(name, readAtlas({ ...maps[name], query: asked() }));
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
    [canvas.width, canvas.height] = [canvas.clientWidth, canvas.clientHeight].map((side) => Math.round(side * devicePixelRatio));
    const chart = canvas.getContext("2d");
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
    if (known && reply?.code?.length && calm) findPlace({ code: reply.code }).catch(() => FETCHED.delete(chosen().name));
  }

  const asked = () => (chosen() ? { model: chosen().name } : {});

  function say(text) {
    const message = $(".message");
    if (message.textContent !== text) message.textContent = text;
    $(".result canvas").setAttribute("aria-label", `Translation. ${text}`);
  }

  function showBars(bars, probabilities) {
    const best = probabilities.indexOf(Math.max(...probabilities));
    [...bars.children].forEach((bar, digit) => {
      const p = probabilities[digit] ?? 0;
      bar.style.setProperty("--p", p);
      bar.classList.toggle("best", digit === best);
      bar.querySelector("small").textContent = digit === best ? `${Math.round(100 * p)} %` : "";
    });
  }

  function showWay() {
    root.style.setProperty("--from", `var(${from().colour})`);
    root.style.setProperty("--to", `var(${to().colour})`);
    root.classList.toggle("swapped", kept.source > kept.target);
    root.dataset.source = from().name;
    showTitle("source", "From");
    showTitle("target", "To");
    $(".pad canvas").setAttribute("aria-label", `Drawing pad: draw a digit in ${from().title}`);
    fill($(".reads .bars"), from(), from().examples);
    fill($(".echoes .bars"), to(), null);
  }

  // A script's name; with more than two of them, a choice.
  function showTitle(role, label) {
    const heading = $(role === "source" ? ".from" : ".to");
    if (scripts.length === 2) return (heading.textContent = scripts[kept[role]].title);
    const select = document.createElement("select");
    select.ariaLabel = label;
    select.append(...scripts.map(({ title }, i) => new Option(title, i)));
    select.value = kept[role];
    select.onchange = () => {
      const [chosen, other] = [Number(select.value), role === "source" ? "target" : "source"];
      if (chosen === kept[other]) swap();
      else turn({ [role]: chosen });
    };
    heading.replaceChildren(select);
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
    for (const { name, title, hint } of models) {
      const label = document.createElement("label");
      const input = Object.assign(document.createElement("input"), { type: "radio", name: "model", value: name });
      input.checked = name === chosen().name;
      label.title = hint;
      label.append(input, title);
      $(".models").append(label);
    }
    $(".models output").textContent = chosen()?.hint ?? "";
  }

  // --- the live question: one in flight, the newest waits -----------------------------------------
  let busy = false;
  let waiting = false;
  let since = null; // when the oldest ink was drawn that no question has carried yet

  async function ask() {
    since ??= performance.now();
    waiting = true;
    if (busy) return;
    busy = true;
    while (waiting && !gone.signal.aborted) {
      waiting = false;
      const [subject, aim, mind, began] = [drawing(), to(), chosen(), since];
      since = null;
      try {
        const answer = await question();
        if (subject !== drawing() || aim !== to() || mind !== chosen()) continue; // turned meanwhile
        reply = answer;
        showReply();
        root.dataset.answers = Number(root.dataset.answers) + 1;
        window.dispatchEvent(new CustomEvent("unit:answer", { detail: { began, state: reply.state } }));
      } catch (error) {
        reply = { state: "trouble", message: error.message };
        showReply();
        if (error.final) break;
        await new Promise((wake) => setTimeout(wake, RETRY));
        waiting = true;
      }
    }
    busy = false;
  }

  function question() {
    const way = { source: from().name, target: to().name, ...asked() };
    return askServer("api/translate", way, picture(drawing().now, from().stretch));
  }

  // --- the pen ------------------------------------------------------------------------------------
  function changed({ keep = true } = {}) {
    showDrawing();
    ask();
    if (!keep) return;
    const drawings = Object.fromEntries(scripts.map(({ name }, i) => [name, kept.drawings[i].now]));
    try {
      sessionStorage.setItem(id, JSON.stringify({ drawings, way: [kept.source, kept.target], pen: kept.pen, model: kept.model, stray: kept.stray }));
    } catch {} // full or forbidden: the drawing still lives in this page
  }

  const pad = $(".pad canvas");
  function spot(event) {
    const { left, top, width } = pad.getBoundingClientRect();
    const part = (value) => Math.min(Math.max(Number((value / width).toFixed(4)), 0), 1);
    return [part(event.clientX - left), part(event.clientY - top)];
  }
  listen(pad, "pointerdown", (event) => {
    if (event.button !== 0 || !event.isPrimary) return;
    event.preventDefault();
    try {
      pad.setPointerCapture(event.pointerId);
    } catch {} // the pointer is gone already
    kept.writing++;
    kept.live = { pen: kept.pen, points: [spot(event)] };
    drawing().change([...drawing().now, kept.live]);
    changed({ keep: false });
  });
  listen(pad, "pointermove", (event) => {
    if (!kept.live || !event.isPrimary) return;
    if (!event.buttons) return lift();
    const events = event.getCoalescedEvents?.() ?? [];
    for (const each of events.length ? events : [event]) {
      const [x, y] = spot(each);
      const [u, v] = kept.live.points.at(-1);
      if (Math.hypot(x - u, y - v) > 0.003) kept.live.points.push([x, y]);
    }
    changed({ keep: false });
  });
  function lift() {
    if (!kept.live) return;
    kept.live = null;
    changed();
  }
  listen(pad, "pointerup", lift);
  listen(pad, "pointercancel", lift);

  async function write(digit) {
    if (!from().examples) return;
    lift();
    const turn = ++kept.writing;
    const written = [];
    drawing().change(written);
    await writeOut(written, handwritten(from().examples[digit], kept.pen), (done) => turn === kept.writing && changed({ keep: done }));
  }

  function step(what) {
    lift();
    kept.writing++;
    what();
    changed();
  }
  function surprise() {
    const able = scripts.map((_, i) => i).filter((i) => scripts[i].examples && scripts.length > 1);
    if (!able.length) return;
    const source = able[Math.floor(Math.random() * able.length)];
    if (source !== kept.source) turn({ source, target: source === kept.target ? kept.source : kept.target });
    write(Math.floor(Math.random() * 10));
  }

  // The drawing and its translation side by side, each in its script's colour, on paper.
  function save() {
    if (!reply?.translation?.length) return;
    const side = 560;
    const sheet = document.createElement("canvas");
    [sheet.width, sheet.height] = [2 * side, side];
    const paper = sheet.getContext("2d");
    paper.fillStyle = getComputedStyle(root).getPropertyValue("--st-secondary-background-color");
    paper.fillRect(0, 0, sheet.width, sheet.height);
    paper.drawImage($(".pad canvas"), 0, 0, side, side);
    paper.drawImage($(".result canvas"), side, 0, side, side);
    const link = document.createElement("a");
    link.download = `${from().name}-to-${to().name}.png`.toLowerCase();
    link.href = sheet.toDataURL("image/png");
    link.click();
  }

  const undo = () => step(() => drawing().undo());
  const redo = () => step(() => drawing().redo());
  const clear = () => step(() => drawing().now.length && drawing().change([]));
  const swap = () => turn({ source: kept.target, target: kept.source });
  const turn = (way) =>
    step(() => {
      Object.assign(kept, way);
      reply = null;
      showWay();
      showReply();
    });
  listen($(".undo"), "click", undo);
  listen($(".redo"), "click", redo);
  listen($(".clear"), "click", clear);
  listen($(".swap"), "click", swap);
  listen($(".surprise"), "click", surprise);
  listen($(".save"), "click", save);
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
  listen($(".pens"), "change", (event) => {
    kept.pen = Number(event.target.value);
    changed();
  });
  listen(document, "keydown", (event) => {
    const target = event.composedPath()[0];
    if (!root.checkVisibility()) return; // another page is before it
    if (target.isContentEditable || /^(textarea|select)$/i.test(target.tagName)) return;
    if (/^input$/i.test(target.tagName) && target.type !== "radio" && !(target.type === "range" && /^[0-9nsx]$/i.test(event.key))) return;
    const command = event.ctrlKey || event.metaKey;
    const key = event.key.toLowerCase();
    const act =
      command && key === "z" ? (event.shiftKey ? redo : undo)
      : command && key === "y" ? redo
      : command || event.altKey ? null
      : ["escape", "delete", "backspace"].includes(key) ? clear
      : key === "x" ? swap
      : key === "s" ? save
      : key === "n" ? surprise
      : /^[0-9]$/.test(key) ? () => write(Number(key))
      : null;
    if (!act) return;
    event.preventDefault();
    act();
  });

  // --- begin --------------------------------------------------------------------------------------
  listen(root, "transitionend", (event) => {
    if (event.propertyName !== "color") return;
    showDrawing();
    showReply();
  });
  const resized = new ResizeObserver(() => (showDrawing(), showReply()));
  resized.observe($(".pad"));
  root.querySelectorAll(".pens input")[kept.pen].checked = true;
  $(".dial input").value = kept.stray;
  $(".hands .strip").replaceChildren(
    ...Array.from({ length: HANDS }, (_, i) => {
      const canvas = document.createElement("canvas");
      canvas.role = "img";
      canvas.ariaLabel = `Another hand, ${i + 1}`;
      return canvas;
    }),
  );
  showModels();
  showWay();
  changed({ keep: false });
  return () => {
    gone.abort();
    resized.disconnect();
  };
}
