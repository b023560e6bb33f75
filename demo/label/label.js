// One picture after another, an answer each; what was answered can be taken back.
const SKIP = "skip";
const BACK = "unlabelled";
const SHOWN = 8; // last answers
const { title, glyphs } = JSON.parse(document.getElementById("data").textContent);
const root = document.querySelector("main");
const $ = (selector) => root.querySelector(selector);
const pictureOf = (name) => `picture?name=${encodeURIComponent(name)}`;
const nameOf = (place) => (place === SKIP ? "–" : glyphs[place]);

let waiting = []; // names, the first is in question
let labelled = 0;
const past = []; // {name, place}, the newest last
let sending = Promise.resolve(); // answers go out one after another

async function ask(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new Error("The server does not answer: is it still running?");
  }
  const told = await response.json();
  if (!response.ok) throw new Error(told.error);
  return told;
}

function show() {
  const [name, following] = waiting;
  $("h1").textContent = name ? `Which ${title && `${title} `}digit is this?` : "All are labelled";
  $(".title p").textContent = `${waiting.length.toLocaleString("en")} to label, ${labelled.toLocaleString("en")} labelled`;
  $(".asked img").hidden = !name;
  if (name) $(".asked img").src = pictureOf(name);
  if (following) new Image().src = pictureOf(following);
  for (const button of root.querySelectorAll(".digits button, .skip")) button.disabled = !name;
  $(".undo").disabled = !past.length;
  $(".past").style.visibility = past.length ? "" : "hidden";
  $(".past div").replaceChildren(
    ...past.slice(-SHOWN).reverse().map((each) =>
      make("button", { onclick: () => takeBack(each), title: "Take back" }, make("img", { src: pictureOf(each.name), alt: "" }), nameOf(each.place)),
    ),
  );
  Object.assign(root.dataset, { waiting: waiting.length, labelled });
}

// Move a picture to `place`. The page goes on meanwhile; if that fails, what the folder says counts.
function move(name, place) {
  $(".message").textContent = "";
  sending = sending.then(async () => {
    try {
      const body = JSON.stringify({ name, place });
      ({ labelled } = await ask("label", { method: "POST", headers: { "Content-Type": "application/json" }, body }));
      Object.assign(root.dataset, { labelled });
    } catch (error) {
      past.splice(0, past.length, ...past.filter((each) => each.name !== name));
      waiting = [name, ...waiting.filter((each) => each !== name)];
      await look(error.message);
    }
  });
  sending.then(show);
}
function answer(place) {
  const [name] = waiting;
  if (!name) return;
  waiting = waiting.slice(1);
  past.push({ name, place });
  show();
  move(name, place);
}
function takeBack(each = past.at(-1)) {
  if (!each) return;
  past.splice(past.indexOf(each), 1);
  waiting = [each.name, ...waiting];
  show();
  move(each.name, BACK);
}

// What the folder holds now.
async function look(message = "") {
  try {
    ({ waiting, labelled } = await ask("waiting"));
    $(".message").textContent = message;
  } catch (error) {
    $(".message").textContent = error.message;
  }
  show();
}

$(".digits").append(
  ...glyphs.map((glyph, digit) =>
    make("button", { onclick: () => answer(String(digit)), ariaLabel: String(digit) }, glyph, glyph === String(digit) ? "" : make("small", { textContent: digit })),
  ),
);
$(".skip").addEventListener("click", () => answer(SKIP));
$(".undo").addEventListener("click", () => takeBack());
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (/^[0-9]$/.test(event.key)) answer(event.key);
  else if (event.key === "z" || event.key === "Z") takeBack();
  else if (event.key === " " && event.target.tagName !== "BUTTON") answer(SKIP);
  else return;
  event.preventDefault();
});
$(".asked img").addEventListener("error", () => look("That picture is gone from the folder; here is the next."));
look();
