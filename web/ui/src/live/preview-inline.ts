// The inline markdown of a short text as elements: what a table's cell shows
// while nobody writes in it. Elements are made one by one; nothing is parsed as
// HTML.

import type { PreviewOptions } from "./preview";
import { dialect, parseWikiLink } from "./preview-language";

interface Piece {
  readonly type: number;
  readonly from: number;
  readonly to: number;
  readonly children?: readonly Piece[];
}

/** Rendered is a drawn text, and where in the text each drawn piece comes from. */
export interface Rendered {
  nodes: Node[];
  origin: Map<Node, number>;
}

const wrap: Readonly<Record<string, string>> = {
  StrongEmphasis: "strong",
  Emphasis: "em",
  Strikethrough: "s",
  InlineCode: "code",
  FootnoteRef: "sup",
};

/** renderInline draws raw; a text without markdown comes back as one text node. */
export function renderInline(raw: string, o: PreviewOptions): Rendered {
  const origin = new Map<Node, number>();
  const words = (from: number, to: number, parent: Node[]): void => {
    if (from >= to) return;
    const text = document.createTextNode(raw.slice(from, to));
    origin.set(text, from);
    parent.push(text);
  };
  const between = (pieces: readonly Piece[], from: number, to: number, out: Node[]): void => {
    let at = from;
    for (const p of pieces) {
      if (p.from < at || p.to > to) continue;
      words(at, p.from, out);
      piece(p, out);
      at = p.to;
    }
    words(at, to, out);
  };
  const tag = (name: string, nodes: Node[], out: Node[], cls = ""): HTMLElement => {
    const e = document.createElement(name);
    if (cls) e.className = cls;
    e.append(...nodes);
    out.push(e);
    return e;
  };
  const piece = (p: Piece, out: Node[]): void => {
    const name = dialect.nodeSet.types[p.type]!.name;
    const children = p.children ?? [];
    const inner: Node[] = [];
    if (wrap[name]) {
      between(children.filter((c) => !isMark(c)), marksEnd(p), marksStart(p), inner);
      tag(wrap[name], inner, out);
      return;
    }
    switch (name) {
      case "Escape":
        words(p.from + 1, p.to, out);
        return;
      case "HTMLTag":
        if (/^<br\s*\/?>$/i.test(raw.slice(p.from, p.to))) {
          out.push(document.createElement("br"));
          return;
        }
        break;
      case "Link": {
        const url = children.find((c) => nameOf(c) === "URL");
        const close = children.filter((c) => nameOf(c) === "LinkMark")[1];
        if (!url || !close) break;
        between(children.filter((c) => c.to <= close.from && !isMark(c)), p.from + 1, close.from, inner);
        const dest = raw.slice(url.from, url.to).replace(/^<(.*)>$/, "$1");
        tag("span", inner, out, o.resolve(dest) === null ? "lp-link is-new" : "lp-link").dataset.dest = dest;
        return;
      }
      case "Image": {
        const url = children.find((c) => nameOf(c) === "URL");
        const marks = children.filter((c) => nameOf(c) === "LinkMark");
        if (!url || marks.length < 2) break;
        const dest = raw.slice(url.from, url.to).replace(/^<(.*)>$/, "$1");
        const alt = raw.slice(marks[0]!.to, marks[1]!.from);
        const src = /^(?:[a-z][a-z0-9+.-]*:|\/\/)/i.test(dest) && !o.remoteImages ? null : o.picture(dest);
        if (src === null) tag("span", [document.createTextNode(alt || dest)], out, "missing-image");
        else {
          const img = tag("img", [], out) as HTMLImageElement;
          img.loading = "lazy";
          img.alt = alt;
          img.src = src;
        }
        return;
      }
      case "WikiLink": {
        const link = parseWikiLink(raw.slice(p.from + 2, p.to - 2));
        if (!link) break;
        const to = o.page?.(link);
        const shown = link.text || (to?.found && to.title) || link.dest;
        const text = document.createTextNode(shown);
        const at = raw.indexOf(shown, p.from);
        origin.set(text, at >= 0 && at < p.to ? at : p.from + 2);
        tag("span", [text], out, to && !to.found ? "lp-link lp-wiki is-new" : "lp-link lp-wiki").dataset.wiki = link.dest;
        return;
      }
      case "Mention": {
        const name = o.person?.(raw.slice(p.from + 1, p.to).toLowerCase());
        if (name === undefined) words(p.from, p.to, inner);
        else {
          const text = document.createTextNode(`@${name}`);
          origin.set(text, p.from);
          inner.push(text);
        }
        tag("span", inner, out, name === undefined ? "lp-handle" : "lp-mention");
        return;
      }
      case "Autolink":
      case "URL": {
        const url = nameOf(p) === "URL" ? p : children.find((c) => nameOf(c) === "URL");
        if (!url) break;
        words(url.from, url.to, inner);
        tag("span", inner, out, "lp-link").dataset.dest = raw.slice(url.from, url.to);
        return;
      }
    }
    words(p.from, p.to, out);
  };
  const nameOf = (p: Piece): string => dialect.nodeSet.types[p.type]!.name;
  const isMark = (p: Piece): boolean => nameOf(p).endsWith("Mark");
  const marksEnd = (p: Piece): number => {
    const first = p.children?.[0];
    return first && isMark(first) ? first.to : p.from;
  };
  const marksStart = (p: Piece): number => {
    const last = p.children?.at(-1);
    return last && isMark(last) ? last.from : p.to;
  };
  const nodes: Node[] = [];
  between(dialect.parseInline(raw, 0) as unknown as readonly Piece[], 0, raw.length, nodes);
  return { nodes, origin };
}
