// What the tests of the live preview use: editors with the preview, alone or two
// on one shared text.
import { defaultKeymap } from "@codemirror/commands";
import { forceParsing, syntaxTree } from "@codemirror/language";
import { EditorState, type Extension, Text } from "@codemirror/state";
import { EditorView, drawSelection, keymap } from "@codemirror/view";
import { yCollab } from "y-codemirror.next";
import * as Y from "yjs";
import { lineEnds } from "../lineends";
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
    resolve: (dest) => (dest.includes("gone") ? null : dest),
    picture: (dest) => (dest === "files/chart.png" ? dot : dest.includes("gone") ? null : dest),
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
        lineEnds(),
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

/** tableLaws edits random tables in random ways and tells what a law of tables broke. */
function tableLaws(rounds: number): string[] {
  let seed = 7;
  const pick = (n: number) => (seed = (seed * 48271) % 2147483647) % n;
  const words = ["", "a", "b c", "\\|", "**x**", "`y`", "ü😀", "<br>", "\\\\", "1.5", "\u0645"];
  const typed = ["", "x", "a|b", "line\nline", " spaced ", "😀", "\\", "end\\", "`|`", "a\\|b"];
  const broken: string[] = [];
  const apply = (text: string, changes: model.Change[]) => {
    let out = text;
    for (const c of changes.toSorted((a, b) => a.from - b.from).toReversed()) out = out.slice(0, c.from) + c.insert + out.slice(c.to);
    return out;
  };
  const cells = (m: model.TableModel) => m.rows.map((r) => Array.from({ length: m.columns }, (_, c) => model.cellText(r.cells[c]?.raw ?? "")));
  for (let i = 0; i < rounds; i++) {
    const width = 1 + pick(4);
    const style = pick(3);
    const row = (raws: string[]) => (style === 0 || width === 1 ? `| ${raws.join(" | ")} |` : style === 1 ? `|${raws.join("|")}|` : raws.map((r) => r || "-").join(" | "));
    const some = () => row(Array.from({ length: width }, () => words[pick(words.length)]!));
    const lines = [some(), row(Array<string>(width).fill(["---", ":-", "-:"][pick(3)]!))];
    for (let r = pick(4); r > 0; r--) lines.push(some());
    const text = lines.join("\n");
    const m = model.parseTable(text);
    if (!m) {
      if (style === 0) broken.push(`unread: ${text}`);
      continue;
    }
    const was = cells(m);
    const r = pick(m.rows.length);
    const c = pick(m.columns);
    const value = typed[pick(typed.length)]!;
    const deeds: [string, model.Change[], string[][]][] = [
      ["set", model.setCell(m, r, c, value), was.map((x, a) => x.map((y, b) => (a === r && b === c ? model.cellText(model.cellSource(value)) : y)))],
      ["row", model.addRow(m, r), was.toSpliced(r + 1, 0, Array<string>(m.columns).fill(""))],
      ["column", model.addColumn(m, c), was.map((x) => x.toSpliced(c + 1, 0, ""))],
      ["first column", model.addColumn(m, -1), was.map((x) => ["", ...x])],
      ["no row", model.removeRow(m, r), r > 0 ? was.toSpliced(r, 1) : was],
      ["no column", model.removeColumn(m, c), m.columns > 1 ? was.map((x) => x.toSpliced(c, 1)) : was],
      ["align", model.setAlign(m, c, "center"), was],
      ["fill", model.fill(m, r, c, [["p", "q|r"], ["s"]]), []],
    ];
    for (const [name, changes, want] of deeds) {
      const after = apply(text, changes);
      const now = model.parseTable(after);
      const have = now && cells(now);
      const ok = name === "fill" ? have?.[r]?.[c] === "p" && have[r][c + 1] === "q|r" && have[r + 1]?.[c] === "s" : JSON.stringify(have) === JSON.stringify(want);
      if (!ok) broken.push(`${name} ${r},${c} ${JSON.stringify(value)}: ${JSON.stringify(text)} -> ${JSON.stringify(after)}`);
    }
  }
  return broken.slice(0, 5);
}

Object.assign(window, {
  preview: { one, two, tableLaws, facts, keys, model, paste, syntaxTree, forceParsing, opened: () => opened },
});
