// What the map is painted in: the page's colours as numbers, and from them each point's.
function themeOf(root, scripts, palette) {
  const probe = root.appendChild(make("i"));
  probe.style.transition = "none"; // where motion is reduced all transitions take a moment, not none
  const numbers = (css) => ((probe.style.color = css), getComputedStyle(probe).color.match(/[\d.]+/g).slice(0, 3).map(Number));
  const paper = numbers("var(--st-secondary-background-color)");
  const text = numbers("var(--st-text-color)");
  const dark = paper[0] + paper[1] + paper[2] < 384;
  const ofScripts = scripts.map(({ colour }) => numbers(`var(${colour})`));
  const theme = {
    paper,
    glyphs: getComputedStyle(root.querySelector(".found h2")).fontFamily,
    text: `rgb(${text})`,
    quiet: text,
    scripts: ofScripts.map((rgb) => `rgb(${rgb})`),
    digits: (dark ? palette.dark : palette.light).map(numbers),
    ofScripts,
  };
  probe.remove();
  return theme;
}

// Fills `colours` (r, g, b, alpha a point; alpha 0 is not shown) by what was chosen; how many are
// shown, and how many of these the judge misreads.
function colourPoints(colours, atlas, theme, { colour, digits, scripts }) {
  let [shown, wrong] = [0, 0];
  for (let i = 0; i < atlas.labels.length; i++) {
    const [script, label] = [atlas.scripts[i], atlas.labels[i]];
    const misread = atlas.misread(i);
    let [rgb, alpha] = [theme.digits[label], 215];
    if (colour === "script") rgb = theme.ofScripts[script];
    if (colour === "judge") [rgb, alpha] = misread ? [theme.ofScripts[script], 255] : [theme.quiet, 45];
    if (!digits.has(label) || !scripts.has(script)) alpha = 0;
    else shown++, (wrong += misread);
    colours.set(rgb, 4 * i);
    colours[4 * i + 3] = alpha;
  }
  return { shown, wrong };
}
