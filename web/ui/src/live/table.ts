// Tables as cells: which tables the document holds, the widgets that stand for
// them, and the keys that lead in and out. Tables inside quotes and lists, and
// those that cannot be read, stay text.

import { syntaxTree } from "@codemirror/language";
import {
  type EditorState,
  EditorState as State,
  type Extension,
  Prec,
  type Range,
  StateEffect,
  StateField,
  type Transaction,
} from "@codemirror/state";
import { type Command, Decoration, type DecorationSet, EditorView, keymap } from "@codemirror/view";
import { frontMatter } from "./preview-front";
import type { PreviewOptions } from "./preview";
import { parseTable } from "./table-model";
import type { Deck, TableSpot } from "./table-view";
import { TableWidget, drawnTables, tableView } from "./table-widget";

interface Tables {
  spots: readonly TableSpot[];
  /** Identities of the tables that are shown as text while the caret is in them. */
  asText: ReadonlySet<number>;
  deco: DecorationSet;
  next: number;
}

/** showAsText shows the table with this identity as text until the caret leaves it. */
const showAsText = StateEffect.define<number>();

/** Spots is the part of the tables' state that drawing asks. */
export interface TableExtension {
  extension: Extension;
  /** Whether a range of the document is drawn as cells. */
  covers(state: EditorState, from: number, to: number): boolean;
}

