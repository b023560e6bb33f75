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
  const ending = (f) => gone.signal.addEventListener("abort", f);
  return {
    root,
    gone,
    id: `unit:${key}:${scripts.map(({ name }) => name)}`,
    $: (selector) => root.querySelector(selector),
    $$: (selector) => [...root.querySelectorAll(selector)],
    listen: (target, type, f) => target.addEventListener(type, f, { signal: gone.signal }),
    sized: (elements, f) => {
      const observer = new ResizeObserver(f);
      elements.forEach((element) => observer.observe(element));
      ending(() => observer.disconnect());
    },
    ending,
    end: () => gone.abort(),
  };
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

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

// A canvas as a picture file. Not by toBlob, which Chromium puts off until it is idle: on a still page
// for seconds.
const blobOf = async (canvas, type, quality) => (await fetch(canvas.toDataURL(type, quality))).blob();
