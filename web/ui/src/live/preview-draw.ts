// Decorations of what is on screen, made anew for the visible ranges only.
// Nothing drawn changes the text. Syntax shows where the selection touches its
// construct: an inline one as a whole, a heading on its line, a callout anywhere
// inside it.

import { syntaxTree } from "@codemirror/language";
import type { EditorState, Line, Range } from "@codemirror/state";
import { Decoration, type DecorationSet, Direction, type EditorView } from "@codemirror/view";
import type { SyntaxNode, SyntaxNodeRef } from "@lezer/common";
import type { PreviewOptions } from "./preview";
import { frontFolded, frontMatter } from "./preview-front";
import { attributes, calloutLine, closed, idSpan, kinds } from "./preview-facts";
import { parseWikiLink } from "./preview-language";
import { Bullet, CheckBox, Label, Meta, Picture, Rule, Words, said } from "./preview-widgets";

const hide = Decoration.replace({});
const bullet = Decoration.replace({ widget: new Bullet() });
const rule = Decoration.replace({ widget: new Rule() });
const anyLine = Decoration.line({ attributes: { dir: "auto" } });
const strong = Decoration.mark({ class: "lp-strong" });
const em = Decoration.mark({ class: "lp-em" });
const strike = Decoration.mark({ class: "lp-strike" });
const code = Decoration.mark({ class: "lp-code" });
const syntax = Decoration.mark({ class: "lp-mark" });
// The kind of a callout: it does not decide how its line reads.
const kindMark = Decoration.mark({ class: "lp-mark", attributes: { dir: "ltr" }, bidiIsolate: Direction.LTR });
const label = Decoration.mark({ class: "lp-quiet" });
const html = Decoration.mark({ class: "lp-html" });
const footnote = Decoration.mark({ class: "lp-footnote-ref" });
const number = Decoration.mark({ class: "lp-number" });
const doneText = Decoration.mark({ class: "lp-done" });

const lineOf = (cls: string): Decoration => Decoration.line({ class: cls });
const headings = [1, 2, 3, 4, 5, 6].map((n) =>
  Decoration.line({ class: `lp-h lp-h${n}`, attributes: { role: "heading", "aria-level": String(n) } }),
);
const underline = lineOf("lp-setext");
const quoteLine = lineOf("lp-quote");
const codeLine = lineOf("lp-code-line");
const codeFirst = lineOf("lp-code-first");
const codeLast = lineOf("lp-code-last");
const tableLine = lineOf("lp-table-text");
const noteLine = lineOf("lp-footnote");
const itemLines = [1, 2, 3, 4, 5, 6].map((n) => lineOf(`lp-item lp-depth-${n}`));
const itemMore = [1, 2, 3, 4, 5, 6].map((n) => lineOf(`lp-item-more lp-depth-${n}`));
const taskLine = lineOf("lp-task");
const frontLine = lineOf("lp-front-line");
const ruleLine = lineOf("lp-rule-line");

/** Drawn is what a view shows: all decorations, and those the caret skips. */
export interface Drawn {
  all: DecorationSet;
  atomic: DecorationSet;
}

/** Blocks are ranges that block widgets draw; nothing else is drawn there. */
export type Blocks = (from: number, to: number) => boolean;

/** draw makes the decorations of the visible ranges. */
export function draw(view: EditorView, o: PreviewOptions, covered: Blocks): Drawn {
  const pen = new Pen(view, o, covered);
  for (const { from, to } of view.visibleRanges) pen.range(from, to);
  return { all: Decoration.set(pen.out, true), atomic: Decoration.set(pen.skip, true) };
}

class Pen {
  readonly out: Range<Decoration>[] = [];
  readonly skip: Range<Decoration>[] = [];
  private readonly state: EditorState;
  private readonly focus: boolean;
  private seen = -1; // lines before this one have their line decorations
  private read = -1; // nodes that begin before this were drawn in an earlier range

  constructor(
    view: EditorView,
    private readonly o: PreviewOptions,
    private readonly covered: Blocks,
  ) {
    this.state = view.state;
    this.focus = view.hasFocus;
    this.front = frontMatter(view.state)?.to ?? -1;
    this.isFolded = frontFolded(view.state);
  }

