// The story's figures: in most, one digit of the reader's.
const IDLE = 0.9; // a spread above is as good as the prior's

function resumed(saved, scripts) {
  const script = saved.script ?? 0;
  const { examples } = scripts[script];
  const { digit = null, strokes } = saved.strokes || !examples ? saved : { digit: 3, strokes: handwritten(examples[3], 1) };
  return { script, digit, strokes: strokes ?? [], reply: null, crowd: null };
}

export default function ({ parentElement, data }) {
  const { scripts, latent, separation, directions, key } = data;
  const { root, gone, id, $, $$, listen, sized, recoloured, ending, end } = stage(parentElement, ".story", scripts, key);
  const kept = recall(id, (saved) => resumed(saved, scripts));
  const from = () => scripts[kept.script];
  const to = () => scripts[firstOther(kept.script)];
  scripts.forEach(({ name, colour }) => root.style.setProperty(`--${name}`, `var(${colour})`));
  root.style.setProperty("--scarce", `var(${scripts.at(-1).colour})`); // that few labels are of

  tellStory(data, { $, $$, listen, ending });

  // --- asking -----------------------------------------------------------------------------------
  let running = 0; // `data-busy` while an answer is awaited, for the tests
  const asker = (work) => {
    const ask = insistent(work, gone, note);
    return async () => {
      running++;
      root.dataset.busy = "";
      await ask();
      if (!--running) delete root.dataset.busy;
    };
  };
  const show = async (codes, paint) => {
    const decoded = await decode(codes, scripts);
    if (!gone.signal.aborted) paint(decoded);
  };

  // --- the reader's digit -----------------------------------------------------------------------
  const pad = $(".reader .pad canvas");
  $(".scripts").append(...scripts.map(({ title }, s) => radio("script", s, title, s === kept.script)));
  listen($(".scripts"), "change", ({ target }) => {
    kept.script = Number(target.value);
    if (kept.digit !== null && from().examples) write(kept.digit);
    else erase();
  });
  $(".reader .digits").append(...Array.from({ length: 10 }, (_, digit) => make("button", { onclick: () => write(digit) })));
  listen($(".reader .clear"), "click", () => erase());
  follow(
    pad,
    listen,
    () => 1,
    (stroke) => {
      kept.digit = null;
      kept.strokes.push(stroke);
    },
    (done) => drawn(done),
  );
  function write(digit) {
    Object.assign(kept, { digit, strokes: handwritten(from().examples[digit], 1) });
    drawn(true);
  }
  function erase() {
    Object.assign(kept, { digit: null, strokes: [] });
    drawn(true);
  }
  function drawn(done) {
    showReader();
    study();
    if (done) remember(id, { script: kept.script, digit: kept.digit, strokes: kept.strokes });
  }

  function showReader() {
    root.style.setProperty("--from", `var(${from().colour})`);
    root.style.setProperty("--to", `var(${to().colour})`);
    pad.ariaLabel = `Drawing pad: draw a digit in ${from().title}`;
    ink(context(pad), kept.strokes, pad.width, (pen) => PENS[pen]);
    able($(".reader .clear"), kept.strokes.length > 0);
    $$(".reader .digits button").forEach((button, digit) => {
      button.textContent = from().glyphs[digit];
      button.ariaLabel = `Write ${from().glyphs[digit]}`;
      button.setAttribute("aria-pressed", digit === kept.digit);
      button.disabled = !from().examples;
    });
  }
  function note(text) {
    tell($(".note"), text);
  }

  const study = asker(async () => {
    const way = { source: from().name, target: to().name };
    const body = picture(kept.strokes, from().stretch);
    const [reply, court] = await Promise.all([askServer("api/translate", way, body), askServer("api/inspect", way, body)]);
    if (gone.signal.aborted || way.source !== from().name) return;
    note(reply.code.length ? reply.message : kept.strokes.length ? reply.message : "Draw a digit, and the figures below come alive.");
    stamp($(".seen"), reply.digit, SIDE);
    if (reply.code.length) {
      kept.reply = { ...reply, court: court.exhibits };
      showCourt(kept.reply.court);
      sample();
      askPull();
      askShared();
    }
    root.toggleAttribute("data-undrawn", !kept.strokes.length || !kept.reply);
    root.dataset.answers = Number(root.dataset.answers) + 1;
  });

  // --- encode, sample, decode -------------------------------------------------------------------
  let noise = Array.from({ length: latent }, gauss);
  let code = [];
  const heat = $(".steps .heat");
  function sample() {
    if (!kept.reply) return;
    const { code: mean, spread } = kept.reply;
    code = mean.map((m, j) => m + Number(heat.value) * spread[j] * noise[j]);
    $(".steps output").textContent = Number(heat.value).toFixed(2);
    showChart();
    askSteps();
  }
  listen(heat, "input", sample);
  listen($(".steps .again"), "click", () => {
    noise = Array.from({ length: latent }, gauss);
    sample();
  });
  const askSteps = asker(() =>
    show([code], ([seen]) => {
      enlarge($(".steps .in"), kept.reply.digit, from().stretch);
      enlarge($(".steps .out"), seen[kept.script], from().stretch);
      $(".steps .in").ariaLabel = "Your digit";
      $(".steps .out").ariaLabel = "Your digit, decoded from the sample";
    }),
  );

  function showChart() {
    const { code: means, spread } = kept.reply;
    const digit = likeliest(means.slice(0, 10));
    $(".chart").innerHTML = chart({ means, spread, drawn: code, digit, glyph: from().glyphs[digit], separation });
    $(".chart").ariaLabel = `The code: ${latent} means and spreads; the largest of the first ten is that of ${from().glyphs[digit]}`;
    const idle = spread.filter((s, j) => s > IDLE && j >= 10).length;
    $(".idle").textContent = idle ? `${idle} of the numbers have kept nearly all of the prior’s spread: for this digit the model makes no use of them.` : "";
  }

  // --- the prior --------------------------------------------------------------------------------
  $(".crowd").append(
    ...scripts.map(({ title, colour }) => {
      const canvas = make("canvas", { role: "img", ariaLabel: `Ten digits in ${title}, drawn from the prior` });
      canvas.style.setProperty("--ink", `var(${colour})`);
      return canvas;
    }),
  );
  const crowdHeat = $(".prior .heat");
  const hands = () => Array.from({ length: 10 }, () => Array.from({ length: latent }, gauss));
  kept.crowd ??= hands();
  const askCrowd = asker(() => {
    const temperature = Number(crowdHeat.value);
    $(".prior output").textContent = temperature.toFixed(2);
    const codes = kept.crowd.map((style, digit) => classMean(digit, latent, separation).map((m, j) => m + temperature * style[j]));
    return show(codes, (decoded) =>
      $$(".crowd canvas").forEach((canvas, s) => contacts(canvas, decoded.map((each) => each[s]), 10, scripts[s].stretch)),
    );
  });
  listen(crowdHeat, "input", askCrowd);
  listen($(".prior .again"), "click", () => {
    kept.crowd = hands();
    askCrowd();
  });

  // --- one code in both scripts -----------------------------------------------------------------
  for (const figure of [".pull", ".shared"]) {
    $(`${figure} .pair`).append(
      ...scripts.map(({ title, colour }) => {
        const part = make("div", { className: "shown" }, make("canvas", { role: "img", ariaLabel: title }), make("span", { textContent: title }));
        part.style.setProperty("--ink", `var(${colour})`);
        return part;
      }),
    );
  }
  const paintPair = (figure, seen) => $$(`${figure} .pair canvas`).forEach((canvas, s) => enlarge(canvas, seen[s], scripts[s].stretch));
  const askPull = asker(async () => {
    if (!kept.reply) return;
    const t = Number($(".pull .part").value);
    const own = kept.reply.code;
    const { digit } = reading(own, separation);
    const mean = classMean(digit, latent, separation);
    const slid = mix(mean, own, t);
    const now = reading(slid, separation);
    await show([slid], ([seen]) => {
      paintPair(".pull", seen);
      $(".pull .reads").textContent = `t = ${t.toFixed(2)}, read as ${now.digit}, ${Math.round(100 * now.sure)} %`;
    });
  });
  listen($(".pull .part"), "input", askPull);

  // --- the critic -------------------------------------------------------------------------------
  const showCourt = courtOf($(".exhibits"), scripts);

  // --- two numbers of the hand ------------------------------------------------------------------
  const named = directions.filter(({ name }) => !name.startsWith("shape"));
  const two = [...named, ...directions.filter((each) => !named.includes(each))].slice(0, 2);
  const [across, up] = [two[0], two[1] ?? two[0]];
  let hand = [0, 0];
  const field = $(".shared .field");
  $(".named").textContent = across ? `from “${across.low}” to “${across.high}” and from “${up.low}” to “${up.high}”` : "";
  if (across) {
    const sides = { left: across.low, right: across.high, bottom: up.low, top: up.high };
    $(".field-box").append(...Object.entries(sides).map(([side, text]) => make("small", { className: side, textContent: text, ariaHidden: "true" })));
  }
  function turn(x, y) {
    hand = [x, y].map((value) => Math.min(Math.max(value, -1), 1));
    field.style.setProperty("--x", (hand[0] + 1) / 2);
    field.style.setProperty("--y", (1 - hand[1]) / 2);
    field.ariaValueNow = hand[0].toFixed(2);
    field.setAttribute("aria-valuetext", [across, up].map((each, i) => `${Math.round(100 * Math.abs(hand[i]))} % ${hand[i] < 0 ? each?.low : each?.high}`).join(", "));
    askShared();
  }
  const askShared = asker(async () => {
    if (!kept.reply || !across) return;
    const code = moved(kept.reply.code, [across.axis, up.axis], hand.map((value, i) => value * [across, up][i].reach[value < 0 ? 0 : 1]));
    await show([code], ([seen]) => paintPair(".shared", seen));
  });
  const reach = (event) => {
    const { left, top, width } = field.getBoundingClientRect();
    turn((2 * (event.clientX - left)) / width - 1, 1 - (2 * (event.clientY - top)) / width);
  };
  listen(field, "pointerdown", (event) => {
    if (event.button !== 0) return;
    capture(field, event);
    reach(event);
  });
  listen(field, "pointermove", (event) => event.buttons && reach(event));
  listen(field, "keydown", (event) => {
    const step = { ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0], ArrowUp: [0, 0.1], ArrowDown: [0, -0.1] }[event.key];
    if (!step) return;
    event.preventDefault();
    turn(hand[0] + step[0], hand[1] + step[1]);
  });

  // --- begin ------------------------------------------------------------------------------------
  const paintAll = () => {
    showReader();
    askCrowd();
    if (!kept.reply) return;
    stamp($(".seen"), kept.strokes.length ? kept.reply.digit : [], SIDE);
    showCourt(kept.reply.court);
    sample();
    askPull();
    askShared();
  };
  let painting = 0; // once a frame, however many canvases report
  const repaint = () => {
    cancelAnimationFrame(painting);
    painting = requestAnimationFrame(paintAll);
  };
  recoloured(repaint);
  sized([root], repaint);
  ending(() => cancelAnimationFrame(painting));
  showReader();
  turn(0, 0);
  study();
  return end;
}
