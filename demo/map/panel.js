// The panel beside the map: what was found there, decoded in every script, with the digits that belong
// to it; and its code as an end of a way on the Interpolate page.
const PICKED = "unit:picked"; // where that page finds it

// `choose(i, began)` and `point(i)`, -1 for none, are for the thumbnails.
function panelOf({ $, $$, listen }, scripts, { choose, point }) {
  let shown = null;
  $(".pictures").replaceChildren(
    ...scripts.map(({ title, colour }) => {
      const figure = make("figure", {}, make("div", { className: "sheet" }, make("canvas", { role: "img" })), make("figcaption", { textContent: title }));
      figure.querySelector("canvas").setAttribute("aria-label", `Nothing decoded in ${title} yet`);
      figure.style.setProperty("--ink", `var(${colour})`);
      return figure;
    }),
  );
  $(".walk").hidden = true;
  const say = (text) => ($(".told").textContent = text);

  function show(found, atlas, inks) {
    shown = found;
    const { title, told, finding, list, heading, caught } = found;
    $(".found h2").textContent = title;
    say(told);
    $$(".pictures canvas").forEach((canvas, s) => {
      enlarge(canvas, finding.pictures[s], scripts[s].stretch);
      canvas.setAttribute("aria-label", `Decoded in ${scripts[s].title}`);
    });
    $(".found h3").textContent = heading;
    $(".thumbs").classList.toggle("many", list.length > 10);
    $(".thumbs").replaceChildren(...list.map((i) => thumb(i, atlas, inks)));
    $(".counts").hidden = !caught;
    if (caught) showCounts(caught, atlas);
    showWalk();
  }

  function thumb(i, atlas, inks) {
    const script = atlas.scripts[i];
    const name = nameOf(i, atlas, scripts);
    const canvas = make("canvas", { width: 84, height: 84 });
    const button = make("button", { className: "thumb", title: name, ariaLabel: `${name}, show it` }, canvas);
    button.style.setProperty("--ink", `var(${scripts[script].colour})`);
    button.onclick = (event) => choose(i, event.timeStamp);
    button.onpointerenter = button.onfocus = () => point(i);
    button.onpointerleave = button.onblur = () => point(-1);
    const small = canvas.getContext("2d");
    place(small, atlas.picture(i), scripts[script].stretch, 0, 0, 84, 3);
    tint(small, inks[script]);
    return button;
  }

  function showCounts(caught, atlas) {
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
        const text = own.map((n, s) => `${n.toLocaleString("en")} ${scripts[s].title} ${scripts[s].glyphs[digit]}`).join(", ");
        return make("div", { title: text, role: "img", ariaLabel: text }, bars, make("span", { textContent: digit, ariaHidden: "true" }));
      }),
    );
  }

  const picked = () => {
    try {
      return JSON.parse(sessionStorage.getItem(PICKED)) ?? {};
    } catch {
      return {};
    }
  };
  function pick(end) {
    const { finding, script, label } = shown;
    try {
      sessionStorage.setItem(PICKED, JSON.stringify({ ...picked(), [end]: { code: finding.code, script: scripts[script].name, label } }));
      say(end === "a" ? "Start saved. Now pick an end." : "End saved.");
    } catch {} // no storage: nothing to hand over
    showWalk();
  }
  function showWalk() {
    $(".walk").hidden = false;
    $(".walk a").hidden = !picked().a || !picked().b;
  }
  listen($(".walk .start"), "click", () => pick("a"));
  listen($(".walk .end"), "click", () => pick("b"));
  return { say, show };
}
