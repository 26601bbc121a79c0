// The tools of a drawn table, for the row and column of the caret.

import type { Align } from "./table-model";

export interface ToolbarOptions {
  edit(what: string): void;
  align(value: Align): void;
  /** Gives the caret back to the cell. */
  back(): void;
}

/** Toolbar is a row of buttons and a choice; arrows lead from one to the next. */
export class Toolbar {
  readonly dom = document.createElement("div");
  private readonly align = document.createElement("select");

  constructor(private readonly o: ToolbarOptions) {
    this.dom.className = "lp-table-tools";
    this.dom.setAttribute("role", "toolbar");
    this.dom.setAttribute("aria-label", "Table");
    this.button("row-below", "Add a row below");
    this.button("column-after", "Add a column after");
    this.align.className = "lp-tool lp-tool-align";
    this.align.title = "How the column is set";
    this.align.setAttribute("aria-label", "How the column is set");
    for (const [value, text] of [
      ["", "Set as usual"],
      ["left", "Left"],
      ["center", "Centre"],
      ["right", "Right"],
    ] as const)
      this.align.add(new Option(text, value));
    this.align.addEventListener("change", () => o.align(this.align.value as Align));
    this.dom.append(this.align);
    this.button("row-remove", "Remove this row");
    this.button("column-remove", "Remove this column");
    this.button("text", "Edit as text");
  }

  /** show says how the column of the caret is set. */
  show(align: Align): void {
    this.align.value = align;
  }

  focus(): void {
    this.dom.querySelector("button")?.focus();
  }

  key(e: KeyboardEvent): void {
    const items = [...this.dom.children] as HTMLElement[];
    const i = items.indexOf(e.target as HTMLElement);
    if (e.key === "Escape") this.o.back();
    else if (e.key === "ArrowRight") items[(i + 1) % items.length]?.focus();
    else if (e.key === "ArrowLeft") items[(i + items.length - 1) % items.length]?.focus();
    else return;
    e.preventDefault();
  }

  private button(name: string, label: string): void {
    const b = document.createElement("button");
    b.type = "button";
    b.className = `lp-tool lp-tool-${name}`;
    b.title = label;
    b.setAttribute("aria-label", label);
    b.addEventListener("mousedown", (e) => e.preventDefault()); // the cell keeps the caret
    b.addEventListener("click", () => this.o.edit(name));
    this.dom.append(b);
  }
}
