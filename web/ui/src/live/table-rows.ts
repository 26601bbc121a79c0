// What the tools of a drawn table do to its rows and columns.

import { type Align, addColumn, addRow, moveRow, removeColumn, removeRow, setAlign } from "./table-model";
import type { TableSpot, TableView } from "./table-view";

/** Rows changes the rows and columns of one table. */
export class Rows {
  constructor(private readonly t: TableView) {}

  /** align sets the column that has or had the caret. */
  align(value: Align): void {
    const now = this.t.now();
    if (now) this.t.apply(setAlign(now.model, this.t.last.column, value), now, "input.table");
  }

  /** edit does what a tool says, at the cell that has or had the caret. */
  edit(what: string): void {
    const spot = this.t.now();
    if (!spot) return;
    const { row, column } = this.t.active ? this.t.grid.spot(this.t.active) : this.t.last;
    const m = spot.model;
    switch (what) {
      case "row-below":
        this.t.apply(addRow(m, row), spot, "input.table");
        this.t.focusAt(row + 1, this.t.active || row + 1 < this.t.grid.cells.length ? Math.min(column, m.columns - 1) : 0, "all");
        return;
      case "column-after":
        this.t.apply(addColumn(m, column), spot, "input.table");
        this.t.focusAt(row, column + 1, "all");
        return;
      case "row-remove":
        if (m.rows.length <= 1 || row === 0) {
          if (m.rows.length <= 1) this.remove(spot);
          return;
        }
        this.t.active?.dom.blur();
        this.t.apply(removeRow(m, row), spot, "delete.table");
        this.t.focusAt(Math.min(row, this.t.grid.cells.length - 1), column, "all");
        return;
      case "column-remove":
        if (m.columns <= 1) {
          this.remove(spot);
          return;
        }
        this.t.active?.dom.blur();
        this.t.apply(removeColumn(m, column), spot, "delete.table");
        this.t.focusAt(row, Math.min(column, m.columns - 2), "all");
        return;
      case "row-up":
      case "row-down": {
        const by = what === "row-up" ? -1 : 1;
        const changes = moveRow(m, spot.text, row, by);
        if (changes.length === 0) return;
        this.t.active?.dom.blur();
        this.t.apply(changes, spot, "move.table");
        this.t.focusAt(row + by, column, "all");
        return;
      }
      case "text": {
        const c = m.rows[row]?.cells[column];
        this.t.deck.asText(this.t.view, spot, spot.from + (c?.from ?? 0));
        return;
      }
    }
  }

  private remove(spot: TableSpot): void {
    this.t.view.dispatch({ changes: { from: spot.from, to: spot.to, insert: "" }, selection: { anchor: spot.from }, userEvent: "delete.table" });
    this.t.view.focus();
  }
}
