// A voice answer: recorded here, heard before it goes, sent like a file.

import { take } from "./attach.js";
import { form, way } from "./form.js";
import { announce, toast } from "./say.js";
import { t } from "./texts.js";
import { ticket } from "./thread.js";

const LONGEST = 180_000;
const able = () => Boolean(window.MediaRecorder && navigator.mediaDevices?.getUserMedia);
let recorder = null;
let clock = 0;

const button = () => form()?.querySelector("[data-record]");

function draw() {
  if (!button()) return;
  const carries = "audio" in JSON.parse(way()?.dataset.carries ?? "{}");
  button().hidden = !able() || (!carries && !recorder);
  button().setAttribute("aria-pressed", String(Boolean(recorder)));
  const told = form().querySelector("[data-recording]");
  told.hidden = !recorder;
  if (recorder) told.textContent = t("js.recording", { at: length(Date.now() - recorder.began) });
}

const length = (ms) => `${Math.floor(ms / 60_000)}:${String(Math.floor(ms / 1000) % 60).padStart(2, "0")}`;

async function begin() {
  const whose = ticket();
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true }).catch(() => null);
  if (!stream) return toast(t("js.no_microphone"));
  if (recorder || whose !== ticket()) return quiet(stream); // it was asked twice, or they went elsewhere meanwhile
  const pieces = [];
  recorder = { stream, whose, began: Date.now(), machine: new MediaRecorder(stream) };
  recorder.machine.addEventListener("dataavailable", (event) => pieces.push(event.data));
  recorder.machine.addEventListener("stop", () => done(pieces));
  recorder.machine.start();
  clock = setInterval(() => {
    if (Date.now() - recorder.began > LONGEST || ticket() !== whose) end();
    else draw();
  }, 500);
  announce(t("js.recording_began"));
  draw();
}

function end() {
  clearInterval(clock);
  recorder.machine.stop();
}

const quiet = (stream) => stream.getTracks().forEach((track) => track.stop());

function done(pieces) {
  const { stream, whose, machine } = recorder;
  quiet(stream);
  recorder = null;
  draw();
  const type = machine.mimeType.split(";")[0];
  if (whose === ticket()) take([new File(pieces, `${t("js.voice_answer")}.${type.split("/")[1]}`, { type })]);
  form()?.querySelector("[data-attached] audio")?.focus();
}

document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-record]")) return;
  if (recorder) end();
  else begin();
});
document.addEventListener("change", (event) => event.target.name === "to" && draw());
document.addEventListener("thread:applied", draw);
addEventListener("pagehide", () => recorder && quiet(recorder.stream));
draw();
