// The lesson: its digits, what is known of them after some answers, and who has answered what.
const NOBODY = 255; // has said what a digit is
const NOTHING = 0xffffffff; // to ask

// Places and labels of the digits, and the bytes of each one's picture.
async function readLesson({ count, columns }) {
  const [points, sheet] = await Promise.all([
    readServer("api/lesson/points", {}, "application/octet-stream").then((response) => response.arrayBuffer()),
    readServer("api/lesson/sprite.webp", {}, "image/webp").then(picturesOf(columns)),
  ]);
  if (points.byteLength !== 5 * count) throw new Error("The lesson has changed meanwhile: reload the page.");
  const positions = Float32Array.from(new Uint16Array(points, 0, 2 * count), (value) => value / 65535);
  return { positions, labels: new Uint8Array(points, 4 * count, count), picture: sheet.picture };
}

// `answers` are [digit, label] or [digit, NOBODY] -> which digit it asks about next (-1: none), what it
// takes each for (NOBODY: its group has no name yet), and how clearly, up to 255.
async function learnt(answers, count) {
  const bytes = await askServer("api/lesson/after", {}, Uint16Array.from(answers.flat()));
  const next = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  return { next: next === NOTHING ? -1 : next, said: bytes.slice(4, 4 + count), clear: bytes.slice(4 + count) };
}

// A way of being asked and what came of it: `wrong` after each answer that was a label, the first without any.
class Run {
  constructor({ answers = [], wrong = [] } = {}) {
    Object.assign(this, { answers, wrong });
  }
  get given() {
    return this.answers.filter(([, label]) => label !== NOBODY).length;
  }
  answer(digit, label) {
    this.answers = [...this.answers.filter(([other]) => other !== digit), [digit, label]];
  }
  takeBack() {
    this.answers = this.answers.slice(0, -1);
  }
  // What is wrong now; what came after answers that were taken back is forgotten.
  count(wrong) {
    this.wrong = [...this.wrong.slice(0, this.given), wrong];
  }
  has(digit) {
    return this.answers.some(([other]) => other === digit);
  }
}
