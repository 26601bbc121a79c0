// Rich text from the clipboard as clean markdown.
//
// What programs put there is parsed into a document of its own, which runs
// nothing and loads nothing, and written anew: no tag, style or script of it
// ever reaches the page. Converting walks the document once and joins once, so
// the time it takes grows with the size and no faster; beyond the limits below
// the rest is left out, and that is said.
import { codeSpan, type Run, write } from "./markdown-inline";
import { makeLists } from "./markdown-office";
import { css, parse, restored } from "./markdown-parse";
import { asTable, writeTable } from "./markdown-table";

// Picture is an image that came inside the text; its mark stands in the
// markdown until the file is stored.
export interface Picture {
  mark: string;
  data: string; // data: address
  alt: string;
}

export interface Converted {
  markdown: string;
  pictures: Picture[];
  notes: string[]; // what was left out, to be shown
}

export const limits = {
  html: 8_000_000, // characters that are looked at
  nodes: 100_000,
  depth: 120, // nested elements; deeper ones count as their text
  nested: 8, // lists or quotes within each other
  text: 1_000_000, // characters that come out, roughly
};

type Block = { lines: string[]; kind: "text" | "heading" | "list" | "table" | "code" | "quote" | "rule" };

interface Style {
  bold: boolean;
  italic: boolean;
  strike: boolean;
  code: boolean;
  link: string;
  lines: boolean; // line breaks of the text count
}

const plain: Style = { bold: false, italic: false, strike: false, code: false, link: "", lines: false };

const skipped = new Set(
  "SCRIPT STYLE TEMPLATE NOSCRIPT HEAD META LINK TITLE IFRAME OBJECT EMBED SVG MATH CANVAS AUDIO VIDEO SELECT OPTION BUTTON TEXTAREA XML COL COLGROUP MAP AREA".split(" "),
);
const blocks = new Set(
  "P DIV H1 H2 H3 H4 H5 H6 UL OL LI DL DT DD TABLE THEAD TBODY TFOOT TR TD TH CAPTION BLOCKQUOTE PRE HR SECTION ARTICLE ASIDE HEADER FOOTER MAIN NAV ADDRESS FIGURE FIGCAPTION CENTER FORM FIELDSET DETAILS SUMMARY BODY HTML".split(" "),
);

// toMarkdown converts what a program put on the clipboard.
export function toMarkdown(html: string): Converted {
  return new Converter().convert(html);
}

class Converter {
  private readonly pictures: Picture[] = [];
  private readonly notes = new Set<string>();
  private nodes = 0;
  private taken = 0;
  private lost = 0;

  convert(html: string): Converted {
    if (html.length > limits.html) this.cut();
    const body = parse(html.slice(0, limits.html));
    if (!body) return { markdown: "", pictures: [], notes: [] };
    makeLists(body);
    const written = this.blocks([...body.childNodes], 0, 0);
    while (written[0]?.kind === "rule") written.shift();
    while (written.at(-1)?.kind === "rule") written.pop();
    const markdown = join(written).join("\n");
    if (this.lost > 0) {
      this.notes.add(
        this.lost === 1
          ? "One picture could not be taken along. Copy it by itself and paste it."
          : `${this.lost} pictures could not be taken along. Copy each by itself and paste it.`,
      );
    }
    return { markdown, pictures: this.pictures, notes: [...this.notes] };
  }

  private cut(): void {
    this.notes.add("That was very long: only its beginning was pasted.");
  }

  private spent(): boolean {
    if (++this.nodes <= limits.nodes && this.taken <= limits.text) return false;
    this.cut();
    return true;
  }

  // some is as much of a text as there is room for.
  private some(text: string): string {
    const left = Math.max(0, limits.text - this.taken);
    this.taken += text.length;
    if (text.length <= left) return text;
    this.cut();
    return text.slice(0, left);
  }