  private front = -1; // front matter ends here
  private isFolded = false;

  /** range draws what begins in, or reaches into, from to to. */
  range(from: number, to: number): void {
    const doc = this.state.doc;
    for (let pos = Math.max(from, this.seen + 1); pos <= to; ) {
      const line = doc.lineAt(pos);
      this.out.push(anyLine.range(line.from));
      if (line.from <= this.front && !this.isFolded) this.out.push(frontLine.range(line.from));
      pos = line.to + 1;
      this.seen = line.to;
    }
    syntaxTree(this.state).iterate({
      from,
      to,
      enter: (node) => {
        if (node.name === "Document") return true;
        if (node.from < this.front && node.to <= this.front + 1) return false;
        if (node.name === "Table" && this.covered(node.from, node.to)) return false;
        return this.node(node, from, to);
      },
    });
    this.read = to;
  }

  /** touched tells whether the selection of a focused editor touches a range. */
  private touched(from: number, to: number): boolean {
    return this.focus && this.state.selection.ranges.some((r) => r.from <= to && r.to >= from);
  }

  private line(deco: Decoration, from: number): void {
    this.out.push(deco.range(from));
  }

  private mark(deco: Decoration, from: number, to: number): void {
    if (from < to) this.out.push(deco.range(from, to));
  }

  private text(from: number, to: number): string {
    return this.state.doc.sliceString(from, to);
  }

  /** lines calls for each line of a block that is in the visible range. */
  private lines(node: SyntaxNodeRef, from: number, to: number, f: (line: Line, first: boolean, last: boolean) => void) {
    const doc = this.state.doc;
    const first = doc.lineAt(node.from);
    const last = doc.lineAt(node.to);
    let line = from > first.to ? doc.lineAt(from) : first;
    while (line.from <= Math.min(to, last.from)) {
      if (line.from > this.read) f(line, line.from === first.from, line.from === last.from);
      if (line.to >= doc.length) break;
      line = doc.lineAt(line.to + 1);
    }
  }

  /** node draws one node; false when its children need no look. */
  private node(node: SyntaxNodeRef, from: number, to: number): boolean {
    const name = node.name;
    const heading = /^(ATX|Setext)Heading(\d)$/.exec(name);
    if (heading) {
      const level = Number(heading[2]);
      const last = this.state.doc.lineAt(node.to).from;
      this.lines(node, from, to, (line) =>
        this.line(heading[1] === "Setext" && line.from === last ? underline : headings[level - 1]!, line.from),
      );
      return true;
    }
    if (node.from <= this.read && !blocks.has(name)) return true;
    switch (name) {
      case "HeaderMark":
        return this.headerMark(node);
      case "StrongEmphasis":
        return this.wrapped(node, strong, "EmphasisMark");
      case "Emphasis":
        return this.wrapped(node, em, "EmphasisMark");
      case "Strikethrough":
        return this.wrapped(node, strike, "StrikethroughMark");
      case "InlineCode":
        return this.wrapped(node, code, "CodeMark");
      case "Link":
        return this.link(node);
      case "Image":
        return this.image(node);
      case "WikiLink":
        return this.wiki(node);
      case "Mention":
        return this.mention(node);
      case "FootnoteRef":
        return this.wrapped(node, footnote, "FootnoteMark");
      case "Autolink":
      case "URL":
        return this.address(node);
      case "Escape":
        if (!this.touched(node.from, node.to)) this.mark(hide, node.from, node.from + 1);
        return false;
      case "HTMLTag":
      case "HTMLBlock":
      case "Comment":
      case "CommentBlock":
      case "ProcessingInstruction":
      case "ProcessingInstructionBlock":
        this.mark(html, node.from, node.to);
        return false;
      case "LinkReference":
        this.linkReference(node, from, to);
        return false;
      case "Blockquote":
        this.quote(node, from, to);
        return true;
      case "QuoteMark":
        this.quoteMark(node);
        return false;
      case "FencedCode":
      case "CodeBlock":
        this.codeBlock(node, from, to);
        return false;
      case "HorizontalRule":
        if (!this.touched(node.from, node.to)) {
          this.line(ruleLine, this.state.doc.lineAt(node.from).from);
          this.mark(rule, node.from, node.to);
        } else this.mark(syntax, node.from, node.to);
        return false;
      case "ListItem":
        this.item(node, from, to);
        return true;
      case "Table":
        this.lines(node, from, to, (line) => this.line(tableLine, line.from));
        return true;
      case "TableDelimiter":
        this.mark(syntax, node.from, node.to);
        return false;
    }
    return true;
  }

