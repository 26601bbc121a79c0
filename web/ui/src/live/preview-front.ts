// Front matter: YAML between two lines of three hyphens at the very beginning.
// It is drawn as one quiet line that opens on a click, or when the caret comes.

import { type EditorState, type Extension, StateField, type Text } from "@codemirror/state";
import { Decoration, type DecorationSet, EditorView, WidgetType } from "@codemirror/view";

/** Front is where the front matter stands: from its first hyphen to its last. */
export interface Front {
  from: number;
  to: number;
  /** The names of what it sets, in order. */
  names: string[];
}

/** Front matter is looked for in so many lines. */
const maxLines = 2000;

/** findFront reads a document's front matter. */
export function findFront(doc: Text): Front | null {
  if (!fence(doc.line(1).text.replace(/^\ufeff/, ""))) return null;
  const names: string[] = [];
  for (let n = 2; n <= Math.min(doc.lines, maxLines); n++) {
    const { text, to } = doc.line(n);
    if (fence(text)) return { from: 0, to, names };
    const m = /^([\w-]+)[ \t]*:/.exec(text);
    if (m && names.length < 20) names.push(m[1]!);
  }
  return null;
}

const fence = (line: string): boolean => /^---[ \t\r]*$/.test(line);

interface Value {
  front: Front | null;
  open: boolean;
  deco: DecorationSet;
}

class Folded extends WidgetType {
  constructor(readonly names: string) {
    super();
  }
  override eq(o: Folded): boolean {
    return o.names === this.names;
  }
  toDOM(view: EditorView): HTMLElement {
    const box = document.createElement("div");
    box.className = "lp-front";
    const b = document.createElement("button");
    b.type = "button";
    b.setAttribute("aria-label", `Page properties: ${this.names || "none"}. Edit them`);
    const head = document.createElement("span");
    head.className = "lp-front-head";
    head.textContent = "Properties";
    b.append(head, ` ${this.names}`);
    b.addEventListener("mousedown", (e) => e.preventDefault());
    b.addEventListener("click", () => {
      const front = view.state.field(field, false)?.front;
      if (!front) return;
      view.dispatch({ selection: { anchor: Math.min(front.to, view.state.doc.line(1).to + 1) }, scrollIntoView: true });
      view.focus();
    });
    box.append(b);
    return box;
  }
  override get estimatedHeight(): number {
    return 36;
  }
}

function build(state: EditorState, front: Front | null, entered: boolean): Value {
  // The caret at the very beginning is where a page is opened, not a wish to
  // read its properties.
  const open = front !== null && entered && state.selection.ranges.some((r) => r.to > front.from && r.from <= front.to);
  const deco =
    front && !open
      ? Decoration.set(Decoration.replace({ widget: new Folded(front.names.join(", ")), block: true }).range(front.from, front.to))
      : Decoration.none;
  return { front, open, deco };
}

const field = StateField.define<Value>({
  create: (state) => build(state, findFront(state.doc), true),
  update(value, tr) {
    if (!tr.docChanged && !tr.selection) return value;
    let { front } = value;
    if (tr.docChanged) {
      const near = tr.changes.touchesRange(0, front ? front.to : tr.startState.doc.line(1).to);
      // Without front matter one begins when its last line is written, anywhere below.
      if (near || (!front && fence(tr.newDoc.line(1).text))) front = findFront(tr.newDoc);
    }
    if (!front && !value.front) return value;
    const next = build(tr.state, front, true);
    return next.open === value.open && next.front === value.front ? value : next;
  },
  provide: (f) => [
    EditorView.decorations.from(f, (v) => v.deco),
    EditorView.atomicRanges.of((view) => view.state.field(f).deco),
  ],
});

/** frontMatter is the front matter of a state that has the extension. */
export function frontMatter(state: EditorState): Front | null {
  return state.field(field, false)?.front ?? null;
}

/** frontFolded tells whether it is drawn as one line. */
export function frontFolded(state: EditorState): boolean {
  const v = state.field(field, false);
  return v?.front != null && !v.open;
}

/** frontBlock draws it. */
export function frontBlock(): Extension {
  return field;
}
