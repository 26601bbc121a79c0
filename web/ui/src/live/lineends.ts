// Pages written on Windows end their lines with a carriage return and a line
// feed. The return stays in the text, so that nobody's bytes change, but nobody
// meets it either: it is not drawn, the caret never stands behind it, and what is
// written here ends its lines like the page.

import { ySyncAnnotation } from "y-codemirror.next";
import { ChangeSet, EditorSelection, EditorState, type Extension, Prec, type Range, type SelectionRange, type Text, type Transaction, type TransactionSpec } from "@codemirror/state";
import { type Command, Decoration, type DecorationSet, Direction, EditorView, ViewPlugin, type ViewUpdate, keymap } from "@codemirror/view";

const hidden = Decoration.replace({});

// returns tells whether the lines of a page end with a return: whether the first
// one does.
function returns(doc: Text): boolean {
  return doc.lines > 1 && doc.line(1).text.endsWith("\r");
}

// before leads a position behind a line's return to the one before it.
function before(doc: Text, pos: number): number {
  const line = doc.lineAt(pos);
  return pos === line.to && line.number < doc.lines && line.text.endsWith("\r") ? pos - 1 : pos;
}

// repair finds what a change left of ends of lines: feeds without a return, and
// returns without a feed.
function repair(tr: Transaction): ChangeSet {
  const { newDoc, startState } = tr;
  const changes: { from: number; to?: number; insert?: string }[] = [];
  let done = 0;
  tr.changes.iterChanges((fromA, toA, fromB, toB, inserted) => {
    const joined = inserted.length === 0 && toA === fromA + 1 && startState.doc.sliceString(fromA, toA + 1) === "\r\n";
    const from = Math.max(done, fromB - 1);
    const to = Math.min(newDoc.length, toB + 1);
    if (to <= from) return;
    const text = newDoc.sliceString(from, Math.min(newDoc.length, to + 1));
    let last = from > 0 ? newDoc.sliceString(from - 1, from) : "";
    for (let pos = from; pos < to; pos++) {
      const c = text[pos - from];
      if (c === "\n" && last !== "\r") {
        // Whoever deletes the end of a line deletes both of its characters.
        if (joined && pos === fromB) changes.push({ from: pos, to: pos + 1 });
        else changes.push({ from: pos, insert: "\r" });
      } else if (c === "\r" && text[pos - from + 1] !== "\n") changes.push({ from: pos, to: pos + 1 });
      last = c ?? "";
    }
    done = to;
  });
  return ChangeSet.of(changes, newDoc.length, "\n"); // else a return would be read as an end of line
}

const kept = EditorState.transactionFilter.of((tr): TransactionSpec | readonly TransactionSpec[] => {
  const mine = tr.docChanged && !tr.annotation(ySyncAnnotation);
  if ((!mine && !tr.selection) || !returns(tr.startState.doc)) return tr;
  const changes = mine ? repair(tr) : ChangeSet.empty(tr.newDoc.length);
  const doc = changes.apply(tr.newDoc);
  const moved = tr.newSelection.map(changes);
  const ranges = moved.ranges.map((r): SelectionRange => {
    const anchor = before(doc, r.anchor);
    const head = before(doc, r.head);
    return anchor === r.anchor && head === r.head ? r : r.empty ? EditorSelection.cursor(head, r.assoc) : EditorSelection.range(anchor, head, r.goalColumn);
  });
  const selection = EditorSelection.create(ranges, moved.mainIndex);
  if (changes.empty && selection.eq(tr.newSelection)) return tr;
  return [tr, { changes, selection, sequential: true }];
});

// over leads the caret from the end of a line to the next one, past both
// characters.
const over =
  (right: boolean, extend: boolean): Command =>
  (view) => {
    const { state } = view;
    const { main } = state.selection;
    const line = state.doc.lineAt(main.head);
    if ((view.textDirectionAt(main.head) === Direction.LTR) !== right) return false;
    if ((!extend && !main.empty) || main.head !== line.to - 1 || before(state.doc, line.to) === line.to) return false;
    const head = line.to + 1;
    view.dispatch({ selection: extend ? EditorSelection.range(main.anchor, head) : EditorSelection.cursor(head), scrollIntoView: true, userEvent: "select" });
    return true;
  };

const keys = Prec.highest(
  keymap.of([
    { key: "ArrowRight", run: over(true, false), shift: over(true, true) },
    { key: "ArrowLeft", run: over(false, false), shift: over(false, true) },
    { key: "Mod-ArrowRight", mac: "Alt-ArrowRight", run: over(true, false), shift: over(true, true) },
    { key: "Mod-ArrowLeft", mac: "Alt-ArrowLeft", run: over(false, false), shift: over(false, true) },
  ]),
);

const drawn = ViewPlugin.fromClass(
  class {
    hidden: DecorationSet;
    constructor(view: EditorView) {
      this.hidden = this.find(view);
    }
    update(u: ViewUpdate): void {
      if (u.docChanged || u.viewportChanged) this.hidden = this.find(u.view);
    }
    private find(view: EditorView): DecorationSet {
      const found: Range<Decoration>[] = [];
      const { doc } = view.state;
      for (const { from, to } of view.visibleRanges) {
        for (let pos = from; pos <= to; ) {
          const line = doc.lineAt(pos);
          if (line.text.endsWith("\r")) found.push(hidden.range(line.to - 1, line.to));
          pos = line.to + 1;
        }
      }
      return Decoration.set(found);
    }
  },
  { decorations: (p) => p.hidden },
);

/** lineEnds keeps the ends of a page's lines as they are. */
export function lineEnds(): Extension {
  return [Prec.highest(kept), keys, drawn];
}
