// Digits of 28 x 28 pixels, side by side on the sheets that the server sends.

// A picture of grey digits as a sheet of ink: what was bright is opaque.
async function inked(blob) {
  const bitmap = await createImageBitmap(blob);
  const sheet = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = sheet.getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  const image = context.getImageData(0, 0, sheet.width, sheet.height);
  for (let i = 0; i < image.data.length; i += 4) image.data[i + 3] = image.data[i];
  context.putImageData(image, 0, 0);
  return sheet;
}

// Tiles of 28 x 28 of a sheet, side by side on a canvas in its own text colour.
function tiles(canvas, sheet, places) {
  const side = Math.max(1, Math.round((canvas.clientWidth * devicePixelRatio) / places.length));
  if (canvas.width !== side * places.length) canvas.width = side * places.length;
  if (canvas.height !== side) canvas.height = side;
  const context = canvas.getContext("2d");
  context.globalCompositeOperation = "source-over";
  context.clearRect(0, 0, canvas.width, side);
  context.imageSmoothingQuality = "high";
  places.forEach(([x, y], i) => context.drawImage(sheet, x, y, 28, 28, i * side, 0, side, side));
  tint(context);
}
