// What the tests of the live preview use: editors with the preview, alone or two
// on one shared text.
import { defaultKeymap } from "@codemirror/commands";
import { forceParsing, syntaxTree } from "@codemirror/language";
import { EditorState, type Extension, Text } from "@codemirror/state";
import { EditorView, drawSelection, keymap } from "@codemirror/view";
import { yCollab } from "y-codemirror.next";
import * as Y from "yjs";
import { livePreview, markdownSource } from "../preview";
import * as facts from "../preview-facts";
import * as keys from "../preview-keys";
import * as model from "../table-model";
import * as paste from "../table-paste";

const people: Record<string, string> = { sam: "Sam Reed", dana: "Dana Reyes", hana: "Hana Fischer" };
const dot = "data:image/svg+xml;utf8,<svg xmlns='http://www.w3.org/2000/svg' width='320' height='90'><rect width='320' height='90' fill='teal'/></svg>";
let opened: string[] = [];

const preview = () =>
  livePreview({
    resolve: (dest) => (dest === "files/chart.png" ? dot : dest.includes("gone") ? null : dest),
    page: (link) =>
      link.page.startsWith("new") ? { href: "/new", found: false } : { href: `/pages/${link.page}`, title: `Title of ${link.page}`, found: true },
    person: (handle) => people[handle],
    open: (href) => opened.push(href),
  });

function editor(host: string, doc: string, mode: "preview" | "source", extensions: Extension = [], readOnly = false): EditorView {
  const parent = document.querySelector<HTMLElement>(host)!;
  parent.replaceChildren();
  return new EditorView({
    parent,
    state: EditorState.create({
      doc: Text.of(doc.split("\n")),
      extensions: [
        EditorState.lineSeparator.of("\n"),
        EditorView.cspNonce.of("n0nce"),
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({ "aria-label": "Text" }),
        EditorState.readOnly.of(readOnly),
        EditorView.editable.of(!readOnly),
        drawSelection(),
        extensions,
        keymap.of(defaultKeymap),
        mode === "preview" ? preview() : [markdownSource(), keys.markdownKeys()],
      ],
    }),
  });
}

/** one makes an editor alone. */
function one(doc: string, mode: "preview" | "source" = "preview", readOnly = false): EditorView {
  const text = new Y.Doc().getText("content");
  text.insert(0, doc);
  const undo = new Y.UndoManager(text, { captureTimeout: 0 });
  const view = editor("#editor", doc, mode, [
    yCollab(text, null, { undoManager: undo }),
    keymap.of([
      { key: "Mod-z", run: () => (undo.undo(), true), preventDefault: true },
      { key: "Mod-y", run: () => (undo.redo(), true), preventDefault: true },
    ]),
  ], readOnly);
  opened = [];
  return view;
}

/** two makes two editors of one text; hold keeps their changes back until it is called again. */
function two(doc: string) {
  const docs = [new Y.Doc(), new Y.Doc()] as const;
  docs[0].getText("content").insert(0, doc);
  Y.applyUpdate(docs[1], Y.encodeStateAsUpdate(docs[0]));
  let held = false;
  const send = () => {
    Y.applyUpdate(docs[1], Y.encodeStateAsUpdate(docs[0], Y.encodeStateVector(docs[1])), "wire");
    Y.applyUpdate(docs[0], Y.encodeStateAsUpdate(docs[1], Y.encodeStateVector(docs[0])), "wire");
  };
  for (const d of docs) d.on("update", (_: Uint8Array, origin: unknown) => origin !== "wire" && !held && send());
  const views = docs.map((d, i) => editor(i ? "#other" : "#editor", doc, "preview", yCollab(d.getText("content"), null)));
  return {
    a: views[0]!,
    b: views[1]!,
    hold(on: boolean) {
      held = on;
      if (!on) send();
    },
  };
}

Object.assign(window, {
  preview: { one, two, facts, keys, model, paste, syntaxTree, forceParsing, opened: () => opened },
});