  private headerMark(node: SyntaxNodeRef): boolean {
    const line = this.state.doc.lineAt(node.from);
    if (this.touched(line.from, line.to)) {
      this.mark(syntax, node.from, node.to);
      return false;
    }
    let { from, to } = node;
    if (this.text(from, from + 1) === "#") {
      // The space beside the mark goes with it, the mark that closes too.
      if (/^\s*$/.test(this.text(line.from, from).replace(/^(?:\s{0,3}>[ \t]?)+/, ""))) {
        while (to < line.to && /[ \t]/.test(this.text(to, to + 1))) to++;
      } else {
        while (from > line.from && /[ \t]/.test(this.text(from - 1, from))) from--;
      }
    }
    this.mark(hide, from, to);
    return false;
  }

  /** wrapped draws a construct between marks, which hide while nobody is at it. */
  private wrapped(node: SyntaxNodeRef, deco: Decoration, marks: string): boolean {
    const active = this.touched(node.from, node.to);
    for (const m of node.node.getChildren(marks)) this.mark(active ? syntax : hide, m.from, m.to);
    this.mark(deco, node.from, node.to);
    return true;
  }

  private linkMark(dest: string, missing: boolean, cls = "lp-link"): Decoration {
    return Decoration.mark({
      class: missing ? `${cls} is-new` : cls,
      attributes: { "data-dest": dest, title: missing ? "This page does not exist yet" : `${dest} – ${opens}` },
    });
  }

  private link(node: SyntaxNodeRef): boolean {
    const n = node.node;
    const url = n.getChild("URL");
    const ref = n.getChild("LinkLabel");
    const marks = n.getChildren("LinkMark");
    if ((!url && !ref) || marks.length < 2) return true;
    const close = marks[1]!;
    const dest = url ? plainDest(this.text(url.from, url.to)) : "";
    this.mark(
      url ? this.linkMark(dest, this.o.resolve(dest) === null) : Decoration.mark({ class: "lp-link" }),
      node.from,
      node.to,
    );
    if (this.touched(node.from, node.to)) {
      this.mark(syntax, node.from, node.from + 1);
      this.mark(syntax, close.from, node.to);
    } else if (marks[0]!.to === close.from) {
      this.mark(syntax, node.from, node.to); // a link without text would vanish
    } else {
      this.mark(hide, node.from, node.from + 1);
      this.mark(hide, close.from, node.to);
    }
    return true;
  }

  private image(node: SyntaxNodeRef): boolean {
    const n = node.node;
    const url = n.getChild("URL");
    const marks = n.getChildren("LinkMark");
    if (!url || marks.length < 2) return true;
    const dest = plainDest(this.text(url.from, url.to));
    const alt = this.text(marks[0]!.to, marks[1]!.from);
    const remote = /^(?:[a-z][a-z0-9+.-]*:|\/\/)/i.test(dest) && !this.o.remoteImages;
    const widget = new Picture(remote ? dest : this.o.picture(dest), alt, dest, remote);
    // Beside a picture the caret is as at home as beside a letter; what is
    // written shows inside of it.
    if (this.focus && this.state.selection.ranges.some((r) => r.from < node.to && r.to > node.from && (r.from > node.from || r.to < node.to))) {
      this.mark(syntax, node.from, node.to);
      this.out.push(Decoration.widget({ widget, side: 1 }).range(node.to));
    } else this.mark(Decoration.replace({ widget }), node.from, node.to);
    return false;
  }

