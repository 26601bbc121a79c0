// Front matter: YAML between two lines of three hyphens at the very beginning.
// It is drawn as one quiet line that opens on a click, or when the caret comes.

import { EditorState, type Extension, Prec, StateField, type Text } from "@codemirror/state";
import { type Command, Decoration, type DecorationSet, EditorView, WidgetType, keymap } from "@codemirror/view";

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

/** below is where the page's own text begins, -1 when there is none to stand on. */
function below(state: EditorState): number {
  const v = state.field(field, false);
  if (!v?.front || v.open || v.front.to >= state.doc.length) return -1;
  return v.front.to + 1;
}

/** up opens the front matter from the first line of the text. */
const up: Command = (view) => {
  const { state } = view;
  const { main } = state.selection;
  const at = below(state);
  if (at < 0 || !main.empty || state.doc.lineAt(main.head).from !== at) return false;
  const first = view.coordsAtPos(at);
  const here = view.coordsAtPos(main.head);
  if (first && here && here.top - first.top > 4) return false; // a line above, in the same paragraph
  const end = state.field(field).front!.to;
  view.dispatch({ selection: { anchor: Math.max(0, state.doc.lineAt(end).from - 1) }, scrollIntoView: true });
  return true;
};

/** frontBlock draws it. The caret never stands before it, where text would break it. */
export function frontBlock(): Extension {
  return [
    field,
    Prec.high(keymap.of([{ key: "ArrowUp", run: up }])),
    EditorState.transactionFilter.of((tr) => {
      const at = below(tr.startState);
      if (at < 0 || !tr.docChanged || !(tr.isUserEvent("input") || tr.isUserEvent("delete"))) return tr;
      const front = tr.startState.field(field).front!;
      // All of it may go; a piece of it cannot be changed while it is folded.
      let inside = false;
      let all = false;
      tr.changes.iterChangedRanges((from, to) => {
        if (from === 0 && to >= front.to) all = true;
        else if (from < at) inside = true;
      });
      if (!inside || all) return tr;
      let insert = "";
      tr.changes.iterChanges((_from, _to, _a, _b, text) => (insert += text.toString()));
      const joined = tr.isUserEvent("delete") ? "" : insert;
      return [{ changes: { from: at, insert: joined }, selection: { anchor: at + joined.length }, userEvent: tr.isUserEvent("delete") ? "delete" : "input.type" }];
    }),
    EditorView.updateListener.of((u) => {
      if (!(u.selectionSet || u.focusChanged) || !u.view.hasFocus) return;
      const at = below(u.state);
      const { main } = u.state.selection;
      if (at < 0 || !main.empty || main.head >= at) return;
      const { view } = u;
      requestAnimationFrame(() => {
        const now = below(view.state);
        const { head, empty } = view.state.selection.main;
        if (now >= 0 && empty && head < now) view.dispatch({ selection: { anchor: now } });
      });
    }),
  ];
}
