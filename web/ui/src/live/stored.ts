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
  changes: number; // not yet known to be safe on the server
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

export function note(entry: Stored): void {
  storage.set(entry.name, JSON.stringify(entry));
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
  await Promise.all([...names].map(drop));
}

// forgetAtSignOut empties this browser before somebody else sits down at it. It
// asks first when something in it never reached the server.
export function forgetAtSignOut(): void {
  const form = $<HTMLFormElement>('form[action="/sign-out"]');
  form?.addEventListener("submit", (event) => {
    event.preventDefault();
    const go = () => void dropAll().then(() => form.submit());
    const unsent = list().filter((entry) => entry.changes > 0).length;
    if (unsent === 0) return go();
    const pages = unsent === 1 ? "a page" : `${unsent} pages`;
    ask(`This browser holds changes of ${pages} that did not reach the server yet. Signing out throws them away. Open them online first to keep them.`, "Sign out and lose them", true, go);
  });
}

function read(key: string): Stored | null {
  try {
    const value = JSON.parse(storage.get(key) ?? "null") as Stored | null;
    return value && value.name === key && typeof value.changes === "number" ? value : null;
  } catch {
    return null;
  }
}
