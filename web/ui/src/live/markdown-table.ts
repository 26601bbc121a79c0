// Tables of the clipboard as tables of markdown.
import { textGrid } from "./table-paste";

export interface Cells {
  rows: (HTMLElement | null)[][]; // null where a merged cell goes on
  align: ("" | "right" | "center")[];
  cut: boolean;
}

const maxRows = 2000;
const maxColumns = 60;
const maxCells = 40_000;

const within = "table, ul, ol, blockquote, pre, h1, h2, h3, hr";

// asTable answers the cells of a table that holds data, null for one that only
// lays things out: with tables inside, of a single column, or a single row of
// long text.
export function asTable(table: HTMLTableElement): Cells | null {
  if (table.getAttribute("role") === "presentation" || table.querySelector("table")) return null;
  const count = Math.min(table.rows.length, maxRows);
  const rows: (HTMLElement | null)[][] = [];
  const below: number[] = []; // rows that a merged cell still covers, by column
  let width = 0;
  let cells = 0;
  let cut = table.rows.length > maxRows;
  for (let r = 0; r < count; r++) {
    const row: (HTMLElement | null)[] = [];
    const skip = () => {
      while ((below[row.length] ?? 0) > 0) {
        below[row.length] = (below[row.length] ?? 0) - 1;
        row.push(null);
      }
    };
    for (const cell of table.rows[r]?.cells ?? []) {
      skip();
      if (row.length >= maxColumns || cells >= maxCells) {
        cut = true;
        break;
      }
      const wide = Math.min(Math.max(1, cell.colSpan || 1), maxColumns - row.length);
      const high = Math.min(Math.max(1, cell.rowSpan || 1), count - r);
      for (let c = 0; c < wide; c++) {
        below[row.length] = high - 1;
        row.push(c === 0 ? cell : null);
        cells++;
      }
    }
    skip();
    width = Math.max(width, row.length);
    rows.push(row);
    if (cells >= maxCells) break;
  }
  if (width < 2 || rows.length === 0) return null;
  const heads = table.querySelector("th") !== null;
  if (rows.length === 1 && !heads && rows[0]?.some((cell) => cell?.querySelector(within) || (cell?.textContent ?? "").length > 120)) return null;
  const align = Array.from({ length: width }, (_, c) => column(rows, c));
  return { rows: rows.map((row) => Array.from({ length: width }, (_, c) => row[c] ?? null)), align, cut };
}

function column(rows: (HTMLElement | null)[][], c: number): "" | "right" | "center" {
  const count = { right: 0, center: 0, other: 0 };
  for (const row of rows.slice(1)) {
    const cell = row[c];
    if (!cell || (cell.textContent ?? "").trim() === "") continue;
    const style = /text-align\s*:\s*(right|center)/i.exec(cell.getAttribute("data-dw-style") ?? "")?.[1];
    const side = (style ?? cell.getAttribute("align") ?? "").toLowerCase();
    if (side === "right" || side === "center") count[side]++;
    else count.other++;
  }
  if (count.right > count.other && count.right >= count.center) return "right";
  return count.center > count.other ? "center" : "";
}

const escapeBars = (text: string) => text.replace(/\|/g, "\\|");

// writeTable writes rows of text; the first is the head. Rows and columns that
// are all empty are left out; one column is written as a line of text.
export function writeTable(text: string[][], align: Cells["align"]): string[] {
  const rows = text.filter((row) => row.some((cell) => cell !== ""));
  const columns = align.map((_, c) => c).filter((c) => rows.some((row) => row[c] !== ""));
  const [head, ...rest] = rows.map((row) => columns.map((c) => row[c] ?? ""));
  if (!head) return [];
  if (columns.length < 2) return [[head, ...rest].map((row) => row.join("")).join(" / ")];
  // A head is bold by itself.
  const strong = /^\*\*((?:(?!\*\*).)+)\*\*$/;
  const names = head.every((cell) => cell === "" || strong.test(cell)) ? head.map((cell) => cell.replace(strong, "$1")) : head;
  const line = (row: string[]) => `| ${row.map(escapeBars).join(" | ")} |`;
  const rule = columns.map((c) => (align[c] === "right" ? "---:" : align[c] === "center" ? ":---:" : "---"));
  return [line(names), `| ${rule.join(" | ")} |`, ...rest.map(line)];
}

// fromTabs answers the table of lines whose cells are parted by tabs, "" when
// they are no table.
export function fromTabs(text: string): string {
  if (!text.includes("\t")) return "";
  const rows = textGrid(text);
  const width = rows?.[0]?.length ?? 0;
  if (!rows || rows.length < 2 || width < 2 || rows.some((row) => row.length !== width)) return "";
  const cells = rows.map((row) => row.map((cell) => cell.replace(/\s+/g, " ").replace(/[\\`*_[\]<]/g, "\\$&")));
  return writeTable(cells, cells[0]?.map(() => "") ?? []).join("\n");
}
