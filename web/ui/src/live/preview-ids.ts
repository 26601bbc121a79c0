// Ids of facts and actions ("^c-7f3a") are the server's: nobody sees, types or
// damages one. The caret at the end of a fact's line stands before the id; a line
// that is split keeps its id on its first half; deleting text beside an id leaves
// the id, and deleting the whole line takes it along.

import { syntaxTree } from "@codemirror/language";
import { type EditorState, EditorSelection, EditorState as State, type Extension, type SelectionRange, type Transaction, type TransactionSpec } from "@codemirror/state";
import { contentStart, idSpan } from "./preview-facts";

interface Spot {
  /** Where the line's text begins: its start. */
  line: number;
  end: number;
  /** After the mark that makes it a fact or task. */
  start: number;
  from: number;
  to: number;
}

/** idAt is the id on the line of pos, null when there is none. */
export function idAt(state: EditorState, pos: number): Spot | null {
  const line = state.doc.lineAt(pos);
  const id = idSpan(line.text);
  if (!id || inCode(state, line.from)) return null;
  return { line: line.from, end: line.to, start: line.from + contentStart(line.text), from: line.from + id.from, to: line.from + id.to };
}

function inCode(state: EditorState, pos: number): boolean {
  for (let n = syntaxTree(state).resolveInner(pos, 1); n.parent; n = n.parent)
    if (n.name === "FencedCode" || n.name === "CodeBlock" || n.name === "CommentBlock") return true;
  return false;
}

/** idsKept is the extension. */
export function idsKept(): Extension {
  return [State.transactionFilter.of(keep), State.transactionFilter.of(place)];
}

/** place keeps the selection out of ids. */
function place(tr: Transaction): Transaction | readonly TransactionSpec[] {
  if (!tr.selection || tr.isUserEvent("select.cell")) return tr;
  const old = tr.startState.selection;
  const forward = !tr.docChanged && tr.selection.ranges.length === old.ranges.length;
  let changed = false;
  const ranges = tr.selection.ranges.map((r, i) => {
    const { doc } = tr.newDoc === tr.startState.doc ? tr.startState : { doc: tr.newDoc };
    const fix = (pos: number, other: number, was: number | null): number => {
      const line = doc.lineAt(pos);
      const id = idSpan(line.text);
      if (!id) return pos;
      const from = line.from + id.from;
      const to = line.from + id.to;
      if (pos <= from || pos > to || (pos === to && to < line.to)) return pos;
      if (other < line.from || other > line.to || (other === line.from && other !== pos)) return pos; // the whole line
      // On from the end of the text means on to the next line.
      if (was === from && pos === line.to && line.to < doc.length && tr.isUserEvent("select") && !tr.isUserEvent("select.pointer")) return line.to + 1;
      return from;
    };
    const was = forward && r.empty ? old.ranges[i]!.head : null;
    const head = fix(r.head, r.anchor, was);
    const anchor = r.empty ? head : fix(r.anchor, r.head, null);
    if (head === r.head && anchor === r.anchor) return r;
    changed = true;
    return EditorSelection.range(anchor, head, undefined, undefined) as SelectionRange;
  });
  if (!changed) return tr;
  return [tr, { selection: EditorSelection.create(ranges, tr.selection.mainIndex), sequential: true }];
}

/** keep makes people's changes go around ids. */
function keep(tr: Transaction): Transaction | readonly TransactionSpec[] {
  if (!tr.docChanged || !(tr.isUserEvent("input") || tr.isUserEvent("delete")) || tr.isUserEvent("input.table") || tr.isUserEvent("input.task"))
    return tr;
  const state = tr.startState;
  const changes: { from: number; to: number; insert: string }[] = [];
  let caret = -1; // the caret follows what stood at this place
  tr.changes.iterChanges((from, to, _fromB, _toB, inserted) => {
    const insert = inserted.toString();
    const id = idAt(state, from) ?? (to > from ? idAt(state, to) : null);
    const cut = insert.indexOf("\n");
    const whole = id && from <= id.start && to >= id.to; // the fact goes, and its id
    const beside = id && (to <= id.from ? cut < 0 || from < id.start : from >= id.to && id.to < id.end);
    if (!id || whole || beside || from > id.end) {
      changes.push({ from, to, insert });
      return;
    }
    if (to <= id.from && from < id.from + 1 && to < id.from) {
      // A line that is split: the first half keeps the id.
      const words = state.doc.sliceString(id.from, id.to).trimEnd();
      changes.push({ from, to, insert: insert.slice(0, cut) + words + insert.slice(cut) }, { from: id.from, to: id.to, insert: "" });
      caret = to;
      return;
    }
    // What is before the id and what is after it are changed, the id is not.
    const before = { from: Math.min(from, id.from), to: Math.min(to, id.from), insert: cut < 0 ? insert : insert.slice(0, cut) };
    const after = { from: Math.max(from, id.to), to: Math.max(to, id.to), insert: cut < 0 ? "" : insert.slice(cut) };
    if (!insert && to <= id.to && from >= id.from && tr.isUserEvent("delete.forward") && id.to === id.end && id.end < state.doc.length)
      after.to = id.end + 1; // the line below comes up
    changes.push(before, after);
    caret = after.insert ? after.to : before.to;
  });
  if (caret < 0) return tr;
  const set = state.changes(changes);
  const spec: TransactionSpec = { changes: set, effects: tr.effects, scrollIntoView: tr.scrollIntoView, userEvent: userEventOf(tr) };
  if (tr.selection) spec.selection = { anchor: set.mapPos(caret, 1) };
  return [spec];
}

function userEventOf(tr: Transaction): string {
  for (const e of ["delete.forward", "delete.backward", "delete", "input.type.compose", "input.type", "input.paste", "input"]) if (tr.isUserEvent(e)) return e;
  return "input";
}