  private wiki(node: SyntaxNodeRef): boolean {
    const link = parseWikiLink(this.text(node.from + 2, node.to - 2));
    if (!link) return false;
    const to = this.o.page?.(link);
    const missing = to !== undefined && !to.found;
    const deco = Decoration.mark({
      class: missing ? "lp-link lp-wiki is-new" : "lp-link lp-wiki",
      attributes: {
        "data-wiki": link.dest,
        title: missing ? "This page does not exist yet" : `${to?.title ?? link.dest} – ${opens}`,
      },
    });
    if (to?.found && to.title && !link.text && !this.touched(node.from, node.to)) {
      const words = new Words(to.title, "lp-link lp-wiki", `${link.dest} – ${opens}`, link.dest);
      this.mark(Decoration.replace({ widget: words }), node.from, node.to);
      return false;
    }
    this.mark(deco, node.from, node.to);
    if (this.touched(node.from, node.to)) {
      this.mark(syntax, node.from, node.from + 2);
      this.mark(syntax, node.to - 2, node.to);
      return false;
    }
    const inner = this.text(node.from + 2, node.to - 2);
    const bar = inner.indexOf("|");
    if (link.text && bar >= 0) this.mark(hide, node.from, node.from + 2 + bar + 1);
    else this.mark(hide, node.from, node.from + 2);
    this.mark(hide, node.to - 2, node.to);
    return false;
  }

  private mention(node: SyntaxNodeRef): boolean {
    const written = this.text(node.from, node.to);
    const name = this.o.person?.(written.slice(1).toLowerCase());
    if (name !== undefined && !this.touched(node.from, node.to)) {
      this.mark(
        Decoration.replace({ widget: new Words(`@${name}`, "lp-mention", written) }),
        node.from,
        node.to,
      );
    } else if (name !== undefined) this.mark(Decoration.mark({ class: "lp-mention" }), node.from, node.to);
    else this.mark(Decoration.mark({ class: "lp-handle" }), node.from, node.to);
    return false;
  }

  private address(node: SyntaxNodeRef): boolean {
    const parent = node.node.parent?.name;
    if (parent === "Link" || parent === "Image" || parent === "LinkReference") return false;
    if (node.name === "Autolink") {
      const url = node.node.getChild("URL");
      if (!url) return false;
      const active = this.touched(node.from, node.to);
      for (const m of node.node.getChildren("LinkMark")) this.mark(active ? syntax : hide, m.from, m.to);
      this.mark(this.linkMark(withScheme(this.text(url.from, url.to)), false), url.from, url.to);
    } else this.mark(this.linkMark(withScheme(this.text(node.from, node.to)), false), node.from, node.to);
    return false;
  }

  private linkReference(node: SyntaxNodeRef, from: number, to: number): void {
    const foot = this.text(node.from, node.from + 2) === "[^";
    if (foot) this.lines(node, from, to, (line) => this.line(noteLine, line.from));
    else this.mark(label, node.from, node.to);
  }

  private quote(node: SyntaxNodeRef, from: number, to: number): void {
    const first = this.state.doc.lineAt(node.from);
    const outer = node.node.parent?.name === "Document";
    const callout = outer ? calloutLine(first.text) : null;
    if (!callout) {
      if (!this.inCallout(node.node)) this.lines(node, from, to, (line) => this.line(quoteLine, line.from));
      return;
    }
    const { fact } = kinds[callout.kind]!;
    const attrs = attributes(first.text, callout.mark.to);
    const map = new Map(attrs.map((a) => [a.key, a.value]));
    const cls = `lp-callout ${fact ? "fact" : "callout"}-${callout.kind}${closed(map.get("status")) ? " lp-closed" : ""}`;
    this.lines(node, from, to, (line, isFirst, isLast) =>
      this.line(lineOf(cls + (isFirst ? " lp-callout-first" : "") + (isLast ? " lp-callout-last" : "")), line.from),
    );
    if (first.from < from && first.to < from) return;
    if (first.from <= this.read) return;
    const owner = fact ? this.owner(first, callout.mark.to) : "";
    const meta = fact ? said(owner, map, (h) => this.name(h)) : "";
    this.out.push(Decoration.widget({ widget: new Label(callout.kind, meta), side: -1 }).range(first.from));
    const begin = first.from + callout.mark.from;
    if (this.touched(node.from, node.to)) {
      this.mark(kindMark, begin, first.from + callout.mark.to);
      for (const a of attrs) if (a.key !== "^") this.mark(label, first.from + a.from, first.from + a.to);
    } else {
      this.mark(hide, begin, first.from + callout.mark.to);
      if (fact) this.hideAttributes(first, callout.mark.to);
    }
    if (fact) this.hideID(first);
  }

