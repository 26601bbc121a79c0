// The keys in the cells of a drawn table: from cell to cell, into and out of the
// table, in its tools and in the list of choices.

import { acceptCompletion, completionStatus, moveCompletionSelection } from "@codemirror/autocomplete";
import { runScopeHandlers } from "@codemirror/view";
import { putAway } from "./choices";
import { caretIn, lineEdges, shownText } from "./table-cell";
import type { TableView } from "./table-view";

/** Keys listens for one table. */
export class Keys {
  constructor(private readonly t: TableView) {}

  private go(row: number, column: number, where: "all" | "start" | "end"): void {
    const spot = this.t.now();
    if (!spot) return;
    if (row < 0) this.t.deck.leave(this.t.view, spot, -1);
    else if (row >= this.t.grid.cells.length) this.t.deck.leave(this.t.view, spot, 1);
    else this.t.focusAt(row, column, where);
  }

  /** press is a key in a cell or in the tools. */
  press(e: KeyboardEvent): void {
    if ((e.target as Element).closest(".lp-table-tools")) {
      this.t.tools.key(e);
      return;
    }
    const cell = this.t.grid.of(e.target);
    if (!cell || e.isComposing) return;
    const { row, column } = this.t.grid.spot(cell);
    const mod = e.ctrlKey || e.metaKey;
    if (!mod && !e.altKey && !e.shiftKey && this.choose(e.key)) {
      e.preventDefault();
      e.stopPropagation();
      return;
    }
    const at = caretIn(cell.dom);
    const size = shownText(cell.dom).length;
    const done = (f: () => void): void => {
      e.preventDefault();
      e.stopPropagation();
      f();
    };
    if (e.key === "Tab" && !mod && !e.altKey) return done(() => this.tab(row, column, e.shiftKey));
    if (e.key === "Enter" && mod) return done(() => this.go(this.t.grid.cells.length, 0, "start"));
    if (e.key === "Enter" && e.shiftKey) return; // a line end in the cell
    if (e.key === "Enter") {
      return done(() => {
        if (row + 1 === this.t.grid.cells.length) this.t.rows.edit("row-below");
        else this.go(row + 1, column, "all");
      });
    }
    if (e.key === "Escape") return done(() => this.go(this.t.grid.cells.length, 0, "start"));
    if (e.key === "F10" && e.altKey) return done(() => this.t.tools.focus());
    if ((e.key === "ArrowUp" || e.key === "ArrowDown") && e.altKey && e.shiftKey)
      return done(() => this.t.rows.edit(e.key === "ArrowUp" ? "row-up" : "row-down"));
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
    if (mod && !/^(?:a|c|v|x|arrow\w+|home|end|backspace|delete)$/i.test(e.key) && runScopeHandlers(this.t.view, e, "editor")) {
      e.preventDefault();
      e.stopPropagation();
    }
  }

  /** choose is a key in the list of choices, while it is open. */
  private choose(key: string): boolean {
    const { view } = this.t;
    if (completionStatus(view.state) !== "active") return false;
    switch (key) {
      case "ArrowDown":
      case "ArrowUp":
        return moveCompletionSelection(key === "ArrowDown")(view);
      case "PageDown":
      case "PageUp":
        return moveCompletionSelection(key === "PageDown", "page")(view);
      case "Enter":
      case "Tab":
        acceptCompletion(view); // not in the moment it opened; the key is the list's all the same
        return true;
      case "Escape":
        return putAway(view);
    }
    return false;
  }

  private step(row: number, column: number, by: -1 | 1): void {
    const width = this.t.grid.cells[0]!.length;
    const c = column + by;
    const where = by < 0 ? "end" : "start";
    if (c < 0) this.go(row - 1, width - 1, where);
    else if (c >= width) this.go(row + 1, 0, where);
    else this.go(row, c, where);
  }

  private tab(row: number, column: number, back: boolean): void {
    const width = this.t.grid.cells[0]!.length;
    if (back) {
      if (column > 0) this.go(row, column - 1, "all");
      else this.go(row - 1, width - 1, "all");
    } else if (column + 1 < width) this.go(row, column + 1, "all");
    else if (row + 1 < this.t.grid.cells.length) this.go(row + 1, 0, "all");
    else {
      this.t.rows.edit("row-below");
      this.t.focusAt(row + 1, 0, "all");
    }
  }
}
