// Where something is put into the text, so that it neither tears a link apart
// nor runs into the words around it.
import { syntaxTree } from "@codemirror/language";
import type { EditorState, TransactionSpec } from "@codemirror/state";
import type { SyntaxNode } from "@lezer/common";
import { tableAt } from "./choices";

// Nothing is put into the middle of one of these.
const whole = /^(?:Link|Image|WikiLink|Mention|Autolink|URL|InlineCode|HTMLTag|Escape|FencedCode|CodeBlock|HTMLBlock|CommentBlock)$/;

// outside is the nearest place after at that is in no link, code or word.
export function outside(state: EditorState, at: number): number {
  let pos = at;
  for (let node: SyntaxNode | null = syntaxTree(state).resolveInner(pos, 1); node; node = node.parent) {
    if (whole.test(node.name) && node.from < pos && node.to > pos) pos = node.to;
  }
  const word = state.wordAt(pos);
  return word && word.from < pos ? word.to : pos;
}

// put inserts markdown of one line at a place: among the words there, or, where
// it is to stand apart, below the paragraph. A caret at the place goes behind it.
export function put(state: EditorState, at: number, markdown: string, apart: boolean): TransactionSpec {
  const insert = apart ? below(state, at, markdown) : { at, text: among(state, at, markdown) };
  const { main } = state.selection;
  const caret = main.empty && main.head === at ? { selection: { anchor: insert.at + insert.text.trimEnd().length } } : {};
  return { changes: { from: insert.at, insert: insert.text }, ...caret };
}

function among(state: EditorState, at: number, markdown: string): string {
  const before = state.sliceDoc(Math.max(0, at - 1), at);
  const after = state.sliceDoc(at, at + 2);
  return (before === "" || /\s/.test(before) ? "" : " ") + markdown + (after === "" || /^(?!!\[)[\s.,;:!?)|]/.test(after) ? "" : " ");
}

function below(state: EditorState, at: number, markdown: string): { at: number; text: string } {
  const { doc } = state;
  const line = doc.lineAt(at);
  if (tableAt(state, at) || /^\s*(?:[-*+]|\d{1,9}[.)])[ \t]/.test(line.text)) return { at, text: among(state, at, markdown) };
  const quote = /^(?:\s{0,3}> ?)+/.exec(line.text)?.[0] ?? "";
  const mark = quote === "" ? "" : `${quote.trimEnd()} `;
  const next = line.number < doc.lines ? doc.line(line.number + 1).text.trim() : "";
  const trail = next === "" || quote !== "" ? "" : "\n";
  if (line.text.slice(quote.length).trim() !== "") return { at: line.to, text: `\n${mark.trimEnd()}\n${mark}${markdown}${trail}` };
  const above = quote === "" && line.number > 1 ? doc.line(line.number - 1).text.trim() : "";
  return { at: line.to, text: `${above === "" ? "" : "\n"}${markdown}${trail}` };
}