  private inCallout(n: SyntaxNode): boolean {
    let top = n;
    while (top.parent && top.parent.name !== "Document") top = top.parent;
    return top.name === "Blockquote" && calloutLine(this.state.doc.lineAt(top.from).text) !== null;
  }

  private quoteMark(node: SyntaxNodeRef): void {
    let top: SyntaxNode = node.node;
    while (top.parent && top.parent.name !== "Document") top = top.parent;
    const line = this.state.doc.lineAt(node.from);
    const callout = top.name === "Blockquote" && calloutLine(this.state.doc.lineAt(top.from).text) !== null;
    const active = callout ? this.touched(top.from, top.to) : this.touched(line.from, line.to);
    const to = this.text(node.to, node.to + 1) === " " && node.to < line.to ? node.to + 1 : node.to;
    this.mark(active ? syntax : hide, node.from, to);
  }

  private codeBlock(node: SyntaxNodeRef, from: number, to: number): void {
    const fenced = node.name === "FencedCode";
    const active = this.touched(node.from, node.to);
    this.lines(node, from, to, (line, first, last) => {
      this.line(codeLine, line.from);
      if (first) this.line(codeFirst, line.from);
      if (last) this.line(codeLast, line.from);
    });
    if (!fenced) return;
    for (const m of node.node.getChildren("CodeMark")) this.mark(active ? syntax : hide, m.from, m.to);
    const info = node.node.getChild("CodeInfo");
    if (info) this.mark(label, info.from, info.to);
  }

  private item(node: SyntaxNodeRef, from: number, to: number): void {
    const n = node.node;
    let depth = 0;
    for (let p: SyntaxNode | null = n; p; p = p.parent) if (p.name === "ListItem") depth++;
    depth = Math.min(depth, 6);
    const mark = n.getChild("ListMark");
    if (!mark) return;
    const doc = this.state.doc;
    this.lines(node, from, to, (line, first) => {
      if (first) this.line(itemLines[depth - 1]!, line.from);
      else if (!this.startsItem(line)) this.line(itemMore[depth - 1]!, line.from);
      if (!first) this.hideIndent(line);
    });
    const line = doc.lineAt(mark.from);
    if (line.from <= this.read || line.to < from) return;
    this.hideIndent(line);
    const task = n.getChild("Task");
    const box = task?.getChild("TaskMarker");
    if (task && box && doc.lineAt(box.from).from === line.from) return this.task(line, mark, box);
    if (n.parent?.name === "OrderedList") this.mark(number, mark.from, mark.to);
    else if (this.touched(mark.from, mark.to)) this.mark(syntax, mark.from, mark.to);
    else this.mark(bullet, mark.from, mark.to);
  }

