// Where one digit is corrected: which it is, of which script, or that it is none. `settle` takes a change,
// null for no digit.
function editorOf(editor, scripts, isDoubtful, settle) {
  const part = (selector) => editor.querySelector(selector);

  // `picture` shows the digit, with `share` of its pixels to one of the page's.
  function open({ line, place, digit }, picture, share) {
    const script = scripts.find(({ name }) => name === digit.script);
    editor.style.setProperty("--ink", `var(${script.colour})`);
    part("h3").textContent = `Line ${line + 1}, digit ${place + 1}`;
    part(".one p").textContent = digit.corrected ? "Corrected by you." : `Read as ${script.glyphs[digit.digit]}, ${Math.round(100 * digit.confidence)} % sure${isDoubtful(digit) ? ": doubtful" : ""}.`;
    editor.querySelectorAll(".script input").forEach((radio) => (radio.checked = radio.value === digit.script));
    part(".digits").replaceChildren(
      ...script.glyphs.map((glyph, value) => {
        const button = make("button", { textContent: glyph, ariaLabel: `It is ${glyph}`, onclick: () => settle({ digit: value }) });
        button.setAttribute("aria-pressed", value === digit.digit);
        return button;
      }),
    );
    editor.hidden = false;
    showDigit(digit.box, picture, share);
  }
  function showDigit([x, y, w, h], picture, share) {
    const canvas = part("canvas");
    const side = 1.5 * Math.max(w, h);
    canvas.width = canvas.height = 192;
    if (!share) return; // the picture is not there, or not yet
    canvas.getContext("2d").drawImage(picture, share * (x + w / 2 - side / 2), share * (y + h / 2 - side / 2), share * side, share * side, 0, 0, 192, 192);
  }

  // Beside its digit's box, inside the window; on a phone at its foot.
  function stand(box) {
    if (editor.hidden || !box) return;
    const { left, right, bottom, top } = box.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = editor;
    const x = right + 10 + width < innerWidth ? right + 10 : left - 10 - width;
    editor.style.left = `${Math.max(8, Math.min(x, innerWidth - width - 8))}px`;
    editor.style.top = `${Math.max(8, Math.min((top + bottom - height) / 2, innerHeight - height - 8))}px`;
  }
  // The way by Tab goes round in it, as long as it lies over the picture.
  editor.onkeydown = (event) => {
    if (event.key !== "Tab") return;
    const stops = [...editor.querySelectorAll("input:checked, button")].filter(isShown);
    const at = stops.indexOf(editor.getRootNode().activeElement);
    event.preventDefault();
    stops.at((at + (event.shiftKey ? -1 : 1)) % stops.length).focus({ preventScroll: true });
  };
  const focus = () => part('[aria-pressed="true"]').focus({ preventScroll: true });
  return { open, stand, focus };
}
