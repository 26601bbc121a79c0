// Tables of markdown as cells: where each cell stands in the text, and the
// smallest change of text that each edit of the table is. Pure functions; all
// positions count from the beginning of the table's text. A change never touches
// a cell that the edit is not about, so that two people can fill one row.

/** Align is how a column is set. */
export type Align = "" | "left" | "center" | "right";

/** Change is a change of text, as CodeMirror takes them. */
export interface Change {
  from: number;
  to: number;
  insert: string;
}

/** Cell is one cell: its text without the spaces around it, and its room between the bars. */
export interface Cell {
  from: number;
  to: number;
  room: { from: number; to: number };
  raw: string;
}

/** Row is one line of the table. */
export interface Row {
  from: number;
  to: number;
  /** Where the next line begins. */
  next: number;
  cells: Cell[];
  /** Whether the line begins and ends with a bar. */
  opened: boolean;
  closed: boolean;
}

/** TableModel is a table: rows[0] is the head; the line of hyphens stands apart. */
export interface TableModel {
  rows: Row[];
  rule: Row;
  align: Align[];
  columns: number;
}

/** parseTable reads the text of a table; null when it is none, or one we cannot draw. */
export function parseTable(text: string): TableModel | null {
  const lines: Row[] = [];
  let at = 0;
  for (const line of text.split("\n")) {
    const row = line.replace(/\r$/, ""); // the return is part of the line's end
    if (row.includes("\r")) return null; // kept as text, so that no byte is lost
    lines.push({ ...parseRow(row, at), next: at + line.length + 1 });
    at += line.length + 1;
  }
  const [head, rule, ...body] = lines;
  if (!head || !rule || head.cells.length === 0 || rule.cells.length !== head.cells.length) return null;
  if (!rule.cells.every((c) => /^:?-+:?$/.test(c.raw))) return null;
  if (body.some((r) => r.cells.length === 0)) return null;
  return {
    rows: [head, ...body],
    rule,
    align: rule.cells.map((c) => alignOf(c.raw)),
    columns: head.cells.length,
  };
}

function alignOf(raw: string): Align {
  const left = raw.startsWith(":");
  return raw.endsWith(":") ? (left ? "center" : "right") : left ? "left" : "";
}

function parseRow(line: string, at: number): Omit<Row, "next"> {
  const bars: number[] = [];
  let escaped = false;
  for (let i = 0; i < line.length; i++) {
    const c = line[i];
    if (c === "|" && !escaped) bars.push(i);
    escaped = !escaped && c === "\\";
  }
  const start = line.length - line.trimStart().length;
  const stop = line.trimEnd().length;
  const opened = bars[0] === start;
  const closed = bars.length > (opened ? 1 : 0) && bars.at(-1) === stop - 1;
  const edges = [...bars];
  if (!opened) edges.unshift(start - 1);
  if (!closed) edges.push(stop);
  const cells: Cell[] = [];
  for (let i = 0; i + 1 < edges.length; i++) {
    const room = { from: edges[i]! + 1, to: edges[i + 1]! };
    const inside = line.slice(room.from, room.to);
    const raw = inside.trim();
    const from = raw ? room.from + inside.length - inside.trimStart().length : Math.min(room.from + 1, room.to);
    cells.push({
      from: at + from,
      to: at + from + raw.length,
      room: { from: at + room.from, to: at + room.to },
      raw,
    });
  }
  if (!opened && !closed && bars.length === 0 && stop <= start) cells.length = 0;
  return { from: at, to: at + line.length, cells, opened, closed };
}

/** cellText is a cell as people edit it: bars without backslash, breaks as line ends. */
export function cellText(raw: string): string {
  return raw.replace(/(\\*)\|/g, (_, s: string) => `${s.slice(0, -1)}|`).replace(/<br\s*\/?>/gi, "\n");
}

/** cellSource is the reverse of cellText. */
export function cellSource(text: string): string {
  return text
    .replace(/\r\n?/g, "\n")
    .trim()
    .replace(/(\\*)\|/g, (_, s: string) => (s.length % 2 ? `${s}&#124;` : `${s}\\|`))
    .replace(/\n/g, "<br>");
}

/** smallest is the change that makes one text of another, cut between characters. */
export function smallest(from: string, to: string): Change | null {
  if (from === to) return null;
  let head = 0;
  const most = Math.min(from.length, to.length);
  while (head < most && from[head] === to[head]) head++;
  if (head > 0 && isHigh(from.charCodeAt(head - 1))) head--;
  let tail = 0;
  while (tail < most - head && from[from.length - 1 - tail] === to[to.length - 1 - tail]) tail++;
  if (tail > 0 && isLow(from.charCodeAt(from.length - tail))) tail--;
  return { from: head, to: from.length - tail, insert: to.slice(head, to.length - tail) };
}

