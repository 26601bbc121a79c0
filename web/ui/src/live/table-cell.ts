// One cell of a drawn table: its element, the text in it and the caret there.

/** CellView is one drawn cell. */
export interface CellView {
  td: HTMLTableCellElement;
  dom: HTMLElement;
  /** The cell's text in the document, as the element shows or edits it. */
  base: string;
  raw: string;
  origin: Map<Node, number>;
}

/** makeCell draws an empty cell, of the heading or not. */
export function makeCell(head: boolean, writable: boolean): CellView {
  const td = document.createElement(head ? "th" : "td");
  if (head) (td as HTMLTableCellElement).scope = "col";
  const dom = document.createElement("div");
  dom.className = "lp-cell";
  dom.dir = "auto";
  dom.spellcheck = true;
  if (writable) openCell(dom, true);
  td.append(dom);
  return { td, dom, base: "", raw: "", origin: new Map() };
}

/** openCell lets people write in a cell, or not. */
export function openCell(dom: HTMLElement, writable: boolean): void {
  if (!writable) {
    dom.removeAttribute("role");
    dom.removeAttribute("aria-multiline");
    dom.contentEditable = "false";
    return;
  }
  dom.setAttribute("role", "textbox");
  dom.setAttribute("aria-multiline", "true");
  try {
    dom.contentEditable = "plaintext-only";
  } catch {
    dom.contentEditable = "true"; // Firefox before 136; what is pasted is text all the same
  }
}

/** hasMarkup tells whether a cell shows other than its text. */
export function hasMarkup(cell: CellView): boolean {
  return shownText(cell.dom) !== cell.base || [...cell.dom.childNodes].some((n) => n.nodeType === Node.ELEMENT_NODE && n.nodeName !== "BR");
}

/** write sets a cell's text; a last line end needs a break to be seen. */
export function write(dom: HTMLElement, text: string): void {
  dom.textContent = text;
  if (text.endsWith("\n")) dom.append(document.createElement("br"));
}

/** shownText is the text of a cell's element as it is edited. */
export function shownText(dom: HTMLElement): string {
  let text = "";
  const walk = (n: Node): void => {
    for (let c = n.firstChild; c; c = c.nextSibling) {
      if (c.nodeType === Node.TEXT_NODE) text += c.nodeValue ?? "";
      else if (c.nodeName === "BR") {
        if (c.nextSibling || !/\n$/.test(text)) text += c.nextSibling ? "\n" : "";
      } else walk(c);
    }
  };
  walk(dom);
  return text.replaceAll("\u00a0", " ");
}

/** place is the node and offset where so many characters of a cell's text end. */
export function place(dom: HTMLElement, n: number): [Node, number] {
  let left = n;
  const walker = document.createTreeWalker(dom, NodeFilter.SHOW_TEXT);
  for (let t = walker.nextNode(); t; t = walker.nextNode()) {
    const size = t.nodeValue?.length ?? 0;
    if (left <= size) return [t, left];
    left -= size;
  }
  return [dom, dom.childNodes.length];
}

/** drawnPlace is where a position of a cell's text is drawn while nobody writes in it. */
export function drawnPlace(cell: CellView, at: number): [Node, number] {
  const pos = cell.raw.slice(0, at).replace(/\\\|/g, "|").length;
  let best: [Node, number] = [cell.dom, 0];
  let begin = -1;
  for (const [node, from] of cell.origin) {
    if (from > pos || from < begin) continue;
    begin = from;
    best = [node, Math.min(pos - from, node.nodeValue?.length ?? 0)];
  }
  return best;
}

export interface Caret {
  from: number;
  to: number;
  anchor: number;
  head: number;
}

/** caretIn is where the selection is in a cell's text, null when it is elsewhere. */
export function caretIn(dom: HTMLElement): Caret | null {
  const s = document.getSelection();
  if (!s || !s.anchorNode || !s.focusNode || !dom.contains(s.anchorNode) || !dom.contains(s.focusNode)) return null;
  const place = (node: Node, offset: number): number => {
    const r = document.createRange();
    r.setStart(dom, 0);
    r.setEnd(node, offset);
    const box = document.createElement("div");
    box.append(r.cloneContents());
    let n = 0;
    const walk = (x: Node): void => {
      for (let c = x.firstChild; c; c = c.nextSibling) {
        if (c.nodeType === Node.TEXT_NODE) n += (c.nodeValue ?? "").length;
        else if (c.nodeName === "BR") n++;
        else walk(c);
      }
    };
    walk(box);
    return n;
  };
  const anchor = place(s.anchorNode, s.anchorOffset);
  const head = place(s.focusNode, s.focusOffset);
  return { anchor, head, from: Math.min(anchor, head), to: Math.max(anchor, head) };
}

/** setCaret selects a piece of a cell's text. */
export function setCaret(dom: HTMLElement, from: number, to: number): void {
  document.getSelection()?.setBaseAndExtent(...place(dom, from), ...place(dom, to));
}

/** lineEdges tells whether the caret is on the first and on the last line of a cell. */
export function lineEdges(dom: HTMLElement): { top: boolean; bottom: boolean } {
  const s = document.getSelection();
  if (!s || s.rangeCount === 0) return { top: true, bottom: true };
  const caret = s.getRangeAt(0).getClientRects()[0];
  if (!caret) return { top: true, bottom: true };
  const box = dom.getBoundingClientRect();
  const room = caret.height * 0.8;
  return { top: caret.top - box.top < room, bottom: box.bottom - caret.bottom < room };
}
