// How the picture is seen: how large, how much of it rewritten, and whether with its boxes.
const ZOOMS = [1, 1.5, 2, 3, 4, 6];

function viewOf({ root, $, listen }, kept, resized) {
  function showSize() {
    const { naturalWidth: width, naturalHeight: height } = $(".before");
    if (!width) return;
    $(".page").style.setProperty("--ratio", width / height);
    $(".page").style.setProperty("--zoom", ZOOMS[kept.zoom]);
    able($(".less"), kept.zoom > 0);
    able($(".more"), kept.zoom < ZOOMS.length - 1);
    resized();
  }
  // What is in the middle stays there.
  function zoom(step) {
    const { scrollLeft, scrollTop, clientWidth, clientHeight } = $(".view");
    const before = ZOOMS[kept.zoom];
    kept.zoom = Math.min(Math.max(kept.zoom + step, 0), ZOOMS.length - 1);
    const grown = ZOOMS[kept.zoom] / before;
    showSize();
    $(".view").scrollTo((scrollLeft + clientWidth / 2) * grown - clientWidth / 2, (scrollTop + clientHeight / 2) * grown - clientHeight / 2);
  }
  listen($(".less"), "click", () => zoom(-1));
  listen($(".more"), "click", () => zoom(1));

  function reveal(share) {
    kept.reveal = share;
    $(".page").style.setProperty("--reveal", share);
    $(".seam").hidden = share === 0 || share === 1;
  }
  listen($(".reveal"), "input", ({ target }) => reveal(Number(target.value)));
  // The seam itself can be drawn along, too.
  const seam = $(".seam");
  listen(seam, "pointerdown", (event) => {
    event.preventDefault();
    capture(seam, event);
  });
  listen(seam, "pointermove", (event) => {
    if (!seam.hasPointerCapture(event.pointerId)) return;
    const { left, width } = $(".page").getBoundingClientRect();
    // Never all to one side: there the seam could not be taken hold of again.
    $(".reveal").value = Math.min(0.98, Math.max(0.02, 1 - (event.clientX - left) / width));
    reveal(Number($(".reveal").value));
  });
  $(".reveal").value = kept.reveal;
  reveal(kept.reveal);

  function showMarked(on) {
    kept.marked = $(".marked input").checked = on;
    root.classList.toggle("bare", !on);
  }
  listen($(".marked input"), "change", ({ target }) => showMarked(target.checked));
  showMarked(kept.marked);
  return { showSize, zoom, turnMarked: () => showMarked(!kept.marked) };
}