  // blocks writes nodes one below the other; text and inline elements between
  // blocks become paragraphs.
  private blocks(nodes: Iterable<Node>, depth: number, nested: number): Block[] {
    const out: Block[] = [];
    let runs: Run[] = [];
    const flush = () => {
      const paragraphs = write(runs);
      runs = [];
      for (const lines of paragraphs) out.push({ lines, kind: "text" });
    };
    const visit = (list: Iterable<Node>, style: Style, level: number) => {
      for (const node of list) {
        if (this.spent()) return;
        if (node.nodeType === 3) {
          this.some(node.nodeValue ?? "").split(style.lines ? /\r?\n/ : /$^/).forEach((text, i) => {
            if (i > 0) runs.push({ ...plain, text: "", break: true });
            runs.push({ ...style, text });
          });
          continue;
        }
        if (node.nodeType !== 1) continue;
        const el = node as HTMLElement;
        if (skipped.has(el.tagName.toUpperCase()) || hidden(el)) continue;
        if (level > limits.depth) {
          runs.push({ ...style, text: this.some(el.textContent ?? "") });
          continue;
        }
        if (isBlock(el)) {
          flush();
          out.push(...this.block(el, level + 1, nested));
          continue;
        }
        if (el.tagName === "BR") {
          runs.push({ ...plain, text: "", break: true });
          continue;
        }
        if (el.tagName === "IMG") {
          if (el.getAttribute("aria-roledescription") === "checkbox") continue;
          this.image(el as HTMLImageElement, style, runs);
          continue;
        }
        if (el.tagName === "INPUT") continue;
        visit(el.childNodes, styled(el, style), level + 1);
      }
    };
    visit(nodes, plain, depth);
    flush();
    return out;
  }

  private image(el: HTMLImageElement, style: Style, runs: Run[]): void {
    const src = (el.getAttribute("src") ?? "").trim();
    const alt = (el.getAttribute("alt") ?? "").replace(/\s+/g, " ").trim().slice(0, 200);
    const tiny = (name: string) => {
      const n = Number(el.getAttribute(name));
      return el.hasAttribute(name) && n <= 2;
    };
    if (tiny("width") && tiny("height")) return; // counts readers, shows nothing
    if (/\bemo(?:ji|ticon)\b/.test(el.className) || el.hasAttribute("data-emoji")) {
      runs.push({ ...style, text: el.getAttribute("data-emoji") ?? alt });
      return;
    }
    if (/^data:image\/(?:png|jpeg|gif|webp|avif);base64,/i.test(src)) {
      const mark = `\uE000${this.pictures.length}\uE001`;
      this.pictures.push({ mark, data: src, alt });
      runs.push({ ...style, text: mark, raw: true });
      return;
    }
    const address = href(src);
    if (/^https?:/.test(address)) {
      runs.push({ ...style, link: style.link || address, text: alt || "picture" });
      return;
    }
    this.lost++;
  }

  private block(el: HTMLElement, depth: number, nested: number): Block[] {
    const tag = el.tagName;
    const within = () => this.blocks(el.childNodes, depth, nested);
    const heading = headingLevel(el);
    if (heading > 0) {
      const text = within()
        .flatMap((block) => block.lines)
        .join(" ")
        .replace(/\\(?= )/g, "")
        .replace(/\*\*/g, "")
        .trim();
      return text === "" ? [] : [{ lines: [`${"#".repeat(heading)} ${inner(text)}`], kind: "heading" }];
    }
    switch (tag) {
      case "HR":
        return [{ lines: ["---"], kind: "rule" }];
      case "PRE":
        return code(this.some(el.textContent ?? ""), language(el));
      case "UL":
      case "OL":
        return this.list(el, depth, nested);
      case "LI":
        return within();
      case "TABLE":
        return this.table(el as HTMLTableElement, depth, nested);
    }
    const kind = tag === "BLOCKQUOTE" || /^Mso(?:Intense)?Quote/.test(el.className) ? "" : panel(el);
    if (kind === null) return within();
    if (nested >= limits.nested) return within();
    const body = this.blocks(el.childNodes, depth, nested + 1);
    if (kind === "") return quote(body, "");
    const title = el.firstElementChild?.className === "title" && body.length > 1 ? ` ${body.shift()?.lines.join(" ") ?? ""}` : "";
    return quote(body, `> [!${kind}]${title}`);
  }

