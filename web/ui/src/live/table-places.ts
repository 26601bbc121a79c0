// Where on the screen the words of a drawn table are.

import type { Rect } from "@codemirror/view";
import { type CellView, drawnPlace, place } from "./table-cell";
import { cellText } from "./table-model";
import type { TableView } from "./table-view";

/** Places answers for one table. */
export class Places {
  constructor(private readonly t: TableView) {}

  /** coords is where a position of the document is drawn, null when it is in no cell. */
  coords(pos: number): Rect | null {
    const found = this.placeOf(pos);
    if (!found) return null;
    const range = document.createRange();
    range.setStart(...found.at);
    const rect = range.getClientRects()[0];
    if (rect) return { left: rect.left, right: rect.left, top: rect.top, bottom: rect.bottom };
    const box = found.cell.dom.getBoundingClientRect();
    const style = getComputedStyle(found.cell.dom);
    const left = style.direction === "rtl" ? box.right - parseFloat(style.paddingRight) : box.left + parseFloat(style.paddingLeft);
    const top = box.top + parseFloat(style.paddingTop);
    return { left, right: left, top, bottom: top + (parseFloat(style.lineHeight) || box.height) };
  }

  /** shows tells whether a place is in sight, or scrolled out of it sideways. */
  shows(at: Rect): boolean {
    const box = this.t.dom.firstElementChild!.getBoundingClientRect();
    return at.left >= box.left - 1 && at.left <= box.right + 1;
  }

  /** range is where a range of the document is drawn, null when an end of it is in no cell. */
  range(from: number, to: number): Range | null {
    const [start, end] = [this.placeOf(from), this.placeOf(to)];
    if (!start || !end) return null;
    const range = document.createRange();
    range.setStart(...start.at);
    range.setEnd(...end.at);
    return range;
  }

  /** rects are the boxes that a range of the document covers in the cells. */
  rects(from: number, to: number): DOMRect[] {
    const range = this.range(from, to);
    if (!range) return [];
    if (this.placeOf(from)?.cell === this.placeOf(to)?.cell) return [...range.getClientRects()];
    // Over several cells it is those that count, not their words.
    const cells = this.t.grid.cells.flat().filter((cell) => range.intersectsNode(cell.dom));
    return cells.map((cell) => cell.td.getBoundingClientRect());
  }

  private placeOf(pos: number): { cell: CellView; at: [Node, number] } | null {
    const { rows } = this.t.spot.model;
    const local = pos - this.t.spot.from;
    const r = rows.findIndex((row) => local >= row.from && local <= row.to);
    const c = r < 0 ? -1 : rows[r]!.cells.findIndex((cell) => local <= cell.room.to);
    const cell = this.t.grid.cells[r]?.[c];
    const at = rows[r]?.cells[c];
    if (!cell || !at) return null;
    const n = Math.max(0, Math.min(local - at.from, at.raw.length));
    return { cell, at: cell === this.t.active ? place(cell.dom, cellText(at.raw.slice(0, n)).length) : drawnPlace(cell, n) };
  }
}
