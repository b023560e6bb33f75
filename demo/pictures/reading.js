// A page's reading as the server tells it, and what a person makes of it; nothing is changed in place.

// Digits know whether a gap stands before them: the line's text tells.
const withGaps = ({ lines, ...page }) => ({
  ...page,
  lines: lines.map((line) => ({ ...line, digits: line.digits.map((digit, i) => ({ ...digit, gap: gapsIn(line.text)[i] })) })),
});

function gapsIn(text) {
  const glyphs = [...text];
  return glyphs.flatMap((glyph, i) => (glyph === " " ? [] : [glyphs[i - 1] === " "]));
}

// A line's text, each digit in its own script, or all in the script that is given.
function textOf({ digits }, scripts, script = null) {
  return digits.map((digit, i) => {
    const { glyphs } = scripts.find(({ name }) => name === (script ?? digit.script));
    return (digit.gap && i ? " " : "") + glyphs[digit.digit];
  }).join("");
}

const pageText = ({ lines }, scripts, script = null) => lines.map((line) => textOf(line, scripts, script)).join("\n");

// All digits in reading order, each with where it stands.
const digitsIn = (reading) => reading?.lines.flatMap(({ digits }, line) => digits.map((digit, place) => ({ line, place, digit }))) ?? [];

// From one of them to the nearest of the line above (`step` -1) or below (1): its index.
function beside(digits, i, step) {
  const { line, digit } = digits[i];
  const middle = ({ box: [x, , w] }) => x + w / 2;
  const off = (each) => Math.abs(middle(each.digit) - middle(digit));
  const there = digits.filter((each) => each.line === line + step).sort((a, b) => off(a) - off(b))[0];
  return there ? digits.indexOf(there) : i;
}

// With one digit changed, or none of it (null); a line without digits is gone.
function corrected(reading, line, place, change) {
  const digits = (own) =>
    change ? own.map((digit, i) => (i === place ? { ...digit, ...change, confidence: 1, corrected: true } : digit))
    : own.filter((_, i) => i !== place).map((digit, i) => (i === place ? { ...digit, gap: digit.gap || own[place].gap } : digit));
  const lines = reading.lines.map((each, l) => (l === line ? { ...each, digits: digits(each.digits) } : each));
  return { ...reading, lines: lines.filter((each) => each.digits.length) };
}

// What another reading of the same page has in a digit's place.
const readIn = ({ lines }, { box }) => lines.flatMap(({ digits }) => digits).find((digit) => String(digit.box) === String(box));

// With one line in the script that somebody chose, as `other`, the page read in it, has it.
function withLine(reading, line, script, other) {
  const again = (digit) => ({ ...(readIn(other, digit) ?? digit), gap: digit.gap });
  return { ...reading, lines: reading.lines.map((each, l) => (l === line ? { ...each, script, chosen: true, digits: each.digits.map(again) } : each)) };
}

function asJson(reading, scripts, file, target) {
  const lines = reading.lines.map((line) => ({
    text: textOf(line, scripts),
    [`text_in_${target}`]: textOf(line, scripts, target),
    script: line.script,
    evidence: line.evidence,
    digits: line.digits.map(({ gap, ...digit }) => digit),
  }));
  return JSON.stringify({ file, width: reading.width, height: reading.height, tilt: reading.tilt, lines }, null, 1);
}

function asCsv(reading, scripts, target) {
  const [glyphs, others] = [(script) => scripts.find(({ name }) => name === script).glyphs, scripts.find(({ name }) => name === target).glyphs];
  const number = (digits, i) => 1 + digits.slice(1, i + 1).filter(({ gap }) => gap).length; // of its line
  const rows = reading.lines.flatMap(({ digits }, l) =>
    digits.map(({ box, script, digit, confidence, corrected }, i) => [l + 1, number(digits, i), i + 1, ...box, script, digit, glyphs(script)[digit], others[digit], confidence, corrected ? "yes" : "no"]),
  );
  const head = ["line", "number", "place", "x", "y", "width", "height", "script", "digit", "glyph", `in_${target}`, "confidence", "corrected"];
  return [head, ...rows].map((row) => row.join(",")).join("\r\n") + "\r\n";
}
