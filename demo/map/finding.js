// What the model is asked about points of the map, places on it and drawings, and how the answers are told.
const GALLERY = 48; // thumbnails of a lasso

const nameOf = (i, atlas, scripts) => `${scripts[atlas.scripts[i]].title} ${scripts[atlas.scripts[i]].glyphs[atlas.labels[i]]}`;

function finderOf(atlas, scripts) {
  const glyph = (script, digit) => scripts[script].glyphs[digit];
  const reads = ({ probabilities }) => likeliest(probabilities);
  const sureness = (finding) => `as ${glyph(0, reads(finding))}, ${Math.round(100 * finding.probabilities[reads(finding)])} % sure`;
  const ask = (route, array, more = {}) => askServer(route, more, new Uint8Array(array.buffer));

  // Of a point, without asking anybody.
  function hint(i) {
    const [script, read] = [atlas.scripts[i], atlas.readings[i]];
    const told = [nameOf(i, atlas, scripts), read === atlas.labels[i] ? "read as written" : `read as ${glyph(script, read)}`];
    if (atlas.misread(i)) told.push(`its ${scripts[firstOther(script)].title} as ${glyph(firstOther(script), atlas.judged[i])}`);
    return told.join("\n");
  }

  async function point(i) {
    const finding = await ask("api/atlas/mean", Uint32Array.of(i));
    const list = finding.nearest.filter((other) => other !== i).slice(0, 10);
    const [script, label, judged] = [atlas.scripts[i], atlas.labels[i], atlas.judged[i]];
    const [read, target] = [atlas.readings[i], firstOther(script)];
    const number = `Number ${(i + 1).toLocaleString("en")} of ${atlas.labels.length.toLocaleString("en")}`; // no two are told alike
    const told = [`${number}: the model reads ${glyph(script, read)}${read === label ? "" : `, not ${glyph(script, label)}`}.`];
    if (judged !== UNJUDGED) told.push(`A judge that knows only ${scripts[target].title} reads the translation as ${glyph(target, judged)}.`);
    return { kind: "point", point: i, title: nameOf(i, atlas, scripts), told: told.join(" "), finding, list, heading: kin(list), script, label };
  }

  function kin(list) {
    const own = list.filter((i) => atlas.scripts[i] === atlas.scripts[list[0]]).length;
    const other = list.find((i) => atlas.scripts[i] !== atlas.scripts[list[0]]);
    const parts = [`${own} ${scripts[atlas.scripts[list[0]]].title}`];
    if (other !== undefined) parts.push(`${list.length - own} ${scripts.length > 2 ? "others" : scripts[atlas.scripts[other]].title}`);
    return `Nearest codes: ${parts.join(", ")}`;
  }

  // Of a place in a view, where the points are at `positions`.
  async function here([x, y], view, positions) {
    const finding = await ask("api/atlas/here", Float32Array.of(x, y), { view });
    const list = finding.averaged;
    const far = Math.min(...list.map((i) => Math.hypot(positions[2 * i] - x, positions[2 * i + 1] - y)));
    const lost = far > 0.02 ? "Nobody wrote here. " : "";
    return {
      kind: "here", title: `Here: ${scripts.map((_, s) => glyph(s, reads(finding))).join(" ")}`,
      told: `${lost}A map has no way back to the digits: this is the weighted average of the ${list.length} points nearest here. The model reads it ${sureness(finding)}.`,
      finding, list, heading: "Averaged from", script: 0, label: reads(finding),
    };
  }

  // Of what a lasso caught.
  async function mean(caught) {
    const finding = await ask("api/atlas/mean", Uint32Array.from(caught));
    const number = (value) => value.toLocaleString("en");
    const parts = scripts.map(({ title }, s) => `${number(caught.filter((i) => atlas.scripts[i] === s).length)} ${title}`);
    const step = Math.max(1, caught.length / GALLERY);
    const list = Array.from({ length: Math.min(GALLERY, caught.length) }, (_, k) => caught[Math.floor(k * step)]);
    return {
      kind: "lasso", caught, title: `${number(caught.length)} ${caught.length === 1 ? "digit" : "digits"}`,
      told: `${parts.join(", ")}. Above, the mean of their codes: the model reads it ${sureness(finding)}.`,
      finding, list, heading: caught.length > GALLERY ? `${GALLERY} of ${number(caught.length)}` : "All of them", script: 0, label: reads(finding),
    };
  }

  // Of a drawing, first its code, with what the model says of it; then what lies near that.
  const read = (strokes, script) =>
    askServer("api/translate", { source: scripts[script].name, target: scripts[firstOther(script)].name }, picture(strokes, scripts[script].stretch));
  async function own({ code, message }, script) {
    const finding = await ask("api/atlas/nearest", Float32Array.from(code));
    const list = finding.nearest.slice(0, 10);
    const label = reads(finding);
    const alike = list.filter((i) => atlas.labels[i] === label).length;
    return {
      kind: "yours", title: `Yours: ${glyph(script, label)}`,
      told: `${message} ${alike} of its 10 nearest are that digit too.`,
      finding, list, heading: kin(list), script, label,
    };
  }

  return { hint, point, here, mean, read, own };
}
