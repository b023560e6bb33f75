// Ten digits to answer with, by button and by key; a key that is held answers once.
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
  listen(document, "keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    const onControl = /^(button|input|a)$/i.test(event.composedPath()[0].tagName);
    if (/^[0-9]$/.test(event.key)) acts.answer(Number(event.key));
    else if (/^z$/i.test(event.key)) acts.back();
    else if (event.key === " " && !onControl) acts.skip();
    else return;
    event.preventDefault();
  });
  return named;
}
