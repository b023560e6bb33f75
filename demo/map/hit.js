// Which of the visible points a pointer or a lasso meets; places and distances are the map's own.
function nearestPoint(positions, visible, [u, v], within) {
  let [best, least] = [-1, within ** 2];
  for (let i = 0; 2 * i < positions.length; i++) {
    const far = (positions[2 * i] - u) ** 2 + (positions[2 * i + 1] - v) ** 2;
    if (far < least && visible(i)) [best, least] = [i, far];
  }
  return best;
}

// Beside the point `from`, on the side that an arrow key names; -1 for none.
const WAYS = { arrowleft: [-1, 0], arrowright: [1, 0], arrowup: [0, 1], arrowdown: [0, -1] };
function nearestToward(positions, visible, from, [right, up]) {
  const [x, y] = [positions[2 * from], positions[2 * from + 1]];
  const there = (i) => {
    const [u, v] = [positions[2 * i] - x, positions[2 * i + 1] - y];
    const along = u * right + v * up;
    return along > 0 && along >= Math.abs(u * up - v * right);
  };
  return nearestPoint(positions, (i) => visible(i) && there(i), [x, y], Infinity);
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
