// What a visitor takes home of a way: a GIF that goes there and back, a PNG of its steps.
const FRAMES = 33; // of the GIF, one way
const CELL = 120; // pixels of the PNG, a side of a digit

const hex = (colour) => {
  const dot = make("canvas", { width: 1, height: 1 }).getContext("2d");
  dot.fillStyle = colour.trim();
  dot.fillRect(0, 0, 1, 1);
  return [...dot.getImageData(0, 0, 1, 1).data.slice(0, 3)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
};
// The colour that `variable` has where `root` stands, such as "1f77b4".
const colourOf = (root, variable) => hex(getComputedStyle(root).getPropertyValue(variable));

// `codeAt(t)` is the way's code at t in [0, 1]. Throws what the server says.
async function takeGif(root, name, scripts, codeAt) {
  const codes = Array.from({ length: FRAMES }, (_, i) => codeAt(eased(i / (FRAMES - 1))));
  const colours = { paper: colourOf(root, "--st-secondary-background-color"), inks: scripts.map(({ colour }) => colourOf(root, colour)) };
  download(name, new Blob([await askServer("api/gif", colours, new Float32Array(codes.flat()))], { type: "image/gif" }));
}

// `pictures` of the steps, by script.
function takePng(root, name, scripts, pictures, steps) {
  const sheet = make("canvas", { width: steps * CELL, height: scripts.length * CELL }).getContext("2d");
  sheet.fillStyle = `#${colourOf(root, "--st-secondary-background-color")}`;
  sheet.fillRect(0, 0, steps * CELL, scripts.length * CELL);
  scripts.forEach(({ stretch, colour }, s) => {
    const row = make("canvas");
    row.style.color = `#${colourOf(root, colour)}`;
    root.append(row); // a canvas outside the page has no colour of its own
    contacts(row, pictures[s] ?? [], steps, stretch, CELL);
    row.remove();
    sheet.drawImage(row, 0, s * CELL);
  });
  download(name, sheet.canvas.toDataURL());
}
