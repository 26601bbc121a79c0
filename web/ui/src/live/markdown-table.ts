// Tables of the clipboard as tables of markdown.

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

// writeTable writes rows of text; the first is the head.
export function writeTable(cells: Pick<Cells, "align">, text: string[][]): string[] {
  const full = text.filter((row) => row.some((cell) => cell !== ""));
  const [head, ...rest] = full;
  if (!head) return [];
  const row = (list: string[]) => `| ${list.map((cell) => escapeBars(cell)).join(" | ")} |`;
  const rule = cells.align.map((side) => (side === "right" ? "---:" : side === "center" ? ":---:" : "---"));
  return [row(head), `| ${rule.join(" | ")} |`, ...rest.map(row)];
}

// fromTabs answers the table of lines whose cells are parted by tabs, "" when
// they are no table.
export function fromTabs(text: string): string {
  const lines = text.replace(/\r\n?/g, "\n").replace(/\n+$/, "").split("\n");
  if (lines.length < 2 || lines.length > maxRows) return "";
  const rows = lines.map((line) => line.split("\t").map((cell) => cell.trim()));
  const width = rows[0]?.length ?? 0;
  if (width < 2 || width > maxColumns || rows.some((row) => row.length !== width)) return "";
  return writeTable({ align: rows[0]?.map(() => "") ?? [] }, rows).join("\n");
}
