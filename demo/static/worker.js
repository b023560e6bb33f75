// Answers the routes of demo/api.py in the visitor's browser, alone: the same replies, from the
// exported graphs. What Python decides by number or word it tells in rules.json.
import * as ort from "./runtime/ort.wasm.min.mjs";

ort.env.wasm.wasmPaths = new URL("runtime/", import.meta.url).href;
ort.env.wasm.numThreads = 1; // more would need headers that a static host does not send

const read = async (path) => {
  const response = await fetch(new URL(path, import.meta.url));
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response;
};

const ready = (async () => {
  const [model, rules] = await Promise.all(["model/model.json", "rules.json"].map(async (path) => (await read(path)).json()));
  const graph = async (file) => ort.InferenceSession.create(await (await read(`model/${file}`)).arrayBuffer());
  const scripts = await Promise.all(
    model.scripts.map(async (script) => ({ ...script, encoder: await graph(script.encoder), decoder: await graph(script.decoder) })),
  );
  return { model, rules, scripts };
})();
ready.catch(() => {}); // told with the first answer

// --- the networks: flat arrays in and out ---------------------------------------------------------
async function run(session, numbers, shape) {
  const input = new ort.Tensor("float32", numbers, shape);
  const outputs = await session.run({ input });
  return Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, data]));
}
const encode = (script, digit, { side }) => run(script.encoder, digit, [1, 1, side, side]);
const decode = async (script, codes, { latent_dim }) =>
  (await run(script.decoder, codes, [codes.length / latent_dim, latent_dim])).output;

// p(y|z): the class means stand on the first ten axes, `separation` from the origin.
function classify(code, separation) {
  const logits = [...code.slice(0, 10)].map((x) => separation * x);
  const most = Math.max(...logits);
  const weights = logits.map((x) => Math.exp(x - most));
  const sum = weights.reduce((a, b) => a + b);
  return weights.map((weight) => weight / sum);
}

// --- ink: unit_core/ink.py ------------------------------------------------------------------------
// As Python rounds: halves to the even side.
const round = (x) => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x));
const inBytes = (picture) => Array.from(new Uint8ClampedArray(picture.map((ink) => 255 * ink)));

// The smallest box that holds all ink of a picture, side x side in [0, 1]; null for no ink.
function inkBox(picture, side, { threshold }) {
  let [left, right, top, bottom] = [side, 0, side, 0];
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      if (!(picture[y * side + x] > threshold)) continue;
      [left, right] = [Math.min(left, x), Math.max(right, x + 1)];
      [top, bottom] = [Math.min(top, y), Math.max(bottom, y + 1)];
    }
  }
  return right ? { left, top, width: right - left, height: bottom - top } : null;
}

// For each of `to` pixels the mean of those of `from` whose middles it covers: Pillow's box filter.
function shares(from, to) {
  const scale = from / to;
  const support = Math.max(scale, 1) / 2;
  return Array.from({ length: to }, (_, i) => {
    const middle = (i + 0.5) * scale;
    const [first, end] = [Math.max(0, Math.trunc(middle - support + 0.5)), Math.min(from, Math.trunc(middle + support + 0.5))];
    const covered = [];
    for (let k = first; k < end; k++) {
      const away = (k - middle + 0.5) / Math.max(scale, 1);
      if (away > -0.5 && away <= 0.5) covered.push(k);
    }
    return covered;
  });
}

// The digit in the ink's box, cut and centred as the data sets' digits are: side x side numbers.
function toDigit(picture, wide, box, stretch, { side, box: inner }) {
  const [tall, broad] = [box.height * stretch, box.width];
  const scale = inner / Math.max(tall, broad);
  const [width, height] = [broad, tall].map((length) => Math.max(1, round(length * scale)));
  const mean = (places, at) => places.reduce((sum, k) => sum + at(k), 0) / places.length;
  const columns = shares(box.width, width);
  const rows = Float32Array.from({ length: width * box.height }, (_, i) => {
    const line = (box.top + Math.trunc(i / width)) * wide + box.left;
    return mean(columns[i % width], (k) => picture[line + k]);
  });
  const lines = shares(box.height, height);
  const small = Float32Array.from({ length: width * height }, (_, i) =>
    mean(lines[Math.trunc(i / width)], (k) => rows[k * width + (i % width)]),
  );
  const sum = small.reduce((a, b) => a + b, 0);
  const corner = (length, place) => {
    const centre = small.reduce((all, ink, i) => all + ink * place(i), 0) / sum;
    return Math.min(Math.max(round(side / 2 - centre), 0), side - length);
  };
  const top = corner(height, (i) => Math.trunc(i / width));
  const left = corner(width, (i) => i % width);
  const digit = new Float32Array(side * side);
  small.forEach((ink, i) => (digit[(top + Math.trunc(i / width)) * side + left + (i % width)] = Math.min(ink, 1)));
  return digit;
}

// --- the routes: demo/api.py ----------------------------------------------------------------------
const said = (message, words) => message.replace(/\{(\w+)\}/g, (_, word) => words[word]);
const likeliest = (probabilities) => probabilities.indexOf(Math.max(...probabilities));

