// Questions to the page's own server. Errors are for people; `final` ones are not worth a retry.
const WATCHDOG = 4000; // milliseconds that an answer may take
const PATIENT = 60_000; // milliseconds for a file, over a slow line
const BYTES = "application/octet-stream";
const RETRY = 1500; // milliseconds before a question is asked again

// GET `route`, or POST it bytes, a file or a form -> the answer: JSON parsed, a picture as a Blob, bytes as
// Uint8Array. What takes long may ask for more `patience` (milliseconds); who no longer wants it aborts `signal`.
async function askServer(route, query, body = null, patience = WATCHDOG, signal = null) {
  // A form names its own type, and the bound of its parts with it.
  const headers = body === null || body instanceof FormData ? {} : { "Content-Type": body.type || BYTES };
  const method = body === null ? "GET" : "POST";
  signal?.throwIfAborted();
  const limits = new AbortController(); // by hand: tablets in schools are older than AbortSignal.any
  const late = setTimeout(() => limits.abort(), patience);
  signal?.addEventListener("abort", () => limits.abort(), { signal: limits.signal });
  let response, content;
  try {
    response = await fetch(addressOf(route, query), { method, headers, body, signal: limits.signal });
    content = await contentOf(response);
  } catch {
    signal?.throwIfAborted();
    throw new Error("The server does not answer.");
  } finally {
    clearTimeout(late);
    limits.abort(); // so that `signal`, which may live long, forgets it
  }
  if (response.ok && content !== null) return content;
  const plain = response.status === 500 ? "The server failed at this; its log says why." : "This page runs without its server: start demo/app.py.";
  throw Object.assign(new Error(content?.error ?? plain), { final: !response.headers.has("retry-after"), status: response.status });
}
const addressOf = (route, query = {}) => Object.assign(new URL(route, document.baseURI), { search: new URLSearchParams(query) });
async function contentOf(response) {
  const type = response.headers.get("content-type")?.split(";")[0];
  if (type === "application/json") return response.json();
  if (type?.startsWith("image/")) return response.blob();
  return type === BYTES ? new Uint8Array(await response.arrayBuffer()) : null;
}

// What to tell people of an error where the question is asked again unless it is final.
const troubleOf = (error) => (error.final ? sentence(error.message) : `${sentence(error.message)} Trying again\xa0…`);
const sentence = (text) => text[0].toUpperCase() + text.slice(1) + (/[.!?…]$/.test(text) ? "" : ".");

// The model's pictures of `codes` (arrays of latent_dim numbers) in every script, in the order of
// the model's scripts -> for each code an array of Uint8Array(784).
async function decode(codes, scripts, query = {}) {
  const bytes = await askServer("api/decode", query, new Float32Array(codes.flat()));
  return codes.map((_, i) => scripts.map((_, s) => bytes.subarray(784 * (i * scripts.length + s), 784 * (i * scripts.length + s + 1))));
}

// Calls `work` at most once at a time with the newest of what it is given; what came between is skipped.
// An error counts only if nothing newer waits.
function newest(work) {
  let busy = false;
  let next = null;
  return async (value) => {
    next = [value];
    if (busy) return;
    busy = true;
    try {
      while (next) {
        const [current] = next;
        next = null;
        try {
          await work(current);
        } catch (error) {
          if (!next) throw error;
        }
      }
    } finally {
      busy = false;
    }
  };
}

// As `newest`, but asked again while the server does not answer, unless there is something newer or
// the page has `gone`; `say` is told of the trouble.
function insistent(work, gone, say) {
  let again;
  const ask = newest(async (value) => {
    clearTimeout(again);
    if (gone.signal.aborted) return;
    try {
      await work(value);
    } catch (error) {
      say(troubleOf(error));
      if (!error.final) again = setTimeout(ask, RETRY, value);
    }
  });
  return ask;
}
