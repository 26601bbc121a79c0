// The markdown of our pages for the editor: CommonMark with GitHub's tables,
// task lists, strikethrough and bare links, and our wiki links, mentions and
// footnotes. No grammars for HTML, CSS or JavaScript are bundled. What the
// server renders is decided by package content; this follows it closely enough
// to draw with.

import { Language, LanguageSupport, defineLanguageFacet, syntaxHighlighting } from "@codemirror/language";
import type { Extension } from "@codemirror/state";
import { type Input, Parser, type PartialParse, type TreeFragment } from "@lezer/common";
import { tagHighlighter, tags as t } from "@lezer/highlight";
import {
  Autolink,
  type InlineContext,
  type Line,
  type MarkdownConfig,
  Strikethrough,
  Table,
  TaskList,
  parser as commonmark,
} from "@lezer/markdown";

const word = /[\p{L}\p{N}\p{M}]/u;
const handle = /^@[\p{L}\p{N}\p{M}]+(?:-[\p{L}\p{N}\p{M}]+)*/u;

/** charBefore is the character before pos, with surrogate pairs kept whole. */
function charBefore(cx: InlineContext, pos: number): string {
  if (pos <= cx.offset) return "";
  const low = cx.slice(pos - 1, pos);
  return pos - 2 >= cx.offset && low >= "\udc00" && low <= "\udfff" ? cx.slice(pos - 2, pos) : low;
}

const wiki: MarkdownConfig = {
  defineNodes: [
    { name: "WikiLink", style: t.link },
    { name: "WikiMark", style: t.processingInstruction },
    { name: "Mention", style: t.labelName },
    { name: "FootnoteRef", style: t.link },
    { name: "FootnoteMark", style: t.processingInstruction },
  ],
  parseInline: [
    {
      name: "WikiLink",
      before: "Link",
      parse(cx, next, pos) {
        if (next !== 91 || cx.char(pos + 1) !== 91) return -1;
        const m = /^\[\[([^[\]\n]{1,600})\]\]/.exec(cx.slice(pos, Math.min(cx.end, pos + 604)));
        if (!m || !parseWikiLink(m[1]!)) return -1;
        const end = pos + m[0].length;
        return cx.addElement(
          cx.elt("WikiLink", pos, end, [cx.elt("WikiMark", pos, pos + 2), cx.elt("WikiMark", end - 2, end)]),
        );
      },
    },
    {
      name: "FootnoteRef",
      before: "Link",
      parse(cx, next, pos) {
        if (next !== 91 || cx.char(pos + 1) !== 94) return -1;
        const m = /^\[\^[^\s[\]^]{1,100}\]/.exec(cx.slice(pos, Math.min(cx.end, pos + 104)));
        if (!m) return -1;
        const end = pos + m[0].length;
        return cx.addElement(
          cx.elt("FootnoteRef", pos, end, [
            cx.elt("FootnoteMark", pos, pos + 2),
            cx.elt("FootnoteMark", end - 1, end),
          ]),
        );
      },
    },
    {
      name: "Mention",
      before: "Link",
      parse(cx, next, pos) {
        if (next !== 64) return -1;
        const before = charBefore(cx, pos);
        if (before && (word.test(before) || "@./-+=&#%\\".includes(before))) return -1;
        const rest = cx.slice(pos, Math.min(cx.end, pos + 204));
        const m = handle.exec(rest);
        if (!m) return -1;
        const after = rest.slice(m[0].length);
        if (/^(?:[@/]|[._][\p{L}\p{N}\p{M}])/u.test(after)) return -1;
        return cx.addElement(cx.elt("Mention", pos, pos + m[0].length));
      },
    },
  ],
};

/** WikiLink is what stands between double square brackets. */
export interface WikiLink {
  /** As written before the bar. */
  dest: string;
  /** What follows the bar, "" without one. */
  text: string;
  /** Before the colon, else "". */
  prospect: string;
  /** "stage/page" or "page". */
  page: string;
  /** After the #, else "". */
  fragment: string;
}

/** parseWikiLink reads what stands between the brackets; null when it names nothing. */
export function parseWikiLink(inner: string): WikiLink | null {
  const s = inner.replace("\\|", "|"); // in a table the bar is escaped
  const bar = s.indexOf("|");
  const dest = (bar < 0 ? s : s.slice(0, bar)).trim();
  const text = bar < 0 ? "" : s.slice(bar + 1).trim();
  const hash = dest.indexOf("#");
  const fragment = hash < 0 ? "" : dest.slice(hash + 1).trim();
  let page = hash < 0 ? dest : dest.slice(0, hash);
  let prospect = "";
  const colon = page.indexOf(":");
  if (colon >= 0) {
    prospect = page.slice(0, colon).trim();
    page = page.slice(colon + 1);
  }
  page = page.trim().replace(/^\/+|\/+$/g, "").replace(/\.md$/, "");
  return page || (fragment && !prospect) ? { dest, text, prospect, page, fragment } : null;
}

// The parser of tables knows none whose lines end with a space.
const table: MarkdownConfig = {
  ...Table,
  parseBlock: (Table.parseBlock ?? []).map((block) => ({
    ...block,
    leaf(cx, leaf) {
      const parser = block.leaf?.(cx, leaf) ?? null;
      const nextLine = parser?.nextLine.bind(parser);
      if (parser && nextLine) {
        parser.nextLine = (cx, line, leaf) => nextLine(cx, Object.create(line, { text: { value: line.text.trimEnd() } }) as Line, leaf);
      }
      return parser;
    },
  })),
};

/** dialect is the parser; it is never changed. */
export const dialect = commonmark.configure([table, TaskList, Strikethrough, Autolink, wiki]);

const facet = defineLanguageFacet({ commentTokens: { block: { open: "<!--", close: "-->" } } });

/** Returned is a text whose carriage returns read as spaces, as they are of no matter to markdown. */
class Returned implements Input {
  constructor(private readonly input: Input) {}
  get length(): number {
    return this.input.length;
  }
  get lineChunks(): boolean {
    return this.input.lineChunks;
  }
  chunk(from: number): string {
    return this.input.chunk(from).replaceAll("\r", " ");
  }
  read(from: number, to: number): string {
    return this.input.read(from, to).replaceAll("\r", " ");
  }
}

const anyLineEnds = new (class extends Parser {
  createParse(input: Input, fragments: readonly TreeFragment[], ranges: readonly { from: number; to: number }[]): PartialParse {
    return dialect.startParse(new Returned(input), fragments, ranges);
  }
})();

/** markdownLanguage is the language of pages. */
export const markdownLanguage = new Language(facet, anyLineEnds, [], "markdown");

const marks = tagHighlighter([
  { tag: [t.heading1, t.heading2, t.heading3, t.heading4, t.heading5, t.heading6], class: "tok-head" },
  { tag: t.strong, class: "lp-strong" },
  { tag: t.emphasis, class: "lp-em" },
  { tag: t.strikethrough, class: "lp-strike" },
  { tag: [t.link, t.url, t.labelName], class: "tok-name" },
  { tag: [t.processingInstruction, t.contentSeparator], class: "tok-mark" },
  { tag: [t.monospace], class: "tok-str" },
  { tag: [t.comment, t.tagName, t.angleBracket], class: "tok-com" },
]);

/**
 * markdownSource is the page as plain text with its syntax coloured: the source
 * view's counterpart of livePreview.
 */
export function markdownSource(): Extension {
  return [new LanguageSupport(markdownLanguage), syntaxHighlighting(marks)];
}
