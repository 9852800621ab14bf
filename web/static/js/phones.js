// The page of phones: what is written goes out without leaving the page, what arrives shows within a moment.

import { send } from "./http.js";
import { announce, toast } from "./say.js";
import { t } from "./texts.js";

const page = document.getElementById("phones");
const logs = new Map([...page.querySelectorAll("[data-log]")].map((log) => [log.closest("[data-channel]").dataset.channel, log]));
let seq = page.dataset.seq;

for (const log of logs.values()) log.scrollTop = log.scrollHeight;

page.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("[data-says], [data-call]")) return;
  event.preventDefault();
  const body = new URLSearchParams(new FormData(form, event.submitter));
  if (form.matches("[data-call]")) {
    await call(form, body);
    return;
  }
  const field = form.elements.text;
  if (event.submitter?.name === "kind") body.delete("text");
  if (await say(form.action, body) && field && body.has("text")) field.value = "";
});

page.addEventListener("click", (event) => {
  const tapped = event.target.closest("[data-tap]");
  if (!tapped) return;
  const { channel } = tapped.closest("[data-channel]").dataset;
  say(`/phones/${page.dataset.who}/say`, new URLSearchParams({ channel, tap: tapped.dataset.tap }));
});

page.querySelector("[data-goes] select").addEventListener("change", (event) => event.target.form.submit());

async function say(path, body) {
  body.set("how", page.querySelector("#how :checked").value);
  const answer = await asked(path, body);
  if (answer) announce(t("js.sent"));
  return Boolean(answer);
}

async function call(form, body) {
  const answer = await asked(form.action, body);
  if (!answer) return;
  const panel = document.getElementById("call");
  panel.innerHTML = await answer.text();
  panel.querySelector("button:not([disabled])")?.focus();
}

/** The answer, or null once it was told what went wrong. */
async function asked(path, body) {
  try {
    const answer = await send(path, { method: "POST", body });
    if (answer.ok) return answer;
    toast(answer.status === 409 ? (await answer.json()).wrong : t("js.failed"));
  } catch {
    toast(t("js.offline"));
  }
  return null;
}

function show(text) {
  const news = new DOMParser().parseFromString(text, "text/html");
  for (const template of news.querySelectorAll("template")) {
    seq = template.dataset.seq;
    const log = logs.get(template.dataset.channel);
    if (!log || log.innerHTML === template.innerHTML) continue;
    const playing = [...log.querySelectorAll("audio, video")].some((one) => !one.paused);
    if (playing) continue; // it shows with what comes next
    log.innerHTML = template.innerHTML;
    log.scrollTop = log.scrollHeight;
  }
}

async function follow() {
  for (;;) {
    try {
      const answer = await send(`/phones/${page.dataset.who}/news?since=${seq}`);
      if (answer.status === 401) return;
      if (answer.status === 200) show(await answer.text());
      else if (!answer.ok) await pause();
    } catch {
      await pause();
    }
  }
}

const pause = () => new Promise((done) => setTimeout(done, 3000));

follow();
