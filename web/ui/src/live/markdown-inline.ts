// Runs of text with marks, written as the markdown of paragraphs.
import { restored } from "./markdown-parse";

export interface Run {
  text: string;
  bold: boolean;
  italic: boolean;
  strike: boolean;
  code: boolean;
  link: string;
  break?: boolean; // a new line
  raw?: boolean; // written as it is
}

const word = /[\p{L}\p{N}]/u;
const space = /\s/;

// write answers the lines of each paragraph; two breaks in a row part them.
export function write(runs: Run[]): string[][] {
  const out: string[][] = [];
  let paragraph: Run[] = [];
  let breaks = 0;
  const flush = () => {
    const lines = inline(paragraph);
    if (lines.length > 0) out.push(lines);
    paragraph = [];
  };
  for (const run of runs) {
    if (run.break) {
      breaks++;
      paragraph.push(run);
      continue;
    }
    if (breaks >= 2 && run.text.trim() !== "") flush();
    if (run.text.trim() !== "" || run.raw) breaks = 0;
    paragraph.push(run);
  }
  flush();
  return out;
}

const marks = ["link", "bold", "italic", "strike"] as const;
type Mark = (typeof marks)[number];
const signs = { bold: "**", italic: "*", strike: "~~" };

const has = (run: Run | undefined, mark: Mark): string | boolean => run?.[mark] ?? false;
// bare tells whether the address is all a link says: readers get it as a link
// anyway.
const bare = (run: Run) => run.link !== "" && (run.link === run.text || run.link === `mailto:${run.text}` || run.link === `${run.text}/`);
const same = (a: Run, b: Run) => a.code === b.code && a.raw === b.raw && !a.raw && marks.every((mark) => a[mark] === b[mark]);

// common are the marks that two neighbours share.
function common(a: Run | undefined, b: Run | undefined, text: string): Run {
  return {
    text,
    code: false,
    link: a && b && a.link === b.link ? a.link : "",
    bold: Boolean(a?.bold && b?.bold),
    italic: Boolean(a?.italic && b?.italic),
    strike: Boolean(a?.strike && b?.strike),
  };
}

// settle joins what is marked alike and moves spaces, and punctuation that
// would keep a mark from working, out of the marks.
function settle(runs: Run[]): Run[] {
  const joined: Run[] = [];
  for (const run of runs) {
    if (run.text === "" && !run.raw) continue;
    const last = joined.at(-1);
    if (last && same(last, run)) last.text += run.text;
    else joined.push({ ...run });
  }
  const split: Run[] = [];
  for (const run of joined) {
    if (bare(run)) {
      split.push({ ...run, link: "", raw: true });
      continue;
    }
    const lead = run.raw ? "" : (/^\s+/.exec(run.text)?.[0] ?? "");
    const core = run.raw ? run.text : run.text.trim();
    if (core === "") {
      split.push({ ...run, text: " ", code: false });
      continue;
    }
    if (lead !== "") split.push({ ...run, text: " ", code: false });
    split.push({ ...run, text: core });
    if (!run.raw && /\s$/.test(run.text)) split.push({ ...run, text: " ", code: false });
  }
  const out: Run[] = [];
  split.forEach((run, i) => {
    if (run.text !== " ") {
      out.push(run);
      return;
    }
    if (out.at(-1)?.text === " ") return;
    let next = i + 1;
    while (split[next]?.text === " ") next++;
    out.push(common(out.at(-1), split[next], " "));
  });
  // “**foo:**bar” is not bold: the sign moves out.
  const final: Run[] = [];
  out.forEach((run, i) => {
    const next = out[i + 1];
    const marked = run.bold || run.italic || run.strike;
    const ends = next && marks.slice(1).some((mark) => run[mark] && !next[mark]);
    const tail = marked && !run.code && !run.raw && ends && next.text !== " " && word.test(next.text[0] ?? "") ? /[^\p{L}\p{N}\s]+$/u.exec(run.text)?.[0] : undefined;
    if (!tail) {
      final.push(run);
      return;
    }
    const rest = run.text.slice(0, -tail.length);
    if (rest !== "") final.push({ ...run, text: rest });
    final.push({ ...common(run, next, tail), link: run.link });
  });
  return final;
}

