import { element } from "./dom";
import { Lookup, type Named } from "./live/lookup";

// What stands before the caret when somebody is about to be named.
const mark = /(?:^|[^\p{L}\p{N}@./\-+=&#%\\_])@([\p{L}\p{M}\p{N}-]{0,60})$/u;

const lookups = new Map<string, Lookup>();
let made = 0; // lists so far, for their names

// setUpMentions offers people after “@” in the comment boxes of whatever tells
// by data-people where to ask for them: the same as the editor of that side.
export function setUpMentions(): void {
  let open: Suggestions | null = null;
  document.addEventListener("input", (event) => {
    const field = event.target;
    if (!(field instanceof HTMLTextAreaElement) || field.name === "quote") return;
    const address = field.closest<HTMLElement>("[data-people]")?.dataset.people;
    if (!address) return;
    if (open?.field !== field) {
      open?.close();
      let lookup = lookups.get(address);
      if (!lookup) lookups.set(address, (lookup = new Lookup(address)));
      open = new Suggestions(field, lookup);
    }
    void open.look();
  });
  // Before the form's own Escape and the keys of the page.
  document.addEventListener("keydown", (event) => {
    if (!open || event.target !== open.field || event.isComposing || !open.key(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
  }, true);
  document.addEventListener("focusout", (event) => {
    if (event.target === open?.field) open?.close();
  });
}

// Suggestions is the list of people under one field. The focus stays in the
// field, which tells a screen reader the chosen one.
class Suggestions {
  private readonly list = element("ul", { class: "menu mention-list", role: "listbox", "aria-label": "People to mention", id: `mentions-${++made}` });
  private readonly said = element("span", { class: "visually-hidden", role: "status" });
  private people: Named[] = [];
  private at = 0;
  private asked = 0;

  constructor(
    readonly field: HTMLTextAreaElement,
    private readonly lookup: Lookup,
  ) {
    this.list.addEventListener("pointerdown", (event) => event.preventDefault()); // the field keeps the focus
    this.list.addEventListener("click", (event) => {
      const row = (event.target as Element).closest<HTMLElement>("[role=option]");
      if (row) this.take(Number(row.dataset.index));
    });
  }

  // look offers what fits the words before the caret.
  async look(): Promise<void> {
    const mine = ++this.asked;
    const typed = this.typed();
    const found = typed === null ? [] : await this.lookup.find("person", typed);
    if (mine !== this.asked) return; // typed on since
    this.people = document.activeElement === this.field ? found.slice(0, 8) : [];
    if (this.people.length === 0) return this.close();
    this.at = 0;
    if (!this.list.isConnected) this.field.after(this.list, this.said);
    this.draw();
    this.said.textContent = this.people.length === 1 ? "1 person to mention" : `${this.people.length} people to mention`;
  }

  // key answers whether the list took the key.
  key(key: string): boolean {
    if (!this.list.isConnected) return false;
    switch (key) {
      case "ArrowDown":
      case "ArrowUp":
        this.at = (this.at + (key === "ArrowDown" ? 1 : -1) + this.people.length) % this.people.length;
        this.draw();
        return true;
      case "Enter":
      case "Tab":
        this.take(this.at);
        return true;
      case "Escape":
        this.close();
        return true;
    }
    return false;
  }

  close(): void {
    this.asked++;
    this.people = [];
    this.list.remove();
    this.said.remove();
    for (const name of ["aria-controls", "aria-activedescendant", "aria-autocomplete"]) this.field.removeAttribute(name);
  }

  private typed(): string | null {
    const { selectionStart, selectionEnd, value } = this.field;
    if (selectionStart !== selectionEnd) return null;
    return mark.exec(value.slice(Math.max(0, selectionStart - 100), selectionStart))?.[1] ?? null;
  }

  private take(index: number): void {
    const person = this.people[index];
    const typed = this.typed();
    if (person && typed !== null) {
      const to = this.field.selectionStart;
      const space = /^\s/.test(this.field.value.slice(to)) ? "" : " ";
      this.field.setRangeText(person.value + space, to - typed.length, to, "end");
    }
    this.close();
  }

  private draw(): void {
    this.list.replaceChildren(
      ...this.people.map((person, i) =>
        element(
          "li",
          { class: "menu-item", role: "option", id: `${this.list.id}-${i}`, "data-index": String(i), "aria-selected": String(i === this.at) },
          element("span", { class: `avatar person-${person.color}`, "aria-hidden": "true" }, person.initials),
          element("span", {}, person.label),
          element("span", { class: "meta" }, [`@${person.value}`, person.detail].filter(Boolean).join(" · ")),
        ),
      ),
    );
    this.field.setAttribute("aria-autocomplete", "list");
    this.field.setAttribute("aria-controls", this.list.id);
    this.field.setAttribute("aria-activedescendant", `${this.list.id}-${this.at}`);
    this.list.children[this.at]?.scrollIntoView({ block: "nearest" });
  }
}
