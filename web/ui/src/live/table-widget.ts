// A table drawn as cells that are edited in place. The widget's element outlives
// changes of the text: they are patched into it, and the cell in which somebody
// writes is never taken away from under the caret.

import { type EditorView, WidgetType, runScopeHandlers } from "@codemirror/view";
import type { PreviewOptions } from "./preview";
import { renderInline } from "./preview-inline";
import {
  type Align,
  type Change,
  type TableModel,
  addColumn,
  addRow,
  cellSource,
  cellText,
  fill,
  moveRow,
  moved,
  rebase,
  removeColumn,
  removeRow,
  same,
  setAlign,
  setCell,
} from "./table-model";
import { gridOf } from "./table-paste";

/** TableSpot is where a table stands now. */
export interface TableSpot {
  id: number;
  from: number;
  to: number;
  text: string;
  model: TableModel;
}

/** Deck is what a table's element needs of the editor around it. */
export interface Deck {
  options: PreviewOptions;
  /** The table with this identity, as the document is now. */
  find(view: EditorView, id: number): TableSpot | undefined;
  /** Shows the table as text and puts the caret at pos. */
  asText(view: EditorView, spot: TableSpot, pos: number): void;
  /** Moves the caret out of the table: before (-1) or after (1) it. */
  leave(view: EditorView, spot: TableSpot, side: -1 | 1): void;
}

const parts = new WeakMap<HTMLElement, TableView>();

/** TableWidget stands for one table of the text. */
export class TableWidget extends WidgetType {
  constructor(
    readonly spot: TableSpot,
    readonly deck: Deck,
  ) {
    super();
  }
  override eq(o: TableWidget): boolean {
    return o.spot.id === this.spot.id && o.spot.text === this.spot.text;
  }
  toDOM(view: EditorView): HTMLElement {
    const t = new TableView(view, this.spot, this.deck);
    parts.set(t.dom, t);
    return t.dom;
  }
  override updateDOM(dom: HTMLElement): boolean {
    const t = parts.get(dom);
    if (!t || t.id !== this.spot.id) return false;
    t.update(this.spot);
    return true;
  }
  override get estimatedHeight(): number {
    return this.spot.model.rows.length * 34 + 16;
  }
  override ignoreEvent(): boolean {
    return true;
  }
  override destroy(dom: HTMLElement): void {
    parts.get(dom)?.destroy();
  }
}

/** tableView is the drawn table that an element belongs to. */
export function tableView(dom: Element | null): TableView | undefined {
  const box = dom?.closest<HTMLElement>(".lp-table");
  return box ? parts.get(box) : undefined;
}

interface Spot {
  row: number;
  column: number;
}

/** CellView is one drawn cell. */
interface CellView {
  td: HTMLTableCellElement;
  dom: HTMLElement;
  /** The cell's text in the document, as the element shows or edits it. */
  base: string;
  raw: string;
  origin: Map<Node, number>;
}

/** TableView is a table on the screen. */
export class TableView {
  readonly dom = document.createElement("div");
  readonly id: number;
  private readonly table = document.createElement("table");
  private readonly head = document.createElement("thead");
  private readonly body = document.createElement("tbody");
  private readonly tools: HTMLElement;
  private align!: HTMLSelectElement;
  private readonly cells: CellView[][] = [];
  private spot: TableSpot;
  private active: CellView | null = null;
  private last: Spot = { row: 0, column: 0 };
  private composing = false;
  private late = false;

  constructor(
    private readonly view: EditorView,
    spot: TableSpot,
    private readonly deck: Deck,
  ) {
    this.id = spot.id;
    this.spot = spot;
    this.dom.className = "lp-table";
    this.table.className = "data-table lp-grid";
    this.head.append(document.createElement("tr"));
    this.table.append(this.head, this.body);
    const scroll = document.createElement("div");
    scroll.className = "lp-table-scroll";
    scroll.append(this.table);
    this.tools = this.makeTools();
    this.dom.append(scroll);
    if (!view.state.readOnly) this.dom.append(this.tools);
    this.cells.push([]);
    this.patch();
    this.listen();
  }

  destroy(): void {
    document.removeEventListener("selectionchange", this.selected);
  }

  // ---- drawing

