// Questions to the page's own server. Errors are for people; `final` ones are not worth a retry.
const WATCHDOG = 4000; // milliseconds that an answer may take
const RETRY = 1500; // milliseconds before a question is asked again

// POST bytes, a file or a form to `route` -> the answer: JSON parsed, a picture as a Blob, other types
// as Uint8Array. What takes long may ask for more `patience` (milliseconds).
async function askServer(route, query, body, patience = WATCHDOG) {
  const url = new URL(route, document.baseURI);
  url.search = new URLSearchParams(query);
  let response;
  try {
    response = await fetch(url, {
      method: "POST",
      // A form names its own type, and the bound of its parts with it.
      headers: body instanceof FormData ? {} : { "Content-Type": body.type || "application/octet-stream" },
      body,
      signal: AbortSignal.timeout(patience),
    });
  } catch {
    throw new Error("The server does not answer.");
  }
  const type = response.headers.get("content-type")?.split(";")[0];
  if (response.ok && type === "application/json") return response.json();
  if (response.ok && type?.startsWith("image/")) return response.blob();
  if (response.ok && type === "application/octet-stream") return new Uint8Array(await response.arrayBuffer());
  const told = type === "application/json" ? (await response.json()).error : null;
  const plain = response.status === 500 ? "The server failed at this; its log says why." : "This page runs without its server: start demo/app.py.";
  throw Object.assign(new Error(told ?? plain), { final: !response.headers.has("retry-after"), status: response.status });
}

// What to tell people of an error where the question is asked again unless it is final.
const troubleOf = (error) => (error.final ? sentence(error.message) : `${sentence(error.message)} Trying again …`);
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
