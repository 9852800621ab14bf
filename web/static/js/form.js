// The composer's form, wherever one stands, and its fields.

/** The form, or null where nobody can be written to. */
export const form = () => document.querySelector("form[data-composer]");
/** A field by its name: `text` and `note` are what is written. */
export const area = (name) => form()?.elements[name];
/** The way that is chosen: an option with the channel's limits. */
export const way = () => area("to")?.selectedOptions[0];
/** Where something about this ticket goes: `answer`, `note`, `draft`. */
export const path = (what) => form().getAttribute("action").replace(/answer$/, what);

/** One thing for each ticket, in this page's memory only: on a shared computer nothing readable may stay. */
export class PerTicket {
  #kept = new Map();

  get(ticket) {
    return this.#kept.get(ticket) ?? [];
  }

  set(ticket, values) {
    if (values.length) this.#kept.set(ticket, values);
    else this.#kept.delete(ticket);
  }

  get size() {
    return this.#kept.size;
  }
}