  /** update shows the table as the document has it now. */
  update(spot: TableSpot): void {
    this.spot = spot;
    this.patch();
  }

  /** patch changes what differs; rows and columns that stay keep their elements. */
  private patch(): void {
    const { rows, columns } = this.spot.model;
    const width = this.cells[0]!.length;
    if (width !== columns) this.patchColumns(width, columns);
    const have = this.cells.map((r) => r.map((c) => c.raw).join("|"));
    const want = rows.map((r) => Array.from({ length: columns }, (_, c) => r.cells[c]?.raw ?? "").join("|"));
    const { head, tail } = same(have.slice(1), want.slice(1));
    const extra = want.length - have.length;
    const middle = 1 + head + Math.max(0, Math.min(have.length, want.length) - 1 - head - tail);
    for (let i = 0; i < extra; i++) this.insertRow(middle, columns);
    for (let i = 0; i < -extra; i++) this.dropRow(middle);
    rows.forEach((r, i) => {
      this.cells[i]!.forEach((cell, c) => this.show(cell, r.cells[c]?.raw ?? ""));
    });
    this.name();
    if (this.active && !this.dom.contains(this.active.td)) {
      // Somebody else removed the row or column.
      this.active = null;
      document.removeEventListener("selectionchange", this.selected);
      this.dom.classList.remove("is-active");
    }
  }

  private patchColumns(have: number, want: number): void {
    const old = Array.from({ length: have }, (_, c) => this.cells.map((r) => r[c]!.raw).join("|"));
    const next = Array.from({ length: want }, (_, c) =>
      this.spot.model.rows.map((r) => r.cells[c]?.raw ?? "").join("|"),
    );
    const at = Math.min(same(old, next).head, have, want);
    for (let i = have; i < want; i++) {
      this.cells.forEach((row, r) => {
        const cell = this.makeCell(r === 0);
        const before = row[at];
        if (before) before.td.before(cell.td);
        else this.tr(r).append(cell.td);
        row.splice(at, 0, cell);
      });
    }
    for (let i = want; i < have; i++) {
      for (const row of this.cells) {
        const [gone] = row.splice(Math.min(at, row.length - 1), 1);
        gone?.td.remove();
      }
    }
  }

  private tr(row: number): HTMLTableRowElement {
    return row === 0 ? (this.head.firstChild as HTMLTableRowElement) : this.body.rows[row - 1]!;
  }

  private insertRow(at: number, columns: number): void {
    const tr = this.body.insertRow(at - 1);
    const row = Array.from({ length: columns }, () => this.makeCell(false));
    tr.append(...row.map((c) => c.td));
    this.cells.splice(at, 0, row);
  }

  private dropRow(at: number): void {
    this.body.rows[at - 1]?.remove();
    this.cells.splice(at, 1);
  }

  private makeCell(head: boolean): CellView {
    const td = document.createElement(head ? "th" : "td");
    if (head) (td as HTMLTableCellElement).scope = "col";
    const dom = document.createElement("div");
    dom.className = "lp-cell";
    dom.dir = "auto";
    dom.spellcheck = true;
    if (!this.view.state.readOnly) {
      dom.setAttribute("role", "textbox");
      dom.setAttribute("aria-multiline", "true");
      try {
        dom.contentEditable = "plaintext-only";
      } catch {
        dom.contentEditable = "true"; // Firefox before 136; what is pasted is text all the same
      }
    }
    td.append(dom);
    return { td, dom, base: "", raw: "", origin: new Map() };
  }

  /** show brings one cell up to date with the text. */
  private show(cell: CellView, raw: string): void {
    if (cell.raw === raw && (cell.dom.firstChild || !raw)) return;
    const before = cell.raw;
    cell.raw = raw;
    if (cell !== this.active) {
      this.render(cell);
      return;
    }
    const shown = shownText(cell.dom);
    if (cellSource(shown) === raw) {
      cell.base = cellText(raw);
      return;
    }
    if (this.composing) {
      cell.raw = before; // after the composition
      this.late = true;
      return;
    }
    const text = cellText(raw);
    const at = caretIn(cell.dom);
    write(cell.dom, text);
    if (at) {
      // The editor's selection was moved along, or set by undo or a command.
      const { anchor, head } = this.view.state.selection.main;
      const range = this.cellRange(cell);
      const place = (pos: number): number => (range ? cellText(raw.slice(0, pos - range.from)).length : 0);
      const within = (pos: number): boolean => range !== null && pos >= range.from && pos <= range.to;
      if (within(anchor) && within(head)) setCaret(cell.dom, place(anchor), place(head));
      else setCaret(cell.dom, moved(shown, text, at.anchor), moved(shown, text, at.head));
    }
    cell.base = text;
  }