  private list(el: HTMLElement, depth: number, nested: number): Block[] {
    if (nested >= limits.nested) return this.blocks(el.childNodes, depth, nested);
    const ordered = el.tagName === "OL";
    let number = Number(el.getAttribute("start") ?? "1");
    if (!Number.isInteger(number) || number < 0 || number > 999_999_999) number = 1;
    const items: Block[][] = [];
    const marks: string[] = [];
    for (const child of el.childNodes) {
      if (this.spent()) break;
      if (child.nodeType !== 1) {
        if ((child.nodeValue ?? "").trim() === "" || child.nodeType !== 3) continue;
      }
      const item = child as HTMLElement;
      if (child.nodeType === 1 && (item.tagName === "UL" || item.tagName === "OL")) {
        // Lists directly in lists belong to the item before them.
        const inner = this.list(item, depth + 1, nested + 1);
        const last = items.at(-1);
        if (last) last.push(...inner);
        else {
          items.push(inner);
          marks.push("- ");
        }
        continue;
      }
      const body = child.nodeType === 1 ? this.blocks(item.childNodes, depth + 1, nested + 1) : this.blocks([child], depth + 1, nested + 1);
      const done = child.nodeType === 1 ? checked(item) : null;
      items.push(body);
      marks.push(ordered && done === null ? `${number++}. ` : done === null ? "- " : `- [${done ? "x" : " "}] `);
    }
    return items.length === 0 ? [] : [{ lines: listLines(items, marks), kind: "list" }];
  }

  private table(el: HTMLTableElement, depth: number, nested: number): Block[] {
    const cells = asTable(el);
    if (!cells) {
      const out: Block[] = [];
      for (const row of el.rows) for (const cell of row.cells) out.push(...this.blocks(cell.childNodes, depth + 3, nested));
      return out;
    }
    if (cells.cut) this.cut();
    const text = cells.rows.map((row) => row.map((cell) => (cell ? this.cell(cell, depth + 3) : "")));
    const lines = writeTable(text, cells.align);
    return lines.length === 0 ? [] : [{ lines, kind: lines.length === 1 ? "text" : "table" }];
  }

