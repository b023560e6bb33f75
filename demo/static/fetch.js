// The page's server, in the page: routes are answered by a worker beside it, as a server's would be.
const worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
const asked = new Map(); // by number: what waits for an answer
let count = 0;

worker.onmessage = ({ data: { id, status, json, bytes } }) => {
  const answer = json ? Response.json(json, { status }) : new Response(bytes, { headers: { "Content-Type": "application/octet-stream" } });
  asked.get(id)(answer);
  asked.delete(id);
};
let broken = false;
worker.onerror = () => {
  broken = true;
  for (const answer of asked.values()) answer(refusal());
  asked.clear();
};
const refusal = () =>
  Response.json({ error: "The model did not start: reload the page, or open it in a newer browser." }, { status: 503 });

// In this module the name hides the browser's own, so that what asks a server asks the worker.
function fetch(url, { body } = {}) {
  const { protocol, pathname, searchParams } = new URL(url);
  if (protocol === "data:") return globalThis.fetch(url); // which asks nobody
  if (broken) return Promise.resolve(refusal());
  return new Promise((answer) => {
    asked.set(++count, answer);
    worker.postMessage({ id: count, route: pathname.match(/api\/.*$/)?.[0], query: Object.fromEntries(searchParams), body });
  });
}
