// What a hand does on the chart, by mouse, fingers or keys, told as what it means. Places are in pixels
// of the canvas, `began` is when the hand did it.
function gestures(canvas, listen, tool, { zoomed, pan, zoomBy, whole, hover, leave, choose, chooseMiddle, step, here, lasso, caught, use }) {
  const at = (event) => {
    const { left, top } = canvas.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  };
  const hereAt = (event) => here(at(event), event.timeStamp);
  const pointers = new Map();
  let press = null; // {at, moved, doing}
  let path = null; // of a lasso, while it is drawn
  const draw = (places) => lasso((path = places));

  listen(canvas, "pointerdown", (event) => {
    if (event.button !== 0) return;
    canvas.focus({ preventScroll: true, focusVisible: false });
    capture(canvas, event);
    pointers.set(event.pointerId, at(event));
    const touch = event.pointerType !== "mouse";
    const doing =
      pointers.size > 1 ? "pinch"
      : tool() === "lasso" || event.shiftKey ? "lasso"
      : tool() === "here" && touch ? "here"
      : touch && !zoomed() ? "scroll" // the page, which map.css lets it
      : "pan";
    press = { at: at(event), moved: pointers.size > 1, doing };
    draw(doing === "lasso" ? [at(event)] : null);
    if (tool() === "here") hereAt(event);
  });
  listen(canvas, "pointermove", (event) => {
    if (!pointers.has(event.pointerId)) {
      if (tool() === "here") return hereAt(event);
      return tool() === "look" ? hover(at(event), event.timeStamp) : leave();
    }
    if (press.doing === "pinch") return pinch(event);
    const [x, y] = at(event);
    const [u, v] = pointers.get(event.pointerId);
    pointers.set(event.pointerId, [x, y]);
    press.moved ||= Math.hypot(x - press.at[0], y - press.at[1]) > 4;
    if (!press.moved || press.doing === "scroll") return;
    if (press.doing === "lasso") return path.push([x, y]), lasso(path);
    if (press.doing === "here") return hereAt(event);
    leave();
    canvas.classList.add("dragging");
    pan(x - u, y - v);
  });
  function pinch(event) {
    const [p, q] = [...pointers.values()];
    pointers.set(event.pointerId, at(event));
    const [r, s] = [...pointers.values()];
    if (!s) return;
    const middle = [(r[0] + s[0]) / 2, (r[1] + s[1]) / 2];
    pan(middle[0] - (p[0] + q[0]) / 2, middle[1] - (p[1] + q[1]) / 2);
    zoomBy(Math.hypot(r[0] - s[0], r[1] - s[1]) / (Math.hypot(p[0] - q[0], p[1] - q[1]) || 1), ...middle);
  }
  const release = (event) => {
    if (!pointers.delete(event.pointerId)) return;
    canvas.classList.remove("dragging");
    const [drawn, { moved, doing }] = [path, press];
    draw(null);
    if (event.type === "pointercancel" || doing === "pinch") return;
    if (doing === "lasso" && moved) return caught(drawn);
    if (!moved && tool() !== "here") choose(at(event), event.pointerType === "mouse", event.timeStamp);
  };
  listen(canvas, "pointerup", release);
  listen(canvas, "pointercancel", release);
  listen(canvas, "pointerleave", ({ pointerType }) => pointerType === "mouse" && leave());
  listen(canvas, "dblclick", whole);
  listen(canvas, "wheel", (event) => {
    event.preventDefault();
    zoomBy(Math.exp(-Math.min(Math.max(event.deltaY * (event.deltaMode ? 30 : 1), -200), 200) / 350), ...at(event));
    if (tool() === "look") leave(), hover(at(event), event.timeStamp);
  });
  onKeys(canvas, listen, (key, { shiftKey, timeStamp }) => {
    const way = shiftKey && WAYS[key];
    return way ? () => step(way, timeStamp) : {
      arrowleft: () => pan(60, 0), arrowright: () => pan(-60, 0), arrowup: () => pan(0, 60), arrowdown: () => pan(0, -60),
      "+": () => zoomBy(1.4), "=": () => zoomBy(1.4), "-": () => zoomBy(1 / 1.4), 0: whole, home: whole,
      v: () => use("look"), l: () => use("lasso"), d: () => use("here"),
      enter: () => chooseMiddle(timeStamp),
    }[key];
  }, canvas);
}