async function translate({ model, rules }, picture, source, target) {
  const wide = Math.sqrt(picture.length);
  const reply = (state, rest = { source_probabilities: [] }) => {
    const best = Math.max(0, likeliest(rest.source_probabilities));
    const words = { source: source.title, target: target.title, glyph: source.glyphs[best], other: target.glyphs[best] };
    return { ...rules.empty, state, message: said(rules.messages[state], words), ...rest };
  };
  const box = inkBox(picture, wide, rules);
  if (!box) return reply("empty");
  if (Math.max(box.width, box.height) < rules.dot * wide) return reply("dot");
  if (box.width > rules.flat * box.height) return reply("flat");
  if (picture.filter((ink) => ink > 0.5).length / picture.length > rules.full) return reply("full");

  const sizes = { ...rules, ...model };
  const digit = toDigit(picture, wide, box, source.stretch, rules);
  const { output: code, spread } = await encode(source, digit, sizes);
  const translation = await decode(target, code, sizes);
  const { output: home } = await encode(target, translation, sizes);
  const back = await decode(source, home, sizes);
  const [reads, echoes] = [code, home].map((each) => classify(each, model.separation));
  const best = likeliest(reads);
  return reply(reads[best] * echoes[best] < rules.sure ? "unsure" : "ok", {
    digit: inBytes(digit),
    translation: inBytes(translation),
    source_probabilities: reads,
    target_probabilities: echoes,
    code: [...code],
    spread: [...spread],
    round_trip: inBytes(back),
    round_trip_error: back.reduce((sum, ink, i) => sum + (ink - digit[i]) ** 2, 0) / back.length,
  });
}

// Than the message of `reply`, if there is one: `_hints` and `_nameless` there.
async function betterWord(loaded, picture, source, target, reply, hint) {
  const { rules, model } = loaded;
  const words = (script, reads) => ({ glyph: script.glyphs[likeliest(reads)], script: script.title });
  const nameless = [source, target].filter(({ name }) => rules.nameless.includes(name));
  if (hint && reply.digit.length && !nameless.includes(target)) {
    const [here, there] = [await evidence(loaded, picture, source), await evidence(loaded, picture, target)];
    if (there.weight - here.weight > rules.odds && there.weight > 0) return said(rules.other_script, words(target, classify(there.code, model.separation)));
  }
  return reply.state === "ok" && nameless.length ? said(rules.unnamed, words(nameless[0], reply.source_probabilities)) : null;
}

// How much speaks for the picture's being of the script: unit_core/evidence.py.
async function evidence({ model, rules }, picture, script) {
  const wide = Math.sqrt(picture.length);
  const sizes = { ...rules, ...model };
  const digit = toDigit(picture, wide, inkBox(picture, wide, rules), script.stretch, rules);
  const { output: code } = await encode(script, digit, sizes);
  const made = await decode(script, code, sizes);
  const coin = (p) => Math.min(Math.max(p, 1e-4), 1 - 1e-4);
  const apart = digit.reduce((sum, ink, i) => {
    const [p, q] = [coin(ink), coin(made[i])];
    return sum + p * Math.log(p / q) + (1 - p) * Math.log((1 - p) / (1 - q));
  }, 0);
  const square = code.reduce((sum, x) => sum + x * x, 0);
  const away = Array.from({ length: 10 }, (_, y) => -0.5 * (square - 2 * model.separation * code[y] + model.separation ** 2));
  const most = Math.max(...away);
  const near = most + Math.log(away.reduce((sum, x) => sum + Math.exp(x - most), 0));
  return { code, weight: rules.scale.code * (near - Math.log(10)) - rules.scale.picture * apart - rules.scale.unlike };
}

const routes = {
  async "api/translate"(loaded, query, bytes) {
    const [source, target] = [query.source, query.target].map((name) => loaded.scripts.find((script) => script.name === name));
    const picture = Float32Array.from(bytes, (byte) => byte / 255);
    const reply = await translate(loaded, picture, source, target);
    const message = (await betterWord(loaded, picture, source, target, reply, query.hint)) ?? reply.message;
    return { json: { ...reply, message } };
  },

  async "api/decode"({ model, rules, scripts }, query, codes) {
    const size = rules.side ** 2;
    const count = codes.length / model.latent_dim;
    const bytes = new Uint8ClampedArray(count * scripts.length * size);
    for (const [s, script] of scripts.entries()) {
      const pictures = (await decode(script, codes, model)).map((ink) => 255 * ink);
      for (let i = 0; i < count; i++) bytes.set(pictures.subarray(i * size, (i + 1) * size), (i * scripts.length + s) * size);
    }
    return { bytes };
  },
};

async function answer(route, query, body) {
  let loaded;
  try {
    loaded = await ready;
  } catch (error) {
    return { status: 503, json: { error: `The model could not be loaded (${error.message}). Reload the page.` } };
  }
  if (!routes[route]) return { status: 404, json: { error: "That needs a server: start demo/app.py." } };
  try {
    return await routes[route](loaded, query, body);
  } catch (error) {
    return { status: 500, json: { error: `The model failed: ${error.message}` } };
  }
}

// One after another: a session runs once at a time.
let last = Promise.resolve();
onmessage = ({ data: { id, route, query, body } }) => {
  last = last.then(async () => postMessage({ id, ...(await answer(route, query, body)) }));
};
