// A picture, the digits found on it, and the picture rewritten; what a person corrects, all follows.
const RETRY = 1500;
const PATIENCE = 150_000; // milliseconds: the upload's and the work's limits are the server's
const ROOM = { reading: 14, confidence: 32 }; // pixels that a digit must be wide on the screen for what is written above it
const ZOOMS = [1, 1.5, 2, 3, 4, 6];
const AUTO = "auto";

export default function ({ parentElement, data: { scripts, types, megabytes, megapixels, doubtful, key } }) {
  const { root, gone, id, $, $$, listen } = stage(parentElement, ".reader", scripts, key);
  const kept = recall(id, () => ({ file: null, versions: new Versions(null), source: AUTO, target: null, reveal: 0.5, zoom: 0, marked: true }));
  const named = (name) => scripts.find((script) => script.name === name);
  const reading = () => kept.versions.now;
  const isDoubtful = ({ confidence }) => confidence < doubtful;
  const all = () => reading()?.lines.flatMap(({ digits }, line) => digits.map((digit, place) => ({ line, place, digit }))) ?? [];

  // --- a picture comes ------------------------------------------------------------------------------
  function bring(file) {
    const trouble =
      file.type && !types.includes(file.type) ? `This is no picture that can be read, but ${file.type}. Bring a PNG, JPEG, WebP, TIFF, BMP or GIF.`
      : file.size > megabytes * 2 ** 20 ? `This file has ${Math.ceil(file.size / 2 ** 20)} MB; at most ${megabytes}, please.`
      : !file.size ? "This file is empty."
      : null;
    closeEditor();
    if (trouble) return say(trouble, "refused");
    URL.revokeObjectURL(kept.shown);
    Object.assign(kept, { file, shown: URL.createObjectURL(file), rewritten: null, versions: new Versions(null), others: new Map(), target: null, zoom: 0 });
    showPicture();
    read();
  }

  // What a browser cannot show (TIFF), or not standing still (GIF), the server can.
  function showPicture() {
    const before = $(".before");
    $(".after").removeAttribute("src");
    const own = ["image/gif", "image/tiff"].includes(kept.file.type);
    before.onerror = () => asPng(kept.file).then((src) => kept.file && (before.src = src), () => {});
    before.onload = () => (showSize(), placeEditor());
    if (own) before.onerror();
    else before.src = kept.shown;
  }
  const asPng = async (file) => URL.createObjectURL(await rewriting(file, { lines: [] }, scripts[0].name));

  // --- the questions ----------------------------------------------------------------------------------
  async function persist(work) {
    const { file } = kept;
    while (!gone.signal.aborted && kept.file === file) {
      try {
        return await work(file);
      } catch (error) {
        if (kept.file !== file) return;
        say(error.message, "trouble");
        if (error.final) return;
        await new Promise((wake) => setTimeout(wake, RETRY));
      }
    }
  }

  // The page as read in `source`, asked for once.
  async function readAs(file, source) {
    if (!kept.others.has(source)) kept.others.set(source, withGaps(await askServer("api/read", { source }, file, PATIENCE)));
    return kept.others.get(source);
  }

  const read = newest(() =>
    persist(async (file) => {
      const { source } = kept;
      say("Looking for digits …", "reading");
      const found = await readAs(file, source);
      if (file !== kept.file || source !== kept.source) return;
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
    return askServer("api/rewrite", { target }, form, PATIENCE);
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

  function changed() {
    showReading();
    rewrite();
  }

  // --- what is seen -----------------------------------------------------------------------------------
  function say(text, state) {
    root.dataset.state = state;
    const message = $(".message");
    if (message.textContent !== text) message.textContent = text;
    $(".again").hidden = state !== "trouble" || !kept.file;
    $(".work").hidden = !kept.file || (state === "trouble" && !reading());
    root.classList.toggle("full", !$(".work").hidden);
    if (state !== "ok") $(".doubts").hidden = true;
  }

  function showRewritten() {
    const after = $(".after");
    URL.revokeObjectURL(after.src);
    if (kept.rewritten) after.src = URL.createObjectURL(kept.rewritten);
    $(".png").disabled = !kept.rewritten;
  }

  const plural = (count, one) => `${count.toLocaleString("en")} ${one}${count === 1 ? "" : "s"}`;
  function showReading() {
    const digits = all();
    const doubts = digits.filter(({ digit }) => isDoubtful(digit)).length;
    if (digits.length) say(`${plural(digits.length, "digit")} in ${plural(reading().lines.length, "line")}${doubts ? "" : ", all read surely"}.`, "ok");
    else say("No digits found here. They should be darker or brighter than their paper, and a dozen pixels tall or more: come closer, or try a sharper picture.", "none");
    $(".doubts").hidden = !doubts;
    $(".doubts").textContent = `Look through ${doubts === 1 ? "the one doubtful" : `${doubts.toLocaleString("en")} doubtful`}`;
    $(".undo").disabled = !kept.versions.past.length;
    $(".redo").disabled = !kept.versions.future.length;
    $(".right").hidden = !digits.length;
    showWays();
    showBoxes(digits);
    showLines();
    if (!digits.length) $(".after").removeAttribute("src");
  }

  function showWays() {
    root.style.setProperty("--to", `var(${named(kept.target).colour})`);
    $$(".ways input").forEach((radio) => (radio.checked = radio.value === kept[radio.name]));
    $(".translated").textContent = `Copy in ${named(kept.target).title}`;
  }

  function showSize() {
    const { naturalWidth: width, naturalHeight: height } = $(".before");
    if (!width) return;
    $(".page").style.setProperty("--ratio", width / height);
    $(".page").style.setProperty("--zoom", ZOOMS[kept.zoom]);
    $(".less").disabled = !kept.zoom;
    $(".more").disabled = kept.zoom === ZOOMS.length - 1;
    showRoom();
  }

  // What is written above a box must not cover the next.
  function showRoom() {
    const scale = $(".page").clientWidth / (reading()?.width || 1);
    const sizes = all().map(({ digit: { box: [, , width, height] } }) => scale * Math.max(width, height));
    const middling = sizes.toSorted((a, b) => a - b)[sizes.length >> 1];
    $(".boxes").classList.toggle("dense", middling < ROOM.reading);
    $(".boxes").classList.toggle("tight", middling < ROOM.confidence);
    [...$(".boxes").children].forEach((box) => box.classList.toggle("tight", box.clientWidth < 0.8 * ROOM.confidence));
  }

  const told = ({ script, digit, confidence, corrected }) => `${named(script).title} ${named(script).glyphs[digit]}, ${corrected ? "corrected" : `${Math.round(100 * confidence)} %`}`;

  function showBoxes(digits) {
    const boxes = $(".boxes");
    const { width, height } = reading();
    const focused = boxes.contains(boxes.getRootNode().activeElement);
    const chosen = Math.min(Math.max(kept.chosen ?? 0, 0), digits.length - 1);
    boxes.replaceChildren(
      ...digits.map(({ line, place, digit }, i) => {
        const { box: [x, y, w, h], script } = digit;
        const label = make("span", { ariaHidden: "true" }, named(script).glyphs[digit.digit], make("small", { textContent: digit.corrected ? "✓" : Math.round(100 * digit.confidence) }));
        const button = make("button", { title: told(digit), ariaLabel: `Line ${line + 1}, digit ${place + 1}: ${told(digit)}${isDoubtful(digit) ? ", doubtful" : ""}`, tabIndex: i === chosen ? 0 : -1 }, label);
        button.className = isDoubtful(digit) ? "doubtful" : digit.corrected ? "corrected" : "";
        button.style.cssText = `left:${(100 * x) / width}%;top:${(100 * y) / height}%;width:${(100 * w) / width}%;height:${(100 * h) / height}%;--ink:var(${named(script).colour})`;
        return button;
      }),
    );
    kept.chosen = chosen;
    if (focused) boxes.children[chosen]?.focus({ preventScroll: true });
    showRoom();
  }

  function showLines() {
    $(".lines").replaceChildren(
      ...reading().lines.map((line, l) => {
        const share = (name) => (line.evidence[name] == null ? "" : ` ${Math.round(100 * line.evidence[name])} %`);
        const select = make("select", { ariaLabel: `Script of line ${l + 1}` }, ...scripts.map(({ name, title }) => new Option(title + (line.chosen ? "" : share(name)), name)));
        select.value = line.script;
        select.onchange = () => turnLine(l, select.value);
        const bar = make("i", { ariaHidden: "true" }, ...scripts.map(({ name, colour }) => {
          const part = make("b");
          part.style.cssText = `flex: ${line.chosen ? Number(name === line.script) : (line.evidence[name] ?? 0)}; background: var(${colour})`;
          return part;
        }));
        const from = make("button", { className: "text", title: "Show it in the picture", textContent: textOf(line, scripts), onclick: () => choose(all().findIndex((each) => each.line === l)) });
        from.style.setProperty("--ink", `var(${named(line.script).colour})`);
        const into = make("p", { className: "text into", textContent: textOf(line, scripts, kept.target) });
        into.classList.toggle("same", into.textContent === from.textContent);
        const row = make("li", {}, make("div", { className: "evidence" }, select, bar), from, into);
        row.onpointerenter = () => mark(l);
        row.onpointerleave = () => mark(-1);
        return row;
      }),
    );
  }
  function mark(line) {
    const digits = all();
    [...$(".boxes").children].forEach((box, i) => box.classList.toggle("marked", digits[i].line === line));
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
    const boxes = $(".boxes").children;
    if (!boxes[i]) return;
    boxes[kept.chosen]?.setAttribute("tabindex", -1);
    kept.chosen = i;
    boxes[i].tabIndex = 0;
    boxes[i].focus();
    if (open) openEditor();
    else if (!$(".editor").hidden) openEditor();
  }

  function nextDoubtful() {
    const digits = all();
    const next = digits.findIndex(({ digit }, i) => i > (kept.looked ?? -1) && isDoubtful(digit));
    kept.looked = next >= 0 ? next : digits.findIndex(({ digit }) => isDoubtful(digit));
    choose(kept.looked, { open: true });
  }

  // To the nearest digit of the line above or below.
  function beside(i, step) {
    const digits = all();
    const { line, digit } = digits[i];
    const middle = ({ box: [x, , w] }) => x + w / 2;
    const off = (each) => Math.abs(middle(each.digit) - middle(digit));
    const there = digits.filter((each) => each.line === line + step).sort((a, b) => off(a) - off(b))[0];
    return there ? digits.indexOf(there) : i;
  }

  function openEditor({ focus = true } = {}) {
    const { line, place, digit } = all()[kept.chosen];
    const editor = $(".editor");
    const script = named(digit.script);
    editor.style.setProperty("--ink", `var(${script.colour})`);
    editor.querySelector("h3").textContent = `Line ${line + 1}, digit ${place + 1}`;
    editor.querySelector(".one p").textContent = digit.corrected ? "Corrected by you." : `Read as ${script.glyphs[digit.digit]}, ${Math.round(100 * digit.confidence)} % sure${isDoubtful(digit) ? ": doubtful" : ""}.`;
    editor.querySelectorAll(".script input").forEach((radio) => (radio.checked = radio.value === digit.script));
    editor.querySelector(".digits").replaceChildren(
      ...script.glyphs.map((glyph, value) => {
        const button = make("button", { textContent: glyph, ariaLabel: `It is ${glyph}`, onclick: () => settle({ digit: value }) });
        button.setAttribute("aria-pressed", value === digit.digit);
        return button;
      }),
    );
    editor.hidden = false;
    enlargeChosen(digit.box);
    placeEditor();
    if (focus) editor.querySelector('[aria-pressed="true"]').focus({ preventScroll: true });
  }
  function enlargeChosen([x, y, w, h]) {
    const canvas = $(".editor canvas");
    const side = 1.5 * Math.max(w, h);
    const share = $(".before").naturalWidth / reading().width; // the picture as shown may be smaller
    canvas.width = canvas.height = 192;
    canvas.getContext("2d").drawImage($(".before"), share * (x + w / 2 - side / 2), share * (y + h / 2 - side / 2), share * side, share * side, 0, 0, 192, 192);
  }
  // Beside its digit, inside the window; on a phone at its foot.
  function placeEditor() {
    const [editor, box] = [$(".editor"), $(".boxes").children[kept.chosen]];
    if (editor.hidden || !box) return;
    const { left, right, bottom, top } = box.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = editor;
    const x = right + 10 + width < innerWidth ? right + 10 : left - 10 - width;
    editor.style.left = `${Math.max(8, Math.min(x, innerWidth - width - 8))}px`;
    editor.style.top = `${Math.max(8, Math.min((top + bottom - height) / 2, innerHeight - height - 8))}px`;
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

  // --- the ways in ------------------------------------------------------------------------------------
  for (const input of $$(".bring input")) {
    listen(input, "change", () => {
      if (input.files[0]) bring(input.files[0]);
      input.value = ""; // the same file may be chosen again
    });
  }
  let over = 0;
  const brings = ({ dataTransfer }) => dataTransfer?.types.includes("Files");
  listen(root, "dragenter", (event) => brings(event) && (event.preventDefault(), over++, root.classList.add("over")));
  listen(root, "dragover", (event) => brings(event) && event.preventDefault());
  listen(root, "dragleave", (event) => brings(event) && !--over && root.classList.remove("over"));
  listen(root, "drop", (event) => {
    if (!brings(event)) return;
    event.preventDefault();
    over = 0;
    root.classList.remove("over");
    if (event.dataTransfer.files[0]) bring(event.dataTransfer.files[0]);
  });
  listen(document, "paste", ({ clipboardData }) => {
    const file = [...(clipboardData?.files ?? [])][0];
    if (file) bring(file);
  });

  // A phone's own camera takes the better picture; elsewhere the page looks through the camera itself.
  const touch = matchMedia("(pointer: coarse)").matches;
  $(".photo").hidden = !touch;
  $(".camera").hidden = touch || !navigator.mediaDevices?.getUserMedia;
  let film = null;
  function shut() {
    film?.getTracks().forEach((track) => track.stop());
    film = null;
    $(".finder").hidden = true;
  }
  listen($(".camera"), "click", async () => {
    try {
      film = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: 2560 }, height: { ideal: 1440 } } });
    } catch (error) {
      return say(`The camera cannot be used: ${error.message}.`, "refused");
    }
    if (gone.signal.aborted) return shut();
    $(".finder").hidden = false;
    $("video").srcObject = film;
  });
  listen($(".shut"), "click", shut);
  listen($(".shoot"), "click", () => {
    const { videoWidth: width, videoHeight: height } = $("video");
    if (!width) return;
    const photo = make("canvas", { width, height });
    photo.getContext("2d").drawImage($("video"), 0, 0);
    shut();
    photo.toBlob((blob) => bring(new File([blob], "photo.jpg", { type: blob.type })), "image/jpeg", 0.92);
  });

  $(".samples").replaceChildren(
    ...SAMPLES.map(({ name, title, make: draw }) => {
      const picture = (kept[name] ??= draw(scripts));
      const small = make("canvas", { width: 264, height: 180, ariaHidden: "true" });
      const scale = Math.max(264 / picture.width, 180 / picture.height);
      small.getContext("2d").drawImage(picture, 0, 0, picture.width * scale, picture.height * scale);
      const button = make("button", {}, small, make("span", { textContent: title }));
      button.onclick = () => picture.toBlob((blob) => bring(new File([blob], `${name}.jpg`, { type: blob.type })), "image/jpeg", 0.9);
      return button;
    }),
  );

  // --- the controls -----------------------------------------------------------------------------------
  const radio = (name, value, title) => make("label", {}, make("input", { type: "radio", name, value }), title);
  const coloured = (label, { colour }) => (label.style.setProperty("--ink", `var(${colour})`), label);
  const choices = (name) => scripts.map((script) => coloured(radio(name, script.name, script.title), script));
  $$(".ways label, .editor .script label").forEach((label) => label.remove()); // of an earlier mount
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
  listen($(".again"), "click", () => (kept.others.clear(), reading() ? changed() : read()));
  listen($(".reveal"), "input", ({ target }) => reveal(Number(target.value)));
  function reveal(share) {
    kept.reveal = share;
    $(".page").style.setProperty("--reveal", share);
    $(".seam").hidden = share === 0 || share === 1;
  }
  function zoom(step) {
    const { scrollLeft, scrollTop, clientWidth, clientHeight } = $(".view");
    const before = ZOOMS[kept.zoom];
    kept.zoom = Math.min(Math.max(kept.zoom + step, 0), ZOOMS.length - 1);
    const grown = ZOOMS[kept.zoom] / before;
    showSize();
    $(".view").scrollTo((scrollLeft + clientWidth / 2) * grown - clientWidth / 2, (scrollTop + clientHeight / 2) * grown - clientHeight / 2);
  }
  listen($(".less"), "click", () => zoom(-1));
  listen($(".more"), "click", () => zoom(1));
  function showMarked(on) {
    kept.marked = $(".marked input").checked = on;
    root.classList.toggle("bare", !on);
  }
  listen($(".marked input"), "change", ({ target }) => showMarked(target.checked));
  document.addEventListener("scroll", placeEditor, { capture: true, signal: gone.signal });
  listen($(".view"), "scroll", placeEditor); // which no listener outside a shadow root hears
  listen(document, "pointerdown", (event) => {
    const path = event.composedPath();
    if (!path.includes($(".editor")) && !path.includes($(".boxes")) && !path.includes($(".doubts"))) $(".editor").hidden = true;
  });

  function step(back) {
    closeEditor();
    kept.versions[back]();
    changed();
  }
  listen($(".undo"), "click", () => step("undo"));
  listen($(".redo"), "click", () => step("redo"));
  listen(document, "keydown", (event) => {
    const target = event.composedPath()[0];
    if (!reading() || target.isContentEditable || /^(textarea|select)$/i.test(target.tagName)) return;
    const typed = /^input$/i.test(target.tagName); // arrows are a slider's and a choice's own
    const command = event.ctrlKey || event.metaKey;
    const key = event.key.toLowerCase();
    const onDigit = $(".boxes").contains(target) || (!$(".editor").hidden && !typed);
    const i = kept.chosen;
    const act =
      command && key === "z" ? () => kept.versions[event.shiftKey ? "future" : "past"].length && step(event.shiftKey ? "redo" : "undo")
      : command && key === "y" ? () => kept.versions.future.length && step("redo")
      : command || event.altKey ? null
      : key === "escape" ? closeEditor
      : key === "d" ? nextDoubtful
      : key === "b" ? () => showMarked(!kept.marked)
      : key === "+" || key === "=" ? () => zoom(1)
      : key === "-" ? () => zoom(-1)
      : !onDigit ? null
      : key === "arrowright" ? () => choose(i + 1)
      : key === "arrowleft" ? () => choose(i - 1)
      : key === "arrowdown" ? () => choose(beside(i, 1))
      : key === "arrowup" ? () => choose(beside(i, -1))
      : /^[0-9]$/.test(key) ? () => settle({ digit: Number(key) })
      : ["delete", "backspace"].includes(key) ? () => settle(null)
      : null;
    if (!act) return;
    event.preventDefault();
    act();
  });

  // --- begin ------------------------------------------------------------------------------------------
  $(".limit").textContent = `${megabytes} MB and ${megapixels} megapixels`;
  $(".reveal").value = kept.reveal;
  reveal(kept.reveal);
  showMarked(kept.marked);
  const resized = new ResizeObserver(() => (showRoom(), placeEditor()));
  resized.observe($(".view"));
  if (kept.file) {
    showPicture();
    if (reading()) showReading(), showRewritten(), kept.rewritten || rewrite();
    else read();
  } else say("", "empty");
  return () => {
    gone.abort();
    resized.disconnect();
    shut();
  };
}
