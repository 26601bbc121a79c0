// What somebody meets who may read a page in the editor but not write: the words
// and carets of the others, and a calm answer to what would be lost.
import { $, inText } from "../dom";

// readAlong takes what a reader types, pastes or drops, and says so: else the
// keys of every page would take letters for commands, and a browser would leave
// for a file. It answers how to stop.
export function readAlong(tell: () => void): () => void {
  const stop = new AbortController();
  const on = <E extends keyof DocumentEventMap>(event: E, then: (event: DocumentEventMap[E]) => void) =>
    document.addEventListener(event, then, { capture: true, signal: stop.signal });
  const elsewhere = (event: Event) => inText(event.target) || $("dialog[open], :popover-open") !== null;
  const refuse = (event: Event) => {
    event.preventDefault();
    event.stopPropagation();
    tell();
  };
  on("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || elsewhere(event)) return;
    // Space goes on reading; search and the list of keys are everybody's.
    if (event.key.length === 1 && !/[ /?]/.test(event.key)) refuse(event);
  });
  on("paste", (event) => {
    if (!elsewhere(event)) refuse(event);
  });
  on("dragover", (event) => {
    if (event.dataTransfer?.types.includes("Files")) event.preventDefault();
  });
  on("drop", (event) => {
    if (event.dataTransfer?.types.includes("Files")) refuse(event);
  });
  return () => stop.abort();
}
