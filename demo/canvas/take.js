// What a visitor takes along: a file, or text on the clipboard.
function download(name, content) {
  const href = content instanceof Blob ? URL.createObjectURL(content) : content;
  make("a", { download: name, href }).click();
  if (content instanceof Blob) setTimeout(() => URL.revokeObjectURL(href), 60_000);
}

// Copies `text`, and says so on `button` for a moment.
async function copyBy(button, text) {
  const name = button.textContent;
  let told = "Copied";
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    told = copiedOldWay(text) ? told : "Not allowed"; // a page not served by https has no clipboard
  }
  button.textContent = told;
  setTimeout(() => (button.textContent = name), 1500);
}

function copiedOldWay(text) {
  const field = make("textarea", { value: text });
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  return done;
}
