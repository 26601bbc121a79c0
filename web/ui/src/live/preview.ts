// Live preview in place: the page is drawn while it is written, and its syntax
// shows where the cursor is. The text of the document stays the page's markdown;
// everything here is decoration, or an ordinary change of that text.

import { LanguageSupport, syntaxTree } from "@codemirror/language";
import { type Extension, StateEffect } from "@codemirror/state";
import { Decoration, EditorView, ViewPlugin, type ViewUpdate } from "@codemirror/view";
import { type Drawn, draw } from "./preview-draw";
import { frontBlock } from "./preview-front";
import { idsKept } from "./preview-ids";
import { behindMarks, markdownKeys } from "./preview-keys";
import { type WikiLink, markdownLanguage } from "./preview-language";
import { opening } from "./preview-links";
import { pictures } from "./preview-picture";
import { tables } from "./table";

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
  /** The address of an image's bytes, as resolve has it otherwise. */
  picture(dest: string): string | null;
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
  const cells = tables(o);
  const plugin = ViewPlugin.fromClass(
    class {
      drawn: Drawn;
      /** While a button is down nothing moves under the pointer. */
      held = false;
      private waiting = false;
      constructor(readonly view: EditorView) {
        this.drawn = this.draw(view);
      }
      update(u: ViewUpdate): void {
        const parsed = syntaxTree(u.state) !== syntaxTree(u.startState);
        if (u.view.composing || (this.held && !u.docChanged)) {
          // Redrawing would end the composition, or move what is pressed.
          this.waiting = true;
          if (u.docChanged) this.drawn = { all: this.drawn.all.map(u.changes), atomic: this.drawn.atomic.map(u.changes) };
          if (!u.viewportChanged) return;
        }
        if (
          u.docChanged ||
          u.viewportChanged ||
          u.selectionSet ||
          u.focusChanged ||
          parsed ||
          u.startState.readOnly !== u.state.readOnly ||
          u.transactions.some((t) => t.effects.some((e) => e.is(refreshPreview)))
        )
          this.drawn = this.draw(u.view);
      }
      private draw(view: EditorView): Drawn {
        this.waiting = false;
        const { state } = view;
        return draw(view, o, (from, to) => cells.covers(state, from, to));
      }
      /** settle draws what had to wait. */
      settle(): void {
        this.held = false;
        setTimeout(() => {
          if (this.waiting && !this.view.composing && !this.held) this.view.dispatch({ effects: refreshPreview.of(null) });
        });
      }
      destroy(): void {
        this.waiting = false;
      }
    },
    {
      decorations: (p) => p.drawn.all,
      provide: (p) => EditorView.atomicRanges.of((view) => view.plugin(p)?.drawn.atomic ?? Decoration.none),
      eventObservers: {
        mousedown(e, view) {
          if (e.button !== 0) return;
          this.held = true;
          view.dom.ownerDocument.addEventListener("mouseup", () => this.settle(), { once: true });
        },
        compositionend() {
          this.settle();
        },
      },
    },
  );
  return [
    new LanguageSupport(markdownLanguage),
    frontBlock(),
    cells.extension,
    plugin,
    idsKept(),
    pictures(),
    opening(o),
    markdownKeys(),
    behindMarks,
    EditorView.perLineTextDirection.of(true),
    EditorView.editorAttributes.of({ class: "lp" }),
  ];
}