const isHigh = (c: number): boolean => c >= 0xd800 && c < 0xdc00;
const isLow = (c: number): boolean => c >= 0xdc00 && c < 0xe000;

/** applied is a text after changes, which stand in order. */
export function applied(text: string, changes: readonly Change[]): string {
  return changes.reduceRight((out, c) => out.slice(0, c.from) + c.insert + out.slice(c.to), text);
}

/** setCell changes one cell to text. */
export function setCell(m: TableModel, row: number, column: number, text: string): Change[] {
  const r = m.rows[row];
  if (!r) return [];
  const raw = cellSource(text);
  const cell = r.cells[column];
  if (!cell) {
    if (!raw) return [];
    return [appendCells(r, [...Array<string>(column - r.cells.length).fill(""), raw])];
  }
  const c = smallest(cell.raw, raw);
  if (!c) return [];
  let insert = c.insert;
  if (!raw) {
    // Without bars around its line an empty cell would be none.
    if (column === 0 && !r.opened) insert = "| ";
    if (column === r.cells.length - 1 && !r.closed) insert += "  |";
  }
  if (!cell.raw) {
    if (cell.room.from === cell.room.to) insert = ` ${insert} `;
    else if (cell.from === cell.room.to) insert = `${insert} `;
  } else if (cell.to === cell.room.to && raw.endsWith("\\")) {
    return [{ from: cell.from, to: cell.to, insert: `${raw} ` }]; // or it would escape the bar
  }
  return [{ from: cell.from + c.from, to: cell.from + c.to, insert }];
}

/** appendCells writes cells after the last one of a line. */
function appendCells(r: Row, raws: string[]): Change {
  const last = r.cells.at(-1);
  const end = last ? (r.closed ? last.room.to + 1 : last.room.to) : r.to;
  return { from: end, to: end, insert: `${r.closed ? "" : " |"}${raws.map((s) => (s ? ` ${s} |` : "  |")).join("")}` };
}

/** line writes a line of cells. */
function line(raws: string[]): string {
  return `|${raws.map((s) => (s ? ` ${s} |` : "  |")).join("")}`;
}

/** addRow adds an empty row below row (0 is the head). */
export function addRow(m: TableModel, row: number): Change[] {
  const above = row <= 0 ? m.rule : m.rows[row]!;
  return [{ from: above.to, to: above.to, insert: `\n${line(Array<string>(m.columns).fill(""))}` }];
}

/** removeRow removes a row; the head stays. */
export function removeRow(m: TableModel, row: number): Change[] {
  if (row <= 0 || row >= m.rows.length) return [];
  return [{ from: m.rows[row]!.from - 1, to: m.rows[row]!.to, insert: "" }];
}

/** moveRow puts a row one place up (-1) or down (1); the head stays. */
export function moveRow(m: TableModel, text: string, row: number, by: -1 | 1): Change[] {
  const a = Math.min(row, row + by);
  const above = m.rows[a];
  const below = m.rows[a + 1];
  if (a < 1 || !above || !below) return [];
  const moved = by > 0 ? above : below;
  const words = text.slice(moved.from, moved.to);
  return by > 0
    ? [
        { from: above.from, to: above.next, insert: "" },
        { from: below.to, to: below.to, insert: `\n${words}` },
      ]
    : [
        { from: above.from, to: above.from, insert: `${words}\n` },
        { from: below.from - 1, to: below.to, insert: "" },
      ];
}

const allLines = (m: TableModel): Row[] => [m.rows[0]!, m.rule, ...m.rows.slice(1)];

/** addColumn adds an empty column after column; -1 puts it first. */
export function addColumn(m: TableModel, column: number): Change[] {
  const changes: Change[] = [];
  for (const r of allLines(m)) {
    const words = r === m.rule ? " --- |" : "  |";
    if (column < 0) {
      const first = r.cells[0]!;
      changes.push({ from: first.room.from, to: first.room.from, insert: r.opened ? words : `|${words}` });
      continue;
    }
    const cell = r.cells[column];
    if (!cell) continue; // the row ends before; it stays short
    const barred = column < r.cells.length - 1 || r.closed;
    const at = barred ? cell.room.to + 1 : cell.room.to;
    changes.push({ from: at, to: at, insert: barred ? words : ` |${words}` });
  }
  return changes;
}

