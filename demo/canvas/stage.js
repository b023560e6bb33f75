// What every live page begins with: its root, its name in this tab's memory, listeners that end with it.
function stage(parentElement, selector, scripts, key) {
  const root = parentElement.querySelector(selector);
  const gone = new AbortController();
  return {
    root,
    gone,
    id: `unit:${key}:${scripts.map(({ name }) => name)}`,
    $: (selector) => root.querySelector(selector),
    $$: (selector) => [...root.querySelectorAll(selector)],
    listen: (target, type, f) => target.addEventListener(type, f, { signal: gone.signal }),
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
