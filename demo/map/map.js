// The map: every point a digit; what is pointed at, clicked, caught or drawn is decoded beside it.
const FETCHED = new Map(); // by the atlas's tag: the points and their pictures, read once a tab
const GLIDE = 900; // milliseconds from view to view

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
  const { scripts, count, tag, palette, facts, key } = data;
  const page = stage(parentElement, ".atlas", scripts, key);
  const { root, gone, id, $, $$, listen, sized, recoloured, ending, end } = page;
  const kept = recall(id, (saved) => resumed(saved, scripts));
  const [chart, over] = [$(".chart"), $(".over")];
  let atlas = null; // and with it:
  let finder = null;
  let centres = null;
  let misread = []; // once translated, by the judge
  let painter = null;
  const colours = new Uint8Array(4 * count);
  const positions = new Float32Array(2 * count);
  let moved = true; // positions or colours, since the last frame
  let share = VIEWS.indexOf(kept.view); // of the second view in what is seen
  let theme = {};
  let hovered = -1;
  let lasso = null; // places, while it is drawn
  let spot = null; // on the map, decoded by "here"

  const visible = (i) => colours[4 * i + 3] > 0;
  const camera = cameraOf(over, kept.camera, () => ((root.dataset.zoom = kept.camera.zoom), draw()));
  const pixelOf = (i) => camera.pixel(positions[2 * i], positions[2 * i + 1]);
  const tip = tipOf($(".tip"), over, scripts);
  const showLegend = legendOf(page, scripts, kept, recolour);
  const panel = panelOf(page, scripts, { choose: showPoint, point: (i) => ((hovered = i), drawOver()) });
  const own = ownPad(page, scripts, kept, (done) => (askOwn(), done && save()));

  function save() {
    const drawings = Object.fromEntries(scripts.map(({ name }, i) => [name, kept.drawings[i].now]));
    const { view, colour, source, translate } = kept;
    remember(id, { view, colour, source, translate, drawings });
  }

  // --- seeing: a frame, the colours, the views --------------------------------------------------
  let frame = 0;
  let stale = true; // the points too, not only what lies over them
  function drawOver() {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(paint);
  }
  const draw = () => ((stale = true), drawOver());

  function paint() {
    if (!painter) return;
    for (const canvas of [$(".points canvas"), over]) fit(canvas, over.clientWidth, over.clientHeight);
    const seen = { ...kept.camera, scale: camera.unit() * devicePixelRatio };
    if (stale) painter.paint({ positions, colours, camera: seen, size: camera.size() * devicePixelRatio, paper: theme.paper, moved });
    if (stale) stale = moved = false;
    showOver();
  }

  function showOver() {
    const { shown, dot } = kept;
    const at = (before, after) => camera.pixel(...[0, 1].map((axis) => before[axis] + share * (after[axis] - before[axis])));
    const from = shown?.kind === "point" ? pixelOf(shown.point) : shown?.kind === "here" && spot ? camera.pixel(...spot) : null;
    const mine = dot && { at: at(...VIEWS.map((view) => dot.places[view])), colour: theme.scripts[dot.script] };
    if (mine) [root.dataset.dotX, root.dataset.dotY] = mine.at.map((value) => value.toFixed(1));
    const marked = kept.colour === "judge" && camera.size() < PICTURE_FROM ? misread.filter(visible) : [];
    paintOver(over, theme, {
      marks: marked.map((i) => ({ at: pixelOf(i), script: atlas.scripts[i] })),
      labels: labelsOf(centres, scripts, kept, at),
      strength: Math.min(Math.max((14 - camera.size()) / 4, 0), 1), // of the labels: pictures need none
      radius: camera.size() / 2 + 1.5,
      from,
      near: from && shown.list ? shown.list.map(pixelOf) : [],
      hovered: hovered >= 0 ? pixelOf(hovered) : null,
      lasso,
      dot: mine,
      aim: over.matches(":focus-visible"),
    });
  }

  function readTheme() {
    theme = themeOf(root, scripts, palette);
    recolour();
  }
  function recolour() {
    if (!atlas) return;
    const seen = colourPoints(colours, atlas, theme, kept);
    moved = true;
    root.dataset.visible = seen.shown;
    showLegend(theme, { ...seen, count });
    draw();
  }

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
      const t = isStill() ? 1 : Math.min(Math.max((now - began) / GLIDE, 0), 1);
      share = from + (to - from) * t * t * (3 - 2 * t);
      root.dataset.share = share;
      setPositions();
      if (t < 1) gliding = requestAnimationFrame(step);
    };
    step(began);
  }

  // --- pointing -----------------------------------------------------------------------------------
  const near = () => Math.max(camera.size() / 2 + 5, 9); // of the pointer, in pixels
  // Among misreadings one is meant, however many others lie nearer.
  const meant = (i) => visible(i) && (kept.colour !== "judge" || atlas.misread(i));
  function pointAt(at, within) {
    const [place, far] = [camera.spotAt(...at), within / camera.unit()];
    const found = nearestPoint(positions, meant, place, far);
    return found < 0 ? nearestPoint(positions, visible, place, far) : found;
  }
  const middleOne = () => nearestPoint(positions, visible, camera.spotAt(...camera.middle()), Infinity);

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
    if (hovered < 0) return tip.hide();
    const script = atlas.scripts[hovered];
    const pictures = scripts.map((_, s) => (s === script ? atlas.picture(hovered) : null));
    tip.show(pixelOf(hovered), pictures, finder.hint(hovered), `var(${scripts[script].colour})`);
  }
  function leave() {
    hover(-1);
    tip.hide();
  }

  const acts = {
    ...camera,
    zoomed: () => kept.camera.zoom > 1,
    hover: (at, began) => hover(pointAt(at, near()), began),
    leave,
    choose(at, mouse, began) {
      const i = pointAt(at, mouse ? near() : 22);
      if (i < 0) return leave();
      showPoint(i, began);
      if (!mouse) hover(i); // on a phone the panel may be out of sight
    },
    chooseMiddle(began) {
      if (kept.tool === "here") return showHere(camera.spotAt(...camera.middle()));
      const i = middleOne();
      if (i >= 0) showPoint(i, began);
    },
    // From the digit that is shown to the next one that way, which is kept in sight.
    step(way, began) {
      const from = kept.shown?.kind === "point" ? kept.shown.point : middleOne();
      const i = from < 0 ? -1 : nearestToward(positions, meant, from, way);
      if (i < 0) return panel.say("No digit lies further that way.");
      showPoint(i, began);
      const [[x, y], [left, top]] = [pixelOf(i), camera.middle()];
      if (Math.abs(x - left) > left || Math.abs(y - top) > top) camera.pan(left - x, top - y);
    },
    here: (at, began) => showHere(camera.spotAt(...at), began),
    lasso: (path) => ((lasso = path), drawOver()),
    caught(path) {
      const caught = pointsInside(positions, visible, path.map((at) => camera.spotAt(...at)));
      if (caught.length) showCaught(caught);
      else panel.say("The lasso caught nothing.");
    },
    use,
  };
  listen(over, "focus", drawOver);
  listen(over, "blur", drawOver);

  // --- finding: one question in flight, the newest waits --------------------------------------------
  const ask = insistent((job) => job(), gone, panel.say);

  function showPoint(i, began) {
    hover(-1);
    kept.shown = { kind: "point", point: i };
    ask(async () => show(await finder.point(i), began));
  }

  function showHere(where, began) {
    spot = where;
    if (kept.shown?.kind !== "here") kept.shown = { kind: "here" };
    kept.shown.list = null;
    drawOver();
    ask(async () => {
      const found = await finder.here(where, kept.view, positions);
      show(found, began);
      if (spot === where && (over.matches(":hover") || over.matches(":focus"))) tip.show(camera.pixel(...where), found.finding.pictures);
    });
  }

  function showCaught(caught) {
    kept.shown = { kind: "lasso", caught };
    ask(async () => {
      const found = await finder.mean(caught);
      $(".found").scrollIntoView({ block: "nearest", behavior: isStill() ? "instant" : "smooth" });
      show(found);
    });
  }

  function askOwn() {
    const [strokes, script] = [own.drawing().now, kept.source];
    if (kept.dot?.script !== script) kept.dot = null;
    if (!atlas) return;
    if (!strokes.length) {
      kept.dot = null;
      delete root.dataset.dotX;
      if (kept.shown?.kind === "yours") panel.say("Write a digit, and it takes its place on the map.");
      return drawOver();
    }
    const turned = () => script !== kept.source || strokes !== own.drawing().now; // meanwhile
    ask(async () => {
      const reply = await finder.read(strokes, script);
      if (turned()) return;
      if (!reply.code.length) return panel.say(reply.message);
      const found = await finder.own(reply, script);
      if (turned()) return;
      kept.dot = { places: found.finding.places, script };
      show(found);
    });
  }

  function show(found, began) {
    kept.shown = found;
    panel.show(found, atlas, theme.scripts);
    root.dataset.kind = found.kind;
    root.dataset.answers = Number(root.dataset.answers) + 1;
    drawOver();
    window.dispatchEvent(new CustomEvent("unit:found", { detail: { began, kind: found.kind } }));
  }

  // --- the controls -----------------------------------------------------------------------------------
  function use(tool) {
    kept.tool = root.dataset.tool = tool;
    $(`.tools [value="${tool}"]`).checked = true;
    leave();
    draw();
  }
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
  listen($(".zoom .in"), "click", () => camera.zoomBy(1.6));
  listen($(".zoom .out"), "click", () => camera.zoomBy(1 / 1.6));
  listen($(".zoom .whole"), "click", camera.whole);

  // --- begin --------------------------------------------------------------------------------------------
  const all = scripts.length === 2 ? "both scripts" : "all scripts";
  $(".title h1").textContent = `One map for ${all}`;
  $(".title p").textContent = `${count.toLocaleString("en")} digits, each where the model puts it. Click one to decode it in ${all}, or write your own and watch it land.`;
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
    finder = finderOf(atlas, scripts);
    centres = centresOf(atlas, scripts.length);
    misread = [...atlas.labels.keys()].filter(atlas.misread);
    gestures(over, listen, () => kept.tool, acts);
    paintOn();
    readTheme();
    setPositions();
    root.dataset.state = "ready";
    if (own.drawing().now.length) askOwn();
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
  recoloured(() => {
    if (!atlas) return;
    readTheme();
    own.show();
    if (kept.shown?.finding) show(kept.shown);
  }, ".over");
  sized([chart, $(".pad")], () => (draw(), own.show()));
  ending(() => {
    cancelAnimationFrame(frame);
    cancelAnimationFrame(gliding);
    painter?.close();
  });
  for (const [name, value] of [["view", kept.view], ["colour", kept.colour]]) $(`[name="${name}"][value="${value}"]`).checked = true;
  use(kept.tool);
  root.dataset.share = share;
  root.dataset.zoom = kept.camera.zoom;
  own.show();
  begin();
  return end;
}
