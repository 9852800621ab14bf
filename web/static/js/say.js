// Two ways to tell something without taking the focus away: read aloud alone, or shown for a while as well.

import { t } from "./texts.js";

/** Read aloud by a screen reader, once it is idle. Nothing is shown. */
export function announce(text) {
  document.getElementById("live").textContent = text;
}

/** Shown at the foot of the page. `action` is [label, what it does]. Stays while it is pointed at or holds the focus. */
export function toast(text, { action = null, seconds = 6 } = {}) {
  const box = document.createElement("div");
  box.className = "toast";
  const words = document.createElement("span");
  words.textContent = text;
  box.append(words);
  if (action) box.append(button(action[0], () => { box.remove(); action[1](); }));
  box.append(button(t("js.close"), () => box.remove()));
  document.getElementById("toasts").append(box);
  const end = () => (box.matches(":hover, :focus-within") ? setTimeout(end, 1000) : box.remove());
  setTimeout(end, seconds * 1000);
  return box;
}

function button(label, run) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "button button-small";
  made.textContent = label;
  made.addEventListener("click", run);
  return made;
}
