// One picture after another, an answer each; what was answered can be taken back.
const SKIPPED = "skip";
const WAITING = "unlabelled";
const SHOWN = 8; // last answers
const { title, glyphs } = JSON.parse(document.getElementById("data").textContent);
const root = document.querySelector("main");
const $ = (selector) => root.querySelector(selector);
const listen = (target, type, f) => target.addEventListener(type, f);
const pictureOf = (name) => `picture?name=${encodeURIComponent(name)}`;

let waiting = null; // names, once they are known; the first is in question
let labelled = 0;
let past = []; // {name, place}, the newest last
let queued = 0; // answers on their way, one after another
let sending = Promise.resolve();

const say = (text) => ($(".message").textContent = text);

function show() {
  const [name, following] = waiting;
  $("h1").textContent = name ? `Which ${title && `${title} `}digit is this?` : "None is left to label";
  $(".title p").textContent = `${waiting.length.toLocaleString("en")} to label, ${labelled.toLocaleString("en")} labelled`;
  const picture = $(".asked img");
  picture.hidden = !name;
  if (name && picture.dataset.name !== name) Object.assign(picture, { src: pictureOf(name) }).dataset.name = name;
  if (following) new Image().src = pictureOf(following);
  for (const button of root.querySelectorAll(".digits button, .skip")) button.disabled = !name;
  $(".undo").disabled = !past.length;
  $(".past").style.visibility = past.length ? "" : "hidden";
  $(".past div").replaceChildren(
    ...past.slice(-SHOWN).reverse().map((each) => {
      const text = each.place === SKIPPED ? "–" : glyphs[each.place];
      return make("button", { onclick: () => takeBack(each), ariaLabel: `Take back: ${each.place}` }, make("img", { src: pictureOf(each.name), alt: "" }), text);
    }),
  );
  Object.assign(root.dataset, { waiting: waiting.length, labelled });
}

// Have a picture moved. The page goes on meanwhile; what the folder holds counts once all are sent.
function move(name, from, to) {
  if (!queued) say("");
  queued += 1;
  sending = sending.then(async () => {
    let told = null;
    try {
      const body = new Blob([JSON.stringify({ name, from, to })], { type: "application/json" });
      told = await askServer("label", {}, body, PATIENT);
      labelled = told.labelled;
    } catch (error) {
      past = past.filter((each) => each.name !== name);
      if (!error.status && to !== WAITING) waiting = [name, ...waiting.filter((each) => each !== name)];
      say(error.message);
    }
    queued -= 1;
    if (queued) return show();
    if (told) waiting = told.waiting;
    else return look($(".message").textContent);
    show();
  });
}
function answer(place) {
  if (!waiting?.length) return;
  const [name, ...rest] = waiting;
  waiting = rest;
  past.push({ name, place });
  show();
  move(name, WAITING, place);
}
function takeBack(each = past.at(-1)) {
  if (!each) return;
  past = past.filter((other) => other !== each);
  waiting = [each.name, ...waiting];
  show();
  move(each.name, each.place, WAITING);
}

// What the folder holds now.
async function look(message = "") {
  try {
    ({ waiting, labelled } = await askServer("waiting", {}, null, PATIENT));
    say(message);
  } catch (error) {
    say(error.message);
  }
  if (waiting) show();
}

answersOf($(".digits"), glyphs, listen, { answer: (digit) => answer(String(digit)), skip: () => answer(SKIPPED), back: () => takeBack() });
listen($(".skip"), "click", () => answer(SKIPPED));
listen($(".undo"), "click", () => takeBack());
listen($(".asked img"), "error", async ({ target }) => {
  const { name } = target.dataset;
  if (queued) return;
  await look();
  if (waiting?.[0] === name && !$(".message").textContent) say("This picture cannot be read: skip it.");
});
look();
