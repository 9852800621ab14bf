// What scripts say, in the language of the page. The page brings the texts along; see web/pages.py.

const texts = JSON.parse(document.getElementById("texts")?.textContent ?? "{}");

/** A text with its placeholders filled. An unknown key is shown as it is, so that somebody notices. */
export function t(key, values = {}) {
  return (texts[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}