/** tables makes the extension; resolve and the like are o's. */
export function tables(o: PreviewOptions): TableExtension {
  const deck: Deck = {
    options: o,
    find: (view, id) => view.state.field(field).spots.find((s) => s.id === id),
    asText(view, spot, pos) {
      view.dispatch({ effects: showAsText.of(spot.id), selection: { anchor: pos }, scrollIntoView: true });
      view.focus();
    },
    leave(view, spot, side) {
      const { doc } = view.state;
      // Where the table is all there is, a line is made to stand on.
      if (side > 0 && spot.to === doc.length && !view.state.readOnly)
        view.dispatch({ changes: { from: spot.to, insert: "\n\n" }, selection: { anchor: spot.to + 2 }, scrollIntoView: true, userEvent: "input.table" });
      else if (side < 0 && spot.from === 0 && !view.state.readOnly)
        view.dispatch({ changes: { from: 0, insert: "\n\n" }, selection: { anchor: 0 }, scrollIntoView: true, userEvent: "input.table" });
      else view.dispatch({ selection: { anchor: side < 0 ? Math.max(0, spot.from - 1) : Math.min(doc.length, spot.to + 1) }, scrollIntoView: true, userEvent: "select" });
      view.focus();
    },
  };

  const field = StateField.define<Tables>({
    create: (state) => collect(state, { spots: [], asText: new Set(), deco: Decoration.none, next: 1 }, null),
    update(value, tr) {
      const asked = tr.effects.find((e) => e.is(showAsText));
      const left = value.asText.size > 0 && tr.selection;
      if (!tr.docChanged && !asked && !left && syntaxTree(tr.state) === syntaxTree(tr.startState)) return value;
      return collect(tr.state, value, tr, asked?.value as number | undefined);
    },
    provide: (f) => [
      EditorView.decorations.from(f, (v) => v.deco),
      EditorView.atomicRanges.of((view) => view.state.field(f).deco),
    ],
  });

  function collect(state: EditorState, old: Tables, tr: Transaction | null, asked?: number): Tables {
    const tree = syntaxTree(state);
    const front = frontMatter(state)?.to ?? -1;
    const before = new Map<number, TableSpot>();
    for (const s of old.spots) before.set(tr ? tr.changes.mapPos(s.from, 1) : s.from, s);
    const spots: TableSpot[] = [];
    const asText = new Set<number>();
    let next = old.next;
    const ranges: Range<Decoration>[] = [];
    const { main } = state.selection;
    const add = (from: number, to: number): void => {
      const known = before.get(from);
      before.delete(from);
      const unchanged = known && to - from === known.text.length && (!tr || !tr.changes.touchesRange(known.from, known.to));
      const text = unchanged ? known.text : state.doc.sliceString(from, to);
      const model = unchanged ? known.model : parseTable(text);
      if (!model) return;
      const id = known?.id ?? next++;
      // The line right below belongs to a table that is being written.
      const inside = main.from <= to + (known && old.asText.has(known.id) ? 1 : 0) && main.to >= from;
      // A table that somebody is just typing stays text until the caret leaves it.
      const typing = !known && tr?.docChanged === true && inside && (tr.isUserEvent("input.type") || tr.isUserEvent("delete"));
      const spot = known && unchanged && known.from === from ? known : { id, from, to, text, model };
      spots.push(spot);
      if (inside && (asked === id || typing || old.asText.has(id))) {
        asText.add(id);
        return;
      }
      ranges.push(Decoration.replace({ widget: new TableWidget(spot, deck), block: true }).range(from, to));
    };
    const cursor = tree.cursor();
    if (cursor.firstChild()) {
      do {
        if (cursor.name !== "Table" || cursor.from < front) continue;
        const line = state.doc.lineAt(cursor.from);
        const end = state.doc.lineAt(cursor.to);
        if (line.from <= front) continue;
        add(line.from, end.to);
      } while (cursor.nextSibling());
    }
    // What the parser has not reached again keeps what it had.
    if (tr && tree.length < state.doc.length) {
      for (const [from, s] of before) {
        if (from < tree.length || from <= (spots.at(-1)?.to ?? -1) || tr.changes.touchesRange(s.from, s.to)) continue;
        add(from, from + s.text.length);
      }
    }
    return { spots, asText, deco: Decoration.set(ranges, true), next };
  }

  /** drawn is the table whose cells are drawn over pos, its edges included when edge is set. */
  const drawn = (state: EditorState, from: number, to: number, edge = false): TableSpot | undefined => {
    const { spots, asText } = state.field(field);
    return spots.find((s) => !asText.has(s.id) && (edge ? s.from <= to && s.to >= from : s.from < to && s.to > from));
  };

  const viewOf = (view: EditorView, spot: TableSpot) => drawnTables(view).find((t) => t.id === spot.id);

  /** step leads from the text into a table's cells. */
  const step =
    (by: -1 | 1, sideways: boolean): Command =>
    (view) => {
      const { state } = view;
      const { main } = state.selection;
      if (!main.empty) return false;
      const line = state.doc.lineAt(main.head);
      if (sideways ? main.head !== (by < 0 ? line.from : line.to) : !onEdge(view, main.head, by)) return false;
      const pos = by < 0 ? line.from - 1 : line.to + 1;
      const spot = state.field(field).spots.find((s) => (by < 0 ? s.to === pos : s.from === pos));
      if (!spot || state.field(field).asText.has(spot.id)) return false;
      const t = viewOf(view, spot);
      if (!t) return false;
      t.focusAt(by < 0 ? 1e9 : 0, by < 0 && sideways ? 1e9 : 0, by < 0 ? "end" : "start");
      return true;
    };

  /** erase keeps a deletion at a table's edge from joining text with it. */
  const erase =
    (by: -1 | 1): Command =>
    (view) => {
      const { state } = view;
      const { main } = state.selection;
      if (!main.empty) return false;
      const line = state.doc.lineAt(main.head);
      if (main.head !== (by < 0 ? line.from : line.to)) return false;
      if (!step(by, true)(view)) return false;
      // An empty line goes, as long as another keeps text and table apart.
      const beyond = by < 0 ? line.to + 1 : line.from - 1;
      const free = beyond > state.doc.length || beyond < 0 || state.doc.lineAt(beyond).length === 0;
      if (line.length === 0 && free && state.doc.lines > 1 && line.to < state.doc.length)
        view.dispatch({ changes: { from: by < 0 ? line.from - 1 : line.from, to: by < 0 ? line.to : line.to + 1 }, userEvent: "delete" });
      return true;
    };

  const keys = Prec.high(keymap.of([
    { key: "ArrowDown", run: step(1, false) },
    { key: "ArrowUp", run: step(-1, false) },
    { key: "ArrowRight", run: step(1, true) },
    { key: "ArrowLeft", run: step(-1, true) },
    { key: "Backspace", run: erase(-1) },
    { key: "Delete", run: erase(1) },
  ]));

  // Text typed right below or beside a table is kept apart from it by a line
  // end, or it would become a row.
  const apart = State.transactionFilter.of((tr) => {
    if (!tr.docChanged || tr.isUserEvent("input.type.cell") || tr.isUserEvent("input.paste.cell") || tr.isUserEvent("input.table") || !(tr.isUserEvent("input") || tr.isUserEvent("delete")))
      return tr;
    const { spots, asText } = tr.startState.field(field);
    const more: { from: number; insert: string }[] = [];
    for (const s of spots) {
      if (asText.has(s.id) || !tr.changes.touchesRange(Math.max(0, s.from - 1), Math.min(s.to + 1, tr.startState.doc.length))) continue;
      const from = tr.changes.mapPos(s.from, 1);
      const to = tr.changes.mapPos(s.to, -1);
      if (to <= from) continue;
      const above = tr.newDoc.lineAt(from);
      const last = tr.newDoc.lineAt(to);
      if (from > above.from) more.push({ from, insert: "\n\n" });
      if (to < last.to) more.push({ from: to, insert: "\n\n" });
      else if (last.to < tr.newDoc.length) {
        const was = s.to < tr.startState.doc.length ? tr.startState.doc.lineAt(s.to + 1).text.trim() : "";
        if (!was && tr.newDoc.lineAt(last.to + 1).text.trim()) more.push({ from: to, insert: "\n" });
      }
    }
    return more.length > 0 ? [tr, { changes: more, sequential: true }] : tr;
  });

  // Whatever puts the selection into a table (undo, a search, a command) puts the
  // caret into its cell.
  const follow = EditorView.updateListener.of((u) => {
    if (u.startState.readOnly !== u.state.readOnly) for (const t of drawnTables(u.view)) t.lock();
    if (!u.view.hasFocus && u.view.contentDOM.contains(document.activeElement)) tableView(document.activeElement)?.hear(u.view.contentDOM);
    if (!(u.selectionSet || u.docChanged || u.focusChanged) || !u.view.hasFocus) return;
    const { main } = u.state.selection;
    const spot = drawn(u.state, main.from, main.to, true);
    if (!spot || main.from < spot.from || main.to > spot.to) return;
    if (u.transactions.some((t) => t.isUserEvent("select.pointer")) && !main.empty) return;
    const { view } = u;
    requestAnimationFrame(() => {
      const now = view.state.selection.main;
      if (view.hasFocus && now.from === main.from && now.to === main.to) viewOf(view, spot)?.focusPos(now.from, now.to);
    });
  });

  return {
    extension: [field, keys, apart, follow],
    covers: (state, from, to) => drawn(state, from, to) !== undefined,
  };
}

/** onEdge tells whether the caret is on the first or last visual line of its line. */
function onEdge(view: EditorView, head: number, by: -1 | 1): boolean {
  const line = view.state.doc.lineAt(head);
  const here = view.coordsAtPos(head);
  const edge = view.coordsAtPos(by < 0 ? line.from : line.to);
  return !here || !edge || Math.abs(here.top - edge.top) < 4;
}
