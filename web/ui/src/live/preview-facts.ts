// First lines of facts and tasks: kinds, attributes, ids and where they stand.
// Pure functions on one line of text; what they accept is what package content
// accepts on the server.

/** kinds are the callouts there are; those that are facts have a life. */
export const kinds: Readonly<Record<string, { label: string; fact: boolean }>> = {
  decision: { label: "Decision", fact: true },
  commitment: { label: "Commitment", fact: true },
  requirement: { label: "Requirement", fact: true },
  risk: { label: "Risk", fact: true },
  question: { label: "Question", fact: true },
  stakeholder: { label: "Stakeholder", fact: true },
  note: { label: "Note", fact: false },
  tip: { label: "Tip", fact: false },
  important: { label: "Important", fact: false },
  warning: { label: "Warning", fact: false },
  caution: { label: "Caution", fact: false },
};

/** Attribute is a "key:value" or "^id"; positions count from the line's start. */
export interface Attribute {
  key: string; // "^" for an id
  value: string;
  from: number;
  to: number;
}

/** CalloutLine is the first line of a callout. */
export interface CalloutLine {
  kind: string;
  /** From the bracket to after the kind's closing bracket and one space. */
  mark: { from: number; to: number };
}

const calloutMark = /^(\s{0,3}>[ \t]?(?:\s{0,3}>[ \t]?)*[ \t]*)\[!([A-Za-z]{1,20})\](?:[ \t]+|$)/;

/** calloutLine reads the first line of a callout, null when it is none. */
export function calloutLine(line: string): CalloutLine | null {
  const m = calloutMark.exec(line);
  if (!m) return null;
  const kind = m[2]!.toLowerCase();
  if (!Object.hasOwn(kinds, kind)) return null;
  return { kind, mark: { from: m[1]!.length, to: m[0].length } };
}

const taskMark = /^(?:\s{0,3}>[ \t]?)*\s*(?:[-*+]|\d{1,9}[.)])[ \t]+\[[ xX]\](?=[ \t]|$)/;

/** taskStart returns where the text of a task begins, -1 when the line is none. */
export function taskStart(line: string): number {
  const m = taskMark.exec(line);
  return m ? m[0].length : -1;
}

/** contentStart returns where attributes can begin on a first line, -1 on any other line. */
export function contentStart(line: string): number {
  const c = calloutLine(line);
  return c ? c.mark.to : taskStart(line);
}

const end = String.raw`(?=\s|\\?$)`;
const attribute = new RegExp(
  String.raw`\^([A-Za-z0-9][A-Za-z0-9-]{0,63})${end}|([a-z]{1,12}):(?:"([^"]+)"|([^\s"\\][^\s\\]{0,98}))${end}`,
  "y",
);

function valid(key: string, value: string): boolean {
  switch (key) {
    case "due":
    case "met":
      return isDate(value);
    case "status":
      return /^[a-z-]{1,40}$/.test(value);
    case "access":
      return value === "none" || value === "via" || value === "met";
    case "by":
      return value.length > 1 && value[0] === "@";
    case "role":
    case "influence":
      return true;
  }
  return false;
}

function isDate(s: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(s)) return false;
  const d = new Date(`${s}T00:00:00Z`);
  return !Number.isNaN(d.getTime()) && d.toISOString().slice(0, 10) === s;
}

/** attributes finds the attributes of a first line from start on, each key once. */
export function attributes(line: string, start: number): Attribute[] {
  const found: Attribute[] = [];
  for (let i = start; i < line.length; i++) {
    const c = line[i]!;
    if (c === " " || c === "\t") continue;
    if (i > start && !/\s/.test(line[i - 1]!)) continue;
    attribute.lastIndex = i;
    const m = attribute.exec(line);
    if (!m) continue;
    const key = m[1] ? "^" : m[2]!;
    const value = m[1] ?? m[3] ?? m[4]!;
    if (key === "^" || valid(key, value)) {
      found.push({ key, value, from: i, to: i + m[0].length });
      i += m[0].length - 1;
    }
  }
  return found;
}

/** Span is a piece of a line. */
export interface Span {
  from: number;
  to: number;
}

/**
 * idSpan is where a line's id stands with the space before it, and with the
 * spaces after it when it ends the line; null when the line has none.
 */
export function idSpan(line: string): Span | null {
  if (!line.includes("^")) return null;
  const start = contentStart(line);
  if (start < 0) return null;
  const id = attributes(line, start).find((a) => a.key === "^");
  if (!id) return null;
  let from = id.from;
  if (from > start && (line[from - 1] === " " || line[from - 1] === "\t")) from--;
  const rest = line.slice(id.to);
  return { from, to: rest.trim() === "" ? line.length : id.to };
}

/** closed tells whether a fact with this status is settled. */
export function closed(status: string | undefined): boolean {
  return status === "done" || status === "dropped" || status === "answered";
}

/** readableDate writes YYYY-MM-DD as the pages do: 1 Mar 2027. */
export function readableDate(s: string): string {
  const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
  const [y, m, d] = s.split("-");
  return `${Number(d)} ${months[Number(m) - 1]} ${y}`;
}
