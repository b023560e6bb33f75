// A picture, the digits found on it, and the picture rewritten; what a person corrects, all follows.
const PATIENCE = 150_000; // milliseconds: the upload's and the work's limits are the server's
const AUTO = "auto";

export default function ({ parentElement, data: { scripts, types, megabytes, megapixels, doubtful, key } }) {
  const here = stage(parentElement, ".reader", scripts, key);
  const { root, gone, id, $, $$, listen, sized, ending, end } = here;
  const kept = recall(id, () => ({ file: null, versions: new Versions(null), source: AUTO, target: null, reveal: 0.5, zoom: 0, marked: true }));
  const named = (name) => scripts.find((script) => script.name === name);
  const reading = () => kept.versions.now;
  const isDoubtful = ({ confidence }) => confidence < doubtful;
  const all = () => digitsIn(reading());
  const boxes = boxesOf($(".boxes"), scripts, isDoubtful);
  const view = viewOf(here, kept, fitBoxes);
  const editor = editorOf($(".editor"), scripts, isDoubtful, settle);

  // --- a picture comes ------------------------------------------------------------------------------
  const kindOf = (type) => (type === "application/pdf" ? "a PDF" : type.startsWith("image/") ? "of a kind that cannot be read here" : "no picture");
  let asking = new AbortController(); // ends the questions about a picture once there is another, or the page is left
  function bring(file) {
    const trouble =
      file.type && !types.includes(file.type) ? `${file.name} is ${kindOf(file.type)}. Bring a PNG, JPEG, WebP, TIFF, BMP or GIF.`
      : file.size > megabytes * 2 ** 20 ? `This file has ${Math.ceil(file.size / 2 ** 20)} MB; at most ${megabytes}, please.`
      : !file.size ? "This file is empty."
      : null;
    closeEditor();
    if (trouble) return say(trouble, "refused");
    asking.abort();
    asking = new AbortController();
    Object.assign(kept, { file, rewritten: null, versions: new Versions(null), others: new Map(), target: null, zoom: 0, chosen: 0, looked: -1 });
    showPicture();
    read();
  }
  ending(() => asking.abort());

  // Hangs a picture in `img`, or none; the one before is freed.
  function hang(img, blob) {
    URL.revokeObjectURL(img.src);
    if (blob) img.src = URL.createObjectURL(blob);
    else img.removeAttribute("src");
  }
  ending(() => $$("img").forEach((img) => hang(img, null)));

  // What a browser cannot show (TIFF), or not standing still (GIF), the server can.
  function showPicture() {
    const before = $(".before");
    const foreign = ["image/gif", "image/tiff"].includes(kept.file.type);
    before.onload = () => (view.showSize(), placeEditor());
    before.onerror = showAsPng;
    hang(before, foreign ? null : kept.file);
    if (foreign) showAsPng();
    showRewritten();
  }
  function showAsPng() {
    $(".before").onerror = null; // if it cannot show that either, so be it
    persist(async (file) => hang($(".before"), await rewriting(file, { lines: [] }, scripts[0].name)));
  }

  // --- the questions ----------------------------------------------------------------------------------
  async function persist(work) {
    const [{ file }, { signal }] = [kept, asking];
    for (let troubled = false; !signal.aborted; troubled = true) {
      try {
        await work(file);
        if (troubled && reading()) sayFound(); // it went well after all
        return;
      } catch (error) {
        if (signal.aborted) return;
        say(troubleOf(error), "trouble", error.status >= 500); // a picture that is none stays none
        if (error.final) return;
        await new Promise((wake) => setTimeout(wake, RETRY));
      }
    }
  }

  // The page as read in `source`, asked for once.
  async function readAs(file, source) {
    if (!kept.others.has(source)) kept.others.set(source, withGaps(await askServer("api/read", { source }, file, PATIENCE, asking.signal)));
    return kept.others.get(source);
  }

  const read = newest(() =>
    persist(async (file) => {
      const { source } = kept;
      say("Looking for digits …", "reading");
      const found = await readAs(file, source);
      if (source !== kept.source) return;
      if (reading()) kept.versions.change(found);
      else kept.versions = new Versions(found);
      // Into the script in which least is written yet.
      const written = (name) => found.lines.filter(({ script }) => script === name).length;
      kept.target ??= scripts.map(({ name }) => name).reduce((least, name) => (written(name) <= written(least) ? name : least));
      root.dataset.answers = Number(root.dataset.answers) + 1;
      changed();
    }),
  );

  const rewriting = (file, told, target) => {
    const form = new FormData();
    form.append("picture", file);
    form.append("reading", JSON.stringify(told));
    return askServer("api/rewrite", { target }, form, PATIENCE, asking.signal);
  };
  const rewrite = newest(async () => {
    showBusy(true);
    await persist(async (file) => {
      const [told, target] = [reading(), kept.target];
      if (!told?.lines.length) return;
      const picture = await rewriting(file, told, target);
      if (told !== reading() || target !== kept.target) return; // the next question is on its way
      kept.rewritten = picture;
      showRewritten();
      root.dataset.rewritten = Number(root.dataset.rewritten) + 1;
    });
    showBusy(false);
  });
  function showBusy(on) {
    root.toggleAttribute("data-busy", on);
    $(".rewriting").textContent = on ? "rewriting …" : "rewritten";
  }

  // What was rewritten before may stay in sight, but is nothing to take home.
  function changed() {
    kept.rewritten = null;
    $(".png").disabled = true;
    showReading();
    rewrite();
  }

  // --- what is seen -----------------------------------------------------------------------------------
  function say(text, state, worthRepeating = false) {
    root.dataset.state = state;
    tell($(".message"), text);
    $(".again").hidden = !worthRepeating;
    $(".work").hidden = !kept.file || (state === "trouble" && !reading());
    root.classList.toggle("full", !$(".work").hidden);
    if (state !== "ok") $(".doubts").hidden = true;
  }

  function showRewritten() {
    hang($(".after"), kept.rewritten);
    $(".png").disabled = !kept.rewritten;
  }

  const plural = (count, one) => `${count.toLocaleString("en")} ${one}${count === 1 ? "" : "s"}`;
  function sayFound() {
    const digits = all();
    const doubts = digits.filter(({ digit }) => isDoubtful(digit)).length;
    if (digits.length) say(`${plural(digits.length, "digit")} in ${plural(reading().lines.length, "line")}${doubts ? "" : ", all read surely"}.`, "ok");
    else say("No digits found here. They should be darker or brighter than their paper, and a dozen pixels tall or more: come closer, or try a sharper picture.", "none");
    $(".doubts").hidden = !doubts;
    $(".doubts").textContent = `Look through ${doubts === 1 ? "the one doubtful" : `${doubts.toLocaleString("en")} doubtful`}`;
  }

  function showReading() {
    const digits = all();
    sayFound();
    able($(".undo"), kept.versions.past.length > 0);
    able($(".redo"), kept.versions.future.length > 0);
    $(".right").hidden = !digits.length;
    showWays();
    kept.chosen = Math.min(Math.max(kept.chosen, 0), digits.length - 1);
    boxes.show(digits, reading(), kept.chosen);
    fitBoxes();
    const find = (line) => choose(digits.findIndex((each) => each.line === line));
    const mark = (line) => boxes.mark(digits, line);
    renew($(".lines"), linesOf(reading(), scripts, kept.target, { turn: turnLine, find, mark }));
    if (!digits.length) hang($(".after"), null);
  }

  function showWays() {
    root.style.setProperty("--to", `var(${named(kept.target).colour})`);
    $$(".ways input").forEach((radio) => (radio.checked = radio.value === kept[radio.name]));
    $(".translated").textContent = `Copy in ${named(kept.target).title}`;
  }

  function fitBoxes() {
    boxes.fit(all(), $(".page").clientWidth / (reading()?.width || 1));
  }

  // --- corrections ------------------------------------------------------------------------------------
  function correct(i, change) {
    const { line, place } = all()[i] ?? {};
    if (line == null) return;
    kept.versions.change(corrected(reading(), line, place, change));
    changed();
  }

  // A line, or one digit, in another script: as the page reads if it is all in that script.
  const turnLine = (line, script) =>
    persist(async (file) => {
      const now = reading();
      const other = await readAs(file, script);
      if (now !== reading()) return;
      kept.versions.change(withLine(now, line, script, other));
      changed();
    });
  const turnDigit = (i, script) =>
    persist(async (file) => {
      const [now, { digit }] = [reading(), all()[i]];
      const other = readIn(await readAs(file, script), digit);
      if (now !== reading()) return;
      correct(i, { script, digit: other?.digit ?? digit.digit });
    });

  function choose(i, { open = false } = {}) {
    const each = $(".boxes").children;
    if (!each[i]) return;
    each[kept.chosen]?.setAttribute("tabindex", -1);
    kept.chosen = i;
    each[i].tabIndex = 0;
    each[i].focus();
    if (open) openEditor();
    else if (!$(".editor").hidden) openEditor();
  }

  function nextDoubtful() {
    const digits = all();
    const next = digits.findIndex(({ digit }, i) => i > kept.looked && isDoubtful(digit));
    kept.looked = next >= 0 ? next : digits.findIndex(({ digit }) => isDoubtful(digit));
    choose(kept.looked, { open: true });
  }

  function openEditor({ focus = true } = {}) {
    editor.open(all()[kept.chosen], $(".before"), $(".before").naturalWidth / reading().width); // the picture as shown may be smaller
    placeEditor();
    if (focus) editor.focus();
  }
  function placeEditor() {
    editor.stand($(".boxes").children[kept.chosen]);
  }
  function closeEditor() {
    if ($(".editor").hidden) return;
    $(".editor").hidden = true;
    $(".boxes").children[kept.chosen]?.focus({ preventScroll: true });
  }
  function settle(change) {
    closeEditor();
    if (!change) kept.looked = kept.chosen - 1; // another digit takes its place
    correct(kept.chosen, change);
  }

  // --- what goes along --------------------------------------------------------------------------------
  const stem = () => kept.file.name.replace(/\.\w+$/, "") || "picture";
  listen($(".written"), "click", ({ target }) => copyBy(target, pageText(reading(), scripts)));
  listen($(".translated"), "click", ({ target }) => copyBy(target, pageText(reading(), scripts, kept.target)));
  listen($(".png"), "click", () => download(`${stem()}-${kept.target}.png`, kept.rewritten));
  listen($(".csv"), "click", () => download(`${stem()}.csv`, new Blob(["\ufeff", asCsv(reading(), scripts, kept.target)], { type: "text/csv" })));
  listen($(".json"), "click", () => download(`${stem()}.json`, new Blob([asJson(reading(), scripts, kept.file.name, kept.target)], { type: "application/json" })));

  waysIn(here, scripts, kept, { bring, refuse: (text) => say(text, "refused") });

  // --- the controls -----------------------------------------------------------------------------------
  const coloured = (label, { colour }) => (label.style.setProperty("--ink", `var(${colour})`), label);
  const choices = (name) => scripts.map((script) => coloured(radio(name, script.name, script.title), script));
  $(".source").append(radio("source", AUTO, "whichever it is"), ...choices("source"));
  $(".target").append(...choices("target"));
  $(".editor .script").append(...choices("script"));
  listen($(".source"), "change", ({ target }) => {
    kept.source = target.value;
    closeEditor();
    read();
  });
  listen($(".target"), "change", ({ target }) => {
    kept.target = target.value;
    changed();
  });
  listen($(".editor .script"), "change", async ({ target }) => {
    await turnDigit(kept.chosen, target.value);
    if (!$(".editor").hidden) openEditor({ focus: false });
  });
  listen($(".editor .none"), "click", () => settle(null));
  listen($(".editor .close"), "click", closeEditor);
  listen($(".boxes"), "click", ({ target }) => {
    const i = [...$(".boxes").children].indexOf(target.closest("button"));
    if (i >= 0) choose(i, { open: true });
  });
  listen($(".doubts"), "click", nextDoubtful);
  listen($(".again"), "click", () => (kept.others.clear(), showPicture(), reading() ? changed() : read()));
  document.addEventListener("scroll", placeEditor, { capture: true, signal: gone.signal });
  listen($(".view"), "scroll", placeEditor); // which no listener outside a shadow root hears
  listen(document, "pointerdown", (event) => {
    const path = event.composedPath();
    if (!path.includes($(".editor")) && !path.includes($(".boxes")) && !path.includes($(".doubts"))) $(".editor").hidden = true;
  });

  // "undo" or "redo".
  function step(back) {
    if (!isAble($(`.${back}`))) return;
    closeEditor();
    kept.versions[back]();
    changed();
  }
  listen($(".undo"), "click", () => step("undo"));
  listen($(".redo"), "click", () => step("redo"));
  onKeys(root, listen, (key) => {
    if (!reading()) return null;
    const i = kept.chosen;
    const ofPage = {
      "ctrl+z": () => step("undo"), "ctrl+shift+z": () => step("redo"), "ctrl+y": () => step("redo"),
      escape: closeEditor, d: nextDoubtful, b: view.turnMarked,
      "+": () => view.zoom(1), "=": () => view.zoom(1), "-": () => view.zoom(-1),
    };
    const ofDigit = {
      arrowright: () => choose(i + 1), arrowleft: () => choose(i - 1),
      arrowdown: () => choose(beside(all(), i, 1)), arrowup: () => choose(beside(all(), i, -1)),
      delete: () => settle(null), backspace: () => settle(null),
    };
    if (ofPage[key] || ($(".editor").hidden && !$(".boxes :focus"))) return ofPage[key];
    return /^[0-9]$/.test(key) ? () => settle({ digit: Number(key) }) : ofDigit[key];
  });

  // --- begin ------------------------------------------------------------------------------------------
  $(".limit").textContent = `${megabytes} MB and ${megapixels} megapixels`;
  sized([$(".view")], () => (fitBoxes(), placeEditor()));
  if (kept.file) {
    showPicture();
    if (reading()) showReading(), showRewritten(), kept.rewritten || rewrite();
    else read();
  } else say("", "empty");
  return end;
}
