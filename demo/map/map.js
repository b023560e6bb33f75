// The map: every point a digit; what is pointed at, clicked, caught or drawn is decoded beside it.
const FETCHED = new Map(); // by the atlas's tag: the points and their pictures, read once a tab
const PICKED = "unit:picked"; // where the Interpolate page finds what was picked here
const GLIDE = 900; // milliseconds from view to view
const RETRY = 1500;
const CLOSEST = 60; // zoom
const GALLERY = 48; // thumbnails of a lasso

function resumed(saved, scripts) {
  return {
    view: VIEWS.includes(saved.view) ? saved.view : "tsne",
    colour: saved.colour ?? "digit",
    tool: "look",
    camera: { x: 0.5, y: 0.5, zoom: 1 },
    digits: new Set(Array(10).keys()),
    scripts: new Set(scripts.keys()),
    source: saved.source ?? 0,
    drawings: scripts.map(({ name }) => new Versions(saved.drawings?.[name])),
    translate: saved.translate ?? null, // the Translate page's drawing when this was saved
    shown: null, // what the panel shows: {kind, ...}
    dot: null, // where one's own digit fell
  };
}

export default function ({ parentElement, data }) {
  const { scripts, count, tag, palette, facts, key, query } = data;
  const { root, gone, id, $, $$, listen } = stage(parentElement, ".atlas", scripts, key);
  const kept = recall(id, (saved) => resumed(saved, scripts));
  const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
  const number = (value) => value.toLocaleString("en");
  const [chart, over, tip] = [$(".chart"), $(".over"), $(".tip")];
  let atlas = null;
  let painter = null;
  let colours = new Uint8Array(4 * count);
  let positions = new Float32Array(2 * count);
  let moved = true; // positions or colours, since the last frame
  let share = VIEWS.indexOf(kept.view); // of the second view in what is seen
  let theme = {};
  let hovered = -1;
  let lasso = null; // places, while it is drawn
  let spot = null; // on the map, decoded by "here"

  const glyph = (script, digit) => scripts[script].glyphs[digit];
  const named = (i) => `${scripts[atlas.scripts[i]].title} ${glyph(atlas.scripts[i], atlas.labels[i])}`;
  const targetOf = (script) => (script ? 0 : 1); // the first other one, as the judge's
  const misread = (i) => atlas.judged[i] !== UNJUDGED && atlas.judged[i] !== atlas.labels[i];
  const visible = (i) => colours[4 * i + 3] > 0;

  function save() {
    const drawings = Object.fromEntries(scripts.map(({ name }, i) => [name, kept.drawings[i].now]));
    const { view, colour, source, translate } = kept;
    remember(id, { view, colour, source, translate, drawings });
  }

  // --- seeing: the camera, the theme, a frame ---------------------------------------------------
  const spotAt = (px, py) => {
    const { x, y, zoom } = kept.camera;
    const unit = unitOf() * zoom;
    return [x + (px - over.clientWidth / 2) / unit, y - (py - over.clientHeight / 2) / unit];
  };
  const pixel = (u, v) => {
    const { x, y, zoom } = kept.camera;
    const unit = unitOf() * zoom;
    return [over.clientWidth / 2 + (u - x) * unit, over.clientHeight / 2 - (v - y) * unit];
  };
  const unitOf = () => 0.94 * Math.min(over.clientWidth, over.clientHeight); // pixels, at zoom 1
  const pixelOf = (i) => pixel(positions[2 * i], positions[2 * i + 1]);
  const sizeOf = () => Math.min(Math.max(unitOf() / 130, 2.6) * kept.camera.zoom ** 0.6, 44); // of a point, in pixels

  let frame = 0;
  let stale = true; // the points too, not only what lies over them
  const drawOver = () => (cancelAnimationFrame(frame), (frame = requestAnimationFrame(paint)));
  const draw = () => ((stale = true), drawOver());

  function paint() {
    if (!painter) return;
    const [width, height] = [over.clientWidth, over.clientHeight].map((side) => Math.round(side * devicePixelRatio) || 1);
    for (const canvas of [$(".points canvas"), over]) {
      if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    }
    const camera = { ...kept.camera, scale: unitOf() * kept.camera.zoom * devicePixelRatio };
    if (stale) painter.paint({ positions, colours, camera, size: sizeOf() * devicePixelRatio, paper: theme.paper, moved });
    if (stale) stale = moved = false;
    showOver();
  }

  function showOver() {
    const { shown, dot } = kept;
    const from = shown?.kind === "point" ? pixelOf(shown.point) : shown?.kind === "here" && spot ? pixel(...spot) : null;
    const own = dot && { at: pixel(...between(...VIEWS.map((view) => dot.places[view]))), colour: theme.scripts[dot.script] };
    if (own) [root.dataset.dotX, root.dataset.dotY] = own.at.map((value) => value.toFixed(1));
    paintOver(over, theme, {
      labels: labels(),
      strength: Math.min(Math.max((14 - sizeOf()) / 4, 0), 1), // of the labels: pictures need none
      radius: sizeOf() / 2 + 1.5,
      from,
      near: from && shown.list ? shown.list.map(pixelOf) : [],
      hovered: hovered >= 0 ? pixelOf(hovered) : null,
      lasso,
      dot: own,
      aim: over.matches(":focus-visible"),
    });
  }
  const between = (a, b) => [0, 1].map((axis) => a[axis] + share * (b[axis] - a[axis]));

  // Each script's glyph in the midst of its digits; as one pair where both have the same midst.
  function labels() {
    const [before, after] = VIEWS.map((view) => centres[view]);
    return [...kept.digits].flatMap((digit) => {
      const found = [...kept.scripts].sort()
        .filter((script) => before[script * 10 + digit])
        .map((script) => ({
          text: glyph(script, digit),
          at: pixel(...between(before[script * 10 + digit], after[script * 10 + digit])),
        }));
      const [one, two] = found;
      if (found.length !== 2 || Math.hypot(one.at[0] - two.at[0], one.at[1] - two.at[1]) >= 40) return found;
      return [{ text: `${one.text} ${two.text}`, at: [0, 1].map((axis) => (one.at[axis] + two.at[axis]) / 2) }];
    });
  }

  let centres = {};
  function findCentres() {
    const groups = Array.from({ length: 10 * scripts.length }, () => []);
    for (let i = 0; i < count; i++) groups[atlas.scripts[i] * 10 + atlas.labels[i]].push(i);
    for (const view of VIEWS) {
      const at = atlas.views[view];
      centres[view] = groups.map((own) => own.length && [0, 1].map((axis) => median(own.map((i) => at[2 * i + axis]))));
    }
  }

  function readTheme() {
    const probe = root.appendChild(make("i"));
    const numbers = (css) => ((probe.style.color = css), getComputedStyle(probe).color.match(/[\d.]+/g).slice(0, 3).map(Number));
    const paper = numbers("var(--st-secondary-background-color)");
    const dark = paper[0] + paper[1] + paper[2] < 384;
    theme = {
      paper,
      glyphs: getComputedStyle($(".found h2")).fontFamily,
      text: `rgb(${numbers("var(--st-text-color)")})`,
      quiet: numbers("var(--st-text-color)"),
      scripts: scripts.map(({ colour }) => `rgb(${numbers(`var(${colour})`)})`),
      digits: (dark ? palette.dark : palette.light).map(numbers),
      ofScripts: scripts.map(({ colour }) => numbers(`var(${colour})`)),
    };
    probe.remove();
    recolour();
  }

  function recolour() {
    if (!atlas) return;
    let [shown, wrong] = [0, 0];
    for (let i = 0; i < count; i++) {
      const [script, label] = [atlas.scripts[i], atlas.labels[i]];
      let [rgb, alpha] = [theme.digits[label], 215];
      if (kept.colour === "script") rgb = theme.ofScripts[script];
      if (kept.colour === "judge") [rgb, alpha] = misread(i) ? [theme.ofScripts[script], 255] : [theme.quiet, 45];
      if (!kept.digits.has(label) || !kept.scripts.has(script)) alpha = 0;
      else shown++, (wrong += misread(i));
      colours.set(rgb, 4 * i);
      colours[4 * i + 3] = alpha;
    }
    moved = true;
    const told = shown === count ? `${number(count)} digits` : `${number(shown)} of ${number(count)} shown`;
    $(".shown").textContent = kept.colour === "judge" ? `${told}, ${number(wrong)} misread once translated` : told;
    root.dataset.visible = shown;
    showLegend();
    draw();
  }

  function showLegend() {
    const all = kept.colour === "digit";
    $$(".keys-digits button").forEach((button, digit) => {
      button.ariaPressed = kept.digits.has(digit);
      button.style.setProperty("--ink", `rgb(${theme.digits[digit]})`);
      button.querySelector(".swatch").hidden = !all;
    });
    $$(".keys-scripts button").forEach((button, script) => {
      button.ariaPressed = kept.scripts.has(script);
      button.style.setProperty("--ink", all ? "currentColor" : theme.scripts[script]);
    });
  }

  // --- moving -------------------------------------------------------------------------------------
  function setPositions() {
    const [a, b] = VIEWS.map((view) => atlas.views[view]);
    for (let i = 0; i < positions.length; i++) positions[i] = a[i] + share * (b[i] - a[i]);
    moved = true;
    draw();
  }

  let gliding = 0;
  function glide() {
    cancelAnimationFrame(gliding);
    const [from, to, began] = [share, VIEWS.indexOf(kept.view), performance.now()];
    [hovered, spot] = [-1, null];
    showTip();
    const step = (now) => {
      const t = still() ? 1 : Math.min(Math.max((now - began) / GLIDE, 0), 1);
      share = from + (to - from) * t * t * (3 - 2 * t);
      root.dataset.share = share;
      setPositions();
      if (t < 1) gliding = requestAnimationFrame(step);
    };
    step(began);
  }

  function zoomBy(factor, px = over.clientWidth / 2, py = over.clientHeight / 2) {
    const [x, y] = spotAt(px, py);
    const { camera } = kept;
    const zoom = Math.min(Math.max(camera.zoom * factor, 1), CLOSEST);
    const part = camera.zoom / zoom;
    look({ x: x + (camera.x - x) * part, y: y + (camera.y - y) * part, zoom });
  }
  const pan = (dx, dy) => {
    const unit = unitOf() * kept.camera.zoom;
    look({ x: kept.camera.x - dx / unit, y: kept.camera.y + dy / unit });
  };
  function look(change) {
    Object.assign(kept.camera, change);
    for (const axis of ["x", "y"]) kept.camera[axis] = Math.min(Math.max(kept.camera[axis], 0), 1);
    root.dataset.zoom = kept.camera.zoom;
    draw();
  }
  const whole = () => look({ x: 0.5, y: 0.5, zoom: 1 });

  // --- pointing -----------------------------------------------------------------------------------
  function nearestTo(px, py, within) {
    let [best, least] = [-1, within ** 2];
    const [u, v] = spotAt(px, py);
    const unit = (unitOf() * kept.camera.zoom) ** 2;
    for (let i = 0; i < count; i++) {
      const far = ((positions[2 * i] - u) ** 2 + (positions[2 * i + 1] - v) ** 2) * unit;
      if (far < least && visible(i)) [best, least] = [i, far];
    }
    return best;
  }

  function hideTip() {
    hover(-1);
    tip.hidden = true;
  }

  function hover(i, began) {
    over.classList.toggle("pointing", i >= 0);
    if (i === hovered) return;
    hovered = i;
    showTip();
    drawOver();
    if (i >= 0) window.dispatchEvent(new CustomEvent("unit:hover", { detail: { began } }));
  }

  function showTip() {
    root.dataset.hovered = hovered;
    if (hovered < 0) return (tip.hidden = true);
    const [script, label] = [atlas.scripts[hovered], atlas.labels[hovered]];
    const [read, judged] = [atlas.readings[hovered], atlas.judged[hovered]];
    const told = [named(hovered), read === label ? "read as written" : `read as ${glyph(script, read)}`];
    if (misread(hovered)) told.push(`its ${scripts[targetOf(script)].title} as ${glyph(targetOf(script), judged)}`);
    const pictures = scripts.map((_, s) => (s === script ? atlas.picture(hovered) : null));
    placeTip(pixelOf(hovered), pictures, told.join("\n"));
    tip.style.setProperty("--ink", `var(${scripts[script].colour})`);
  }

  // Pictures by script, or null for none, and a text, beside a place on the chart.
  function placeTip([x, y], pictures, text) {
    tip.hidden = false;
    tip.querySelector("p").textContent = text;
    tip.querySelectorAll("canvas").forEach((canvas, s) => {
      canvas.hidden = !pictures[s];
      if (pictures[s]) enlarge(canvas, pictures[s], scripts[s].stretch);
    });
    const [width, height] = [tip.offsetWidth, tip.offsetHeight];
    const left = x + 18 + width > over.clientWidth ? x - 18 - width : x + 18;
    const top = Math.min(Math.max(y - height / 2, 4), over.clientHeight - height - 4);
    tip.style.translate = `${Math.max(left, 4)}px ${top}px`;
  }

  const at = (event) => {
    const { left, top } = over.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  };
  const pointers = new Map();
  let press = null; // {at, moved, doing}
  listen(over, "pointerdown", (event) => {
    if (!atlas || event.button !== 0) return;
    over.focus({ preventScroll: true, focusVisible: false });
    try {
      over.setPointerCapture(event.pointerId);
    } catch {} // the pointer is gone already
    pointers.set(event.pointerId, at(event));
    const touch = event.pointerType !== "mouse";
    const doing =
      pointers.size > 1 ? "pinch"
      : kept.tool === "lasso" || event.shiftKey ? "lasso"
      : kept.tool === "here" && touch ? "here"
      : "pan";
    press = { at: at(event), moved: pointers.size > 1, doing };
    lasso = doing === "lasso" ? [at(event)] : null;
    if (kept.tool === "here") decodeHere(event);
  });
  listen(over, "pointermove", (event) => {
    if (!atlas) return;
    const [x, y] = at(event);
    if (!pointers.has(event.pointerId)) {
      if (kept.tool === "here") return decodeHere(event);
      return hover(kept.tool === "look" ? nearestTo(x, y, Math.max(sizeOf() / 2 + 5, 9)) : -1, event.timeStamp);
    }
    const [u, v] = pointers.get(event.pointerId);
    if (press.doing === "pinch") {
      const [p, q] = [...pointers.values()];
      pointers.set(event.pointerId, [x, y]);
      const [r, s] = [...pointers.values()];
      if (!s) return;
      const middle = [(r[0] + s[0]) / 2, (r[1] + s[1]) / 2];
      pan(middle[0] - (p[0] + q[0]) / 2, middle[1] - (p[1] + q[1]) / 2);
      return zoomBy(Math.hypot(r[0] - s[0], r[1] - s[1]) / (Math.hypot(p[0] - q[0], p[1] - q[1]) || 1), ...middle);
    }
    pointers.set(event.pointerId, [x, y]);
    press.moved ||= Math.hypot(x - press.at[0], y - press.at[1]) > 4;
    if (!press.moved) return;
    if (press.doing === "lasso") {
      lasso.push([x, y]);
      return drawOver();
    }
    if (press.doing === "here") return decodeHere(event);
    hideTip();
    over.classList.add("dragging");
    pan(x - u, y - v);
  });
  const release = (event) => {
    if (!pointers.delete(event.pointerId)) return;
    over.classList.remove("dragging");
    const [caught, { moved, doing }] = [lasso, press];
    lasso = null;
    drawOver();
    if (event.type === "pointercancel" || doing === "pinch") return;
    if (doing === "lasso" && moved) return catchAll(caught);
    if (moved || kept.tool === "here") return;
    const i = nearestTo(...at(event), event.pointerType === "mouse" ? Math.max(sizeOf() / 2 + 5, 9) : 22);
    if (i < 0) return hideTip();
    showPoint(i, event.timeStamp);
    if (event.pointerType !== "mouse") hover(i); // on a phone the panel may be out of sight
  };
  listen(over, "pointerup", release);
  listen(over, "pointercancel", release);
  listen(over, "pointerleave", ({ pointerType }) => pointerType === "mouse" && hideTip());
  listen(over, "dblclick", whole);
  listen(over, "wheel", (event) => {
    event.preventDefault();
    zoomBy(Math.exp(-Math.min(Math.max(event.deltaY * (event.deltaMode ? 30 : 1), -200), 200) / 350), ...at(event));
    const [x, y] = at(event);
    if (kept.tool === "look") hover(-1), hover(nearestTo(x, y, Math.max(sizeOf() / 2 + 5, 9)), event.timeStamp);
  });
  listen(over, "keydown", (event) => {
    if (!atlas || event.ctrlKey || event.metaKey || event.altKey) return;
    const middle = [over.clientWidth / 2, over.clientHeight / 2];
    const act = {
      ArrowLeft: () => pan(60, 0), ArrowRight: () => pan(-60, 0), ArrowUp: () => pan(0, 60), ArrowDown: () => pan(0, -60),
      "+": () => zoomBy(1.4), "=": () => zoomBy(1.4), "-": () => zoomBy(1 / 1.4), 0: whole, Home: whole,
      v: () => use("look"), l: () => use("lasso"), d: () => use("here"),
      Enter: () => {
        if (kept.tool === "here") return showHere(spotAt(...middle));
        const i = nearestTo(...middle, Infinity);
        if (i >= 0) showPoint(i, event.timeStamp);
      },
    }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
  listen(over, "focus", drawOver);
  listen(over, "blur", drawOver);

  // --- finding: one question in flight, the newest waits --------------------------------------------
  let last = null;
  const work = newest(async (job) => {
    if (gone.signal.aborted) return;
    try {
      await job();
    } catch (error) {
      say(error.message);
      if (!error.final) setTimeout(() => job === last && !gone.signal.aborted && work(job), RETRY);
    }
  });
  const ask = (job) => work((last = job));
  const reads = ({ probabilities }) => probabilities.indexOf(Math.max(...probabilities));
  const sureness = (finding) => `as ${glyph(0, reads(finding))}, ${Math.round(100 * finding.probabilities[reads(finding)])} % sure`;
  const bytesOf = (array) => new Uint8Array(array.buffer);

  function decodeHere(event) {
    showHere(spotAt(...at(event)), event.timeStamp);
  }

  function showPoint(i, began) {
    hover(-1);
    kept.shown = { kind: "point", point: i };
    ask(async () => {
      const finding = await askServer("api/atlas/mean", query, bytesOf(Uint32Array.of(i)));
      const list = finding.nearest.filter((other) => other !== i).slice(0, 10);
      const [script, label, judged] = [atlas.scripts[i], atlas.labels[i], atlas.judged[i]];
      const [read, target] = [atlas.readings[i], targetOf(script)];
      const told = [`The model reads ${glyph(script, read)}${read === label ? "" : `, not ${glyph(script, label)}`}.`];
      if (judged !== UNJUDGED) told.push(`A judge that knows only ${scripts[target].title} reads the translation as ${glyph(target, judged)}.`);
      show({ kind: "point", point: i, title: named(i), told: told.join(" "), finding, list, heading: kin(list), script, label }, began);
    });
  }

  function kin(list) {
    const own = list.filter((i) => atlas.scripts[i] === atlas.scripts[list[0]]).length;
    const other = list.find((i) => atlas.scripts[i] !== atlas.scripts[list[0]]);
    const parts = [`${own} ${scripts[atlas.scripts[list[0]]].title}`];
    if (other !== undefined) parts.push(`${list.length - own} ${scripts.length > 2 ? "others" : scripts[atlas.scripts[other]].title}`);
    return `Nearest codes: ${parts.join(", ")}`;
  }

  function showHere(where, began) {
    spot = where;
    if (kept.shown?.kind !== "here") kept.shown = { kind: "here" };
    kept.shown.list = null;
    drawOver();
    ask(async () => {
      const finding = await askServer("api/atlas/here", { ...query, view: kept.view }, bytesOf(Float32Array.from(where)));
      const list = finding.averaged;
      const [x, y] = pixel(...where);
      const far = Math.min(...list.map((i) => Math.hypot(pixelOf(i)[0] - x, pixelOf(i)[1] - y)));
      const lost = far > 0.02 * unitOf() * kept.camera.zoom ? "Nobody wrote here. " : "";
      show({
        kind: "here", title: `Here: ${scripts.map((_, s) => glyph(s, reads(finding))).join(" ")}`,
        told: `${lost}A map has no way back to the digits: this is the weighted average of the ${list.length} points nearest here. The model reads it ${sureness(finding)}.`,
        finding, list, heading: "Averaged from", script: 0, label: reads(finding),
      }, began);
      if (spot === where && (over.matches(":hover") || over.matches(":focus"))) placeTip([x, y], finding.pictures, "");
    });
  }

  function catchAll(path) {
    const inside = (x, y) =>
      path.reduce((within, [ax, ay], i) => {
        const [bx, by] = path[(i + 1) % path.length];
        return ay > y !== by > y && x < ax + ((y - ay) / (by - ay)) * (bx - ax) ? !within : within;
      }, false);
    const [xs, ys] = [0, 1].map((axis) => path.map((each) => each[axis]));
    const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    const caught = [];
    for (let i = 0; i < count; i++) {
      const [x, y] = pixelOf(i);
      if (visible(i) && x > left && x < right && y > top && y < bottom && inside(x, y)) caught.push(i);
    }
    if (!caught.length) return say("The lasso caught nothing.");
    showCaught(caught);
  }

  function showCaught(caught) {
    kept.shown = { kind: "lasso", caught };
    ask(async () => {
      const finding = await askServer("api/atlas/mean", query, bytesOf(Uint32Array.from(caught)));
      const parts = scripts.map(({ title }, s) => `${number(caught.filter((i) => atlas.scripts[i] === s).length)} ${title}`);
      const step = Math.max(1, caught.length / GALLERY);
      const list = Array.from({ length: Math.min(GALLERY, caught.length) }, (_, k) => caught[Math.floor(k * step)]);
      $(".found").scrollIntoView({ block: "nearest", behavior: still() ? "instant" : "smooth" });
      show({
        kind: "lasso", caught, title: `${number(caught.length)} ${caught.length === 1 ? "digit" : "digits"}`,
        told: `${parts.join(", ")}. Above, the mean of their codes: the model reads it ${sureness(finding)}.`,
        finding, list, heading: caught.length > GALLERY ? `${GALLERY} of ${number(caught.length)}` : "All of them", script: 0, label: reads(finding),
      });
    });
  }

  function show(shown, began) {
    kept.shown = shown;
    const { title, told, finding, list, heading, kind } = shown;
    $(".found h2").textContent = title;
    say(told);
    $$(".pictures canvas").forEach((canvas, s) => {
      enlarge(canvas, finding.pictures[s], scripts[s].stretch);
      canvas.setAttribute("aria-label", `Decoded in ${scripts[s].title}`);
    });
    $(".found h3").textContent = heading;
    $(".thumbs").classList.toggle("many", list.length > 10);
    $(".thumbs").replaceChildren(...list.map(thumb));
    showCounts(shown.caught);
    showWalk();
    root.dataset.kind = kind;
    root.dataset.answers = Number(root.dataset.answers) + 1;
    drawOver();
    window.dispatchEvent(new CustomEvent("unit:found", { detail: { began, kind } }));
  }

  const say = (text) => ($(".told").textContent = text);

  function thumb(i) {
    const { colour, stretch } = scripts[atlas.scripts[i]];
    const canvas = make("canvas", { width: 84, height: 84 });
    const button = make("button", { className: "thumb", title: named(i), ariaLabel: `${named(i)}, show it` }, canvas);
    button.style.setProperty("--ink", `var(${colour})`);
    button.onclick = (event) => showPoint(i, event.timeStamp);
    button.onpointerenter = button.onfocus = () => ((hovered = i), drawOver());
    button.onpointerleave = button.onblur = () => ((hovered = -1), drawOver());
    const small = canvas.getContext("2d");
    place(small, atlas.picture(i), stretch, 0, 0, 84, 3);
    small.globalCompositeOperation = "source-in";
    small.fillStyle = theme.scripts[atlas.scripts[i]];
    small.fillRect(0, 0, 84, 84);
    return button;
  }

  function showCounts(caught) {
    $(".counts").hidden = !caught;
    if (!caught) return;
    const counts = Array.from({ length: 10 }, () => scripts.map(() => 0));
    for (const i of caught) counts[atlas.labels[i]][atlas.scripts[i]]++;
    const most = Math.max(...counts.flat());
    $(".counts").replaceChildren(
      ...counts.map((own, digit) => {
        const bars = make("i", { ariaHidden: "true" }, ...own.map((n, s) => {
          const bar = make("b");
          bar.style.cssText = `--p: ${n / most}; --ink: var(${scripts[s].colour})`;
          return bar;
        }));
        const text = own.map((n, s) => `${number(n)} ${scripts[s].title} ${glyph(s, digit)}`).join(", ");
        return make("div", { title: text, role: "img", ariaLabel: text }, bars, make("span", { textContent: digit, ariaHidden: "true" }));
      }),
    );
  }

  // --- what the Interpolate page takes up -----------------------------------------------------------
  const picked = () => {
    try {
      return JSON.parse(sessionStorage.getItem(PICKED)) ?? {};
    } catch {
      return {};
    }
  };
  function pick(end) {
    const { finding, script, label } = kept.shown;
    try {
      sessionStorage.setItem(PICKED, JSON.stringify({ ...picked(), [end]: { code: finding.code, script: scripts[script].name, label } }));
      say(end === "a" ? "The way starts here. Now find its end." : "The way ends here.");
    } catch {} // no storage: nothing to hand over
    showWalk();
  }
  function showWalk() {
    $(".walk").hidden = !kept.shown?.finding;
    $(".walk a").hidden = !picked().a || !picked().b;
  }
  listen($(".walk .start"), "click", () => pick("a"));
  listen($(".walk .end"), "click", () => pick("b"));

  // --- one's own digit --------------------------------------------------------------------------------
  const drawing = () => kept.drawings[kept.source];
  const pad = $(".pad canvas");
  let inked = 0;
  function showDrawing() {
    cancelAnimationFrame(inked);
    inked = requestAnimationFrame(() => {
      ink(context(pad), drawing().now, pad.width, (pen) => PENS[pen]);
      $(".yours .undo").disabled = !drawing().past.length;
      $(".yours .clear").disabled = !drawing().now.length;
    });
    root.querySelector(".yours").style.setProperty("--ink", `var(${scripts[kept.source].colour})`);
    pad.setAttribute("aria-label", `Drawing pad: draw a digit in ${scripts[kept.source].title}`);
  }

  function drawn(done) {
    showDrawing();
    askOwn();
    if (done) save();
  }

  function askOwn() {
    if (!atlas) return;
    const [strokes, script] = [drawing().now, kept.source];
    if (!strokes.length) {
      kept.dot = null;
      delete root.dataset.dotX;
      if (kept.shown?.kind === "yours") say("Write a digit, and it takes its place on the map.");
      return drawOver();
    }
    ask(async () => {
      const way = { ...query, source: scripts[script].name, target: scripts[targetOf(script)].name };
      const reply = await askServer("api/translate", way, picture(strokes, scripts[script].stretch));
      if (script !== kept.source || strokes !== drawing().now) return; // turned meanwhile
      if (!reply.code.length) return say(reply.message);
      const finding = await askServer("api/atlas/nearest", query, bytesOf(Float32Array.from(reply.code)));
      if (script !== kept.source || strokes !== drawing().now) return;
      kept.dot = { places: finding.places, script };
      const list = finding.nearest.slice(0, 10);
      const label = reads(finding);
      const alike = list.filter((i) => atlas.labels[i] === label).length;
      show({
        kind: "yours", title: `Yours: ${glyph(script, label)}`,
        told: `${reply.message} ${alike} of its 10 nearest are that digit too.`,
        finding, list, heading: kin(list), script, label,
      });
    });
  }

  follow(pad, listen, () => 1, (stroke) => drawing().change([...drawing().now, stroke]), drawn);
  listen($(".yours .undo"), "click", () => (drawing().undo(), drawn(true)));
  listen($(".yours .clear"), "click", () => (drawing().change([]), drawn(true)));

  // The later of the two: what was drawn here, or on the Translate page.
  function takeDrawing() {
    try {
      const told = sessionStorage.getItem(`unit:translate:${scripts.map(({ name }) => name)}`);
      if (!told || told === kept.translate) return;
      const { drawings, way } = JSON.parse(told);
      kept.translate = told;
      kept.source = scripts[way?.[0]] ? way[0] : 0;
      kept.drawings = scripts.map(({ name }) => new Versions(drawings?.[name]));
    } catch {} // no storage, or nothing that we know
  }

  // --- the controls -----------------------------------------------------------------------------------
  function use(tool) {
    kept.tool = root.dataset.tool = tool;
    $(`.tools [value="${tool}"]`).checked = true;
    hideTip();
    draw();
  }
  const toggle = (set, all, value) => {
    if (set.size === all) set.clear(), set.add(value); // the first choice: this one alone
    else if (!set.delete(value)) set.add(value);
    if (!set.size) for (let i = 0; i < all; i++) set.add(i);
    recolour();
  };
  // Streamlit mounts anew into the same elements when the theme changes: replace, do not add.
  $(".keys-digits").replaceChildren(
    ...Array.from({ length: 10 }, (_, digit) => {
      const text = [...new Set(scripts.map((_, s) => glyph(s, digit)))].join(" ");
      return make("button", { title: `Only ${text}, or with others`, onclick: () => toggle(kept.digits, 10, digit) }, make("i", { className: "swatch", ariaHidden: "true" }), text);
    }),
  );
  $(".keys-scripts").replaceChildren(
    ...scripts.map(({ title }, s) => {
      const shape = make("i", { className: s ? "swatch diamond" : "swatch", ariaHidden: "true" });
      return make("button", { title: `Only ${title}, or with others`, onclick: () => toggle(kept.scripts, scripts.length, s) }, shape, title);
    }),
  );
  $(".yours .scripts").replaceChildren(
    $(".yours .scripts legend"),
    ...scripts.map(({ title }, s) => make("label", {}, make("input", { type: "radio", name: "own-script", value: s, checked: s === kept.source }), title)),
  );
  tip.replaceChildren(
    ...scripts.map(({ colour }) => {
      const canvas = make("canvas");
      canvas.style.setProperty("--ink", `var(${colour})`);
      return canvas;
    }),
    tip.querySelector("p"),
  );
  $(".pictures").replaceChildren(
    ...scripts.map(({ title, colour }) => {
      const figure = make("figure", {}, make("div", { className: "sheet" }, make("canvas", { role: "img" })), make("figcaption", { textContent: title }));
      figure.querySelector("canvas").setAttribute("aria-label", `Nothing decoded in ${title} yet`);
      figure.style.setProperty("--ink", `var(${colour})`);
      return figure;
    }),
  );
  listen($(".views"), "change", (event) => {
    kept.view = event.target.value;
    save();
    if (atlas) glide();
  });
  listen($(".colours"), "change", (event) => {
    kept.colour = event.target.value;
    save();
    recolour();
  });
  listen($(".tools"), "change", (event) => use(event.target.value));
  listen($(".yours .scripts"), "change", (event) => {
    kept.source = Number(event.target.value);
    kept.dot = null;
    drawn(true);
  });
  listen($(".zoom .in"), "click", () => zoomBy(1.6));
  listen($(".zoom .out"), "click", () => zoomBy(1 / 1.6));
  listen($(".zoom .whole"), "click", whole);

  // --- begin --------------------------------------------------------------------------------------------
  $(".title p").textContent = `${number(count)} digits, each where the model has it. Click one to decode it in ${scripts.length === 2 ? "both scripts" : "every script"}, or write your own and watch it land.`;
  $(".facts").replaceChildren(...facts.map(([figure, text]) => make("p", {}, make("b", { textContent: figure }), text)));

  async function begin() {
    $(".wait .again").hidden = true;
    try {
      if (!FETCHED.has(tag)) FETCHED.set(tag, readAtlas(data));
      atlas = await FETCHED.get(tag);
    } catch (error) {
      FETCHED.delete(tag);
      $(".wait p").textContent = error.message;
      $(".wait .again").hidden = false;
      return;
    }
    if (gone.signal.aborted) return;
    $(".by-judge").hidden = atlas.judged.every((value) => value === UNJUDGED);
    findCentres();
    paintOn();
    readTheme();
    setPositions();
    root.dataset.state = "ready";
    if (drawing().now.length) askOwn();
    else again();
  }
  // What the panel showed before a rerun; at first some digit, so that it shows what it is for.
  function again() {
    const { kind, point, caught } = kept.shown ?? { kind: "point", point: 0 };
    if (kind === "point") showPoint(point);
    else if (kind === "lasso") showCaught(caught);
    else if (kind === "yours") askOwn();
  }
  function paintOn() {
    const canvas = make("canvas"); // a new one: a context that was lost does not come back to it
    painter?.close();
    $(".points").replaceChildren(canvas);
    painter = painterOf(canvas, { ...atlas, stretches: scripts.map(({ stretch }) => stretch) });
    root.dataset.painter = painter.kind;
    listen(canvas, "webglcontextlost", (event) => event.isTrusted && $(".points canvas") === canvas && !gone.signal.aborted && (paintOn(), (moved = true), draw()));
  }
  listen($(".wait .again"), "click", begin);
  listen(root, "transitionend", (event) => {
    if (event.propertyName !== "color" || event.target !== over || !atlas) return;
    readTheme();
    showDrawing();
    if (kept.shown?.finding) show(kept.shown);
  });
  const resized = new ResizeObserver(() => (draw(), showDrawing()));
  resized.observe(chart);
  resized.observe($(".pad"));
  takeDrawing();
  for (const [name, value] of [["view", kept.view], ["colour", kept.colour]]) $(`[name="${name}"][value="${value}"]`).checked = true;
  $$(".yours .scripts input")[kept.source].checked = true;
  use(kept.tool);
  root.dataset.share = share;
  showDrawing();
  begin();
  return () => {
    gone.abort();
    resized.disconnect();
    cancelAnimationFrame(frame);
    cancelAnimationFrame(gliding);
    painter?.close();
  };
}
