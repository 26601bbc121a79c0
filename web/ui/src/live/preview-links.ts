// Following links while writing: Ctrl- or Cmd-click, or Mod-Enter with the caret
// in the link.

import { syntaxTree } from "@codemirror/language";
import type { Extension } from "@codemirror/state";
import { EditorView, keymap } from "@codemirror/view";
import type { PreviewOptions } from "./preview";
import { parseWikiLink } from "./preview-language";
import { plainDest } from "./preview-draw";

/** safe tells whether an address may be opened: the server's rule for links. */
export function safe(href: string): boolean {
  const scheme = /^[\s\u0000-\u0020]*([a-z][a-z0-9+.\-\s]*):/i.exec(href)?.[1]?.replace(/\s/g, "").toLowerCase();
  return scheme === undefined || ["http", "https", "mailto", "tel", "ftp"].includes(scheme);
}

/** opening is the extension. */
export function opening(o: PreviewOptions): Extension {
  const open = (dest: string | undefined, wiki: string | undefined): boolean => {
    const link = wiki === undefined ? null : parseWikiLink(wiki);
    const href = link ? (o.page?.(link)?.href ?? null) : dest === undefined ? null : o.resolve(dest);
    if (!href || !safe(href)) return false;
    if (o.open) o.open(href);
    else window.open(href, "_blank", "noopener");
    return true;
  };
  return [
    EditorView.domEventHandlers({
      mousedown(e) {
        if (!(e.ctrlKey || e.metaKey) || e.button !== 0) return false;
        const link = (e.target as Element).closest<HTMLElement>("[data-dest], [data-wiki]");
        if (!link || !open(link.dataset.dest, link.dataset.wiki)) return false;
        e.preventDefault();
        return true;
      },
    }),
    EditorView.domEventObservers({
      "lp-open"(e: Event) {
        const { dest, wiki } = (e as CustomEvent<{ dest?: string; wiki?: string }>).detail;
        open(dest, wiki);
      },
    } as Record<string, (e: Event) => void>),
    keymap.of([
      {
        key: "Mod-Enter",
        run({ state }) {
          const { head } = state.selection.main;
          for (const side of [-1, 1] as const) {
            for (let n: ReturnType<typeof pick> | null = pick(head, side); n; n = n.parent) {
              if (n.name === "WikiLink") return open(undefined, state.doc.sliceString(n.from + 2, n.to - 2).replace(/\\?\|.*$/s, ""));
              const url = n.name === "URL" ? n : n.name === "Link" ? n.getChild("URL") : null;
              if (url) return open(plainDest(state.doc.sliceString(url.from, url.to)), undefined);
            }
          }
          return false;
          function pick(pos: number, side: -1 | 1) {
            return syntaxTree(state).resolveInner(pos, side);
          }
        },
      },
    ]),
  ];
}
