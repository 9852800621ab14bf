// Several tickets at once: what is selected stays selected until it is done with, and each says what became of it.

import { announce, toast } from "./say.js";
import { rows } from "./list.js";
import { part } from "./thread.js";
import { t } from "./texts.js";

const list = document.getElementById("list");
const done = document.getElementById("several-done");
const boxes = () => [...rows().querySelectorAll(".row-check:checked")];

function count() {
  const n = boxes().length;
  const text = t("js.selected", { n });
  const spot = document.getElementById("several-count");
  if (spot.textContent === text) return;
  spot.textContent = text;
  if (n) { announce(text); done.replaceChildren(); }
}

function none() {
  for (const box of boxes()) box.checked = false;
  count();
}

list.addEventListener("change", (event) => event.target.matches(".row-check") && count());
document.addEventListener("list:settled", count);
document.getElementById("several-none").addEventListener("click", () => {
  const first = boxes()[0]?.closest(".row").querySelector(".row-name");
  none();
  first?.focus();
});

done.addEventListener("click", (event) => event.target.closest("button") && done.replaceChildren());

list.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-several]");
  if (!form) return;
  event.preventDefault();
  const chosen = new Map(boxes().map((box) => [box.closest(".row").id, box.value]));
  const body = new FormData(form);
  body.delete("ticket");
  for (const value of chosen.values()) body.append("ticket", value);
  form.closest("[popover]")?.hidePopover();
  const answer = await part("/inbox/several", body);
  if (!answer) return toast(t("js.offline"));
  if (answer.status !== 200) return toast(t("js.failed"));
  // by their ids: rows may have been drawn anew meanwhile
  for (const box of boxes()) if (chosen.has(box.closest(".row").id)) box.checked = false;
  count();
  done.innerHTML = answer.html;
  document.getElementById([...chosen.keys()][0])?.querySelector(".row-name").focus();
});
