// The box beside a place on the chart: pictures by script, and a text.
function tipOf(box, chart, scripts) {
  box.replaceChildren(
    ...scripts.map(({ colour }) => {
      const canvas = make("canvas");
      canvas.style.setProperty("--ink", `var(${colour})`);
      return canvas;
    }),
    box.querySelector("p"),
  );
  return {
    // `pictures` has null for a script without one; the text's first line is in the colour `ink`.
    show([x, y], pictures, text = "", ink = "inherit") {
      box.hidden = false;
      box.style.setProperty("--ink", ink);
      box.querySelector("p").textContent = text;
      box.querySelectorAll("canvas").forEach((canvas, s) => {
        canvas.hidden = !pictures[s];
        if (pictures[s]) enlarge(canvas, pictures[s], scripts[s].stretch);
      });
      const [width, height] = [box.offsetWidth, box.offsetHeight];
      const left = x + 18 + width > chart.clientWidth ? x - 18 - width : x + 18;
      const top = Math.min(Math.max(y - height / 2, 4), chart.clientHeight - height - 4);
      box.style.translate = `${Math.max(left, 4)}px ${top}px`;
    },
    hide: () => (box.hidden = true),
  };
}
