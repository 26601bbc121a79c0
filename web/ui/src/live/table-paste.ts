// What is pasted into a cell, as a grid of texts: cells of a spreadsheet (tabs),
// CSV, or a table of HTML. One text alone is no grid.

/** gridOf reads a clipboard; null when it holds no more than one cell. */
export function gridOf(data: DataTransfer): string[][] | null {
  const html = data.getData("text/html");
  if (/<table[\s>]/i.test(html)) {
    const grid = htmlGrid(html);
    if (grid) return grid;
  }
  return textGrid(data.getData("text/plain"));
}

/** Pasted tables are cut off here, so that a whole spreadsheet cannot freeze the page. */
const maxRows = 2000;
const maxColumns = 100;

/** textGrid reads tabs, else commas or semicolons when every line has as many. */
export function textGrid(text: string): string[][] | null {
  const t = text.replace(/\r\n?/g, "\n").replace(/\n+$/, "");
  if (t.includes("\t")) return cut(split(t, "\t"));
  if (!t.includes("\n")) return null;
  for (const by of [";", ","]) {
    if (!t.includes(by)) continue;
    // In prose a space or the end of a line follows; in a file a value does.
    if (/[,;](?: |$)/m.test(t.replace(/"(?:[^"]|"")*"/g, "."))) continue;
    const grid = split(t, by);
    const width = grid[0]!.length;
    if (width > 1 && grid.length > 1 && grid.every((r) => r.length === width)) return cut(grid);
  }
  return null;
}

/** split reads separated values; a value in double quotes may hold anything. */
function split(text: string, by: string): string[][] {
  const rows: string[][] = [[]];
  let value = "";
  let i = 0;
  const end = (): void => {
    rows.at(-1)!.push(value.trim());
    value = "";
  };
  while (i < text.length) {
    const c = text[i]!;
    if (c === '"' && value === "") {
      const close = closing(text, i);
      const after = text[close + 1];
      if (close > 0 && (after === undefined || after === by || after === "\n")) {
        value = text.slice(i + 1, close).replaceAll('""', '"');
        i = close + 1;
        continue;
      }
    }
    if (c === by) end();
    else if (c === "\n") {
      end();
      rows.push([]);
    } else value += c;
    i++;
  }
  end();
  return rows;
}

/** closing is where a quoted value ends, -1 when it does not. */
function closing(text: string, open: number): number {
  for (let i = open + 1; i < text.length; i++) {
    if (text[i] !== '"') continue;
    if (text[i + 1] === '"') i++;
    else return i;
  }
  return -1;
}

function htmlGrid(html: string): string[][] | null {
  const table = new DOMParser().parseFromString(html, "text/html").querySelector("table");
  if (!table) return null;
  const grid: string[][] = [];
  for (const row of table.rows) {
    const cells: string[] = [];
    for (const cell of row.cells) {
      for (const br of cell.querySelectorAll("br")) br.replaceWith("\n");
      cells.push(
        (cell.textContent ?? "")
          .split("\n")
          .map((s) => s.replace(/\s+/g, " ").trim())
          .filter(Boolean)
          .join("\n"),
      );
      for (let i = 1; i < Math.min(cell.colSpan, maxColumns); i++) cells.push("");
    }
    if (cells.length > 0) grid.push(cells);
  }
  return grid.length > 1 || (grid[0]?.length ?? 0) > 1 ? cut(grid) : null;
}

function cut(grid: string[][]): string[][] {
  return grid.slice(0, maxRows).map((r) => r.slice(0, maxColumns));
}
