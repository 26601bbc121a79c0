// Pictures in the text: a key beside one takes it whole, a press on one shows
// what is written of it, with its words chosen.

import { syntaxTree } from "@codemirror/language";
import { type EditorState, type Extension, Prec } from "@codemirror/state";
import { type Command, EditorView, keymap } from "@codemirror/view";
import type { SyntaxNode } from "@lezer/common";

/** imageAt is the image that touches pos on a side, null when there is none. */
function imageAt(state: EditorState, pos: number, side: -1 | 1): SyntaxNode | null {
  for (let n: SyntaxNode | null = syntaxTree(state).resolveInner(pos, side); n; n = n.parent) if (n.name === "Image") return n;
  return null;
}

const erase =
  (side: -1 | 1): Command =>
  ({ state, dispatch }) => {
    const { main } = state.selection;
    if (state.readOnly || !main.empty) return false;
    const image = imageAt(state, main.head, side);
    if (!image || main.head !== (side < 0 ? image.to : image.from)) return false;
    dispatch(state.update({ changes: { from: image.from, to: image.to }, scrollIntoView: true, userEvent: "delete.picture" }));
    return true;
  };

/** pictures is the extension. */
export function pictures(): Extension {
  return [
    Prec.high(
      keymap.of([
        { key: "Backspace", run: erase(-1) },
        { key: "Delete", run: erase(1) },
      ]),
    ),
    EditorView.domEventHandlers({
      mousedown(e, view) {
        const box = (e.target as Element).closest(".lp-picture");
        if (!box || e.button !== 0 || e.ctrlKey || e.metaKey || e.shiftKey) return false;
        const pos = view.posAtDOM(box);
        const image = imageAt(view.state, pos, 1) ?? imageAt(view.state, pos, -1);
        const words = image?.getChildren("LinkMark")[1];
        if (!image || !words) return false;
        e.preventDefault();
        view.dispatch({ selection: { anchor: image.from + 2, head: words.from }, userEvent: "select.pointer" });
        view.focus();
        return true;
      },
    }),
  ];
}
