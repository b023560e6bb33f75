// Puts new rows into `list`; who was on a part of one is on that of the row in its place.
function renew(list, rows) {
  const focused = list.getRootNode().activeElement;
  const row = [...list.children].findIndex((each) => each.contains(focused));
  list.replaceChildren(...rows);
  if (row >= 0) rows[row]?.querySelector(focused.localName)?.focus({ preventScroll: true });
}

// What a page says, line by line, as written and in the script it is rewritten in: a row for each. `turn`
// takes a line and another script for it, `find` shows a line in the picture, `mark` marks it or none (-1).
function linesOf({ lines }, scripts, target, { turn, find, mark }) {
  return lines.map((line, l) => {
    const share = (name) => (line.evidence[name] == null ? "" : ` ${Math.round(100 * line.evidence[name])} %`);
    const select = make("select", { ariaLabel: `Script of line ${l + 1}` }, ...scripts.map(({ name, title }) => new Option(title + (line.chosen ? "" : share(name)), name)));
    select.value = line.script;
    select.onchange = () => turn(l, select.value);
    const bar = make("i", { ariaHidden: "true" }, ...scripts.map(({ name, colour }) => {
      const part = make("b");
      part.style.cssText = `flex: ${line.chosen ? Number(name === line.script) : (line.evidence[name] ?? 0)}; background: var(${colour})`;
      return part;
    }));
    const from = make("button", { className: "text", title: "Show it in the picture", textContent: textOf(line, scripts), onclick: () => find(l) });
    from.style.setProperty("--ink", `var(${scripts.find(({ name }) => name === line.script).colour})`);
    const into = make("p", { className: "text into", textContent: textOf(line, scripts, target) });
    into.classList.toggle("same", into.textContent === from.textContent);
    const row = make("li", {}, make("div", { className: "evidence" }, select, bar), from, into);
    row.onpointerenter = () => mark(l);
    row.onpointerleave = () => mark(-1);
    return row;
  });
}
