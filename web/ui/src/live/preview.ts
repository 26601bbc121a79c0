// Live preview in place: the page is drawn while it is written, and its syntax
// shows where the cursor is. The text of the document stays the page's markdown;
// everything here is decoration, or an ordinary change of that text.

import { LanguageSupport, syntaxTree } from "@codemirror/language";
import { type Extension, StateEffect } from "@codemirror/state";
import { Decoration, EditorView, ViewPlugin, type ViewUpdate } from "@codemirror/view";
import { type Drawn, draw } from "./preview-draw";
import { type WikiLink, markdownLanguage } from "./preview-language";

export { type WikiLink, markdownSource } from "./preview-language";

/** PageLink is where a wiki link leads. */
export interface PageLink {
  href: string;
  /** The page's title, shown for a link without text. */
  title?: string;
  found: boolean;
}

/** PreviewOptions is what drawing needs to know of the world. */
export interface PreviewOptions {
  /**
   * The address for the destination of an image or ordinary link as written,
   * null when there is no such thing. Addresses with a scheme are returned as
   * they are.
   */
  resolve(dest: string): string | null;
  /** Where a wiki link leads; undefined while that is not known. */
  page?(link: WikiLink): PageLink | undefined;
  /** The name of whom a handle (lower case, without @) means. */
  person?(handle: string): string | undefined;
  /** Opens an address after Ctrl- or Cmd-click. Without it a new tab is opened. */
  open?(href: string): void;
  /** Whether images of other sites are loaded; else only their text is shown. */
  remoteImages?: boolean;
}

/** refreshPreview draws anew: what page or person answer has changed. */
export const refreshPreview = StateEffect.define<null>();

/** livePreview is the language of pages and everything that draws them. */
export function livePreview(o: PreviewOptions): Extension {
  const plugin = ViewPlugin.fromClass(
    class {
      drawn: Drawn;
      constructor(view: EditorView) {
        this.drawn = draw(view, o, () => false);
      }
      update(u: ViewUpdate): void {
        if (u.view.composing && u.docChanged) {
          // Redrawing would end the composition.
          this.drawn = { all: this.drawn.all.map(u.changes), atomic: this.drawn.atomic.map(u.changes) };
          return;
        }
        if (
          u.docChanged ||
          u.viewportChanged ||
          u.selectionSet ||
          u.focusChanged ||
          syntaxTree(u.state) !== syntaxTree(u.startState) ||
          u.transactions.some((t) => t.effects.some((e) => e.is(refreshPreview)))
        )
          this.drawn = draw(u.view, o, () => false);
      }
    },
    {
      decorations: (p) => p.drawn.all,
      provide: (p) => EditorView.atomicRanges.of((view) => view.plugin(p)?.drawn.atomic ?? Decoration.none),
    },
  );
  return [new LanguageSupport(markdownLanguage), plugin, EditorView.perLineTextDirection.of(true), EditorView.lineWrapping];
}
