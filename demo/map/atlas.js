// Reading the atlas from the page's own server. Errors are for people.
const VIEWS = ["tsne", "umap"];
const UNJUDGED = 255;

// A sprite's file -> its bitmap, and the bytes of the picture of a point.
const picturesOf = (columns) => async (file) => {
  const bitmap = await createImageBitmap(file);
  const sheet = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d", { willReadFrequently: true });
  sheet.drawImage(bitmap, 0, 0);
  const picture = (i) => {
    const { data } = sheet.getImageData((i % columns) * SIDE, Math.floor(i / columns) * SIDE, SIDE, SIDE);
    return Uint8Array.from({ length: SIDE * SIDE }, (_, k) => data[4 * k]);
  };
  return { bitmap, picture };
};

// The points by views and properties, their sprite, the bytes of a point's picture, and whether the
// judge misreads its translation.
async function readAtlas({ count, columns, query = {} }) {
  const [{ buffer: points }, sprite] = await Promise.all([
    askServer("api/atlas/points", query, null, PATIENT),
    askServer("api/atlas/sprite.webp", query, null, PATIENT).then(picturesOf(columns)),
  ]);
  if (points.byteLength !== 12 * count) throw new Error("The map has changed meanwhile: reload the page.");
  const views = {};
  VIEWS.forEach((view, i) => (views[view] = Float32Array.from(new Uint16Array(points, 4 * i * count, 2 * count), (value) => value / 65535)));
  const [scripts, labels, readings, judged] = [0, 1, 2, 3].map((i) => new Uint8Array(points, (8 + i) * count, count));
  const misread = (i) => judged[i] !== UNJUDGED && judged[i] !== labels[i];
  return { views, scripts, labels, readings, judged, sprite: sprite.bitmap, columns, picture: sprite.picture, misread };
}

const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];
