// The field above the list: what was found stands in place of the list until the field is empty again. What is looked
// for travels in the body of a request, never in an address.

import { announce } from "./say.js";
import { links, open, rows } from "./list.js";
import { part } from "./thread.js";
import { t } from "./texts.js";

const form = document.querySelector("[data-seek]");
const field = form.querySelector("input[type=search]");
const place = document.getElementById("seek-found");

form.addEventListener("submit", (event) => {
  event.preventDefault();
  seek(field.value);
});
field.addEventListener("input", () => field.value || clear());
field.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  event.preventDefault();
  clear();
  links()[0]?.focus();
});

/** Look for something; `go`: open the ticket of that number, or the only one that is found. */
export async function seek(query, { go = false } = {}) {
  if (!query.trim()) return clear();
  field.value = query;
  const body = new FormData(form);
  const answer = await part("/find", body);
  if (answer?.status !== 200) return announce(t("js.offline"));
  place.innerHTML = answer.html;
  place.hidden = false;
  rows().hidden = true;
  const found = links();
  const number = query.trim().replace("#", "");
  const numbered = found.find((link) => link.parentElement.querySelector(".row-on").textContent === number);
  if (go && (numbered || found.length === 1)) await open(numbered ?? found[0]);
  else found[0]?.focus();
}

function clear() {
  field.value = "";
  place.replaceChildren();
  place.hidden = true;
  rows().hidden = false;
}
