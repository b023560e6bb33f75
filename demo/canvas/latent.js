// Ways through the latent space: codes are arrays of numbers.
const mix = (a, b, t) => a.map((x, i) => x + t * (b[i] - x));
const norm = (a) => Math.hypot(...a);

// Along the arc from a to b round the origin, the distance from it going evenly from one's to the
// other's. Where no arc is defined (an end at the origin, opposite ends), straight.
function arc(a, b, t) {
  const [m, n] = [norm(a), norm(b)];
  const cosine = a.reduce((sum, x, i) => sum + x * b[i], 0) / (m * n || 1);
  const angle = Math.acos(Math.min(Math.max(cosine, -1), 1));
  const sine = Math.sin(angle);
  if (!m || !n || sine < 1e-4) return mix(a, b, t);
  const [p, q] = [Math.sin((1 - t) * angle) / sine / m, Math.sin(t * angle) / sine / n];
  const length = m + t * (n - m);
  return a.map((x, i) => length * (p * x + q * b[i]));
}
const WAYS = { line: mix, sphere: arc };

// Between four corners, in reading order: t to the right, u down.
function between(corners, t, u, way) {
  const go = WAYS[way];
  const top = go(corners[0], corners[1], t);
  return u ? go(top, go(corners[2], corners[3], t), u) : top;
}

// A code moved along each of `directions` (unit vectors) by as many deviations as `amounts` say.
const moved = (code, directions, amounts) => code.map((x, i) => amounts.reduce((sum, s, k) => sum + s * directions[k][i], x));

// `code` with each digit in turn in place of its own: all ten in one hand.
const inOneHand = (code, separation) =>
  Array.from({ length: 10 }, (_, digit) => [...classMean(digit, 10, separation), ...code.slice(10)]);

// `code` in another hand, `noise` deviations `spread` away; which digit it is stays.
const inOtherHand = (code, spread, noise) => code.map((x, i) => (i < 10 ? x : x + spread[i] * noise[i]));

// The prior's mean of a digit, and a code drawn around it.
const classMean = (digit, latent, separation) => Array.from({ length: latent }, (_, i) => (i === digit ? separation : 0));
function gauss() {
  return Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
}
const someHand = (digit, latent, separation, spread) =>
  classMean(digit, latent, separation).map((x) => Number((x + spread * gauss()).toFixed(4)));

// The digit that the class head reads at a code, and how surely: softmax of separation * z[0..9].
function reading(code, separation) {
  const logits = code.slice(0, 10).map((x) => separation * x);
  const most = Math.max(...logits);
  return { digit: logits.indexOf(most), sure: 1 / logits.reduce((sum, x) => sum + Math.exp(x - most), 0) };
}
