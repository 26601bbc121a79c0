// A table on the screen, as cells that are edited in place. Changes of the text are
// patched in, and the cell in which somebody writes is never taken away from under
// the caret.

import { closeCompletion, completionStatus } from "@codemirror/autocomplete";
import type { EditorView } from "@codemirror/view";
import type { PreviewOptions } from "./preview";
import { renderInline } from "./preview-inline";
import { type CellView, caretIn, hasMarkup, setCaret, shownText, write } from "./table-cell";
import { Grid, type Spot } from "./table-grid";
import { Keys } from "./table-keys";
import { type Change, type TableModel, applied, cellSource, cellText, fill, moved, parseTable, rebase, setCell } from "./table-model";
import { gridOf } from "./table-paste";
import { Places } from "./table-places";
import { Rows } from "./table-rows";
import { Toolbar } from "./table-toolbar";

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

// What the editor's element says of an open list of choices.
const heard = ["aria-autocomplete", "aria-haspopup", "aria-controls", "aria-activedescendant"];

/** TableView is a table on the screen. */
export class TableView {
  readonly dom = document.createElement("div");
  readonly id: number;
  readonly grid: Grid;
  readonly tools: Toolbar;
  readonly places = new Places(this);
  readonly rows = new Rows(this);
  /** The table as it is drawn. */
  spot: TableSpot;
  /** The cell that has the caret. */
  active: CellView | null = null;
  /** Where the caret is, or was last. */
  last: Spot = { row: 0, column: 0 };
  private readonly keys = new Keys(this);
  private composing = false;
  private late = false;

  constructor(
    readonly view: EditorView,
    spot: TableSpot,
    readonly deck: Deck,
  ) {
    this.id = spot.id;
    this.spot = spot;
    this.dom.className = "lp-table";
    this.grid = new Grid(!view.state.readOnly);
    const scroll = document.createElement("div");
    scroll.className = "lp-table-scroll";
    scroll.append(this.grid.table);
    this.tools = new Toolbar({
      edit: (what) => this.rows.edit(what),
      align: (value) => this.rows.align(value),
      back: () => this.focusAt(this.last.row, this.last.column, "end"),
    });
    this.dom.append(scroll);
    if (!view.state.readOnly) this.dom.append(this.tools.dom);
    this.patch();
    this.listen();
  }

