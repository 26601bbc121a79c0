// Formatting as commands on an editor: they change markdown the way one would
// by hand, and take it away again when it is there already. They know nothing
// of the page around them.
import { type ChangeSpec, EditorSelection, type EditorState, type Line, type TransactionSpec } from "@codemirror/state";
import type { Command, EditorView } from "@codemirror/view";
import { tableAt } from "./choices";

function apply(view: EditorView, spec: TransactionSpec): boolean {
  if (view.state.readOnly) return false;
  view.dispatch({ scrollIntoView: true, userEvent: "input.format", ...spec });
  view.focus();
  return true;
}

// marked puts a mark around each selection, or takes it away. Without a
// selection it takes the word at the cursor, or marks where one goes on typing.
export function marked(mark: string): Command {
  return (view) => {
    const { state } = view;
    const n = mark.length;
    const spec = state.changeByRange((range) => {
      let { from, to } = range;
      const empty = from === to;
      if (empty) {
        const word = state.wordAt(from);
        if (word) ({ from, to } = word);
      }
      // Spaces at the ends would keep the mark from working.
      while (from < to && /\s/.test(state.sliceDoc(from, from + 1))) from++;
      while (to > from && /\s/.test(state.sliceDoc(to - 1, to))) to--;
      const back = (changes: ChangeSpec, shift: number, size: number) => ({
        changes,
        range: empty ? EditorSelection.cursor(range.from + shift) : EditorSelection.range(from + shift, from + shift + size),
      });
      if (around(state, from, to, mark)) {
        return back([{ from: from - n, to: from }, { from: to, to: to + n }], -n, to - from);
      }
      const inside = state.sliceDoc(from, to);
      if (inside.length >= 2 * n && whole(inside, mark)) {
        return back([{ from, to: from + n }, { from: to - n, to }], 0, inside.length - 2 * n);
      }
      return back([{ from, insert: mark }, { from: to, insert: mark }], n, to - from);
    });
    return apply(view, spec);
  };
}

// around tells whether a mark stands on both sides. One star is also half of
// two: what is bold is not thereby in italics.
function around(state: EditorState, from: number, to: number, mark: string): boolean {
  const n = mark.length;
  if (from < n || state.sliceDoc(from - n, from) !== mark || state.sliceDoc(to, to + n) !== mark) return false;
  if (mark !== "*") return true;
  const run = (text: string) => /^\**/.exec(text)?.[0].length ?? 0;
  const before = run([...state.sliceDoc(Math.max(0, from - 3), from)].reverse().join(""));
  return before % 2 === 1 && run(state.sliceDoc(to, to + 3)) % 2 === 1;
}

function whole(text: string, mark: string): boolean {
  if (!text.startsWith(mark) || !text.endsWith(mark)) return false;
  return mark !== "*" || !(text.startsWith("**") && !text.startsWith("***"));
}

// lines are those that the selection touches.
function lines(state: EditorState): Line[] {
  const { from, to } = state.selection.main;
  const list: Line[] = [];
  for (let at = from; at <= to; ) {
    const line = state.doc.lineAt(at);
    list.push(line);
    at = line.to + 1;
  }
  return list;
}

const heading = /^ {0,3}#{1,6}(?:[ \t]+|$)/;
const bullet = /^(\s*)(?:[-*+]|\d{1,9}[.)])[ \t]+(?:\[[ xX]\][ \t]+)?/;
const quoted = /^ {0,3}> ?/;

// level makes the lines headings of a level, or plain text again: with 0, or
// when all of them have that level already.
export function level(n: number): Command {
  return (view) => {
    const mark = n > 0 ? `${"#".repeat(n)} ` : "";
    const touched = lines(view.state).filter((line, _i, all) => all.length === 1 || line.text.trim() !== "");
    const off = n === 0 || touched.every((line) => line.text.startsWith(mark));
    const changes = touched.map((line) => {
      const old = heading.exec(line.text)?.[0].length ?? 0;
      return { from: line.from, to: line.from + old, insert: off ? "" : mark };
    });
    return apply(view, { changes });
  };
}

