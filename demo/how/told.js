// What the story says without a digit: its chapters, its facts, the loss's terms, the labels' worth.
const LINES = {
  reconstruction: ["copy", "Draw the digit again, pixel by pixel."],
  kl: ["prior", "Keep the code in the cloud of its digit."],
  classes: ["class", "Let the class head read the right digit from the code, bent or not."],
  centre: ["no habit", "Let the hands of a digit lie evenly around its place, so that any digit can have any hand."],
  confusion: ["one space", "Give nothing away in the code of which script it came from."],
  gan: ["critic", "Make translations that are taken for real."],
  made_classes: ["right digit", "Let the critic, and the encoder again, read the right digit from the translation."],
  passage: ["in between", "Let what lies between two digits, and what nobody wrote, look real too and be read as the nearer digit."],
  cycle: ["there and back", "Let the translation’s code be the source’s code."],
  equivariance: ["bend", "Translate a bent digit into the bent translation."],
  hand: ["through dirt", "At the end, when only reading is learnt: see the hand of the clean digit in the soiled one."],
  style: ["standing", "Be as slanted, as wide for its height, as high, inky and bold for the script as the source is for its own."],
};

const TOLD_OF = ["mnist", "kannada"]; // the story's own two

// Fills the page in.
function tellStory({ scripts, latent, separation, weights, confident, results }, { $, $$, listen, ending }) {
  const tallest = scripts.toSorted((a, b) => b.stretch - a.stretch)[0];
  const titles = scripts.map(({ title }) => title);
  const facts = {
    latent,
    hand: latent - 10,
    separation,
    stretch: tallest.stretch,
    stretched: tallest.title,
    titles: `${titles.slice(0, -1).join(", ")} and ${titles.at(-1)}`,
    first: titles[0],
    scarce: titles.at(-1),
    beta: weights.kl ? `; here it is ${weights.kl}` : "",
    confident: confident ? `at least ${Math.round(100 * confident)} %` : "nearly certain",
  };
  $$("[data-fill]").forEach((blank) => (blank.textContent = facts[blank.dataset.fill]));
  $(".others").hidden = scripts.length === TOLD_OF.length && scripts.every(({ name }) => TOLD_OF.includes(name));
  $(".stretched").hidden = tallest.stretch === 1;
  $(".terms").append(
    ...Object.entries(LINES)
      .filter(([term]) => term === "reconstruction" || term in weights)
      .map(([term, [name, asks]]) =>
        make("tr", {}, make("td", { textContent: name }), make("td", { textContent: asks }), make("td", { className: "weight", textContent: term === "reconstruction" ? 1 : weights[term] })),
      ),
  );
  const most = Math.max(...results.map(({ judge }) => 100 - judge));
  $(".labels .rows").append(
    ...results.map(({ labelled, asked, judge }) => {
      const row = make("div", { className: "row" }, make("span", { textContent: labelled ? `${labelled.toLocaleString("en")} ${asked ? "asked for" : "labels"}` : "no label" }), make("i"), make("b", { textContent: `${(100 - judge).toFixed(1)} %` }));
      row.style.setProperty("--p", (100 - judge) / most);
      return row;
    }),
  );
  if (!results.length) $(".labels .rows").textContent = "No model on this server has been measured yet; python -m unit_core evaluate does it.";
  ending(contentsOf($$("article > section"), $(".contents ol"), listen));
}

// The table of contents, which marks the chapter being read.
function contentsOf(sections, contents, listen) {
  const links = sections.map((section) => {
    const link = make("a", { href: `#${section.id}`, textContent: section.querySelector("h2").textContent });
    listen(link, "click", (event) => {
      event.preventDefault();
      history.replaceState(history.state, "", link.href);
      section.scrollIntoView({ behavior: isStill() ? "auto" : "smooth" });
      const heading = section.querySelector("h2");
      heading.tabIndex = -1; // so that reading, and the tab key, go on from there
      heading.focus({ preventScroll: true });
    });
    contents.append(make("li", {}, link));
    return [section, link];
  });
  const chapters = new IntersectionObserver(
    (entries) => {
      const now = entries.findLast(({ isIntersecting }) => isIntersecting)?.target;
      if (!now) return; // between two sections: still in the former
      links.forEach(([section, link]) => (section === now ? link.setAttribute("aria-current", "true") : link.removeAttribute("aria-current")));
    },
    { rootMargin: "-33% 0px -66%" }, // a line at a third of the window
  );
  links.forEach(([section]) => chapters.observe(section));
  const asked = sections.find(({ id }) => `#${id}` === location.hash);
  if (asked && history.state?.place === undefined) document.fonts.ready.then(() => asked.scrollIntoView());
  return () => chapters.disconnect();
}
