// What may be named: asked of the server, remembered, and answered from memory
// while there is no connection.

export interface Named {
  value: string; // “stage/page”, “prospect:stage/page” or a handle
  label: string;
  detail: string;
  section: string; // of a page
  color: number; // of a person, 1 to 8
  initials: string;
  text: string; // of a template
}

type Kind = "page" | "person" | "template";

const kept = 300; // answers
const seenAtMost = 2000; // names
const fresh = 60_000; // ms

// Lookup asks for one side of one prospect. The address names both and the
// stage; kind and q are added to it.
export class Lookup {
  private readonly answers = new Map<string, { at: number; items: Named[] }>();
  private readonly seen: Record<Kind, Map<string, Named>> = { page: new Map(), person: new Map(), template: new Map() };

  constructor(private readonly address: string) {}

  // find answers what fits the query, best first. It never fails: without a
  // connection it answers from what was seen before.
  async find(kind: Kind, query: string, signal?: AbortSignal, section = ""): Promise<Named[]> {
    const key = `${section} ${kind} ${query.toLowerCase()}`;
    const known = this.answers.get(key);
    if (known && Date.now() - known.at < fresh) return known.items;
    const url = new URL(this.address, location.href);
    url.searchParams.set("kind", kind);
    url.searchParams.set("q", query.slice(0, 100));
    if (section !== "") url.searchParams.set("section", section);
    try {
      const response = await fetch(url, {
        signal: signal ?? null,
        headers: { Accept: "application/json" },
      });
      if (!response.ok) throw new Error(String(response.status));
      const body: unknown = await response.json();
      const items = read(body);
      this.answers.delete(key);
      this.answers.set(key, { at: Date.now(), items });
      if (this.answers.size > kept) this.answers.delete(this.answers.keys().next().value ?? "");
      if (section === "") this.remember(kind, items);
      return items;
    } catch {
      if (signal?.aborted) return [];
      return known?.items ?? (section === "" ? this.recall(kind, query) : []);
    }
  }

  private remember(kind: Kind, items: Named[]): void {
    const all = this.seen[kind];
    for (const item of items) {
      all.delete(item.value);
      all.set(item.value, item);
    }
    for (const value of all.keys()) {
      if (all.size <= seenAtMost) break;
      all.delete(value);
    }
  }

  private recall(kind: Kind, query: string): Named[] {
    const wanted = query.toLowerCase();
    return [...this.seen[kind].values()]
      .filter(({ value, label }) => value.toLowerCase().includes(wanted) || label.toLowerCase().includes(wanted))
      .slice(-20)
      .reverse();
  }
}

// read takes only what it understands from an answer.
function read(body: unknown): Named[] {
  const items = body !== null && typeof body === "object" ? (body as { items?: unknown }).items : null;
  if (!Array.isArray(items)) return [];
  const named: Named[] = [];
  for (const item of items as unknown[]) {
    if (item === null || typeof item !== "object") continue;
    const { value, label, detail, section, color, initials, text } = item as Record<string, unknown>;
    if (typeof value !== "string" || value === "") continue;
    named.push({
      value,
      label: string(label) || value,
      detail: string(detail),
      section: string(section),
      color: typeof color === "number" && color >= 1 && color <= 8 ? Math.floor(color) : 1,
      initials: string(initials),
      text: string(text),
    });
  }
  return named;
}

const string = (value: unknown) => (typeof value === "string" ? value : "");
