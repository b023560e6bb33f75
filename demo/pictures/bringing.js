// The ways a picture comes in: chosen, dropped, pasted, taken by a camera, or one of the page's own.
// `bring` takes its file, `refuse` says what went wrong.
function waysIn({ root, gone, $, $$, listen, ending }, scripts, kept, { bring, refuse }) {
  const bringDrawn = async (canvas, name, quality) => {
    const blob = await blobOf(canvas, "image/jpeg", quality);
    bring(new File([blob], name, { type: blob.type }));
  };
  const bringOne = ({ length, 0: file }) => {
    if (length > 1) refuse("One picture at a time, please.");
    else if (file) bring(file);
  };
  for (const input of $$(".bring input")) {
    listen(input, "change", () => {
      bringOne(input.files);
      input.value = ""; // the same file may be chosen again
    });
  }
  let over = 0;
  const brings = ({ dataTransfer }) => isShown(root) && dataTransfer?.types.includes("Files");
  // Anywhere: beside the page the browser would open the file in its place.
  listen(document, "dragenter", (event) => brings(event) && (event.preventDefault(), over++, root.classList.add("over")));
  listen(document, "dragover", (event) => brings(event) && event.preventDefault());
  listen(document, "dragleave", (event) => brings(event) && !(over = Math.max(0, over - 1)) && root.classList.remove("over"));
  listen(document, "drop", (event) => {
    if (!brings(event)) return;
    event.preventDefault();
    over = 0;
    root.classList.remove("over");
    bringOne(event.dataTransfer.files);
  });
  listen(document, "paste", ({ clipboardData }) => {
    const file = [...(clipboardData?.files ?? [])][0];
    if (file) bring(file);
  });

  // A phone's own camera takes the better picture; elsewhere the page looks through the camera itself.
  const touch = matchMedia("(pointer: coarse)").matches;
  $(".photo").hidden = !touch;
  $(".camera").hidden = touch || !navigator.mediaDevices?.getUserMedia;
  let film = null;
  function shut() {
    film?.getTracks().forEach((track) => track.stop());
    film = null;
    $(".finder").hidden = true;
  }
  ending(shut);
  listen($(".camera"), "click", async () => {
    shut();
    let taken;
    try {
      taken = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: 2560 }, height: { ideal: 1440 } } });
    } catch (error) {
      return refuse(`The camera cannot be used: ${error.message}.`);
    }
    if (gone.signal.aborted || film) return taken.getTracks().forEach((track) => track.stop());
    film = taken;
    $(".finder").hidden = false;
    $("video").srcObject = film;
  });
  listen($(".shut"), "click", shut);
  listen($(".shoot"), "click", () => {
    const { videoWidth: width, videoHeight: height } = $("video");
    if (!width) return;
    const photo = make("canvas", { width, height });
    photo.getContext("2d").drawImage($("video"), 0, 0);
    shut();
    bringDrawn(photo, "photo.jpg", 0.92);
  });

  const written = scripts.filter(({ examples }) => examples); // those that the page can write
  $(".samples").replaceChildren(
    ...(written.length ? SAMPLES : []).map(({ name, title, make: draw }) => {
      const picture = (kept[name] ??= draw(written));
      const small = make("canvas", { width: 264, height: 180, ariaHidden: "true" });
      const scale = Math.max(264 / picture.width, 180 / picture.height);
      small.getContext("2d").drawImage(picture, 0, 0, picture.width * scale, picture.height * scale);
      const button = make("button", {}, small, make("span", { textContent: title }));
      button.onclick = () => bringDrawn(picture, `${name}.jpg`, 0.9);
      return button;
    }),
  );
}