  private render(cell: CellView): void {
    const { nodes, origin } = renderInline(cell.raw.replace(/\\\|/g, "|"), this.deck.options);
    cell.dom.replaceChildren(...nodes);
    cell.origin = origin;
    cell.base = cellText(cell.raw);
  }

  /** name says what each cell is, for those who hear the page. */
  private name(): void {
    const { model } = this.spot;
    this.table.setAttribute("aria-label", `Table, ${model.columns} columns, ${model.rows.length} rows`);
    const titles = this.cells[0]!.map((c, i) => cellText(c.raw).trim() || `Column ${i + 1}`);
    this.cells.forEach((row, r) =>
      row.forEach((cell, c) => {
        const label = r === 0 ? `Heading of column ${c + 1}` : `${titles[c]}, row ${r}`;
        if (cell.dom.getAttribute("aria-label") !== label && this.dom.contains(this.tools)) cell.dom.setAttribute("aria-label", label);
        const align = model.align[c] || "";
        if ((cell.td.dataset.align ?? "") !== align) cell.td.dataset.align = align;
      }),
    );
    if (this.active) this.showAlign();
  }

  // ---- what people do

  private listen(): void {
    const { dom } = this;
    dom.addEventListener("mousedown", (e) => this.pressed(e));
    dom.addEventListener("click", (e) => this.clicked(e));
    dom.addEventListener("focusin", (e) => {
      const cell = this.cellOf(e.target);
      if (cell) this.enter(cell);
    });
    dom.addEventListener("focusout", (e) => {
      const cell = this.cellOf(e.target);
      if (cell) this.exit(cell);
    });
    dom.addEventListener("beforeinput", (e) => {
      if (!this.cellOf(e.target)) return;
      if (e.inputType.startsWith("format") || e.inputType.startsWith("history")) e.preventDefault();
    });
    dom.addEventListener("input", (e) => {
      const cell = this.cellOf(e.target);
      if (cell) this.typed(cell);
    });
    dom.addEventListener("compositionstart", () => (this.composing = true));
    dom.addEventListener("compositionend", (e) => {
      this.composing = false;
      const cell = this.cellOf(e.target);
      if (!cell) return;
      this.typed(cell);
      if (this.late) {
        this.late = false;
        this.patch();
      }
    });
    dom.addEventListener("keydown", (e) => this.key(e));
    dom.addEventListener("paste", (e) => this.paste(e));
    dom.addEventListener("drop", (e) => e.preventDefault());
  }

  private cellOf(target: EventTarget | null): CellView | null {
    const dom = target instanceof Node ? (target instanceof Element ? target : target.parentElement)?.closest(".lp-cell") : null;
    if (!dom) return null;
    for (const row of this.cells) for (const cell of row) if (cell.dom === dom) return cell;
    return null;
  }

  private spotOf(cell: CellView): Spot {
    const row = this.cells.findIndex((r) => r.includes(cell));
    return { row, column: row < 0 ? -1 : this.cells[row]!.indexOf(cell) };
  }

  /** now is the table as the document has it, even while an update is on its way. */
  private now(): TableSpot | undefined {
    return this.deck.find(this.view, this.id);
  }

  private pressed(e: MouseEvent): void {
    const target = e.target as Element;
    if (e.ctrlKey || e.metaKey) {
      if (target.closest("[data-dest], [data-wiki]")) e.preventDefault();
      return;
    }
    const cell = this.cellOf(target) ?? this.cellOf(target.closest("td, th")?.firstElementChild ?? null);
    if (!cell || e.button !== 0 || this.view.state.readOnly) return;
    if (cell === this.active && this.cellOf(target)) return;
    if (this.cellOf(target) && !hasMarkup(cell)) return; // the browser puts the caret where it belongs
    // The text takes the place of what was drawn; the caret goes where that was pressed.
    e.preventDefault();
    const at = this.originAt(cell, e.clientX, e.clientY);
    this.focusCell(cell, at, at);
  }

