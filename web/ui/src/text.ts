// Changes of the text in a textarea that keep the browser's own undo: they go
// in as if typed.

export function insert(area: HTMLTextAreaElement, from: number, to: number, text: string): void {
  area.focus();
  area.setSelectionRange(from, to);
  // setRangeText would empty the undo stack; this is the one way that does
  // not, and every browser still has it.
  if (!document.execCommand("insertText", false, text)) {
    area.setRangeText(text, from, to, "end");
    area.dispatchEvent(new InputEvent("input", { bubbles: true }));
  }
}

// wrap puts marks around the selection, or takes them away again.
export function wrap(area: HTMLTextAreaElement, mark: string, placeholder: string): void {
  const { selectionStart: from, selectionEnd: to, value } = area;
  const inside = value.slice(from, to);
  const n = mark.length;
  if (value.slice(from - n, from) === mark && value.slice(to, to + n) === mark) {
    insert(area, from - n, to + n, inside);
    area.setSelectionRange(from - n, to - n);
    return;
  }
  const text = inside || placeholder;
  insert(area, from, to, mark + text + mark);
  area.setSelectionRange(from + n, from + n + text.length);
}

// prefix puts a mark before every selected line, or takes it away when all
// have it.
export function prefix(area: HTMLTextAreaElement, mark: string): void {
  const { value } = area;
  const from = value.lastIndexOf("\n", area.selectionStart - 1) + 1;
  const found = value.indexOf("\n", area.selectionEnd);
  const to = found < 0 ? value.length : found;
  const lines = value.slice(from, to).split("\n");
  const all = lines.every((line) => line.startsWith(mark));
  const text = lines.map((line) => (all ? line.slice(mark.length) : mark + line)).join("\n");
  insert(area, from, to, text);
}

// block puts text on lines of its own after the paragraph the cursor is in,
// with an empty line around it, and selects what is to be typed over.
export function block(area: HTMLTextAreaElement, text: string, select = ""): void {
  const { value, selectionEnd } = area;
  const found = value.indexOf("\n\n", Math.max(0, selectionEnd - 1));
  const at = found < 0 ? value.replace(/\n+$/, "").length : found;
  const before = value.slice(0, at);
  const lead = before === "" || before.endsWith("\n\n") ? "" : before.endsWith("\n") ? "\n" : "\n\n";
  const rest = value.slice(at);
  const trail = rest === "" || rest.startsWith("\n\n") ? (rest === "" ? "\n" : "") : "\n";
  insert(area, at, at, lead + text + trail);
  const start = at + lead.length + (select ? text.indexOf(select) : text.length);
  area.setSelectionRange(start, start + select.length);
}

// words counts as a reader would.
export function words(text: string): number {
  const body = text.replace(/^---\n[\s\S]*?\n---\n/, "");
  return body.match(/[\p{L}\p{N}][\p{L}\p{N}\p{M}'’.-]*/gu)?.length ?? 0;
}
