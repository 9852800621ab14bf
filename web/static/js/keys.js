// Single keys. They go by place on the keyboard, so that a Burmese or Thai layout changes nothing; they rest while
// somebody writes or a dialog is open, and can be switched off (WCAG 2.1.4).

const keys = new Map();

/** Run something when the key at this place (`KeyboardEvent.code`) is pressed alone, or with Shift. */
export function onKey(code, run, { shift = false } = {}) {
  keys.set(shift + code, run);
}

/** Whether single keys are on. */
export const keysOn = () => document.documentElement.dataset.keys !== "off";

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || !keysOn()) return;
  if (event.target.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable], dialog")) return;
  if (document.querySelector(".sheet:popover-open")) return;
  const run = keys.get(event.shiftKey + event.code) ?? (event.key === "?" ? keys.get("trueSlash") : undefined);
  if (!run) return;
  event.preventDefault();
  run(event);
});