  // cell writes what is in a cell on one line.
  private cell(el: HTMLElement, depth: number): string {
    return this.blocks(el.childNodes, depth, limits.nested)
      .map(({ kind, lines }) => {
        if (kind === "code") return codeSpan(lines.slice(1, -1).join(" ").replace(/\s+/g, " ").trim());
        if (kind === "heading") return (lines[0] ?? "").replace(/^#+ /, "");
        return lines.map((line) => inner(line.replace(/\\$/, ""))).join(" / ");
      })
      .filter((text) => text !== "")
      .join(" / ");
  }
}

// ---- reading elements

function hidden(el: HTMLElement): boolean {
  if (el.hasAttribute("hidden") || css(el, "display") === "none" || css(el, "mso-hide") === "all") return true;
  return css(el, "mso-element") === "comment-list" || el.classList.contains("MsoCommentReference");
}

function isBlock(el: HTMLElement): boolean {
  return blocks.has(el.tagName);
}

function headingLevel(el: HTMLElement): number {
  const found = /^H([1-6])$/.exec(el.tagName);
  if (found) return Number(found[1]);
  return el.className === "MsoTitle" ? 1 : 0;
}

// panel tells which callout a box of another wiki is, null for other elements.
function panel(el: HTMLElement): string | null {
  const kinds: Record<string, string> = { info: "note", information: "note", note: "important", tip: "tip", success: "tip", warning: "warning", error: "caution" };
  const found = el.getAttribute("data-panel-type") ?? /confluence-information-macro-(\w+)/.exec(el.className)?.[1] ?? "";
  return kinds[found] ?? null;
}

// href is an address a page may link to, "" for all others. Detours by which
// mail programs watch what is read are left out.
function href(address: string): string {
  let clean = address.replace(/[\u0000-\u0020\u007f]+/g, "");
  const detour = /^https:\/\/(?:www\.google\.com\/url\?|[a-z0-9-]+\.safelinks\.protection\.outlook\.com\/\?)/i.test(clean);
  if (detour && URL.canParse(clean)) {
    const query = new URL(clean).searchParams;
    clean = query.get("url") ?? query.get("q") ?? clean;
  }
  return /^(?:https?:\/\/[^/]|mailto:[^?])/i.test(clean) && clean.length <= 2000 ? clean : "";
}

function styled(el: HTMLElement, style: Style): Style {
  const next = { ...style };
  switch (el.tagName) {
    case "B":
    case "STRONG":
      next.bold = true;
      break;
    case "I":
    case "EM":
    case "CITE":
      next.italic = true;
      break;
    case "S":
    case "DEL":
    case "STRIKE":
      next.strike = true;
      break;
    case "CODE":
    case "KBD":
    case "SAMP":
    case "TT":
      next.code = true;
      break;
    case "A":
      next.link = href(el.getAttribute("href") ?? "") || style.link;
      break;
  }
  const weight = css(el, "font-weight");
  if (weight !== "") next.bold = weight === "bold" || weight === "bolder" || Number(weight) >= 600;
  const slant = css(el, "font-style");
  if (slant !== "") next.italic = slant === "italic" || slant === "oblique";
  // Ticked items are struck out by their list already.
  if (/line-through/.test(css(el, "text-decoration") + css(el, "text-decoration-line"))) next.strike = el.closest("[role=checkbox]") === null;
  const spaces = css(el, "white-space");
  if (spaces !== "") next.lines = spaces.startsWith("pre");
  return next;
}

function checked(item: HTMLElement): boolean | null {
  if (item.parentElement?.classList.contains("inline-task-list")) return item.classList.contains("checked");
  if (item.getAttribute("role") === "checkbox") return item.getAttribute("aria-checked") === "true";
  const box = item.querySelector("input[type=checkbox]");
  return box && box.closest("li") === item ? box.hasAttribute("checked") : null;
}

function language(el: HTMLElement): string {
  const named = el.getAttribute("data-language") ?? "";
  if (/^[a-z0-9+#-]{1,20}$/i.test(named)) return named.toLowerCase();
  const from = `${el.className} ${el.getAttribute("data-syntaxhighlighter-params") ?? ""} ${el.querySelector("code")?.className ?? ""}`;
  return /(?:language-|lang-|brush:\s*)([a-z0-9+#-]{1,20})/i.exec(from)?.[1]?.toLowerCase() ?? "";
}

// ---- writing blocks

// inner is the beginning of a line that is none any more: what kept it from
// being read as a list or the like goes.
function inner(text: string): string {
  return text.replace(/^\\(?=[-+>|=:])/, "").replace(/^(\d{1,9})\\(?=[.)])/, "$1");
}

function code(text: string, info: string): Block[] {
  const body = restored(text).replace(/\r\n?/g, "\n").replace(/\u00a0/g, " ").replace(/^\n+|\s+$/g, "");
  if (body === "") return [];
  const longest = Math.max(2, ...(body.match(/`+/g) ?? []).map((ticks) => ticks.length));
  const fence = "`".repeat(longest + 1);
  return [{ lines: [fence + info, ...body.split("\n"), fence], kind: "code" }];
}

function quote(inner: Block[], head: string): Block[] {
  const lines = join(inner).map((line) => (line === "" ? ">" : `> ${line}`));
  if (head !== "") lines.unshift(head);
  return lines.length === 0 ? [] : [{ lines, kind: "quote" }];
}

function listLines(items: Block[][], marks: string[]): string[] {
  const loose = items.some((item) => item.some((block, i) => i > 0 && block.kind !== "list"));
  const lines: string[] = [];
  items.forEach((item, i) => {
    const mark = marks[i] ?? "- ";
    const indent = " ".repeat(mark.startsWith("- ") ? 2 : mark.length);
    const body = join(item, !loose);
    if (loose && i > 0) lines.push("");
    lines.push((mark + (body[0] ?? "")).trimEnd());
    for (const line of body.slice(1)) lines.push(line === "" ? "" : indent + line);
  });
  return lines;
}

// join puts an empty line between blocks; in a tight list none before a list.
function join(list: Block[], tight = false): string[] {
  const lines: string[] = [];
  list.forEach((block, i) => {
    if (i > 0 && !(tight && block.kind === "list")) lines.push("");
    for (const line of block.lines) lines.push(line);
  });
  return lines;
}