  /** lock takes the table away from who writes in it, or gives it back. */
  lock(): void {
    const { readOnly } = this.view.state;
    if (readOnly) this.active?.dom.blur();
    this.grid.open(!readOnly);
    this.tools.dom.hidden = readOnly;
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
    const { rows } = this.spot.model;
    this.grid.fit(this.spot.model);
    rows.forEach((r, i) => {
      this.grid.cells[i]!.forEach((cell, c) => this.show(cell, r.cells[c]?.raw ?? ""));
    });
    this.name();
    if (this.active && !this.dom.contains(this.active.td)) {
      // Somebody else removed the row or column.
      this.active = null;
      document.removeEventListener("selectionchange", this.selected);
      this.dom.classList.remove("is-active");
    }
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
    this.grid.table.setAttribute("aria-label", `Table, ${model.columns} columns, ${model.rows.length} rows`);
    const titles = this.grid.cells[0]!.map((c, i) => cellText(c.raw).trim() || `Column ${i + 1}`);
    this.grid.cells.forEach((row, r) =>
      row.forEach((cell, c) => {
        const label = r === 0 ? `Heading of column ${c + 1}` : `${titles[c]}, row ${r}`;
        if (cell.dom.getAttribute("aria-label") !== label && this.dom.contains(this.tools.dom)) cell.dom.setAttribute("aria-label", label);
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
      const cell = this.grid.of(e.target);
      if (cell) this.enter(cell);
    });
    dom.addEventListener("focusout", (e) => {
      const cell = this.grid.of(e.target);
      if (cell) this.exit(cell);
    });
    dom.addEventListener("beforeinput", (e) => {
      if (!this.grid.of(e.target)) return;
      if (e.inputType.startsWith("format") || e.inputType.startsWith("history")) e.preventDefault();
    });
    dom.addEventListener("input", (e) => {
      const cell = this.grid.of(e.target);
      if (cell) this.typed(cell);
    });
    dom.addEventListener("compositionstart", () => (this.composing = true));
    dom.addEventListener("compositionend", (e) => {
      this.composing = false;
      const cell = this.grid.of(e.target);
      if (!cell) return;
      this.typed(cell);
      if (this.late) {
        this.late = false;
        this.patch();
      }
    });
    dom.addEventListener("keydown", (e) => this.keys.press(e));
    dom.addEventListener("paste", (e) => this.paste(e));
    dom.addEventListener("drop", (e) => e.preventDefault());
  }

  /** now is the table as the document has it, even while an update is on its way. */
  now(): TableSpot | undefined {
    return this.deck.find(this.view, this.id);
  }

  private pressed(e: MouseEvent): void {
    const target = e.target as Element;
    if (e.ctrlKey || e.metaKey) {
      if (target.closest("[data-dest], [data-wiki]")) e.preventDefault();
      return;
    }
    const cell = this.grid.of(target) ?? this.grid.of(target.closest("td, th")?.firstElementChild ?? null);
    if (!cell || e.button !== 0 || this.view.state.readOnly) return;
    if (cell === this.active && this.grid.of(target)) return;
    if (this.grid.of(target) && !hasMarkup(cell)) return; // the browser puts the caret where it belongs
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
    this.last = this.grid.spot(cell);
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
    for (const name of heard) cell.dom.removeAttribute(name);
    if (completionStatus(this.view.state)) setTimeout(() => closeCompletion(this.view), 10);
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
    const { row, column } = this.grid.spot(cell);
    const c = spot?.model.rows[row]?.cells[column];
    return spot && c ? { from: spot.from + c.from, to: spot.from + c.to } : null;
  }

  /** typed writes what was typed into the text: only what differs, only in this cell. */
  private typed(cell: CellView): void {
    const spot = this.now();
    if (!spot) return;
    const { row, column } = this.grid.spot(cell);
    if (row < 0) return;
    const shown = shownText(cell.dom);
    const theirs = cellText(spot.model.rows[row]?.cells[column]?.raw ?? "");
    // While a composition held back what others wrote, both are kept.
    const alone = cellSource(theirs) === cellSource(cell.base);
    const text = alone ? shown : rebase(cell.base, shown, theirs);
    if (cellSource(text) === cellSource(theirs)) return;
    cell.base = alone ? cellText(cellSource(shown)) : shown;
    const changes = setCell(spot.model, row, column, text);
    // The caret goes with the words, as everywhere: a list of choices opens there.
    const at = caretIn(cell.dom);
    const there = at && shown === text ? parseTable(applied(spot.text, changes))?.rows[row]?.cells[column] : undefined;
    const pos = (n: number): number => spot.from + Math.min(there!.to, there!.from + cellSource(`${shown.slice(0, n)}.`).length - 1);
    this.apply(changes, spot, "input.type.cell", at && there ? { anchor: pos(at.anchor), head: pos(at.head) } : undefined);
  }

  /** apply changes the document, unless nobody may write any more. */
  apply(changes: Change[], spot: TableSpot, userEvent: string, selection?: { anchor: number; head: number }): void {
    if (changes.length === 0 || this.view.state.readOnly) return;
    this.view.dispatch({
      changes: changes.map((c) => ({ from: spot.from + c.from, to: spot.from + c.to, insert: c.insert })),
      ...(selection ? { selection } : {}),
      userEvent,
    });
  }

  // ---- where the table is, and the caret in it

  /** endOf is where in the document the cell that an element is in ends, null beside the cells. */
  endOf(target: Element): number | null {
    const cell = this.grid.of(target) ?? this.grid.of(target.closest("td, th")?.firstElementChild ?? null);
    return cell ? (this.cellRange(cell)?.to ?? null) : null;
  }

  /** from is where the table begins in the document. */
  get from(): number {
    return this.spot.from;
  }

  /** to is where it ends. */
  get to(): number {
    return this.spot.to;
  }

  /** holds tells whether a position of the document is in this table. */
  holds(pos: number): boolean {
    return pos >= this.spot.from && pos <= this.spot.to;
  }

  /** focusCell puts the caret into a cell; from and to count in its text. */
  focusCell(cell: CellView, from: number, to: number): void {
    cell.dom.focus({ preventScroll: true });
    setCaret(cell.dom, from, to);
    cell.td.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  /** focusAt puts the caret into a row and column, all of the cell selected or at one end. */
  focusAt(row: number, column: number, where: "all" | "start" | "end"): void {
    const r = this.grid.cells[Math.max(0, Math.min(row, this.grid.cells.length - 1))]!;
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
      const cell = this.grid.cells[r]?.[c];
      const at = row.cells[c];
      if (!cell || !at) break;
      const place = (pos: number): number =>
        cellText(at.raw.slice(0, Math.max(0, Math.min(pos - spot.from - at.from, at.raw.length)))).length;
      if (cell !== this.active || document.activeElement !== cell.dom) this.focusCell(cell, place(from), place(to));
      return;
    }
    this.focusAt(0, 0, "start");
  }

  /** hear lends a cell what the editor says of the open list of choices. */
  hear(from: HTMLElement): void {
    if (!this.active) return;
    for (const name of heard) {
      const value = from.getAttribute(name);
      if (value === null) this.active.dom.removeAttribute(name);
      else if (this.active.dom.getAttribute(name) !== value) this.active.dom.setAttribute(name, value);
    }
  }

  private paste(e: ClipboardEvent): void {
    const cell = this.grid.of(e.target);
    if (!cell || !e.clipboardData) return;
    const grid = gridOf(e.clipboardData);
    e.preventDefault();
    e.stopPropagation();
    if (grid) {
      const spot = this.now();
      const { row, column } = this.grid.spot(cell);
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

  private showAlign(): void {
    this.tools.show(this.spot.model.align[this.last.column] ?? "");
  }
}
