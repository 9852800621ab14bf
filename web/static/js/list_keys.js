// Moving through the list, and back to it, without a mouse.

import { keysOn, onKey } from "./keys.js";
import { back, conversation, links, open } from "./list.js";

const list = document.getElementById("list");
const current = () => links().find((link) => link.hasAttribute("aria-current"));
const focused = () => document.activeElement.closest?.(".row")?.querySelector(".row-name");

function go(link) {
  link?.focus();
  link?.closest(".row").scrollIntoView({ block: "nearest" });
}

function move(by) {
  const all = links();
  const at = all.indexOf(focused());
  const from = at < 0 ? all.indexOf(current()) : at;
  go(all[Math.max(0, Math.min(all.length - 1, from + by))]);
}

const toList = () => go(current() ?? links()[0] ?? list);
onKey("KeyJ", () => move(1));
onKey("KeyK", () => move(-1));
onKey("Digit1", toList);
onKey("Digit2", () => conversation()?.focus());
onKey("Digit3", () => document.getElementById("card")?.focus());
// danger first, then whoever waits longest: that is the order of the list
onKey("KeyO", () => links()[0] && open(links()[0]));
onKey("KeyX", () => {
  const box = (focused() ?? current())?.closest(".row").querySelector(".row-check");
  if (!box) return;
  box.checked = !box.checked;
  box.dispatchEvent(new Event("change", { bubbles: true }));
});

// not among the single keys: everywhere but on a row the space bar is the browser's
list.addEventListener("keydown", (event) => {
  if (event.code !== "Space" || !keysOn() || !event.target.matches(".row-name")) return;
  event.preventDefault();
  open(event.target, { peek: true });
});

// Escape leaves a field for the words above it, and the words for the list; what is open over them closes by itself
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented || event.isComposing || location.hash === "#menu") return;
  if (document.querySelector("dialog[open], :popover-open")) return;
  if (!event.target.closest("#pane")) return;
  event.preventDefault();
  if (event.target.matches("input, textarea, select")) conversation()?.focus();
  else if (document.querySelector("[data-back]")?.checkVisibility()) back();
  else toList();
});
