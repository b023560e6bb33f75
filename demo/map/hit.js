// Which of the visible points a pointer or a lasso meets; places and distances are the map's own.
function nearestPoint(positions, visible, [u, v], within) {
  let [best, least] = [-1, within ** 2];
  for (let i = 0; 2 * i < positions.length; i++) {
    const far = (positions[2 * i] - u) ** 2 + (positions[2 * i + 1] - v) ** 2;
    if (far < least && visible(i)) [best, least] = [i, far];
  }
  return best;
}

function pointsInside(positions, visible, path) {
  const inside = (x, y) =>
    path.reduce((within, [ax, ay], i) => {
      const [bx, by] = path[(i + 1) % path.length];
      return ay > y !== by > y && x < ax + ((y - ay) / (by - ay)) * (bx - ax) ? !within : within;
    }, false);
  const [xs, ys] = [0, 1].map((axis) => path.map((each) => each[axis]));
  const [left, right, low, high] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const found = [];
  for (let i = 0; 2 * i < positions.length; i++) {
    const [x, y] = [positions[2 * i], positions[2 * i + 1]];
    if (visible(i) && x > left && x < right && y > low && y < high && inside(x, y)) found.push(i);
  }
  return found;
}