  private originAt(cell: CellView, x: number, y: number): number {
    const doc = document as Document & {
      caretPositionFromPoint?(x: number, y: number): { offsetNode: Node; offset: number } | null;
      caretRangeFromPoint?(x: number, y: number): Range | null;
    };
    const p = doc.caretPositionFromPoint?.(x, y);
    const r = p ? null : doc.caretRangeFromPoint?.(x, y);
    const node = p?.offsetNode ?? r?.startContainer;
    const offset = p?.offset ?? r?.startOffset ?? 0;
    const from = node && cell.origin.get(node);
    if (from === undefined) return cell.base.length;
    return cellText(cell.raw.replace(/\\\|/g, "|").slice(0, from + offset)).length;
  }

  private clicked(e: MouseEvent): void {
    if (!(e.ctrlKey || e.metaKey)) return;
    const link = (e.target as Element).closest<HTMLElement>("[data-dest], [data-wiki]");
    if (link) this.view.contentDOM.dispatchEvent(new CustomEvent("lp-open", { detail: { ...link.dataset } }));
  }

  /** enter makes a cell the one that is edited: its text as written, for editing. */
  private enter(cell: CellView): void {
    this.active = cell;
    this.last = this.spotOf(cell);
    cell.base = cellText(cell.raw);
    if (shownText(cell.dom) !== cell.base) write(cell.dom, cell.base);
    this.dom.classList.add("is-active");
    this.showAlign();
    document.addEventListener("selectionchange", this.selected);
  }

  private exit(cell: CellView): void {
    if (this.active !== cell) return;
    document.removeEventListener("selectionchange", this.selected);
    this.typed(cell);
    this.active = null;
    this.composing = false;
    this.render(cell);
    setTimeout(() => {
      if (!this.dom.contains(document.activeElement)) this.dom.classList.remove("is-active");
    });
  }

  /** selected tells the editor where in its text the caret is. */
  private readonly selected = (): void => {
    const cell = this.active;
    if (!cell || document.activeElement !== cell.dom) return;
    const at = caretIn(cell.dom);
    const range = this.cellRange(cell);
    if (!at || !range) return;
    const place = (n: number): number =>
      Math.min(range.to, range.from + cellSource(`${shownText(cell.dom).slice(0, n)}.`).length - 1);
    const anchor = place(at.anchor);
    const head = place(at.head);
    const { main } = this.view.state.selection;
    if (main.anchor !== anchor || main.head !== head)
      this.view.dispatch({ selection: { anchor, head }, userEvent: "select.cell" });
  };

  /** cellRange is where a cell stands in the document. */
  private cellRange(cell: CellView): { from: number; to: number } | null {
    const spot = this.now();
    const { row, column } = this.spotOf(cell);
    const c = spot?.model.rows[row]?.cells[column];
    return spot && c ? { from: spot.from + c.from, to: spot.from + c.to } : null;
  }

  /** typed writes what was typed into the text: only what differs, only in this cell. */
  private typed(cell: CellView): void {
    const spot = this.now();
    if (!spot) return;
    const { row, column } = this.spotOf(cell);
    if (row < 0) return;
    const shown = shownText(cell.dom);
    const theirs = cellText(spot.model.rows[row]?.cells[column]?.raw ?? "");
    // While a composition held back what others wrote, both are kept.
    const alone = cellSource(theirs) === cellSource(cell.base);
    const text = alone ? shown : rebase(cell.base, shown, theirs);
    if (cellSource(text) === cellSource(theirs)) return;
    cell.base = alone ? cellText(cellSource(shown)) : shown;
    this.apply(setCell(spot.model, row, column, text), spot, "input.type.cell");
  }

  private apply(changes: Change[], spot: TableSpot, userEvent: string): void {
    if (changes.length === 0 || this.view.state.readOnly) return;
    this.view.dispatch({
      changes: changes.map((c) => ({ from: spot.from + c.from, to: spot.from + c.to, insert: c.insert })),
      userEvent,
    });
  }