// escape keeps text from being read as markdown. before and after are what
// stands beside it.
function escape(text: string, before: string, after: string, linked: boolean): string {
  let out = "";
  for (let i = 0; i < text.length; i++) {
    const c = text[i] ?? "";
    const prev = i > 0 ? (text[i - 1] ?? "") : before;
    const next = text[i + 1] ?? after;
    switch (c) {
      case "\\":
        out += /[!-/:-@[-`{-~]/.test(next) ? "\\\\" : c;
        break;
      case "`":
        out += "\\`";
        break;
      case "*":
        out += i > 0 && space.test(prev) && space.test(next) ? c : "\\*";
        break;
      case "_":
        out += word.test(prev) && word.test(next) ? c : "\\_";
        break;
      case "~":
        out += next === "~" || prev === "~" || (prev !== "" && !space.test(prev)) ? "\\~" : c;
        break;
      case "[":
        out += linked || next === "[" || next === "^" || next === "!" ? "\\[" : c;
        break;
      case "]":
        out += linked || next === "(" || next === "[" || next === ":" ? "\\]" : c;
        break;
      case "<":
        out += next === "" || /[a-z/!?]/i.test(next) ? "\\<" : c;
        break;
      case "&":
        out += /^&(?:#\d{1,7}|#x[\da-f]{1,6}|[a-z][a-z\d]{1,31});/i.test(text.slice(i, i + 36)) ? "\\&" : c;
        break;
      default:
        out += c;
    }
  }
  return out;
}

export function codeSpan(text: string): string {
  const longest = Math.max(0, ...(text.match(/`+/g) ?? []).map((ticks) => ticks.length));
  const fence = "`".repeat(longest + 1);
  const pad = text.startsWith("`") || text.endsWith("`") ? " " : "";
  return fence + pad + text + pad + fence;
}

function address(link: string): string {
  return link.replace(/[\s<>()\\[\]`*_|"]/g, (c) => (c === "_" || c === "*" ? c : `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`));
}

// inline writes one paragraph; each break is a line of its own.
function inline(runs: Run[]): string[] {
  const lines: string[] = [];
  let line: Run[] = [];
  const flush = () => {
    lines.push(oneLine(settle(line)));
    line = [];
  };
  for (const run of runs) {
    if (run.break) flush();
    else line.push({ ...run, text: tidy(run) });
  }
  flush();
  const full = lines.filter((text) => text !== "");
  return full.map((text, i) => atStart(text) + (i < full.length - 1 ? "\\" : ""));
}

function tidy(run: Run): string {
  if (run.raw) return run.text;
  return restored(run.text)
    .replace(/[\uE000\uE001\u0000-\u0008\u000b\u000e-\u001f\u007f\u200b\ufeff\u00ad]/g, "")
    .replace(/[\s\u00a0]+/g, " ");
}

// atStart keeps a line from becoming a heading, a list or a quote.
function atStart(text: string): string {
  if (/^(?:#{1,6}(?:\s|$)|[-+](?:\s|$)|>|\||:?-+[:\s|-]*$|=+\s*$|~~~)/.test(text)) return `\\${text}`;
  return text.replace(/^(\d{1,9})([.)])(?=\s|$)/, "$1\\$2");
}

function oneLine(runs: Run[]): string {
  const parts: string[] = [];
  let last = ""; // character written
  const put = (text: string) => {
    if (text === "") return;
    parts.push(text);
    last = text[text.length - 1] ?? "";
  };
  const stack: Mark[] = [];
  const close = (mark: Mark, from: Run | undefined) => put(mark === "link" ? `](${address(from?.link ?? "")})` : signs[mark]);
  // Marks that go on longest are opened first.
  const extent = (mark: Mark, at: number) => {
    let end = at;
    while (end < at + 100 && has(runs[end], mark) && runs[end]?.[mark] === runs[at]?.[mark]) end++;
    return end;
  };
  runs.forEach((run, i) => {
    const before = runs[i - 1];
    const keep = stack.findIndex((mark) => !has(run, mark) || run[mark] !== before?.[mark]);
    if (keep >= 0) while (stack.length > keep) close(stack.pop() as Mark, before);
    // A mark does not begin before a space.
    const wanted = run.text === " " ? [] : marks.filter((mark) => has(run, mark) && !stack.includes(mark));
    if (wanted.length > 1) wanted.sort((a, b) => extent(b, i) - extent(a, i));
    for (const mark of wanted) {
      if (mark === "link" && last === "!") parts[parts.length - 1] = (parts.at(-1) ?? "").replace(/!$/, "\\!");
      put(mark === "link" ? "[" : signs[mark]);
      stack.push(mark);
    }
    const next = runs[i + 1];
    const after = !next ? "" : next.link !== "" && next.link !== run.link ? "[" : (next.text[0] ?? "");
    put(run.raw ? run.text : run.code ? codeSpan(run.text) : escape(run.text, last, after, run.link !== ""));
  });
  while (stack.length > 0) close(stack.pop() as Mark, runs.at(-1));
  return parts.join("").trim();
}
