// The strip of contact rules folds to one line on a narrow screen, to two on a wide one.

const thread = () => document.getElementById("thread");

document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-unfold]")) return;
  thread().toggleAttribute("data-unfolded");
  fold();
});

function fold() {
  const rules = document.querySelector(".strip-all");
  if (!rules?.querySelector("[data-unfold]")) return;
  const open = thread().hasAttribute("data-unfolded");
  if (!open) thread().toggleAttribute("data-strip-more", rules.scrollHeight > rules.clientHeight + 4);
  document.querySelector("[data-unfold]").setAttribute("aria-expanded", String(open));
}

document.addEventListener("thread:applied", fold);
addEventListener("resize", fold);