/** removeColumn removes a column; the last one stays. */
export function removeColumn(m: TableModel, column: number): Change[] {
  if (m.columns <= 1) return [];
  const changes: Change[] = [];
  for (const r of allLines(m)) {
    const cell = r.cells[column];
    if (!cell) continue;
    if (!r.opened) {
      // Without bars around it what is left might be no table.
      const start = r.cells[0]!.room.from;
      if (column > 0) changes.push({ from: start, to: start, insert: "| " });
      else {
        changes.push({ from: start, to: cell.room.to, insert: "" });
        continue;
      }
    }
    if (column < r.cells.length - 1 || r.closed) changes.push({ from: cell.room.from, to: cell.room.to + 1, insert: "" });
    else changes.push({ from: cell.room.from - 1, to: cell.room.to, insert: r.cells.length === 1 ? "|  |" : " |" });
  }
  return changes;
}

/** setAlign sets a column; its hyphens keep their width. */
export function setAlign(m: TableModel, column: number, align: Align): Change[] {
  const cell = m.rule.cells[column];
  if (!cell || m.align[column] === align) return [];
  const left = align === "left" || align === "center" ? ":" : "";
  const right = align === "right" || align === "center" ? ":" : "";
  const width = Math.max(cell.raw.length, 3) - left.length - right.length;
  return [{ from: cell.from, to: cell.to, insert: left + "-".repeat(Math.max(1, width)) + right }];
}

/** fill puts a grid of texts into the cells from row and column on, adding rows and columns as needed. */
export function fill(m: TableModel, row: number, column: number, grid: string[][]): Change[] {
  const width = Math.max(m.columns, column + Math.max(0, ...grid.map((g) => g.length)));
  const extra = width - m.columns;
  const changes: Change[] = [];
  const value = (r: number, c: number): string | undefined => grid[r - row]?.[c - column];
  m.rows.forEach((r, i) => {
    const have = Math.min(r.cells.length, width);
    for (let c = 0; c < have; c++) {
      const text = value(i, c);
      if (text !== undefined) changes.push(...setCell(m, i, c, text));
    }
    const rest: string[] = [];
    for (let c = have; c < width; c++) rest.push(cellSource(value(i, c) ?? ""));
    // The head decides how many columns there are: it is always filled up.
    if (i === 0 ? rest.length > 0 : rest.some(Boolean)) changes.push(appendCells(r, rest));
  });
  if (extra > 0) changes.push(appendCells(m.rule, Array<string>(extra).fill("---")));
  let added = "";
  for (let i = m.rows.length; i < row + grid.length; i++) {
    const raws: string[] = [];
    for (let c = 0; c < width; c++) raws.push(cellSource(value(i, c) ?? ""));
    added += `\n${line(raws)}`;
  }
  if (added) {
    const end = (m.rows.length > 1 ? m.rows.at(-1)! : m.rule).to;
    changes.push({ from: end, to: end, insert: added });
  }
  return changes.sort((a, b) => a.from - b.from);
}

/** newTable is the text of a table that holds a grid; its first row is the head. */
export function newTable(grid: string[][]): string {
  const width = Math.max(1, ...grid.map((g) => g.length));
  const lines = grid.map((g) => line(Array.from({ length: width }, (_, c) => cellSource(g[c] ?? ""))));
  lines.splice(1, 0, line(Array<string>(width).fill("---")));
  return lines.join("\n");
}

/** rebase makes somebody's edit of base on top of what others made of it. */
export function rebase(base: string, mine: string, theirs: string): string {
  const a = smallest(base, mine);
  const b = smallest(base, theirs);
  if (!a) return theirs;
  if (!b) return mine;
  if (a.to <= b.from && !(a.from === b.from && a.to === b.to)) return theirs.slice(0, a.from) + a.insert + theirs.slice(a.to);
  const shift = b.insert.length - (b.to - b.from);
  if (a.from >= b.to) return theirs.slice(0, a.from + shift) + a.insert + theirs.slice(a.to + shift);
  // Both changed the same words: theirs stand, and what was typed here follows.
  const at = b.from + b.insert.length;
  return theirs.slice(0, at) + a.insert + theirs.slice(at);
}

/** moved is where a position of one text is in another that was made of it. */
export function moved(from: string, to: string, at: number): number {
  const c = smallest(from, to);
  if (!c || at <= c.from) return at;
  if (at >= c.to) return at + c.insert.length - (c.to - c.from);
  return Math.min(at, c.from + c.insert.length);
}

/** same finds what two lists begin and end with alike: what is between was changed. */
export function same(a: readonly string[], b: readonly string[]): { head: number; tail: number } {
  const most = Math.min(a.length, b.length);
  let head = 0;
  while (head < most && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < most - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  return { head, tail };
}
