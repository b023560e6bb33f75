// A code as a picture: its means, their spread, what was drawn of them.
const [LOW, TOP] = [-4, 7.5]; // of what is shown
const HIGH = 260; // of the picture, 10 units of width a number

// -> svg of the code's numbers; `digit` is the largest of the first ten, its name is `glyph`.
function chart({ means, spread, drawn, digit, glyph, separation }) {
  const wide = 10 * means.length;
  const y = (value) => (HIGH - 16) * (1 - (Math.min(Math.max(value, LOW), TOP) - LOW) / (TOP - LOW)) + 2;
  const bars = means.map((m, j) => {
    const x = 10 * j + 5;
    const [upper, lower] = [y(m + spread[j]), y(m - spread[j])];
    return `<rect class="span" x="${x - 3}" y="${upper}" width="6" height="${lower - upper}" rx="2"/>
      <rect class="mean" x="${x - 3}" y="${y(m) - 0.75}" width="6" height="1.5"/>
      <circle class="drawn" cx="${x}" cy="${y(drawn[j])}" r="1.9"/>`;
  });
  const above = Math.max(means[digit] + spread[digit], drawn[digit]);
  return `<svg viewBox="0 0 ${wide} ${HIGH}" aria-hidden="true">
    <line class="axis" x1="0" x2="${wide}" y1="${y(0)}" y2="${y(0)}"/>
    <line class="home" x1="0" x2="100" y1="${y(separation)}" y2="${y(separation)}"/>
    <line class="axis" x1="101" x2="101" y1="0" y2="${HIGH}"/>
    ${bars.join("")}
    <text class="name" x="${10 * digit + 5}" y="${Math.max(y(above) - 6, 14)}" text-anchor="middle">${glyph}</text>
    <text x="108" y="${y(separation) + 4}">${separation}, a digit’s place</text>
    <text x="0" y="${HIGH - 4}">which digit</text><text x="108" y="${HIGH - 4}">whose hand</text></svg>`;
}
