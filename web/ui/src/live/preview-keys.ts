// What Enter and Backspace do in lists, tasks, quotes and callouts: the next item
// begins by itself, an empty one ends the list.

import { syntaxTree } from "@codemirror/language";
import { type EditorState, type Extension, Prec } from "@codemirror/state";
import { type Command, EditorView, keymap } from "@codemirror/view";
import { attributes } from "./preview-facts";

/** Lead is what stands before the text of a line. */
export interface Lead {
  quotes: string;
  indent: string;
  /** "-", "*", "+", "3." or "". */
  mark: string;
  space: string;
  task: boolean;
  /** Where the text begins. */
  size: number;
}

/** lead reads the beginning of a line. */
export function lead(line: string): Lead {
  const m = /^((?:\s{0,3}>[ \t]?)*)([ \t]*)(?:([-*+]|\d{1,9}[.)])([ \t]+|$)(\[[ xX]\](?:[ \t]+|$))?)?/.exec(line)!;
  return { quotes: m[1]!, indent: m[2]!, mark: m[3] ?? "", space: m[4] || (m[3] ? " " : ""), task: m[5] !== undefined, size: m[0].length };
}

/** following is what the line after one with this lead begins with. */
export function following(l: Lead): string {
  const quotes = l.quotes && !/[ \t]$/.test(l.quotes) ? `${l.quotes} ` : l.quotes;
  if (!l.mark) return quotes;
  const number = /^(\d+)([.)])$/.exec(l.mark);
  const mark = number ? `${Number(number[1]) + 1}${number[2]}` : l.mark;
  return quotes + l.indent + mark + l.space + (l.task ? "[ ] " : "");
}

function inCode(state: EditorState, pos: number): boolean {
  for (let n = syntaxTree(state).resolveInner(pos, -1); n.parent; n = n.parent)
    if (n.name === "FencedCode" || n.name === "CodeBlock") return true;
  return false;
}

const enter: Command = ({ state, dispatch }) => {
  const { main } = state.selection;
  if (state.readOnly || !main.empty || inCode(state, main.head)) return false;
  const line = state.doc.lineAt(main.head);
  const l = lead(line.text);
  if ((!l.mark && !l.quotes) || main.head < line.from + l.size) return false;
  const text = line.text.slice(l.size);
  const attrs = attributes(line.text, l.size);
  if (text.trim() === "" || (l.task && attrs.length === 1 && attrs[0]!.key === "^" && text.trim() === `^${attrs[0]!.value}`)) {
    // An empty item ends its list, an empty line its quote.
    const keep = l.mark ? l.quotes : "";
    dispatch(
      state.update({
        changes: { from: line.from, to: line.to, insert: keep },
        selection: { anchor: line.from + keep.length },
        scrollIntoView: true,
        userEvent: "delete.item",
      }),
    );
    return true;
  }
  const insert = `\n${following(l)}`;
  dispatch(
    state.update({
      changes: { from: main.head, insert },
      selection: { anchor: main.head + insert.length },
      scrollIntoView: true,
      userEvent: "input",
    }),
  );
  return true;
};

const backspace: Command = ({ state, dispatch }) => {
  const { main } = state.selection;
  if (state.readOnly || !main.empty || inCode(state, main.head)) return false;
  const line = state.doc.lineAt(main.head);
  const heading = /^(#{1,6})[ \t]+/.exec(line.text);
  const l = lead(line.text);
  let from = line.from;
  if (heading && main.head === line.from + heading[0].length) from = line.from;
  else if (l.mark && main.head === line.from + l.size) from = line.from + l.quotes.length + l.indent.length;
  else if (!l.mark && l.quotes && main.head === line.from + l.size && line.text.slice(l.size).trim() === "") from = line.from;
  else return false;
  dispatch(state.update({ changes: { from, to: main.head }, scrollIntoView: true, userEvent: "delete.backward" }));
  return true;
};

/**
 * behindMarks puts what is typed at the very beginning of a heading, an item or a
 * quote behind its marks, which are out of sight until the caret comes: before
 * them it would make plain text of the line.
 */
export const behindMarks: Extension = EditorView.inputHandler.of((view, from, to, text) => {
  const { state } = view;
  if (state.readOnly || from !== to || view.composing || /^[\s#>*+-]|\n/.test(text) || inCode(state, from)) return false;
  const line = state.doc.lineAt(from);
  if (from !== line.from || state.selection.ranges.length > 1) return false;
  const size = /^#{1,6}[ \t]+/.exec(line.text)?.[0].length ?? lead(line.text).size;
  if (size === 0 || line.text.slice(0, size).trim() === "") return false;
  const at = line.from + size;
  view.dispatch({ changes: { from: at, insert: text }, selection: { anchor: at + text.length }, scrollIntoView: true, userEvent: "input.type" });
  return true;
});

/** markdownKeys is the extension, for the preview and for the source. */
export function markdownKeys(): Extension {
  return Prec.high(
    keymap.of([
      { key: "Enter", run: enter },
      { key: "Backspace", run: backspace },
    ]),
  );
}
