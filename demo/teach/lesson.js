// The lesson: its digits, what is known of them after some answers, and who has answered what.
const NOBODY = 255; // has said what a digit is
const NOTHING = 0xffffffff; // to ask

// Places and labels of the digits, and the bytes of each one's picture.
async function readLesson({ count, columns, tag }) {
  const [{ buffer: points }, sheet] = await Promise.all([
    askServer("api/lesson/points", { tag }, null, PATIENT),
    askServer("api/lesson/sprite.webp", { tag }, null, PATIENT).then(picturesOf(columns)),
  ]);
  const positions = Float32Array.from(new Uint16Array(points, 0, 2 * count), (value) => value / 65535);
  return { positions, labels: new Uint8Array(points, 4 * count, count), picture: sheet.picture };
}

// `labels` are what digits were said to be, or NOBODY where nobody could tell -> which it asks about next
// (null: none), what it takes each for (NOBODY: its group has no name yet), and how clearly, up to 255.
async function learnt(labels, { count, tag }) {
  const bytes = await askServer("api/lesson/after", { tag }, Uint16Array.from([...labels].flat()));
  const next = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  return { next: next === NOTHING ? null : next, said: bytes.slice(4, 4 + count), clear: bytes.slice(4 + count) };
}

// A way of being asked, and what came of it.
class Run {
  constructor({ answers = [], wrong = [], asked = null } = {}) {
    this.answers = answers; // [digit, label or NOBODY], in their order; of two about one digit the later counts
    this.wrong = wrong; // how many digits are taken wrong, after none, one, two … labels
    this.asked = asked; // the digit in question
  }
  get labels() {
    return new Map(this.answers);
  }
  get given() {
    return [...this.labels.values()].filter((label) => label !== NOBODY).length;
  }
  // It has learnt from `answers`; what came after those that were taken back is forgotten.
  learn(answers, wrong) {
    this.answers = answers;
    this.wrong = [...this.wrong.slice(0, this.given), wrong];
  }
}
