// A wide pad: what is written is cut into digits, each is asked about while it grows, and shown in its place.
const ROOM = 0.12; // between digits that the page writes, and to the pad's edge
const TALL = 0.62; // of the pad: digits that the page writes, where none stand
const TALLEST = 0.8; // the same, where large ones stand
const SMALL = 0.3; // the same: those that a fine pen writes
const LIKE = 0.9; // of a digit's size: its translation's
const WITHIN = 0.95; // of the sheet's height: the tallest translation
const PERCENT = 36; // pixels between two digits' middles, for both to tell how sure they are
const A_DOT = { state: "dot", message: "That is a dot so far. Keep going." }; // asked about, it would be as large as a digit
const TOO_FLAT = { state: "flat", message: "That is too flat for a digit so far. Keep going, or undo." };

export default function ({ parentElement, data: { scripts, key } }) {
  const here = stage(parentElement, ".number", scripts, key);
  const { root, gone, id, $, $$, listen, sized, recoloured, end } = here;
  const kept = recall(id, (saved) => desk(saved, scripts, { auto: saved.auto ?? false }));
  const pad = $(".pad canvas");

  const drawing = () => kept.drawings[kept.source];
  const from = () => scripts[kept.source];
  const to = () => scripts[kept.target];
  const aspect = () => pad.clientWidth / pad.clientHeight || 1;
  let shown = { digits: [], replies: [] }; // of one moment of the drawing
  let trouble = null;

  // --- the question: every digit that has not been asked about as it stands now --------------------
  let answered = new Map(); // what the digits of the last moment were told, by `signature`
  const numbers = new WeakMap(); // of strokes
  let count = 0;
  const numberOf = (stroke) => numbers.get(stroke) ?? (numbers.set(stroke, ++count), count);
  const signature = ({ strokes }) =>
    [kept.source, kept.target, ...strokes.map((stroke) => `${numberOf(stroke)}.${stroke.points.length}.${stroke.pen}`)].join();

  let since = null; // when the oldest ink was drawn that no question has carried yet
  const question = insistent(async () => {
    const [subject, way, began] = [drawing(), [kept.source, kept.target].join(), since];
    since = null;
    const digits = digitsOf(subject.now);
    const keys = digits.map(signature); // now: a stroke may grow before the answer comes
    const query = { source: from().name, target: to().name };
    const replies = await Promise.all(
      digits.map((digit, i) => {
        if (digit.mark) return { mark: digit.mark };
        if (digit.speck) return A_DOT;
        if (digit.flat) return TOO_FLAT;
        return answered.get(keys[i]) ?? askServer("api/translate", query, picture(centred(digit.strokes, digit.box), from().stretch));
      }),
    );
    if (subject !== drawing() || way !== [kept.source, kept.target].join()) return; // turned meanwhile
    answered = new Map(keys.map((key, i) => [key, replies[i]]).filter((_, i) => replies[i].code)); // what was asked: neighbours make a mark, and no mark
    [shown, trouble] = [{ digits, replies }, null];
    showReplies();
    root.dataset.answers = Number(root.dataset.answers) + 1;
    window.dispatchEvent(new CustomEvent("unit:number", { detail: { began } }));
  }, gone, (text) => {
    trouble = text;
    showReplies();
  });
  function ask() {
    since ??= performance.now();
    question();
  }

  // Which script it is, from all digits together; asked when the pen rests.
  const findOut = newest(async (subject) => {
    const page = await blobOf(pad);
    const { lines } = await askServer("api/read", { source: "auto" }, page);
    const line = lines.toSorted((a, b) => b.digits.length - a.digits.length)[0];
    if (!line || !kept.auto || subject !== drawing()) return;
    kept.evidence = line.evidence;
    const found = scripts.findIndex(({ name }) => name === line.script);
    if (found === kept.source) return showEvidence();
    rest();
    moveDrawing(kept, found);
    turn(wayFrom(found, kept));
  });
  function showEvidence() {
    const share = kept.evidence?.[from().name];
    $(".evidence").textContent =
      !kept.auto ? ""
      : share == null || !drawing().now.length ? "by all its digits together"
      : `It looks ${from().title}: ${Math.round(100 * share)} %`;
  }

  // --- the page ------------------------------------------------------------------------------------
  let drawn = 0;
  function showDrawing() {
    cancelAnimationFrame(drawn);
    drawn = requestAnimationFrame(() => {
      const pen = context(pad, aspect());
      ink(pen, drawing().now, pad.height, (pen) => PENS[pen]);
      showTools(here, drawing());
    });
  }

  const bestOf = ({ source_probabilities: p }) => (p ? likeliest(p) : -1);
  const isDigit = (reply) => reply.translation?.length > 0;
  const textIn = ({ glyphs }) =>
    shown.digits.map(({ space }, i) => {
      const reply = shown.replies[i];
      return (space ? " " : "") + (reply.mark ?? (isDigit(reply) ? glyphs[bestOf(reply)] : ""));
    }).join("");

  function showReplies() {
    const { digits, replies } = shown;
    showMarks();
    showResult();
    const [text, translation] = [textIn(from()), textIn(to())];
    const doubtful = digits.filter((_, i) => replies[i].state === "unsure").length;
    const left = replies.some(({ state }) => state === "flat" || state === "dot");
    const rows = digits.some(stacked);
    const lone = replies.length === 1 && !isDigit(replies[0]) ? replies[0] : null; // a dot, or all ink
    root.dataset.state = trouble ? "trouble" : !digits.length ? "empty" : lone ? lone.state : doubtful || left || rows ? "unsure" : "ok";
    $(".value.from output").textContent = text;
    $(".value.to output").textContent = translation;
    $$(".copy").forEach((button) => (button.disabled = !text));
    $(".save").disabled = !text;
    tell(
      $(".message"),
      trouble ??
        (!digits.length ? `Your number will appear here in ${to().title}.`
        : rows ? "Two rows? One is read here; Pictures reads whole sheets."
        : lone ? lone.message
        : doubtful ? `${doubtful === 1 ? "One is not quite a digit" : `${doubtful} are not quite digits`} yet: the closest is shown, pale.`
        : left ? "What is too flat or small for a digit is left out."
        : `${text} in ${from().title} is ${translation} in ${to().title}.`),
    );
    $(".result canvas").setAttribute("aria-label", `Translation: ${translation || "nothing yet"}`);
  }

  // How far the nearest digit's middle is.
  const roomOf = (i) =>
    Math.min(...[i - 1, i + 1].map((j) => shown.digits[j]).filter((other) => other && !other.mark).map((other) => Math.abs(middle(other) - middle(shown.digits[i]))));

  function showMarks() {
    const share = (value) => `${(100 * value) / aspect()}%`;
    $(".marks").replaceChildren(
      ...shown.digits.flatMap(({ box }, i) => {
        const reply = shown.replies[i];
        if (!isDigit(reply)) return [];
        const best = bestOf(reply);
        const percent = Math.round(100 * reply.source_probabilities[best]);
        const mark = make("li", { className: reply.state }, make("b", { textContent: from().glyphs[best] }), make("small", { textContent: `${percent} %` }));
        mark.classList.toggle("tight", roomOf(i) * pad.clientHeight < PERCENT);
        mark.style.cssText = `left: ${share(box.left)}; width: ${share(box.width)}`;
        return [mark];
      }),
    );
  }

  // Each translation in the middle of its digit's box, as large as the digit, if its neighbours let it.
  function showResult() {
    const canvas = $(".result canvas");
    const sheet = context(canvas, aspect());
    const unit = canvas.height;
    const { digits, replies } = shown;
    digits.forEach((digit, i) => {
      const reply = replies[i];
      sheet.globalAlpha = reply.state === "unsure" ? 0.4 : 1;
      if (reply.mark) return ink(sheet, digit.strokes, unit, (pen) => PENS[pen]);
      if (!isDigit(reply)) return;
      const { box } = digit;
      const made = inkBox(reply.translation);
      const [width, height] = [made.right - made.left, (made.bottom - made.top) / to().stretch];
      const like = (LIKE * Math.max(box.width, box.height)) / Math.max(width, height);
      const cell = Math.min(like, (0.95 * roomOf(i)) / width, WITHIN / height);
      const side = SIDE * cell;
      const [x, y] = [(made.left + made.right) / 2, (made.top + made.bottom) / 2 / to().stretch];
      // All of it on the sheet, also where the digit touches the edge.
      const within = (at, size, room) => Math.min(Math.max(at, size / 2), room - size / 2);
      const left = within(middle(digit), cell * width, aspect()) - x * cell;
      const top = within((box.top + box.bottom) / 2, cell * height, 1) - y * cell - (side - side / to().stretch) / 2;
      place(sheet, reply.translation, to().stretch, left * unit, top * unit, side * unit, FINE);
    });
    sheet.globalAlpha = 1;
    tint(sheet);
  }

  function showScripts() {
    showWay(here, scripts, kept, turn);
    pad.setAttribute("aria-label", `Drawing pad: write a number in ${from().title}`);
    $(".auto input").checked = kept.auto;
    showEvidence();
  }

  // --- the pen -------------------------------------------------------------------------------------
  function changed(done = true) {
    showDrawing();
    ask();
    if (!done) return;
    showEvidence();
    if (kept.auto && drawing().now.length) requestAnimationFrame(() => findOut(drawing()).catch(() => {})); // the digits' own questions tell of trouble
    remember(id, onDesk(kept, scripts, { auto: kept.auto }));
  }

  follow(
    pad,
    listen,
    () => kept.pen,
    (stroke) => {
      rest();
      drawing().change([...drawing().now, stroke]);
    },
    changed,
  );

  // Writes digits by one hand, after what stands there, which makes room.
  let unfinished = null; // what stands there once the page has written it
  async function write(digits, { anew = false } = {}) {
    if (!from().examples) return;
    rest();
    const turn = kept.writing;
    const before = anew ? [] : drawing().now;
    if (anew || !kept.hand) kept.hand = someone();
    let right = before.length ? boxOf(before).right : 0;
    const tall = Math.min(usualSize(before) || TALL, TALLEST);
    const pen = tall < SMALL ? 0 : kept.pen;
    const after = digits.flatMap((digit) => {
      const own = handwritten(from().examples[digit], pen, alike(kept.hand, someone()));
      const box = boxOf(own);
      const scale = (tall - NIB) / (Math.max(box.width, box.height) - NIB); // the pen's own width stays
      right += (ROOM * tall) / TALL + box.width * scale;
      return placed(own, scale, right - box.right * scale, 0.5 - (scale * (box.top + box.bottom)) / 2);
    });
    unfinished = inTheMiddle([...before, ...after]);
    const written = unfinished.slice(0, before.length);
    drawing().change(written);
    await writeOut(written, unfinished.slice(before.length), (done) => {
      if (turn !== kept.writing) return false;
      if (done) unfinished = null;
      changed(done);
    });
  }
  // Nobody writes twice the same: a hand as the first, a little as the second.
  const alike = (one, other) => Object.fromEntries(Object.keys(one).map((each) => [each, (5 * one[each] + other[each]) / 6]));

  // Strokes in the middle of the pad's width, and smaller where that is too narrow for them.
  function inTheMiddle(strokes) {
    const { left, width } = boxOf(strokes);
    const scale = Math.min(1, (aspect() - 2 * ROOM) / width);
    const now = placed(strokes, scale, aspect() / 2 - scale * (left + width / 2), 0.5 * (1 - scale));
    return scale < 1 && usualSize(now) < SMALL ? now.map((stroke) => ({ ...stroke, pen: 0 })) : now;
  }

  // The page's own pen stops: what it was at stands there at once.
  function rest() {
    kept.writing++;
    if (unfinished) drawing().now = unfinished;
    unfinished = null;
  }
  function step(what) {
    rest();
    what();
    changed();
  }
  function surprise() {
    const source = from().examples ? kept.source : scripts.findIndex(({ examples }) => examples);
    if (source < 0) return;
    if (source !== kept.source) turn(wayFrom(source, kept));
    const digits = String(Math.floor(10 ** (2 + 3 * Math.random()))); // two to five, short ones as often as long
    write([...digits].map(Number), { anew: true });
  }

  // The number and its translation, one above the other, each in its script's colour, on paper.
  function save() {
    if ($(".save").disabled) return;
    const sheet = make("canvas", { width: pad.width, height: 2 * pad.height });
    const paper = sheet.getContext("2d");
    paper.fillStyle = getComputedStyle(root).getPropertyValue("--st-secondary-background-color");
    paper.fillRect(0, 0, sheet.width, sheet.height);
    paper.drawImage(pad, 0, 0);
    paper.drawImage($(".result canvas"), 0, pad.height);
    download(`${textIn(from()).replaceAll(" ", "-")}-${from().name}-to-${to().name}.png`, sheet.toDataURL("image/png"));
  }

  // The last digit goes.
  const back = () => step(() => {
    const digits = digitsOf(drawing().now);
    if (digits.length) drawing().change(drawing().now.filter((stroke) => !digits.at(-1).strokes.includes(stroke)));
  });
  const undo = () => step(() => drawing().undo());
  const redo = () => step(() => drawing().redo());
  const clear = () => step(() => drawing().now.length && drawing().change([]));
  function swap() {
    kept.auto = false; // by hand now
    turn({ source: kept.target, target: kept.source });
  }
  const turn = (way) =>
    step(() => {
      Object.assign(kept, way);
      shown = { digits: [], replies: [] };
      showScripts();
      showReplies();
    });
  function setAuto(on) {
    Object.assign(kept, { auto: on, evidence: null });
    $(".auto input").checked = on;
    changed();
  }
  listen($(".auto input"), "change", ({ target }) => setAuto(target.checked));
  listen($(".value.from .copy"), "click", ({ target }) => copyBy(target, textIn(from())));
  listen($(".value.to .copy"), "click", ({ target }) => copyBy(target, textIn(to())));
  const acts = { undo, redo, clear, swap, surprise, save, write: (digit) => write([digit]), changed: () => changed() };
  tools(here, kept, acts, { a: () => setAuto(!kept.auto), backspace: back });

  // --- begin ---------------------------------------------------------------------------------------
  const paint = () => (showDrawing(), showReplies());
  recoloured(paint);
  // A narrower pad, as when a phone is turned, must still hold the number.
  sized([$(".pad")], () => {
    if (!pad.clientWidth) return; // the page is being left
    const now = unfinished ?? drawing().now;
    if (now.length && boxOf(now).right > aspect()) step(() => drawing().change(inTheMiddle(now)));
    paint();
  });
  showScripts();
  changed(false);
  return end;
}
