// What the page says of itself: saved or not, which version, since when. It
// says "Saved" only of what the server called safe, and a version only of what
// is in git.
import { $$ } from "../dom";
import { words } from "../when";
import type { Connection } from "./connection";

// After the last acknowledgement, so that the words do not flicker with every
// key.
const calm = 500;

export class Status {
  private readonly shown = $$("[data-live-state]");
  private readonly spoken: HTMLElement | null;
  private busyUntil = 0;
  private last = "";
  private tick = 0;
  private later = 0;
  private told = "";

  constructor(private readonly conn: Connection) {
    this.spoken = document.querySelector("[data-live-spoken]");
    conn.on("change", () => this.update());
    conn.on("version", (v) => this.say(`Saved as version ${v.number}`));
    this.tick = window.setInterval(() => {
      if (!document.hidden) this.update();
    }, 1000);
    window.addEventListener("pagehide", () => clearInterval(this.tick));
    this.update();
  }

  // say tells those who listen rather than look. The same words twice are said
  // once.
  say(text: string): void {
    if (!this.spoken || text === this.last) return;
    this.last = text;
    this.spoken.textContent = text;
  }

  private update(): void {
    const { conn } = this;
    const { kind, long, short } = this.words();
    for (const el of this.shown) {
      if (el.dataset.kind !== kind) el.dataset.kind = kind;
      el.classList.toggle("is-offline", kind === "away" || kind === "ended");
      el.classList.toggle("is-busy", kind === "saving" || kind === "opening");
      const text = el.querySelector("[data-live-text]");
      if (text && text.textContent !== long) text.textContent = long;
      const brief = el.querySelector("[data-live-short]");
      if (brief && brief.textContent !== short) brief.textContent = short;
      el.title = this.hint(kind);
    }
    // Going away and coming back is said aloud; saving, all day long, is not.
    if (kind !== this.told) {
      if (kind === "away" && this.conn.mayWrite) this.say("Offline. Keep writing: your changes are kept in this browser.");
      else if (this.told === "away" && kind === "saved") this.say("Online again. Everything is saved.");
      else if (this.told === "away" && kind === "saving") return;
      this.told = kind;
    }
    clearTimeout(this.later);
    if (kind === "saving" && conn.pending === 0) {
      this.later = window.setTimeout(() => this.update(), Math.max(20, this.busyUntil - Date.now()));
    }
  }

  private words(): { kind: string; long: string; short: string } {
    const { conn } = this;
    const n = conn.pending;
    const changes = n === 1 ? "1 change" : `${n} changes`;
    const kept = n === 0 ? "" : !conn.keeps ? ` · ${changes} in this window only` : conn.kept < n ? ` · keeping ${changes}…` : ` · ${changes} kept here`;
    if (conn.link === "ended") return { kind: "ended", long: `Closed${kept}`, short: "Closed" };
    if (conn.link === "away" || (conn.link === "opening" && conn.awaySince > 0)) {
      return { kind: "away", long: `Offline${kept}`, short: "Offline" };
    }
    if (conn.link === "opening") return { kind: "opening", long: "Opening…", short: "Opening…" };
    if (!conn.mayWrite) {
      if (n > 0) return { kind: "away", long: `Not saved${kept}`, short: "Not saved" };
      return { kind: "saved", long: `Reading along · version ${conn.version.number}`, short: "Reading" };
    }
    if (n > 0) this.busyUntil = Date.now() + calm;
    if (n > 0 || Date.now() < this.busyUntil) return { kind: "saving", long: "Saving…", short: "Saving…" };
    const number = conn.version.number;
    const version = number === 0 ? "" : conn.dirty ? ` · newer than version ${number}` : ` · version ${number}`;
    const at = conn.dirty ? conn.savedAt : Math.max(conn.version.at, 0);
    return { kind: "saved", long: `Saved${version}${at > 0 ? ` · ${ago(at)}` : ""}`, short: "Saved" };
  }

  private hint(kind: string): string {
    switch (kind) {
      case "saved":
        return this.conn.mayWrite && this.conn.dirty
          ? "On the server. It becomes a version when you pause, leave, or press Ctrl S."
          : "The newest version is in the history.";
      case "saving":
        return "On its way to the server";
      case "away":
        if (!this.conn.mayWrite) return "You may not write here any more: the server did not take it.";
        return "What you type is kept in this browser and merged when you are back online.";
    }
    return "";
  }
}

// ago says how long something is past, in seconds while it is fresh.
function ago(at: number): string {
  const seconds = Math.max(0, Math.round((Date.now() - at) / 1000));
  if (seconds < 2) return "just now";
  if (seconds < 60) return `${seconds} s ago`;
  return words(new Date(at), new Date());
}
