// Ten digits to answer with, by button and by key.
// `acts` are {answer(digit), skip(), back()}.
function answersOf(box, glyphs, listen, acts) {
  const named = (digit) => (glyphs[digit] === String(digit) ? glyphs[digit] : `${glyphs[digit]} ${digit}`);
  box.replaceChildren(
    ...glyphs.map((glyph, digit) => {
      const button = make("button", { ariaLabel: named(digit) }, glyph, named(digit) === glyph ? "" : make("small", { textContent: digit }), make("i"));
      listen(button, "click", () => acts.answer(digit));
      return button;
    }),
  );
  // Or else the space bar would press again what was clicked.
  listen(document, "click", (event) => event.detail && event.composedPath()[0].closest?.("button")?.blur());
  onKeys(box, listen, (key) => (/^[0-9]$/.test(key) ? () => acts.answer(Number(key)) : { z: acts.back, " ": acts.skip }[key]));
  return named;
}
