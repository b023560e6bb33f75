// What every live page begins with: its root as it was sent, its name in this tab's memory, and what
// ends with it: listeners, what is called when sizes change, anything else.
const MOUNTED = new WeakMap(); // by parent: a page as it was sent, and what ends it
function stage(parentElement, selector, scripts, key) {
  const before = MOUNTED.get(parentElement);
  before?.gone.abort(); // for a new theme or new data Streamlit mounts it anew and ends nothing
  const shown = parentElement.querySelector(selector);
  const sent = before?.sent ?? shown.cloneNode(true);
  const root = sent.cloneNode(true);
  const gone = new AbortController();
  shown.replaceWith(root);
  MOUNTED.set(parentElement, { sent, gone });
  keepPlace(root, gone.signal);
  root.addEventListener("click", (event) => event.target.closest(OFF) && event.stopImmediatePropagation(), { capture: true });
  const ending = (f) => gone.signal.addEventListener("abort", f);
  const listen = (target, type, f) => target.addEventListener(type, f, { signal: gone.signal });
  return {
    root,
    gone,
    id: `unit:${key}:${scripts.map(({ name }) => name)}`,
    $: (selector) => root.querySelector(selector),
    $$: (selector) => [...root.querySelectorAll(selector)],
    listen,
    sized: (elements, f) => {
      const observer = new ResizeObserver(f);
      elements.forEach((element) => observer.observe(element));
      ending(() => observer.disconnect());
    },
    // Hears when a new theme has coloured the canvases of the `selector`: they are to be drawn anew.
    recoloured: (f, selector = "canvas") =>
      listen(root, "transitionend", ({ propertyName, target }) => propertyName === "color" && target.matches(selector) && f()),
    ending,
    end: () => gone.abort(),
  };
}

// Goes on where one was in a page, after Back and a reload. Browsers do so for a window, but here a part of it
// scrolls. The place is kept with its entry of the history, so a page that is asked for begins at its top.
function keepPlace(root, signal) {
  const pane = root.getRootNode().host?.closest('[data-testid="stMain"]');
  if (!pane) return;
  let wanted = history.state?.place ?? 0; // for a few seconds, as some of the page may come later
  const go = () => (pane.scrollTop = wanted);
  const grown = new ResizeObserver(go);
  const stay = () => {
    wanted = 0;
    grown.disconnect();
  };
  if (wanted) grown.observe(root);
  const patience = setTimeout(stay, 10_000);
  for (const type of ["wheel", "touchstart", "pointerdown", "keydown", "click", "drop"])
    addEventListener(type, stay, { signal, capture: true, passive: true });

  const { pathname } = location;
  let [place, timer] = [null, 0]; // that is not kept yet
  const keep = () => {
    if (place !== null && location.pathname === pathname) history.replaceState({ ...history.state, place }, "");
    place = null;
  };
  const moved = () => {
    if (wanted) return go(); // it was the page's doing, as nobody has touched it yet
    place = pane.scrollTop;
    clearTimeout(timer);
    timer = setTimeout(keep, 200); // at most so often: browsers count
  };
  pane.addEventListener("scroll", moved, { signal, passive: true });
  signal.addEventListener("abort", () => {
    for (const each of [patience, timer]) clearTimeout(each);
    stay();
    keep(); // for who mounts the page anew
  });
}

// What a page keeps for its visitor: by `id`, through the reruns that mount it anew (each page has its
// own); and what `remember` has put away, through a reload. `begin` makes it of that, or of {}.
const KEPT = new Map();
function recall(id, begin) {
  if (!KEPT.has(id)) {
    let saved = {};
    try {
      saved = JSON.parse(sessionStorage.getItem(id)) ?? {}; // of this tab alone
    } catch {} // no storage, or not ours: start empty
    KEPT.set(id, begin(saved));
  }
  return KEPT.get(id);
}
function remember(id, value) {
  try {
    sessionStorage.setItem(id, JSON.stringify(value));
  } catch {} // full or forbidden: it still lives in this page
}

const firstOther = (script) => (script ? 0 : 1); // than this, of a model's; as unit_core.domains.target_of
const likeliest = (probabilities) => probabilities.indexOf(Math.max(...probabilities));

// Whether `button` can be pressed. Not by `disabled`, which takes the focus from one that has just been pressed.
const OFF = '[aria-disabled="true"]';
const able = (button, can) => button.setAttribute("aria-disabled", !can);
const isAble = (button) => !button.matches(OFF);

// What is drawn on a canvas takes its colour, or another.
function tint(context, colour = getComputedStyle(context.canvas).color) {
  context.globalCompositeOperation = "source-in";
  context.fillStyle = colour;
  context.fillRect(0, 0, context.canvas.width, context.canvas.height);
}

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}
const radio = (name, value, title, checked = false) => make("label", {}, make("input", { type: "radio", name, value, checked }), title);

// What is said already is not said again, as a screen reader would.
function tell(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

const isStill = () => matchMedia("(prefers-reduced-motion: reduce)").matches; // motion is not wanted

// The pointer is the element's until it is lifted, wherever it goes.
function capture(element, { pointerId }) {
  try {
    element.setPointerCapture(pointerId);
  } catch {} // the pointer is gone already
}

// Whether `root` has a place on the page, or another page is before it.
const isShown = (root) => root.getClientRects().length > 0;

// The keys of what is shown in `root`, wherever they are pressed or only at one `place`: `actOf(key, event)`
// gives what a key, such as "s" or "ctrl+z", is to do, if anything. Held, it does so once, unless it moves or
// sizes something, or goes back or forth.
const REPEATED = /^(arrow\w+|[+=-]|ctrl\+(shift\+)?[zy])$/;
function onKeys(root, listen, actOf, place = document) {
  listen(place, "keydown", (event) => {
    const command = event.ctrlKey || event.metaKey;
    const key = (command ? (event.shiftKey ? "ctrl+shift+" : "ctrl+") : "") + event.key.toLowerCase();
    if (!isShown(root)) return;
    if (event.altKey || isOwn(key, event.composedPath()[0])) return;
    const act = actOf(key, event);
    if (!act) return;
    event.preventDefault();
    if (!event.repeat || REPEATED.test(key)) act();
  });
}

// Whether a key does something of its own where it was pressed: writes, moves a slider, presses a button.
function isOwn(key, target) {
  const on = (selector) => target.matches?.(selector) ?? false;
  return (
    target.isContentEditable ||
    on("textarea, select, input:not([type=radio], [type=checkbox], [type=range], [type=file])") ||
    (key.startsWith("arrow") && on("input")) ||
    (key === " " && on("button, input:not([type=range])"))
  );
}

// A canvas as a picture file. Not by toBlob, which Chromium puts off until it is idle: on a still page
// for seconds.
const blobOf = async (canvas, type, quality) => (await fetch(canvas.toDataURL(type, quality))).blob();
