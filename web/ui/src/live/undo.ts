// Steps of one's own undo: words that were typed in a row are one, and what a
// tool did, a paste or a replacement, is one of its own.
import type { Extension } from "@codemirror/state";
import { ViewPlugin } from "@codemirror/view";
import { ySyncAnnotation } from "y-codemirror.next";
import type { UndoManager } from "yjs";

const typing = ["input.type", "delete.backward", "delete.forward"];

// undoSteps goes before yCollab, which writes down what has changed.
export function undoSteps(manager: UndoManager): Extension {
  return ViewPlugin.define(() => {
    let alone = false; // the last change was a step of its own
    return {
      update({ docChanged, transactions }) {
        if (!docChanged) return;
        const own = transactions.filter((tr) => tr.docChanged && !tr.annotation(ySyncAnnotation));
        if (own.length === 0) return;
        const typed = own.every((tr) => typing.some((event) => tr.isUserEvent(event)));
        if (alone || !typed) manager.stopCapturing();
        alone = !typed;
      },
    };
  });
}
