// The faces of those who are on the page. A press follows that person's cursor.
import { $$, element, icon } from "../dom";
import type { EditorView } from "@codemirror/view";
import type { Other, Presence } from "./presence";

const most = 5;

export class People {
  private readonly boxes = $$("[data-live-people]");
  private readonly following = document.querySelector<HTMLElement>("[data-live-following]");
  private before: Map<string, string> | null = null;
  private shown = "";
  private presence: Presence | null = null;

  constructor(
    private readonly me: string,
    private readonly say: (text: string) => void,
  ) {}

  join(presence: Presence): void {
    this.presence = presence;
  }

  // show draws who is there; section names the heading that a position is
  // under.
  show(view: EditorView | null): void {
    const { presence } = this;
    if (!presence) return;
    const people = persons(presence.list).filter((p) => p.id !== this.me);
    const rows = people.map((p) => ({ p, where: view && p.head >= 0 ? section(view, p.head) : "" }));
    const followed = presence.followed;
    const key = JSON.stringify([rows.map(({ p, where }) => [p.id, p.name, p.color, p.guest, where]), followed?.id]);
    if (key !== this.shown) {
      this.shown = key;
      for (const box of this.boxes) this.draw(box, rows, followed);
      this.drawFollowing(followed);
    }
    const now = new Map(people.map((p) => [p.id, p.name]));
    if (this.before) {
      for (const [id, name] of now) if (!this.before.has(id)) this.say(`${name} is here`);
      for (const [id, name] of this.before) if (!now.has(id)) this.say(`${name} left`);
    }
    this.before = now;
  }

  private draw(box: HTMLElement, rows: { p: Other; where: string }[], followed: Other | null): void {
    const had = document.activeElement instanceof HTMLElement && box.contains(document.activeElement) ? document.activeElement.dataset.person : undefined;
    box.hidden = rows.length === 0;
    box.setAttribute("aria-label", `Here now: ${rows.map(({ p }) => p.name).join(", ")}`);
    const faces = rows.slice(0, most).map(({ p, where }) => {
      const label = `${p.name}${p.guest ? ", guest" : ""}${where ? `, in “${where}”` : ""}`;
      const face = element(
        "button",
        {
          type: "button",
          class: `avatar live-face ${p.color}${p.guest ? " avatar-guest" : ""}`,
          "data-person": p.id,
          "aria-label": `Follow ${label}`,
          "aria-pressed": String(followed?.id === p.id),
          title: `${p.name}${p.guest ? " · guest" : ""}${where ? ` · in “${where}”` : ""}`,
        },
        initials(p.name),
      );
      face.addEventListener("click", () => {
        if (this.presence?.followed?.id === p.id) this.presence.stop();
        else this.presence?.follow(p.client);
      });
      return face;
    });
    const rest = rows.length - faces.length;
    box.replaceChildren(...faces);
    if (rest > 0) box.append(element("span", { class: "meta", title: rows.slice(most).map(({ p }) => p.name).join(", ") }, `+${rest}`));
    if (had) box.querySelector<HTMLElement>(`[data-person="${CSS.escape(had)}"]`)?.focus();
  }

  private drawFollowing(followed: Other | null): void {
    const box = this.following;
    if (!box) return;
    box.hidden = !followed;
    box.className = `live-following ${followed?.color ?? ""}`;
    if (!followed) {
      box.replaceChildren();
      return;
    }
    const stop = element("button", { type: "button", class: "btn btn-small" }, icon("x", true), "Stop");
    stop.addEventListener("click", () => this.presence?.stop());
    box.replaceChildren(element("span", {}, `Following ${followed.name}. Type or press Esc to stop.`), stop);
  }
}

// persons are the windows with one for each person: the one whose cursor moved
// last.
function persons(list: readonly Other[]): Other[] {
  const by = new Map<string, Other>();
  for (const o of list) {
    const had = by.get(o.id);
    if (!had || (o.head >= 0 && (had.head < 0 || o.moved > had.moved))) by.set(o.id, o);
  }
  return [...by.values()];
}

export function initials(name: string): string {
  const words = name.split(/[^\p{L}\p{N}\p{M}'’]+/u).filter(Boolean);
  const first = words[0]?.[Symbol.iterator]().next().value ?? "?";
  const last = words.length > 1 ? (words.at(-1)?.[Symbol.iterator]().next().value ?? "") : "";
  return (first + last).toUpperCase();
}

function section(view: EditorView, pos: number): string {
  const { doc } = view.state;
  if (pos > doc.length) return "";
  let fenced = false;
  for (let n = doc.lineAt(pos).number; n > 0; n--) {
    const { text } = doc.line(n);
    if (/^ {0,3}(?:```|~~~)/.test(text)) fenced = !fenced;
    const found = fenced ? null : /^ {0,3}#{1,6}[ \t]+(.+?)[ \t]*#*$/.exec(text);
    if (found?.[1]) return found[1].replace(/[*_`[\]]/g, "").slice(0, 60);
  }
  return "";
}
