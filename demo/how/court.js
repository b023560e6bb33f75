// What the critic says of a digit as it was drawn, copied and translated.
const UNMISTAKEN = 2; // realness at the needle's ends
const KINDS = { drawn: "Drawn by you", reconstructed: "Copied", translated: "Translated" };

// Makes the places in `box` -> a function that shows what `api/inspect` exhibits there.
function courtOf(box, scripts) {
  const places = Object.values(KINDS).map((title) =>
    make(
      "div",
      { className: "exhibit" },
      make("h3", { textContent: title }),
      make("div", { className: "shown" }, make("canvas", { role: "img" })),
      make("div", { className: "needle" }, make("i")),
      make("div", { className: "ends" }, make("span", { textContent: "made" }), make("span", { textContent: "real" })),
      make("p", { className: "verdict" }),
    ),
  );
  box.append(...places);
  return (exhibits) =>
    exhibits.forEach(({ script: name, kind, picture, realness, probabilities }, i) => {
      const part = places[i];
      const script = scripts.find((each) => each.name === name);
      const best = likeliest(probabilities);
      part.style.setProperty("--ink", `var(${script.colour})`);
      part.querySelector(".needle").style.setProperty("--at", Math.min(Math.max(0.5 + realness / (2 * UNMISTAKEN), 0), 1));
      enlarge(part.querySelector("canvas"), picture, script.stretch);
      part.querySelector("canvas").ariaLabel = `${KINDS[kind]}, in ${script.title}`;
      part.querySelector(".verdict").innerHTML = `${realness < 0 ? "−" : "+"}${Math.abs(realness).toFixed(2)}, reads <b>${script.glyphs[best]}</b> ${Math.round(100 * probabilities[best])}&nbsp;%`;
    });
}
