// What the results call things, and what they say where there is nothing to show.
const READERS = { judge: "independent judge", discriminator: "own discriminator", latent: "latent head" };
const TWO = (value) => value.toFixed(2).replace("-", "−");

// Scripts and test sets by name; also of scripts that the app's own model does not know.
function namesOf(scripts) {
  const script = (name) => scripts.find((each) => each.name === name) ?? { name, title: name, glyphs: [..."0123456789"], colour: "--st-green-color" };
  const colour = (name) => `var(${script(name).colour})`;
  const testSet = (name) => ({ mnist: "MNIST", kannada: "Kannada-MNIST", dig: "Dig-MNIST" })[name] ?? script(name).title;
  return { script, colour, testSet };
}

function missing({ missing: sentence, command }) {
  return html("p", { class: "missing" }, `Not to be shown yet: ${sentence}. This makes it:`, html("code", {}, command));
}

// One of a choice; `disabled` says why it cannot be chosen.
function option(name, value, text, checked, disabled) {
  const input = html("input", { type: "radio", name, value });
  input.checked = checked;
  input.disabled = Boolean(disabled);
  return html("label", { title: disabled ?? null }, input, text);
}
