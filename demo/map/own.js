// One's own digit: a pad to write it on, in a script of one's choice, which keeps a drawing a script.
function ownPad({ $, listen }, scripts, kept, changed) {
  const pad = $(".pad canvas");
  const drawing = () => kept.drawings[kept.source];

  let frame = 0;
  function show() {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(() => {
      ink(context(pad), drawing().now, pad.width, (pen) => PENS[pen]);
      able($(".yours .undo"), drawing().past.length > 0);
      able($(".yours .clear"), drawing().now.length > 0);
    });
    $(".yours").style.setProperty("--ink", `var(${scripts[kept.source].colour})`);
    pad.setAttribute("aria-label", `Drawing pad: draw a digit in ${scripts[kept.source].title}`);
  }
  function drawn(done) {
    show();
    changed(done);
  }

  takeDrawing(kept, scripts);
  $(".yours .scripts").replaceChildren(
    $(".yours .scripts legend"),
    ...scripts.map(({ title }, s) => radio("own-script", s, title, s === kept.source)),
  );
  listen($(".yours .scripts"), "change", (event) => {
    kept.source = Number(event.target.value);
    drawn(true);
  });
  follow(pad, listen, () => 1, (stroke) => drawing().change([...drawing().now, stroke]), drawn);
  listen($(".yours .undo"), "click", () => (drawing().undo(), drawn(true)));
  listen($(".yours .clear"), "click", () => (drawing().change([]), drawn(true)));
  return { drawing, show };
}

// The later of the two: what was drawn here, or on the Translate page.
function takeDrawing(kept, scripts) {
  try {
    const told = sessionStorage.getItem(`unit:translate:${scripts.map(({ name }) => name)}`);
    if (!told || told === kept.translate) return;
    const { drawings, way } = JSON.parse(told);
    kept.translate = told;
    kept.source = scripts[way?.[0]] ? way[0] : 0;
    kept.drawings = scripts.map(({ name }) => new Versions(drawings?.[name]));
  } catch {} // no storage, or nothing that we know
}
