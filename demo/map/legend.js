// The legend: which digits and scripts are shown, and how many points these are.
function legendOf({ $, $$ }, scripts, kept, changed) {
  const toggle = (set, all, value) => {
    if (set.size === all) set.clear(), set.add(value); // the first choice: this one alone
    else if (!set.delete(value)) set.add(value);
    if (!set.size) for (let i = 0; i < all; i++) set.add(i);
    changed();
  };
  const key = (swatch, text, set, all, value) =>
    make("button", { title: `Only ${text}, or with others`, onclick: () => toggle(set, all, value) }, make("i", { className: swatch, ariaHidden: "true" }), text);
  $(".keys-digits").replaceChildren(
    ...Array.from({ length: 10 }, (_, digit) => {
      const text = [...new Set(scripts.map(({ glyphs }) => glyphs[digit]))].join(" ");
      return key("swatch", text, kept.digits, 10, digit);
    }),
  );
  $(".keys-scripts").replaceChildren(
    ...scripts.map(({ title }, s) => key(`swatch ${SHAPES[s % SHAPES.length]}`, title, kept.scripts, scripts.length, s)),
  );

  return function show(theme, { shown, wrong, count }) {
    const told = shown === count ? `${count.toLocaleString("en")} digits` : `${shown.toLocaleString("en")} of ${count.toLocaleString("en")} shown`;
    const misread = `${told}, ${wrong.toLocaleString("en")} misread once translated${wrong ? ": tap one" : ""}`;
    $(".shown").textContent = kept.colour === "judge" ? misread : told;
    const byDigit = kept.colour === "digit";
    $$(".keys-digits button").forEach((button, digit) => {
      button.ariaPressed = kept.digits.has(digit);
      button.style.setProperty("--ink", `rgb(${theme.digits[digit]})`);
      button.querySelector(".swatch").hidden = !byDigit;
    });
    $$(".keys-scripts button").forEach((button, script) => {
      button.ariaPressed = kept.scripts.has(script);
      button.style.setProperty("--ink", byDigit ? "currentColor" : theme.scripts[script]);
    });
  };
}