  /** focusCell puts the caret into a cell; from and to count in its text. */
  focusCell(cell: CellView, from: number, to: number): void {
    cell.dom.focus({ preventScroll: true });
    setCaret(cell.dom, from, to);
    cell.td.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  /** focusAt puts the caret into a row and column, all of the cell selected or at one end. */
  focusAt(row: number, column: number, where: "all" | "start" | "end"): void {
    const r = this.cells[Math.max(0, Math.min(row, this.cells.length - 1))]!;
    const cell = r[Math.max(0, Math.min(column, r.length - 1))];
    if (!cell) return;
    const end = cellText(cell.raw).length;
    this.focusCell(cell, where === "end" ? end : 0, where === "start" ? 0 : end);
  }

  /** focusPos puts the caret at a position of the document inside this table. */
  focusPos(from: number, to: number): void {
    const spot = this.now();
    if (!spot) return;
    for (let r = 0; r < spot.model.rows.length; r++) {
      const row = spot.model.rows[r]!;
      if (from - spot.from > row.to) continue;
      const c = Math.max(0, row.cells.findIndex((x) => from - spot.from <= x.room.to));
      const cell = this.cells[r]?.[c];
      const at = row.cells[c];
      if (!cell || !at) break;
      const place = (pos: number): number =>
        cellText(at.raw.slice(0, Math.max(0, Math.min(pos - spot.from - at.from, at.raw.length)))).length;
      if (cell !== this.active || document.activeElement !== cell.dom) this.focusCell(cell, place(from), place(to));
      return;
    }
    this.focusAt(0, 0, "start");
  }

  private go(row: number, column: number, where: "all" | "start" | "end"): void {
    const spot = this.now();
    if (!spot) return;
    if (row < 0) this.deck.leave(this.view, spot, -1);
    else if (row >= this.cells.length) this.deck.leave(this.view, spot, 1);
    else this.focusAt(row, column, where);
  }

  private key(e: KeyboardEvent): void {
    if ((e.target as Element).closest(".lp-table-tools")) {
      this.toolKey(e);
      return;
    }
    const cell = this.cellOf(e.target);
    if (!cell || e.isComposing) return;
    const { row, column } = this.spotOf(cell);
    const mod = e.ctrlKey || e.metaKey;
    const at = caretIn(cell.dom);
    const size = shownText(cell.dom).length;
    const done = (f: () => void): void => {
      e.preventDefault();
      e.stopPropagation();
      f();
    };
    if (e.key === "Tab" && !mod && !e.altKey) return done(() => this.tab(row, column, e.shiftKey));
    if (e.key === "Enter" && mod) return done(() => this.go(this.cells.length, 0, "start"));
    if (e.key === "Enter" && e.shiftKey) return; // a line end in the cell
    if (e.key === "Enter") {
      return done(() => {
        if (row + 1 === this.cells.length) this.edit("row-below");
        else this.go(row + 1, column, "all");
      });
    }
    if (e.key === "Escape") return done(() => this.go(this.cells.length, 0, "start"));
    if (e.key === "F10" && e.altKey) return done(() => this.tools.querySelector("button")?.focus());
    if ((e.key === "ArrowUp" || e.key === "ArrowDown") && e.altKey && e.shiftKey)
      return done(() => this.edit(e.key === "ArrowUp" ? "row-up" : "row-down"));
    if (!mod && !e.altKey && !e.shiftKey && at && at.from === at.to) {
      const { top, bottom } = lineEdges(cell.dom);
      if (e.key === "ArrowUp" && top) return done(() => this.go(row - 1, column, "end"));
      if (e.key === "ArrowDown" && bottom) return done(() => this.go(row + 1, column, "start"));
      const rtl = getComputedStyle(cell.dom).direction === "rtl";
      const back = e.key === (rtl ? "ArrowRight" : "ArrowLeft");
      const on = e.key === (rtl ? "ArrowLeft" : "ArrowRight");
      if (back && at.from === 0) return done(() => this.step(row, column, -1));
      if (on && at.from === size) return done(() => this.step(row, column, 1));
    }
    // Undo, save, find and the like are the editor's.
    if (mod && !/^(?:a|c|v|x|arrow\w+|home|end|backspace|delete)$/i.test(e.key) && runScopeHandlers(this.view, e, "editor")) {
      e.preventDefault();
      e.stopPropagation();
    }
  }

  private step(row: number, column: number, by: -1 | 1): void {
    const width = this.cells[0]!.length;
    const c = column + by;
    const where = by < 0 ? "end" : "start";
    if (c < 0) this.go(row - 1, width - 1, where);
    else if (c >= width) this.go(row + 1, 0, where);
    else this.go(row, c, where);
  }

  private tab(row: number, column: number, back: boolean): void {
    const width = this.cells[0]!.length;
    if (back) {
      if (column > 0) this.go(row, column - 1, "all");
      else this.go(row - 1, width - 1, "all");
    } else if (column + 1 < width) this.go(row, column + 1, "all");
    else if (row + 1 < this.cells.length) this.go(row + 1, 0, "all");
    else {
      this.edit("row-below");
      this.focusAt(row + 1, 0, "all");
    }
  }

  private paste(e: ClipboardEvent): void {
    const cell = this.cellOf(e.target);
    if (!cell || !e.clipboardData) return;
    const grid = gridOf(e.clipboardData);
    e.preventDefault();
    e.stopPropagation();
    if (grid) {
      const spot = this.now();
      const { row, column } = this.spotOf(cell);
      if (spot) this.apply(fill(spot.model, row, column, grid), spot, "input.paste.cell");
      return;
    }
    const text = e.clipboardData.getData("text/plain").replace(/\r\n?/g, "\n").replace(/^\n+|\n+$/g, "");
    const at = caretIn(cell.dom) ?? { from: 0, to: 0 };
    const shown = shownText(cell.dom);
    write(cell.dom, shown.slice(0, at.from) + text + shown.slice(at.to));
    setCaret(cell.dom, at.from + text.length, at.from + text.length);
    this.typed(cell);
  }

  // ---- rows and columns

  private makeTools(): HTMLElement {
    const bar = document.createElement("div");
    bar.className = "lp-table-tools";
    bar.setAttribute("role", "toolbar");
    bar.setAttribute("aria-label", "Table");
    const button = (name: string, label: string): void => {
      const b = document.createElement("button");
      b.type = "button";
      b.className = `lp-tool lp-tool-${name}`;
      b.title = label;
      b.setAttribute("aria-label", label);
      b.addEventListener("mousedown", (e) => e.preventDefault()); // the cell keeps the caret
      b.addEventListener("click", () => this.edit(name));
      bar.append(b);
    };
    button("row-below", "Add a row below");
    button("column-after", "Add a column after");
    this.align = document.createElement("select");
    this.align.className = "lp-tool lp-tool-align";
    this.align.title = "How the column is set";
    this.align.setAttribute("aria-label", "How the column is set");
    for (const [value, text] of [
      ["", "Set as usual"],
      ["left", "Left"],
      ["center", "Centre"],
      ["right", "Right"],
    ] as const)
      this.align.add(new Option(text, value));
    this.align.addEventListener("change", () => {
      const spot = this.now();
      if (spot) this.apply(setAlign(spot.model, this.last.column, this.align.value as Align), spot, "input.table");
    });
    bar.append(this.align);
    button("row-remove", "Remove this row");
    button("column-remove", "Remove this column");
    button("text", "Edit as text");
    return bar;
  }

  private showAlign(): void {
    this.align.value = this.spot.model.align[this.last.column] ?? "";
  }

  private toolKey(e: KeyboardEvent): void {
    const items = [...this.tools.children] as HTMLElement[];
    const i = items.indexOf(e.target as HTMLElement);
    if (e.key === "Escape") this.focusAt(this.last.row, this.last.column, "end");
    else if (e.key === "ArrowRight") items[(i + 1) % items.length]?.focus();
    else if (e.key === "ArrowLeft") items[(i + items.length - 1) % items.length]?.focus();
    else return;
    e.preventDefault();
  }

  /** edit does what a tool says, at the cell that has or had the caret. */
  edit(what: string): void {
    const spot = this.now();
    if (!spot) return;
    const { row, column } = this.active ? this.spotOf(this.active) : this.last;
    const m = spot.model;
    switch (what) {
      case "row-below":
        this.apply(addRow(m, row), spot, "input.table");
        this.focusAt(row + 1, this.active || row + 1 < this.cells.length ? Math.min(column, m.columns - 1) : 0, "all");
        return;
      case "column-after":
        this.apply(addColumn(m, column), spot, "input.table");
        this.focusAt(row, column + 1, "all");
        return;
      case "row-remove":
        if (m.rows.length <= 1 || row === 0) {
          if (m.rows.length <= 1) this.remove(spot);
          return;
        }
        this.active?.dom.blur();
        this.apply(removeRow(m, row), spot, "delete.table");
        this.focusAt(Math.min(row, this.cells.length - 1), column, "all");
        return;
      case "column-remove":
        if (m.columns <= 1) {
          this.remove(spot);
          return;
        }
        this.active?.dom.blur();
        this.apply(removeColumn(m, column), spot, "delete.table");
        this.focusAt(row, Math.min(column, m.columns - 2), "all");
        return;
      case "row-up":
      case "row-down": {
        const by = what === "row-up" ? -1 : 1;
        const changes = moveRow(m, spot.text, row, by);
        if (changes.length === 0) return;
        this.active?.dom.blur();
        this.apply(changes, spot, "move.table");
        this.focusAt(row + by, column, "all");
        return;
      }
      case "text": {
        const c = m.rows[row]?.cells[column];
        this.deck.asText(this.view, spot, spot.from + (c?.from ?? 0));
        return;
      }
    }
  }

  private remove(spot: TableSpot): void {
    this.view.dispatch({ changes: { from: spot.from, to: spot.to, insert: "" }, selection: { anchor: spot.from }, userEvent: "delete.table" });
    this.view.focus();
  }
}

// ---- the text of a cell's element

/** hasMarkup tells whether a cell shows other than its text. */
function hasMarkup(cell: CellView): boolean {
  return shownText(cell.dom) !== cell.base || [...cell.dom.childNodes].some((n) => n.nodeType === Node.ELEMENT_NODE && n.nodeName !== "BR");
}

/** write sets a cell's text; a last line end needs a break to be seen. */
function write(dom: HTMLElement, text: string): void {
  dom.textContent = text;
  if (text.endsWith("\n")) dom.append(document.createElement("br"));
}

/** shownText is the text of a cell's element as it is edited. */
function shownText(dom: HTMLElement): string {
  let text = "";
  const walk = (n: Node): void => {
    for (let c = n.firstChild; c; c = c.nextSibling) {
      if (c.nodeType === Node.TEXT_NODE) text += c.nodeValue ?? "";
      else if (c.nodeName === "BR") {
        if (c.nextSibling || !/\n$/.test(text) ) text += c.nextSibling ? "\n" : "";
      } else walk(c);
    }
  };
  walk(dom);
  return text.replaceAll("\u00a0", " ");
}

interface Caret {
  from: number;
  to: number;
  anchor: number;
  head: number;
}

/** caretIn is where the selection is in a cell's text, null when it is elsewhere. */
function caretIn(dom: HTMLElement): Caret | null {
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
function setCaret(dom: HTMLElement, from: number, to: number): void {
  const find = (n: number): [Node, number] => {
    let left = n;
    const walker = document.createTreeWalker(dom, NodeFilter.SHOW_TEXT);
    for (let t = walker.nextNode(); t; t = walker.nextNode()) {
      const size = t.nodeValue?.length ?? 0;
      if (left <= size) return [t, left];
      left -= size;
    }
    return [dom, dom.childNodes.length];
  };
  document.getSelection()?.setBaseAndExtent(...find(from), ...find(to));
}

/** lineEdges tells whether the caret is on the first and on the last line of a cell. */
function lineEdges(dom: HTMLElement): { top: boolean; bottom: boolean } {
  const s = document.getSelection();
  if (!s || s.rangeCount === 0) return { top: true, bottom: true };
  const caret = s.getRangeAt(0).getClientRects()[0];
  if (!caret) return { top: true, bottom: true };
  const box = dom.getBoundingClientRect();
  const room = caret.height * 0.8;
  return { top: caret.top - box.top < room, bottom: box.bottom - caret.bottom < room };
}
