// From places on the map, a square of side 1 with y up, to pixels of its canvas and back; and how it moves.
const CLOSEST = 60; // zoom

// `camera` is what is looked at: {x, y, zoom}, its middle; `changed` hears of every move.
function cameraOf(canvas, camera, changed) {
  const side = () => 0.94 * Math.min(canvas.clientWidth, canvas.clientHeight); // of the whole map, in pixels
  const unit = () => side() * camera.zoom;
  const size = () => Math.min(Math.max(side() / 130, 2.6) * camera.zoom ** 0.6, 44); // of a point, in pixels
  const middle = () => [canvas.clientWidth / 2, canvas.clientHeight / 2];
  const spotAt = (px, py) => {
    const [left, top] = middle();
    return [camera.x + (px - left) / unit(), camera.y - (py - top) / unit()];
  };
  // For many places the canvas is measured once.
  function pixels() {
    const [[left, top], each] = [middle(), unit()];
    return (u, v) => [left + (u - camera.x) * each, top - (v - camera.y) * each];
  }
  const pixel = (u, v) => pixels()(u, v);

  function look(change) {
    Object.assign(camera, change);
    for (const axis of ["x", "y"]) camera[axis] = Math.min(Math.max(camera[axis], 0), 1);
    changed();
  }
  const pan = (dx, dy) => look({ x: camera.x - dx / unit(), y: camera.y + dy / unit() });
  const whole = () => look({ x: 0.5, y: 0.5, zoom: 1 });
  // What is at the pixel stays there; at its smallest all of the map is seen.
  function zoomBy(factor, px = middle()[0], py = middle()[1]) {
    const [x, y] = spotAt(px, py);
    const zoom = Math.min(Math.max(camera.zoom * factor, 1), CLOSEST);
    if (zoom === 1) return whole();
    const part = camera.zoom / zoom;
    look({ x: x + (camera.x - x) * part, y: y + (camera.y - y) * part, zoom });
  }
  return { unit, size, middle, spotAt, pixel, pixels, pan, whole, zoomBy };
}
