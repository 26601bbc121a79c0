// A table of the text that is drawn. The widget's element outlives changes of the
// text: they are patched into it, see table-view.ts.

import { type EditorView, type Rect, WidgetType } from "@codemirror/view";
import { type Deck, type TableSpot, TableView } from "./table-view";

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
  /** Places in cells are where their words are drawn; at the edges it is the table's. */
  override coordsAt(dom: HTMLElement, pos: number): Rect | null {
    if (pos <= 0 || pos >= this.spot.text.length) return null;
    const t = parts.get(dom);
    return t ? t.places.coords(t.from + pos) : null;
  }
  override ignoreEvent(): boolean {
    return true;
  }
  override destroy(dom: HTMLElement): void {
    parts.get(dom)?.destroy();
  }
}

/** drawnTables are the tables that are drawn. */
export function drawnTables(view: EditorView): TableView[] {
  return [...view.contentDOM.querySelectorAll<HTMLElement>(".lp-table")].flatMap((dom) => parts.get(dom) ?? []);
}

/** drawnTable is the drawn table that holds a position of the document. */
export function drawnTable(view: EditorView, pos: number): TableView | undefined {
  return drawnTables(view).find((t) => t.holds(pos));
}

/** tableView is the drawn table that an element belongs to. */
export function tableView(dom: Element | null): TableView | undefined {
  const box = dom?.closest<HTMLElement>(".lp-table");
  return box ? parts.get(box) : undefined;
}
