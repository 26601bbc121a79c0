// Which pages this browser keeps a copy of. The copies themselves are databases
// of y-indexeddb, one per person, page and epoch; this list says what is in
// them, so that old ones are found and all of them go at sign-out. It is used by
// every page, so it must not import the editor's parts.
import { $, storage } from "../dom";
import { ask } from "../menus";

export interface Stored {
  name: string; // of the database
  person: string;
  page: string; // PROSPECT/SECTION/STAGE/PAGE
  epoch: string;
  at: number; // last used, ms since 1970
  // Changes not yet known to be safe on the server, by the window they were
  // made in: two windows of one person share the copy, but not their counts.
  windows: Record<string, number>;
}

// Told to the editor in this window: to write down its count now, and that its
// copy is gone.
export const countNow = "dealwiki:count";
export const forgotten = "dealwiki:forgotten";

// unsent counts the changes of all windows that may be here alone.
export function unsent(entry: Stored): number {
  return Object.values(entry.windows).reduce((sum, n) => sum + n, 0);
}

const prefix = "dealwiki:live:";

// nameOf is the name of the database that keeps a page for a person.
export function nameOf(person: string, page: string, epoch: string): string {
  return `${prefix}${person}:${page}:${epoch}`;
}

export function list(): Stored[] {
  return storage
    .keys()
    .filter((key) => key.startsWith(prefix))
    .flatMap((key) => read(key) ?? []);
}

export function find(name: string): Stored | null {
  return read(name);
}

// note writes down what one window knows, beside what the others said.
export function note(entry: Omit<Stored, "windows" | "at">, windows: Record<string, number>): void {
  const all = { ...find(entry.name)?.windows, ...windows };
  const left = Object.fromEntries(Object.entries(all).filter(([, n]) => n > 0));
  storage.set(entry.name, JSON.stringify({ ...entry, at: Date.now(), windows: left } satisfies Stored));
}

// drop deletes a copy. It answers when the database is gone, or when the
// browser cannot say so.
export function drop(name: string): Promise<void> {
  storage.remove(name);
  return new Promise((resolve) => {
    try {
      const request = indexedDB.deleteDatabase(name);
      // A tab that has it open gives it up on its own; the deletion waits for it.
      request.onsuccess = request.onerror = request.onblocked = () => resolve();
    } catch {
      resolve();
    }
  });
}

// dropAll deletes every copy of every page.
export async function dropAll(): Promise<void> {
  const names = new Set(list().map((entry) => entry.name));
  try {
    for (const { name } of await indexedDB.databases()) if (name?.startsWith(prefix)) names.add(name);
  } catch {
    // A browser that keeps no databases, or does not list them: the list is enough.
  }
  document.dispatchEvent(new Event(forgotten));
  await Promise.all([...names].map(drop));
}

// How long signing out waits for what is on its way to the server, ms.
const patience = 2000;

const unsentPages = (): number => {
  document.dispatchEvent(new Event(countNow));
  return list().filter((entry) => unsent(entry) > 0).length;
};

// forgetAtSignOut empties this browser before somebody else sits down at it. It
// asks first when something in it never reached the server.
export function forgetAtSignOut(): void {
  const form = $<HTMLFormElement>('form[action="/sign-out"]');
  form?.addEventListener("submit", async (event) => {
    event.preventDefault();
    const go = () => void dropAll().then(() => form.submit());
    const until = Date.now() + patience;
    let n = unsentPages();
    while (n > 0 && navigator.onLine && Date.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      n = unsentPages();
    }
    if (n === 0) return go();
    const pages = n === 1 ? "a page" : `${n} pages`;
    ask(`This browser holds changes of ${pages} that did not reach the server yet. Signing out throws them away. Open them online first to keep them.`, "Sign out and lose them", true, go);
  });
}

function read(key: string): Stored | null {
  try {
    const value = JSON.parse(storage.get(key) ?? "null") as Stored | null;
    return value && value.name === key && value.windows !== null && typeof value.windows === "object" ? value : null;
  } catch {
    return null;
  }
}
