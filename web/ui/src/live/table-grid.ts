// The rows and columns of a drawn table: elements that stay are kept, so that
// nothing is taken from under a caret.

import { type CellView, makeCell, openCell } from "./table-cell";
import { type TableModel, same } from "./table-model";

/** Grid is the table element and its cells by row and column. */
export class Grid {
  readonly table = document.createElement("table");
  readonly cells: CellView[][] = [[]];
  private readonly head = document.createElement("thead");
  private readonly body = document.createElement("tbody");

  constructor(private writable: boolean) {
    this.table.className = "data-table lp-grid";
    this.head.append(document.createElement("tr"));
    this.table.append(this.head, this.body);
  }

  /** fit takes rows and columns in and out where they came and went; what the cells say is not touched. */
  fit(model: TableModel): void {
    const { rows, columns } = model;
    const width = this.cells[0]!.length;
    if (width !== columns) this.patchColumns(model, width, columns);
    const have = this.cells.map((r) => r.map((c) => c.raw).join("|"));
    const want = rows.map((r) => Array.from({ length: columns }, (_, c) => r.cells[c]?.raw ?? "").join("|"));
    const { head, tail } = same(have.slice(1), want.slice(1));
    const extra = want.length - have.length;
    const middle = 1 + head + Math.max(0, Math.min(have.length, want.length) - 1 - head - tail);
    for (let i = 0; i < extra; i++) this.insertRow(middle, columns);
    for (let i = 0; i < -extra; i++) this.dropRow(middle);
  }

  /** open lets people write in the cells, or not. */
  open(writable: boolean): void {
    this.writable = writable;
    for (const cell of this.cells.flat()) openCell(cell.dom, writable);
  }

  /** of answers the cell that an element is in. */
  of(target: EventTarget | null): CellView | null {
    const dom = target instanceof Node ? (target instanceof Element ? target : target.parentElement)?.closest(".lp-cell") : null;
    if (!dom) return null;
    for (const row of this.cells) for (const cell of row) if (cell.dom === dom) return cell;
    return null;
  }

  /** spot is where a cell stands; both are -1 when it is gone. */
  spot(cell: CellView): Spot {
    const row = this.cells.findIndex((r) => r.includes(cell));
    return { row, column: row < 0 ? -1 : this.cells[row]!.indexOf(cell) };
  }

  private patchColumns(model: TableModel, have: number, want: number): void {
    const old = Array.from({ length: have }, (_, c) => this.cells.map((r) => r[c]!.raw).join("|"));
    const next = Array.from({ length: want }, (_, c) =>
      model.rows.map((r) => r.cells[c]?.raw ?? "").join("|"),
    );
    const at = Math.min(same(old, next).head, have, want);
    for (let i = have; i < want; i++) {
      this.cells.forEach((row, r) => {
        const cell = makeCell(r === 0, this.writable);
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
    const row = Array.from({ length: columns }, () => makeCell(false, this.writable));
    tr.append(...row.map((c) => c.td));
    this.cells.splice(at, 0, row);
  }

  private dropRow(at: number): void {
    this.body.rows[at - 1]?.remove();
    this.cells.splice(at, 1);
  }
}

/** Spot is a place in a table; the heading is row 0. */
export interface Spot {
  row: number;
  column: number;
}
