// What pages to draw on have in common: a drawing a script, the way between scripts, the pens, the tools.

// What such a page keeps, of what was `saved`; with `more` of its own.
function desk(saved, scripts, more) {
  const drawings = scripts.map(({ name }) => new Versions(saved.drawings?.[name]));
  const [source, target] = saved.way ?? [0, 1];
  return { drawings, source, target, pen: saved.pen ?? 1, writing: 0, ...more };
}

// The same to be saved.
function onDesk(kept, scripts, more) {
  const drawings = Object.fromEntries(scripts.map(({ name }, i) => [name, kept.drawings[i].now]));
  return { drawings, way: [kept.source, kept.target], pen: kept.pen, ...more };
}

// The way from the script `source`: the target stays, or where it is that one, the two change places.
const wayFrom = (source, kept) => ({ source, target: source === kept.target ? kept.source : kept.target });

// Moves the drawing to another script. What either had comes back by undo.
function moveDrawing(kept, script) {
  const { now } = kept.drawings[kept.source];
  kept.drawings[kept.source].change([]);
  kept.drawings[script].change(now);
}

// From which script to which; `turn` takes what a visitor chooses instead.
function showWay({ root, $ }, scripts, kept, turn) {
  const [from, to] = [scripts[kept.source], scripts[kept.target]];
  root.style.setProperty("--from", `var(${from.colour})`);
  root.style.setProperty("--to", `var(${to.colour})`);
  root.classList.toggle("swapped", kept.source > kept.target);
  root.dataset.source = from.name;
  root.classList.toggle("unwritten", !from.examples); // by the page, which has no strokes of it
  root.classList.toggle("unsurprising", !scripts.some(({ examples }) => examples));
  for (const [role, heading, label] of [["source", "h2.from", "From"], ["target", "h2.to", "To"]]) {
    $(heading).replaceChildren(scripts.length === 2 ? scripts[kept[role]].title : choice(role, label));
  }

  function choice(role, label) {
    const select = make("select", { ariaLabel: label }, ...scripts.map(({ title }, i) => new Option(title, i)));
    select.value = kept[role];
    select.onchange = () => {
      const [chosen, other] = [Number(select.value), role === "source" ? "target" : "source"];
      turn(chosen === kept[other] ? { source: kept.target, target: kept.source } : { [role]: chosen });
    };
    return select;
  }
}

function showTools({ root, $ }, { now, past, future }) {
  root.classList.toggle("drawn", now.length > 0);
  able($(".undo"), past.length > 0);
  able($(".redo"), future.length > 0);
  able($(".clear"), now.length > 0);
}

// Makes the bar of pens and tools; each of its acts by its button and by its key, digits by theirs; `more`
// are keys of the page's own.
function tools({ root, $, listen }, kept, { undo, redo, clear, swap, surprise, save, write, changed }, more = {}) {
  const pen = (name, value) => make("label", { title: name }, make("input", { type: "radio", name: "pen", value, checked: value === kept.pen, ariaLabel: name }));
  const button = (textContent, title) => make("button", { className: textContent.toLowerCase(), title, textContent });
  $(".tools").replaceChildren(
    make("fieldset", { className: "pens" }, make("legend", { textContent: "Pen" }), ...["Fine pen", "Medium pen", "Bold pen"].map(pen)),
    ...[button("Undo", "Ctrl Z"), button("Redo", "Ctrl Y"), button("Clear", "Esc"), button("Surprise", "Surprise me (N)")],
  );
  for (const [name, act] of Object.entries({ undo, redo, clear, swap, surprise, save })) listen($(`.${name}`), "click", act);
  listen($(".pens"), "change", (event) => {
    kept.pen = Number(event.target.value);
    changed();
  });
  const digits = Object.fromEntries([..."0123456789"].map((digit) => [digit, () => write(Number(digit))]));
  const steps = { "ctrl+z": undo, "ctrl+shift+z": redo, "ctrl+y": redo };
  const keys = { escape: clear, delete: clear, backspace: clear, x: swap, s: save, n: surprise, ...digits, ...steps, ...more };
  onKeys(root, listen, (key) => keys[key]);
}
