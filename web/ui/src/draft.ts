import { element, storage } from "./dom";

interface Kept {
  base: string;
  text: string;
  at: number;
}

const month = 30 * 86_400_000;

const prefix = "dealwiki:draft:";
const saving = "dealwiki:saving";

// Draft keeps what is typed in this browser until the server has it.
export class Draft {
  private readonly key: string;

  constructor(place: string) {
    this.key = prefix + place;
    const now = Date.now();
    for (const key of storage.keys()) {
      if (!key.startsWith(prefix)) continue;
      const kept = read(key);
      if (!kept || now - kept.at > month) storage.remove(key);
    }
  }

  keep(base: string, text: string): void {
    storage.set(this.key, JSON.stringify({ base, text, at: Date.now() } satisfies Kept));
  }

  // sent remembers that the form is on its way; saved decides whether it arrived.
  sent(base: string, text: string): void {
    this.keep(base, text);
    storage.set(saving, this.key);
  }

  forget(): void {
    storage.remove(this.key);
  }

  // offer shows a banner when an earlier text was never saved.
  offer(box: HTMLElement, current: string, take: (text: string) => void): void {
    const kept = read(this.key);
    if (!kept || kept.text === current) {
      this.forget();
      return;
    }
    const at = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" }).format(kept.at);
    const bring = element("button", { type: "button", class: "btn btn-small" }, "Bring it back");
    const drop = element("button", { type: "button", class: "btn btn-small btn-quiet" }, "Throw it away");
    const close = () => {
      box.hidden = true;
      box.replaceChildren();
    };
    bring.addEventListener("click", () => {
      take(kept.text);
      close();
    });
    drop.addEventListener("click", () => {
      this.forget();
      close();
    });
    box.replaceChildren(
      element(
        "div",
        { class: "banner banner-warn", role: "status" },
        element("p", {}, `You wrote here on ${at} and did not save.`),
        element("span", { class: "push-right row" }, bring, drop),
      ),
    );
    box.hidden = false;
  }
}

// saved forgets the draft of a page that was just saved. Only the page itself,
// open for reading, proves it: an error or a sign-in page keeps the draft.
export function saved(): void {
  const key = storage.get(saving);
  if (!key || !document.querySelector("[data-prose]")) return;
  if (decodeURIComponent(location.pathname) !== `/p/${key.slice(prefix.length)}`) return;
  storage.remove(key);
  storage.remove(saving);
}

function read(key: string): Kept | null {
  const stored = storage.get(key);
  if (!stored) return null;
  try {
    const value: unknown = JSON.parse(stored);
    if (value === null || typeof value !== "object") return null;
    const { base, text, at } = value as Partial<Kept>;
    return typeof base === "string" && typeof text === "string" && typeof at === "number" ? { base, text, at } : null;
  } catch {
    return null;
  }
}
