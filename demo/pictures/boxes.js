// The boxes over a picture: one a digit, and above it what it is read as.
const ROOM = { reading: 14, confidence: 46 }; // pixels that a digit must be wide on the screen for what is written above it

function boxesOf(boxes, scripts, isDoubtful) {
  const named = (name) => scripts.find((script) => script.name === name);
  const told = ({ script, digit, confidence, corrected }) => `${named(script).title} ${named(script).glyphs[digit]}, ${corrected ? "corrected" : `${Math.round(100 * confidence)} %`}`;

  // Of digits on a page of `width` x `height`; the Tab key goes to the one that is `chosen`.
  function show(digits, { width, height }, chosen) {
    const focused = boxes.contains(boxes.getRootNode().activeElement);
    boxes.replaceChildren(
      ...digits.map(({ line, place, digit }, i) => {
        const { box: [x, y, w, h], script } = digit;
        const label = make("span", { ariaHidden: "true" }, named(script).glyphs[digit.digit], make("small", { textContent: digit.corrected ? "✓" : `${Math.round(100 * digit.confidence)} %` }));
        const button = make("button", { title: told(digit), ariaLabel: `Line ${line + 1}, digit ${place + 1}: ${told(digit)}${isDoubtful(digit) ? ", doubtful" : ""}`, tabIndex: i === chosen ? 0 : -1 }, label);
        button.className = isDoubtful(digit) ? "doubtful" : digit.corrected ? "corrected" : "";
        button.style.cssText = `left:${(100 * x) / width}%;top:${(100 * y) / height}%;width:${(100 * w) / width}%;height:${(100 * h) / height}%;--ink:var(${named(script).colour})`;
        return button;
      }),
    );
    if (focused) boxes.children[chosen]?.focus({ preventScroll: true });
  }

  // What is written above a box must not cover the next; `scale` is of the screen to the page.
  function fit(digits, scale) {
    const sizes = digits.map(({ digit: { box: [, , width, height] } }) => scale * Math.max(width, height));
    const middling = sizes.toSorted((a, b) => a - b)[sizes.length >> 1];
    boxes.classList.toggle("dense", middling < ROOM.reading);
    boxes.classList.toggle("tight", middling < ROOM.confidence);
    [...boxes.children].forEach((box) => box.classList.toggle("tight", box.clientWidth < 0.8 * ROOM.confidence));
  }

  const mark = (digits, line) => [...boxes.children].forEach((box, i) => box.classList.toggle("marked", digits[i].line === line));
  return { show, fit, mark };
}