  /** startsItem tells whether a line begins an item of its own, deeper down. */
  private startsItem(line: Line): boolean {
    return /^(?:\s{0,3}>[ \t]?)*\s*(?:[-*+]|\d{1,9}[.)])(?:[ \t]|$)/.test(line.text);
  }

  private hideIndent(line: Line): void {
    const m = /^((?:\s{0,3}>[ \t]?)*)([ \t]+)(?=\S)/.exec(line.text);
    if (!m) return;
    const from = line.from + m[1]!.length;
    const to = line.from + m[0].length;
    if (!this.touched(from, to - 1) && !this.out.some((r) => r.value === hide && r.from === from && r.to === to))
      this.mark(hide, from, to);
  }

  private task(line: Line, mark: SyntaxNode, box: SyntaxNode): void {
    const done = this.text(box.from + 1, box.from + 2) !== " ";
    const start = box.to - line.from;
    const attrs = attributes(line.text, start);
    const map = new Map(attrs.map((a) => [a.key, a.value]));
    const owner = this.owner(line, start);
    const action = owner !== "" || map.has("due");
    this.line(taskLine, line.from);
    if (this.touched(mark.from, box.to)) {
      this.mark(syntax, mark.from, box.to);
    } else {
      let words = line.text.slice(start);
      for (const a of attrs.toReversed())
        words = words.slice(0, a.from - start) + words.slice(a.to - start);
      this.mark(
        Decoration.replace({ widget: new CheckBox(done, words.trim().slice(0, 200), this.state.readOnly) }),
        mark.from,
        box.to,
      );
    }
    if (done) this.mark(doneText, box.to, line.to);
    if (this.touched(line.from, line.to)) {
      for (const a of attrs) if (a.key !== "^") this.mark(label, line.from + a.from, line.from + a.to);
    } else {
      const due = new Map([...map].filter(([k]) => k === "due"));
      if (action) {
        this.hideAttributes(line, start);
        const text = said(owner, due, (h) => this.name(h));
        if (text) this.out.push(Decoration.widget({ widget: new Meta(text), side: 1 }).range(line.to));
      } else this.hideAttributes(line, start, false);
    }
    this.hideID(line);
  }

  private name(handle: string): string {
    return this.o.person?.(handle.toLowerCase()) ?? `@${handle}`;
  }

  /** tail finds the attributes and mentions that end a first line. */
  private tail(line: Line, start: number): { from: number; mentions: string[] } {
    const attrs = attributes(line.text, start);
    const mentions: string[] = [];
    let end = line.text.length;
    for (;;) {
      const before = line.text.slice(0, end).trimEnd().length;
      const a = attrs.find((x) => x.to === before);
      if (a) {
        end = a.from;
        continue;
      }
      const m = /(?:^|\s)@([\p{L}\p{N}\p{M}]+(?:-[\p{L}\p{N}\p{M}]+)*)$/u.exec(line.text.slice(start, before));
      if (!m) return { from: Math.max(start, before), mentions };
      mentions.push(m[1]!);
      end = before - m[1]!.length - 1;
    }
  }

  /** owner is the first mention of those that end the line, else the first of all. */
  private owner(line: Line, start: number): string {
    const { mentions } = this.tail(line, start);
    if (mentions.length > 0) return mentions.at(-1)!;
    return /(?:^|[^\p{L}\p{N}\p{M}@./+=&#%\\-])@([\p{L}\p{N}\p{M}]+(?:-[\p{L}\p{N}\p{M}]+)*)/u.exec(line.text.slice(start))?.[1] ?? "";
  }

  /** hideAttributes hides what is shown beside a fact or task in other words. */
  private hideAttributes(line: Line, start: number, mentions = true): void {
    const tail = mentions ? this.tail(line, start).from : line.text.length;
    const id = idSpan(line.text);
    for (const a of attributes(line.text, start)) {
      if (a.from >= tail || a.key === "^") continue;
      const space = /\s/.test(line.text[a.from - 1] ?? "") ? 1 : 0;
      this.mark(hide, line.from + a.from - space, line.from + a.to);
    }
    if (tail < line.text.length) {
      const stop = id && id.from >= tail ? id.from : line.text.length;
      this.mark(hide, line.from + tail, line.from + stop);
      if (id && id.to < line.text.length && id.from >= tail) this.mark(hide, line.from + id.to, line.to);
    }
  }

  /** hideID hides the id of a fact or action; the caret never enters it. */
  private hideID(line: Line): void {
    const id = idSpan(line.text);
    if (!id) return;
    this.mark(hide, line.from + id.from, line.from + id.to);
    this.skip.push(hide.range(line.from + id.from, line.from + id.to));
  }
}

/** blocks can reach over more than one visible range. */
const blocks = new Set(["Blockquote", "FencedCode", "CodeBlock", "ListItem", "Table", "LinkReference"]);

const opens =
  typeof navigator !== "undefined" && /Mac|iP(?:hone|ad)/.test(navigator.platform) ? "⌘-click opens" : "Ctrl-click opens";

/** plainDest is a destination without angle brackets and escapes. */
export function plainDest(s: string): string {
  return s.replace(/^<(.*)>$/s, "$1").replace(/\\([!-/:-@[-`{-~])/g, "$1");
}

function withScheme(s: string): string {
  if (/^[a-z][a-z0-9+.-]*:/i.test(s)) return s;
  return s.includes("@") && !s.includes("/") ? `mailto:${s}` : `http://${s}`;
}
