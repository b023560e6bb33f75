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

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}
