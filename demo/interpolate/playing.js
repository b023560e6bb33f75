// Playing the way to and fro: eased at the ends, in steps where motion is not wanted.
const PACE = 3200; // milliseconds from end to end

// `kept` has the place (t) and whether it plays; `go(t)` moves it, `paused` hears of the end.
function playerOf(kept, { root, button, gone, steps, go, paused }) {
  let frame = 0;

  function play() {
    kept.playing = true;
    show();
    let last = null;
    let [phase, step] = [kept.t >= 1 ? 1 : Math.acos(1 - 2 * kept.t) / Math.PI, kept.t >= 1 ? -1 : 1];
    const tick = (time) => {
      if (!kept.playing || gone.signal.aborted) return;
      frame = requestAnimationFrame(tick);
      const still = isStill();
      if (last !== null && still && time - last < PACE / 5) return; // steps, not motion
      phase += last === null ? 0 : (step * (still ? PACE / (steps - 1) : time - last)) / PACE;
      last = time;
      if (phase >= 1 || phase <= 0) step = phase >= 1 ? -1 : 1;
      phase = Math.min(Math.max(phase, 0), 1);
      go(eased(phase));
    };
    frame = requestAnimationFrame(tick);
  }
  function pause() {
    if (!kept.playing) return;
    kept.playing = false;
    cancelAnimationFrame(frame);
    show();
    paused();
  }
  function show() {
    root.classList.toggle("playing", kept.playing);
    button.ariaLabel = kept.playing ? "Pause" : "Play";
    button.title = `${button.ariaLabel} (space)`;
  }
  gone.signal.addEventListener("abort", () => cancelAnimationFrame(frame));
  return { play, pause, toggle: () => (kept.playing ? pause() : play()) };
}

// How far on the way at `phase`, both in [0, 1]: slow at the ends.
const eased = (phase) => (1 - Math.cos(Math.PI * phase)) / 2;
