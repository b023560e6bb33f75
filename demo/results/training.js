// How a model learnt: its film and its curves at one time, which is dragged, pressed or plays.
const DEVICES = { cuda: "GPU", mps: "GPU", cpu: "CPU" };

function trainingOf({ root, $, listen }, data, kept, names) {
  let times = null; // {steps, minutes, progress, meeting} of what the scrubber stops at
  let film = null;
  let curves = [];

  // `detail` is what the server said of the model, `sheet` its film's pictures or null.
  function show({ training, film: told, devices }, sheet) {
    const where = devices.map((device) => `on a ${DEVICES[device] ?? device}`).join(", then ");
    $(".learning .lead").textContent = `The same digits throughout the training${where && `, ${where}`}. Drag the time, or let it play.`;
    film = sheet && { sheet, ...told };
    const frames = film?.frames ?? [];
    times = !training.missing ? training
      : frames.length ? { steps: frames.map((f) => f.step), minutes: frames.map((f) => f.minutes), progress: frames.map((f) => f.progress), meeting: null }
      : null;
    if (film) showFilm($(".film"), film, names);
    else $(".film").replaceChildren(html("div", { class: "script" }, missing(told.missing ? told : { missing: "the film did not arrive", command: "reload this page" })));
    $(".time").hidden = times === null;
    $(".moment").textContent = "";
    if (times) {
      const last = times.steps.length - 1;
      kept.tick = Math.min(kept.tick ?? last, last);
      $(".time input").max = last;
      placeMeeting();
    }
    const domains = film?.domains ?? data.scripts.map(({ name }) => name);
    curves = training.missing ? [] : CURVES.map((curve) => curveOf(curve, training, domains, names, listen, seek));
    $(".curves").replaceChildren(...(training.missing ? [missing(training)] : curves.map(({ panel }) => panel)));
    showKeep();
    paintCurves();
    showTick();
  }

  // Until another model is shown there is nothing to play.
  function wait() {
    stop();
    times = film = null;
    curves = [];
  }

  function showKeep() {
    $(".keep").replaceChildren();
    if (!film) return;
    const file = `${kept.model}-training`;
    const link = (text, name, as) => html("a", { href: addressOf("api/film", { model: kept.model, ...as }), download: name }, text);
    $(".keep").append("The film to keep: ", link("GIF", `${file}.gif`, { as: "gif" }), ", ", link("frames as one WebP", `${file}.webp`), ".");
  }

  // Where between the ticks the scripts met, 0 for the first tick and 1 for the last.
  function meetingAt(values) {
    const { meeting, progress } = times;
    if (meeting === null || !(meeting > progress[0] && meeting < progress.at(-1))) return null;
    const after = progress.findIndex((value) => value >= meeting);
    const share = (meeting - progress[after - 1]) / (progress[after] - progress[after - 1]);
    return values(after - 1) + share * (values(after) - values(after - 1));
  }

  function placeMeeting() {
    const at = meetingAt((i) => i);
    const mark = $(".meeting");
    mark.hidden = at === null;
    if (at === null) return;
    const share = at / (times.steps.length - 1);
    mark.style.left = `calc(0.7rem + (100% - 1.4rem) * ${share})`;
  }

  function showTick() {
    root.dataset.tick = kept.tick ?? "";
    if (!times) return;
    const i = kept.tick;
    const input = $(".time input");
    input.value = i;
    const minutes = times.minutes[i];
    const when = `${minutes < 10 ? minutes.toFixed(1) : Math.round(minutes)} minutes, step ${times.steps[i].toLocaleString("en")}`;
    const met = times.meeting === null ? null : times.progress[i] >= times.meeting;
    const reading = Object.entries(times.train ?? {}).some(([name, values]) => name.endsWith("/hand") && values[i] != null);
    const told = reading ? "Only reading is learnt now, no drawing."
      : met === null ? ""
      : met ? "The scripts have met: translations are asked for, and judged."
      : "The scripts have not met: each learns to copy and to name its own digits.";
    $(".moment").textContent = told ? `${when}. ${told}` : when;
    input.setAttribute("aria-valuetext", when);
    paint();
    for (const { point } of curves) point(i);
  }

  function paint() {
    if (film && times) root.dataset.frame = paintFilm($(".film"), film, times.steps[kept.tick]);
  }
  function paintCurves() {
    for (const curve of curves) {
      curve.paint(meetingAt((i) => times.minutes[i]));
      curve.point(kept.tick);
    }
  }

  let player = 0;
  function stop() {
    clearInterval(player);
    player = 0;
    root.classList.remove("playing");
    $(".play").ariaLabel = $(".play").title = "Play";
  }
  function play() {
    if (player) return stop();
    if (!times) return;
    const last = times.steps.length - 1;
    if (kept.tick >= last) kept.tick = 0;
    root.classList.add("playing");
    $(".play").ariaLabel = $(".play").title = "Pause";
    showTick();
    player = setInterval(() => {
      kept.tick = Math.min(kept.tick + 1, last);
      showTick();
      if (kept.tick === last) stop();
    }, Math.min(Math.max(6000 / (last + 1), 90), 500));
  }
  function seek(tick) {
    if (!times) return;
    stop();
    kept.tick = tick;
    showTick();
  }
  listen($(".play"), "click", play);
  listen($(".time input"), "input", (event) => seek(Number(event.target.value)));
  return { show, wait, stop, paint, paintCurves };
}
