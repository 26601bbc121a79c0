// What is drawn in place of syntax. Widgets hold no state of the page: two with
// the same content are equal, and their elements are kept.

import { type EditorView, type Rect, WidgetType } from "@codemirror/view";
import { kinds, readableDate } from "./preview-facts";

/** Hidden-from-nobody helper: an element with a class and text. */
function element<K extends keyof HTMLElementTagNameMap>(tag: K, cls: string, text = ""): HTMLElementTagNameMap[K] {
  const e = document.createElement(tag);
  e.className = cls;
  if (text) e.textContent = text;
  return e;
}

/** Bullet is drawn for the mark of a list item. */
export class Bullet extends WidgetType {
  override eq(): boolean {
    return true;
  }
  toDOM(): HTMLElement {
    const e = element("span", "lp-bullet", "•");
    e.setAttribute("aria-hidden", "true");
    return e;
  }
}

/** CheckBox is drawn for the mark and box of a task. */
export class CheckBox extends WidgetType {
  constructor(
    readonly done: boolean,
    readonly text: string,
    readonly fixed: boolean,
  ) {
    super();
  }
  override eq(o: CheckBox): boolean {
    return o.done === this.done && o.text === this.text && o.fixed === this.fixed;
  }
  toDOM(view: EditorView): HTMLElement {
    const box = element("input", "lp-check");
    box.type = "checkbox";
    this.fill(box);
    box.addEventListener("mousedown", (e) => e.preventDefault()); // the caret stays where it is
    box.addEventListener("click", (e) => {
      e.preventDefault();
      toggleTask(view, view.posAtDOM(box));
    });
    return box;
  }
  override updateDOM(dom: HTMLElement): boolean {
    if (!(dom instanceof HTMLInputElement)) return false;
    this.fill(dom);
    return true;
  }
  override ignoreEvent(): boolean {
    return true;
  }
  private fill(box: HTMLInputElement): void {
    // A click that is cancelled puts the box back after its handler ran.
    setTimeout(() => (box.checked = this.done));
    box.checked = this.done;
    box.disabled = this.fixed;
    box.setAttribute("aria-label", this.text || "Task");
  }
}

/** toggleTask checks or unchecks the task on the line of pos; it tells whether there is one. */
export function toggleTask(view: EditorView, pos: number): boolean {
  if (view.state.readOnly) return false;
  const line = view.state.doc.lineAt(pos);
  const m = /^((?:\s{0,3}>[ \t]?)*\s*(?:[-*+]|\d{1,9}[.)])[ \t]+\[)([ xX])\]/.exec(line.text);
  if (!m) return false;
  const at = line.from + m[1]!.length;
  view.dispatch({
    changes: { from: at, to: at + 1, insert: m[2] === " " ? "x" : " " },
    userEvent: "input.task",
  });
  return true;
}

/** Label is the head of a callout's card: icon, kind and what is said of it. */
export class Label extends WidgetType {
  constructor(
    readonly kind: string,
    readonly meta: string,
  ) {
    super();
  }
  override eq(o: Label): boolean {
    return o.kind === this.kind && o.meta === this.meta;
  }
  toDOM(): HTMLElement {
    const e = element("span", "lp-label");
    e.dir = "ltr"; // our words do not decide how the line reads
    const tile = element("span", "lp-tile");
    tile.setAttribute("aria-hidden", "true");
    e.append(tile, element("span", "lp-kind", kinds[this.kind]?.label ?? this.kind));
    if (this.meta) e.append(" ", element("span", "lp-meta", this.meta));
    return e;
  }
  // It is drawn above its line: the caret beside it belongs to the text.
  override coordsAt(dom: HTMLElement): Rect | null {
    const next = dom.nextSibling;
    if (!next) return null;
    const range = document.createRange();
    range.selectNode(next);
    const r = range.getBoundingClientRect();
    return r.height ? { left: r.left, right: r.left, top: r.top, bottom: r.bottom } : null;
  }
}

/** Meta is what is said of a task, at the end of its line. */
export class Meta extends WidgetType {
  constructor(readonly text: string) {
    super();
  }
  override eq(o: Meta): boolean {
    return o.text === this.text;
  }
  toDOM(): HTMLElement {
    const e = element("span", "lp-meta lp-task-meta", this.text);
    e.dir = "ltr";
    return e;
  }
  override ignoreEvent(): boolean {
    return false;
  }
}

/** Rule is a horizontal rule. */
export class Rule extends WidgetType {
  override eq(): boolean {
    return true;
  }
  toDOM(): HTMLElement {
    const e = element("span", "lp-rule");
    e.setAttribute("role", "separator");
    return e;
  }
  override ignoreEvent(): boolean {
    return false;
  }
}

/** Words stands in place of syntax that has a shown name: a page's title, a person's name. */
export class Words extends WidgetType {
  constructor(
    readonly text: string,
    readonly cls: string,
    readonly title: string,
    /** Destination of a wiki link, "" for other words. */
    readonly wiki = "",
  ) {
    super();
  }
  override eq(o: Words): boolean {
    return o.text === this.text && o.cls === this.cls && o.title === this.title && o.wiki === this.wiki;
  }
  toDOM(): HTMLElement {
    const e = element("span", this.cls, this.text);
    if (this.title) e.title = this.title;
    if (this.wiki) e.dataset.wiki = this.wiki;
    return e;
  }
  override ignoreEvent(): boolean {
    return false;
  }
}

/** Picture is an image of the page, or what says that it is not there. */
export class Picture extends WidgetType {
  constructor(
    readonly src: string | null,
    readonly alt: string,
    readonly dest: string,
    readonly remote: boolean,
  ) {
    super();
  }
  override eq(o: Picture): boolean {
    return o.src === this.src && o.alt === this.alt && o.dest === this.dest && o.remote === this.remote;
  }
  toDOM(view: EditorView): HTMLElement {
    const box = element("span", "lp-picture");
    const gone = (why: string): void => {
      box.replaceChildren(element("span", "missing-image", this.alt ? `${this.alt} – ${why}` : `${this.dest} – ${why}`));
      view.requestMeasure();
    };
    if (this.remote) box.append(element("span", "remote-image", this.alt || this.dest));
    else if (this.src === null) gone("this file does not exist");
    else {
      const img = document.createElement("img");
      img.loading = "lazy";
      img.decoding = "async";
      img.alt = this.alt;
      img.draggable = false;
      img.addEventListener("load", () => view.requestMeasure());
      img.addEventListener("error", () => gone("this image cannot be shown"));
      img.src = this.src;
      box.append(img);
    }
    return box;
  }
  override ignoreEvent(): boolean {
    return false;
  }
}

/** said puts in words what the attributes of a fact or task say. */
export function said(owner: string, attrs: ReadonlyMap<string, string>, person: (handle: string) => string): string {
  const parts: string[] = [];
  if (owner) parts.push(person(owner));
  const role = attrs.get("role");
  if (role) parts.push(role);
  const influence = attrs.get("influence");
  if (influence) parts.push(`${influence} influence`);
  const access = attrs.get("access");
  if (access) parts.push({ none: "no access yet", via: "access through others", met: "we have met" }[access] ?? access);
  const by = attrs.get("by");
  if (by) parts.push(`by ${person(by.slice(1))}`);
  const met = attrs.get("met");
  if (met) parts.push(`met ${readableDate(met)}`);
  const due = attrs.get("due");
  if (due) parts.push(`due ${readableDate(due)}`);
  const status = attrs.get("status");
  if (status) parts.push(status);
  return parts.join(" · ");
}
