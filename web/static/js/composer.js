// Writing: what fits is counted as one types, kept answers are put in, an answer that was sent can be called back.
// How it is kept meanwhile stands in drafts.js, how it goes out in outbox.js.

import "./attach.js";
import "./choices.js";
import "./drafts.js";
import { area, form, way } from "./form.js";
import { onKey } from "./keys.js";
import { counted } from "./lengths.js";
import { submit } from "./outbox.js";
import { t } from "./texts.js";
import { part } from "./thread.js";

export { segments } from "./lengths.js";

function show() {
  if (!form()) return;
  const { unit, most, hint, why } = way()?.dataset ?? { unit: "characters", most: 0, hint: "", why: "" };
  form().querySelector("[data-shows=hint]").textContent = hint;
  const stop = form().querySelector("[data-shows=why]");
  stop.hidden = !why;
  if (why) stop.textContent = why;
  form().querySelector("[data-count]").textContent = counted(area("text").value, unit, Number(most));
}

const write = (kind) => {
  const choice = document.getElementById(`write-${kind}`);
  if (!choice) return;
  choice.checked = true;
  area(kind === "note" ? "note" : "text").focus();
};

document.addEventListener("input", (event) => event.target.closest("form[data-composer]") && show());
document.addEventListener("change", (event) => {
  if (event.target === area("language")) area("text").lang = event.target.value;
  if (event.target.name === "write") write(event.target.value);
  show();
});
document.addEventListener("submit", (event) => {
  if (event.target !== form()) return;
  event.preventDefault();
  submit(event.submitter?.hasAttribute("formaction") ?? area("write").value === "note");
  show();
});

// Kept answers, and the answer that was held

const canned = () => document.getElementById("sheet-canned");
document.addEventListener("click", (event) => {
  const says = event.target.closest("[data-says]");
  if (says) {
    says.closest("[popover]")?.hidePopover();
    write("reply");
    const field = area("text");
    field.setRangeText(says.dataset.says, field.selectionStart, field.selectionEnd, "end");
    if (says.dataset.language) [area("language").value, field.lang] = [says.dataset.language, says.dataset.language];
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
  if (event.target.closest("[data-edit]")) {
    event.target.closest(".held").remove();
    write("reply");
  }
});
// the field has the focus at once: what is typed while the list is on its way narrows it, and is no single key
document.addEventListener("beforetoggle", (event) => {
  if (!event.target.dataset?.canned || event.newState !== "open") return;
  event.target.querySelector("[data-narrowing]").hidden = false;
  event.target.querySelector("[data-narrows]").value = "";
}, true);
document.addEventListener("toggle", async (event) => {
  const where = event.target.dataset?.canned;
  if (!where || event.newState !== "open") return;
  const answer = await part(where);
  if (answer?.status === 200) event.target.querySelector(".sheet-body").innerHTML = answer.html;
  narrow();
}, true);
// typing narrows the list, arrows go through it
document.addEventListener("input", (event) => event.target.matches("[data-narrows]") && narrow());
function narrow() {
  const wanted = canned().querySelector("[data-narrows]").value.trim().toLocaleLowerCase();
  for (const line of canned().querySelectorAll("li:has([data-says])")) line.hidden = !line.textContent.toLocaleLowerCase().includes(wanted);
}
document.addEventListener("keydown", (event) => {
  if (!canned()?.contains(event.target) || event.isComposing) return;
  const all = [...canned().querySelectorAll("li:not([hidden]) [data-says]")];
  const at = all.indexOf(event.target);
  if (event.key === "Enter" && event.target.matches("[data-narrows]")) {
    event.preventDefault();
    all[0]?.click();
  }
  const to = { ArrowDown: all[at + 1], ArrowUp: at > 0 ? all[at - 1] : canned().querySelector("[data-narrows]") }[event.key];
  if (!["ArrowDown", "ArrowUp"].includes(event.key)) return;
  event.preventDefault();
  to?.focus();
});

// Undo

let counting = 0;
/** The bar goes when its time is over. It may be drawn anew meanwhile, but one that stands counts on from where it was. */
function countDown() {
  clearInterval(counting);
  const bar = document.querySelector("[data-undo]");
  if (!bar) return;
  bar.dataset.ends ??= Date.now() + Number(bar.dataset.undo) * 1000;
  counting = setInterval(() => {
    const left = Math.ceil((Number(bar.dataset.ends) - Date.now()) / 1000);
    if (left <= 0 || !bar.isConnected) {
      bar.remove();
      return clearInterval(counting);
    }
    bar.querySelector("progress").value = left;
    bar.querySelector("[data-undo-text]").textContent = t("js.undo_in", { count: left });
  }, 250);
}

// Keys

document.addEventListener("thread:applied", () => {
  countDown();
  show();
});
onKey("KeyR", () => write("reply"));
onKey("KeyN", () => write("note"));
onKey("KeyH", () => {
  if (!area("to")) return;
  write("reply");
  area("to").focus();
  try { area("to").showPicker(); } catch { /* the arrows change it all the same */ }
});
document.addEventListener("keydown", (event) => {
  const note = event.target === area("note");
  if ((!note && event.target !== area("text")) || event.isComposing) return;
  if (event.key === "Escape" && !event.defaultPrevented) {
    event.preventDefault();
    document.getElementById("thread-log").focus({ preventScroll: true });
  }
  if (event.key === "/" && !note && !event.target.value) {
    event.preventDefault();
    canned().showPopover();
  }
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form().requestSubmit(form().querySelector(note ? "[formaction]" : "[data-send]"));
});
document.dispatchEvent(new CustomEvent("thread:applied")); // what stands here from the beginning
for (const later of ["./mention.js", "./record.js"]) import(later); // nobody waits for them