// nextLevel goes from text to a heading, to a smaller one, and back to text.
export const nextLevel: Command = (view) => {
  const line = view.state.doc.lineAt(view.state.selection.main.head);
  const now = /^ {0,3}(#{1,6})(?:[ \t]|$)/.exec(line.text)?.[1]?.length ?? 0;
  return level(now === 0 || now === 1 ? 2 : now === 2 ? 3 : 0)(view);
};

// listed makes list items of the lines, or text again when all are of that
// kind. Items keep their depth.
export function listed(kind: "bullet" | "number" | "task"): Command {
  return (view) => {
    const touched = lines(view.state).filter((line, _i, all) => all.length === 1 || line.text.trim() !== "");
    const is = (text: string) => {
      const mark = bullet.exec(text)?.[0];
      if (!mark) return false;
      const task = mark.includes("[");
      return kind === "task" ? task : !task && /\d/.test(mark) === (kind === "number");
    };
    const off = touched.every((line) => is(line.text));
    let number = 0;
    const changes = touched.map((line) => {
      const found = bullet.exec(line.text);
      const indent = found?.[1] ?? /^\s*/.exec(line.text)?.[0] ?? "";
      const plain = found ? 0 : (heading.exec(line.text)?.[0].length ?? 0);
      number++;
      const mark = kind === "bullet" ? "- " : kind === "task" ? "- [ ] " : `${number}. `;
      const length = found ? found[0].length : Math.max(indent.length, plain);
      return { from: line.from, to: line.from + length, insert: indent + (off ? "" : mark) };
    });
    return apply(view, { changes });
  };
}

// quote puts the lines into a quotation, or takes them out of one.
export const quote: Command = (view) => {
  const touched = lines(view.state);
  const off = touched.every((line) => quoted.test(line.text));
  const changes = touched.map((line) => {
    const old = off ? (quoted.exec(line.text)?.[0].length ?? 0) : 0;
    return { from: line.from, to: line.from + old, insert: off ? "" : "> " };
  });
  return apply(view, { changes });
};

// code marks words as code; several lines become a block.
export const code: Command = (view) => {
  const { from, to } = view.state.selection.main;
  const { doc } = view.state;
  if (doc.lineAt(from).number === doc.lineAt(to).number) return marked("`")(view);
  const start = doc.lineAt(from).from;
  const end = doc.lineAt(to).to;
  // A fence longer than any in the text.
  const longest = Math.max(2, ...[...doc.sliceString(start, end).matchAll(/`+/g)].map((m) => m[0].length));
  const fence = "`".repeat(longest + 1);
  return apply(view, { changes: [{ from: start, insert: `${fence}\n` }, { from: end, insert: `\n${fence}` }] });
};

// link makes the selection a link, and selects where its address goes.
export const link: Command = (view) => {
  const { state } = view;
  const { from, to } = state.selection.main;
  const chosen = state.sliceDoc(from, to);
  if (/^(?:https?:\/\/|mailto:)\S+$/.test(chosen)) {
    return apply(view, {
      changes: { from, to, insert: `[text](${chosen})` },
      selection: EditorSelection.range(from + 1, from + 5),
    });
  }
  const words = chosen.replace(/\n/g, " ") || "text";
  const at = from + words.length + 3;
  return apply(view, {
    changes: { from, to, insert: `[${words}](https://)` },
    selection: chosen ? EditorSelection.range(at, at + 8) : EditorSelection.range(from + 1, from + 1 + words.length),
  });
};

// pageLink opens a link to a page; what is selected becomes its words.
export const pageLink: Command = (view) => {
  const { state } = view;
  const { from, to } = state.selection.main;
  const chosen = state.sliceDoc(from, to).replace(/[\n|\]]/g, " ");
  const insert = chosen ? `[[${tableAt(state, from) ? "\\" : ""}|${chosen}]]` : "[[]]";
  // As typed, so that the list of pages opens.
  return apply(view, { changes: { from, to, insert }, selection: { anchor: from + 2 }, userEvent: "input.type" });
};

// block puts text on lines of its own, at the cursor's line if that is empty
// and after its paragraph otherwise, and selects what is to be typed over.
export function block(view: EditorView, text: string, select = ""): boolean {
  const { state } = view;
  const { doc } = state;
  let line = doc.lineAt(state.selection.main.head);
  const inside = line.text.trim() !== "";
  while (inside && line.number < doc.lines) {
    const next = doc.line(line.number + 1);
    if (next.text.trim() === "") break;
    line = next;
  }
  const from = inside ? line.to : line.from;
  const before = from === 0 ? "" : doc.sliceString(Math.max(0, from - 2), from);
  const after = doc.sliceString(line.to, line.to + 2);
  const lead = from === 0 ? "" : before.endsWith("\n\n") ? "" : before.endsWith("\n") ? "\n" : "\n\n";
  const trail = after === "" || after.startsWith("\n\n") ? "" : "\n";
  const at = from + lead.length + Math.max(0, select === "" ? text.length : text.indexOf(select));
  return apply(view, {
    changes: { from, to: line.to, insert: lead + text + trail },
    selection: EditorSelection.range(at, at + select.length),
  });
}

// table puts in an empty table.
export function table(rows: number, columns: number): Command {
  return (view) => {
    const row = (cell: (i: number) => string) => `|${Array.from({ length: columns }, (_, i) => ` ${cell(i)} |`).join("")}`;
    const text = [
      row((i) => `Column ${i + 1}`),
      row(() => "---"),
      ...Array.from({ length: rows - 1 }, () => row(() => " ")),
    ].join("\n");
    return block(view, text, "Column 1");
  };
}

// fact makes a fact of a kind of the lines that are selected, or of some words
// of a line below its paragraph. Without a selection it does nothing.
export function fact(kind: string): Command {
  return (view) => {
    const { state } = view;
    const { from, to } = state.selection.main;
    const touched = lines(state);
    const first = touched[0];
    const last = touched.at(-1);
    const chosen = state.sliceDoc(from, to).trim();
    if (!first || !last || chosen === "") return false;
    if (tableAt(state, from) || (first === last && chosen !== first.text.trim())) return block(view, `> [!${kind}] ${chosen.replace(/\s*\n\s*/g, " ")}`);
    const text = touched.map((line) => line.text.replace(heading, "").replace(bullet, "").replace(quoted, "").trim());
    while (text[0] === "") text.shift();
    while (text.at(-1) === "") text.pop();
    const above = first.number > 1 && state.doc.line(first.number - 1).text.trim() !== "" ? "\n" : "";
    const below = last.number < state.doc.lines && state.doc.line(last.number + 1).text.trim() !== "" ? "\n" : "";
    const insert = `> [!${kind}] ${text.join("\n> ")}`.replace(/^> $/gm, ">");
    const at = first.from + above.length + `> [!${kind}] ${text[0] ?? ""}`.length;
    return apply(view, { changes: { from: first.from, to: last.to, insert: above + insert + below }, selection: { anchor: at } });
  };
}

// besideTables keeps what makes lines of another kind away from the rows of a
// table, which would not be one any more.
export function besideTables(command: Command, say: (text: string) => void): Command {
  return (view) => {
    const { from, to } = view.state.selection.main;
    if (!tableAt(view.state, from) && !tableAt(view.state, to)) return command(view);
    say("A table holds words only. Put this above or below it.");
    return true;
  };
}

// rule puts in a line across.
export const rule: Command = (view) => block(view, "---");

// deeper and shallower move list items under the one above and back. Outside of
// lists they do nothing, so that Tab moves on as everywhere.
export const deeper: Command = (view) => indent(view, true);
export const shallower: Command = (view) => indent(view, false);

function indent(view: EditorView, more: boolean): boolean {
  const { state } = view;
  if (state.readOnly) return false;
  const touched = lines(state);
  const first = touched[0];
  if (!first || !touched.every((line) => bullet.test(line.text) || line.text.trim() === "") || !bullet.test(first.text)) return false;
  // Under the words of the item above it, or back to those of its parent.
  const own = /^ */.exec(first.text)?.[0].length ?? 0;
  let step = more ? 2 : Math.min(own, 2);
  for (let n = first.number - 1; n > 0; n--) {
    const { text } = state.doc.line(n);
    const above = /^( *)((?:[-*+]|\d{1,9}[.)])[ ]+)/.exec(text);
    if (!above) {
      if (text.trim() === "" || text.startsWith(" ")) continue;
      break;
    }
    const depth = above[1]?.length ?? 0;
    if (more && depth <= own) {
      step = depth + (above[2]?.length ?? 2) - own;
      break;
    }
    if (!more && depth < own) {
      step = own - depth;
      break;
    }
  }
  if (step <= 0) return true; // as deep, or as shallow, as can be
  const changes = touched
    .filter((line) => line.text.trim() !== "")
    .map((line) =>
      more
        ? { from: line.from, insert: " ".repeat(step) }
        : { from: line.from, to: line.from + Math.min(step, /^ */.exec(line.text)?.[0].length ?? 0) },
    );
  view.dispatch({ changes, userEvent: "input.indent" });
  return true;
}
