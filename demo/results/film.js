// The film of a training: the same digits as they were drawn, copied and translated, frame by frame. A
// film is {sheet, domains, digits, each, frames: [{step, minutes, progress}]}.

// Its pictures, or null: the curves still tell the story.
const fetchFilm = (model) => askServer("api/film", { model }, null, PATIENT).then(inked).catch(() => null);

function showFilm(place, film, { script, colour }) {
  place.replaceChildren();
  film.domains.forEach((name, s) => {
    const other = film.domains[firstOther(s)];
    const names = ["as drawn", "copied", `in ${script(other).title}`];
    const ink = [name, name, other];
    place.append(html("h4", { class: "script", style: `color: ${colour(name)}` }, `${script(name).title} digits`));
    names.forEach((text, row) => {
      const canvas = html("canvas", { role: "img", class: ["first", "", "last"][row], "--own": colour(ink[row]), "aria-label": `${script(name).title} digits ${text}`, "data-script": s, "data-row": row });
      place.append(html("span", {}, text), canvas);
    });
  });
}

// Shows the newest frame that is not of later than the step, and returns its number.
function paintFilm(place, film, step) {
  const frame = Math.max(0, film.frames.findLastIndex((frame) => frame.step <= step));
  const narrow = place.clientWidth < 560;
  const digits = [...Array(film.digits).keys()].filter((digit) => !narrow || digit % film.each === 0);
  for (const canvas of place.querySelectorAll("canvas")) {
    const [s, row] = [Number(canvas.dataset.script), Number(canvas.dataset.row)];
    const scripts = film.domains.length;
    const y = row === 0 ? s : scripts + (frame * scripts + s) * 2 + row - 1;
    tiles(canvas, film.sheet, digits.map((digit) => [digit * 28, y * 28]));
  }
  return frame;
}
