// The page's document, its connection and its copy in this browser. What is
// typed is in the copy at once, on the server when it has said so, and in git
// when it has said that too; nothing here claims more than was said.
import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import { IndexeddbPersistence } from "y-indexeddb";
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";
import type { Config } from "./config";
import * as stored from "./stored";

const messagePersisted = 100;
const messageCommitted = 101;
const messageNotice = 102;
const messageCheckpoint = 103;

// Close codes after which nobody comes back by itself.
export const closed = {
  signedOut: 4401,
  gone: 4404,
  moved: 4409,
  stale: 4410,
  tooLarge: 4413,
  refused: 4422,
} as const;

// The server closes so when a reader may write from now on.
const comeAgain = 4503;
const mayWriteNow = "you may write now";

export interface Version {
  version: string;
  number: number;
  at: string;
  authors: { id?: string; handle?: string; name: string }[];
  message: string;
}

export interface Notice {
  code: string;
  text: string;
}

// opening: nothing has come from the server yet. live: connected and in step.
// away: the connection is lost and sought again. ended: closed for good.
export type Link = "opening" | "live" | "away" | "ended";

interface Events {
  change: () => void; // of link, pending, version or dirty
  version: (v: Version) => void;
  notice: (n: Notice) => void;
  write: (may: boolean) => void;
  end: (code: number, reason: string) => void;
}

const month = 30 * 86_400_000;
const never = Number.MAX_SAFE_INTEGER;

export class Connection {
  readonly doc = new Y.Doc();
  readonly text = this.doc.getText("content");
  readonly provider: WebsocketProvider;
  link: Link = "opening";
  version: { number: number; at: number };
  // dirty tells that the text differs from the newest version, as far as one
  // can know here.
  dirty = false;
  savedAt = 0; // when the newest text was last known to be safe on the server
  awaySince = 0;
  mayWrite: boolean;
  // A text that was written here against a document that is no more.
  rescued: string | null = null;

  private readonly copy: IndexeddbPersistence | null;
  private readonly name: string;
  private readonly page: string;
  private readonly window = Math.random().toString(36).slice(2); // tells this window's count from others'
  // What windows before this one left unsent: it goes out with the first step.
  private inherited: Record<string, number> = {};
  // dropped tells that the copy was deleted, as by signing out.
  private dropped = false;
  private readonly listeners: { [E in keyof Events]: Set<Events[E]> } = {
    change: new Set(),
    version: new Set(),
    notice: new Set(),
    write: new Set(),
    end: new Set(),
  };
  // Changes made here that this browser has not written down yet.
  private unkept = 0;
  // One entry per change made here that the server has not acknowledged: the
  // number of the message that took it, or never while it is only here.
  private waiting: number[] = [];
  private sent = 0;
  private acknowledged = 0;

  constructor(private readonly config: Config) {
    this.page = `${config.prospect}/${config.place}`;
    this.name = stored.nameOf(config.me.id, this.page, config.epoch);
    this.version = { number: config.number, at: 0 };
    this.mayWrite = config.write;
    const before = stored.find(this.name);
    if (before) {
      this.inherited = before.windows;
      this.waiting = new Array<number>(Math.max(0, stored.unsent(before))).fill(never);
    }

    const conn = this;
    // Counts what counts as a message with changes, so that the server's count
    // can be compared with it.
    class CountingSocket extends WebSocket {
      override send(data: string | ArrayBufferLike | Blob | ArrayBufferView): void {
        super.send(data as ArrayBuffer);
        if (data instanceof Uint8Array && data[0] === 0 && (data[1] === 1 || data[1] === 2)) conn.count(data[1]);
      }
    }
    const at = new URL(config.socket, location.href);
    at.protocol = at.protocol === "http:" ? "ws:" : "wss:";
    const cut = at.href.lastIndexOf("/");
    this.provider = new WebsocketProvider(at.href.slice(0, cut), at.href.slice(cut + 1), this.doc, {
      connect: false,
      disableBc: true, // another tab has its own connection, maybe as another person
      params: { epoch: config.epoch },
      WebSocketPolyfill: CountingSocket,
    });
    this.listen();
    this.copy = this.openCopy();
  }

  // start connects, after what is kept in this browser was read.
  async start(): Promise<void> {
    await this.adoptOld();
    if (this.copy) {
      void this.copy.whenSynced.then(() => (this.unkept = 0));
      // A browser that never answers must not keep the page from opening.
      await Promise.race([this.copy.whenSynced, new Promise((resolve) => setTimeout(resolve, 3000))]);
      this.remember();
    }
    this.provider.connect();
  }

  on<E extends keyof Events>(event: E, then: Events[E]): void {
    this.listeners[event].add(then);
  }

  private tell<E extends keyof Events>(event: E, ...args: Parameters<Events[E]>): void {
    for (const then of this.listeners[event]) (then as (...a: Parameters<Events[E]>) => void)(...args);
  }

  // pending counts the changes made here that are not known to be safe on the
  // server.
  get pending(): number {
    return this.waiting.length;
  }

  // kept counts those of them that this browser wrote down: they outlive the
  // window.
  get kept(): number {
    return this.keeps ? Math.max(0, this.waiting.length - this.unkept) : 0;
  }

  // keeps tells whether this browser keeps a copy at all.
  get keeps(): boolean {
    return !this.dropped && (this.copy?.synced ?? false);
  }

  // shared tells whether this browser holds changes of the page that are not on
  // the server, of whatever window.
  get shared(): boolean {
    const entry = stored.find(this.name);
    return this.waiting.length > 0 || (entry !== null && stored.unsent(entry) > 0);
  }

  get ready(): boolean {
    return this.provider.synced;
  }

  // reconnect tries again now.
  reconnect(): void {
    if (this.link === "live") return;
    this.link = this.link === "opening" ? "opening" : "away";
    this.provider.disconnect();
    this.provider.connect();
    this.tell("change");
  }

  // checkpoint asks for a version now.
  checkpoint(message: string): boolean {
    const socket = this.provider.ws;
    if (this.link !== "live" || !socket || socket.readyState !== socket.OPEN) return false;
    const encoder = encoding.createEncoder();
    encoding.writeVarUint(encoder, messageCheckpoint);
    encoding.writeVarString(encoder, JSON.stringify({ message }));
    socket.send(encoding.toUint8Array(encoder) as Uint8Array<ArrayBuffer>);
    return true;
  }

  // settled answers when everything is acknowledged, or false when that did not
  // happen in time.
  settled(within: number): Promise<boolean> {
    const done = () => this.link === "live" && this.ready && this.waiting.length === 0;
    if (done()) return Promise.resolve(true);
    return new Promise((resolve) => {
      const stop = (result: boolean) => {
        clearTimeout(timer);
        this.listeners.change.delete(look);
        resolve(result);
      };
      const look = () => {
        if (done()) stop(true);
      };
      const timer = setTimeout(() => stop(false), within);
      this.listeners.change.add(look);
    });
  }

  // follow takes what is only here to where the page went.
  async follow(place: string): Promise<void> {
    const page = `${this.config.prospect}/${place}`;
    const name = stored.nameOf(this.config.me.id, page, this.config.epoch);
    if (this.waiting.length > 0) {
      try {
        const moved = new IndexeddbPersistence(name, this.doc);
        await Promise.race([moved.whenSynced, new Promise((resolve) => setTimeout(resolve, 3000))]);
        await moved.destroy();
        stored.note({ ...this.entry(), name, page }, { [this.window]: this.waiting.length });
      } catch {
        return; // the copy stays under the old name
      }
    }
    await this.forget();
  }

  // forget deletes the copy in this browser.
  async forget(): Promise<void> {
    this.waiting = [];
    await this.lose();
    await stored.drop(this.name);
  }

  // lose goes on without a copy.
  private async lose(): Promise<void> {
    if (this.dropped) return;
    this.dropped = true;
    await this.copy?.destroy();
  }

  private listen(): void {
    const { provider } = this;
    provider.on("status", ({ status }: { status: string }) => {
      if (status === "connected") {
        this.sent = 0;
        this.acknowledged = 0;
        this.waiting.fill(never);
        // Others forgot this window; a state of the same age would not be news.
        provider.awareness.setLocalState(provider.awareness.getLocalState());
      } else if (status === "disconnected") {
        this.lost();
      }
    });
    provider.on("sync", (synced: boolean) => {
      if (!synced) return;
      this.link = "live";
      this.awaySince = 0;
      this.tell("change");
    });
    provider.on("connection-error", () => this.lost());
    provider.on("closed", ({ code, reason }: { code: number; reason: string }) => {
      this.link = "ended";
      this.remember();
      void this.copy?.destroy(); // nothing is typed any more, and a sign-out elsewhere may delete it
      this.tell("change");
      this.tell("end", code, reason);
    });
    const json = (decoder: decoding.Decoder): unknown => JSON.parse(decoding.readVarString(decoder));
    provider.messageHandlers[messagePersisted] = (_encoder, decoder) => {
      this.acknowledged = decoding.readVarUint(decoder);
      const before = this.waiting.length;
      this.waiting = this.waiting.filter((message) => message > this.acknowledged);
      if (this.waiting.length === before) return;
      this.savedAt = Date.now();
      if (this.waiting.length === 0) {
        this.passOn();
        this.remember();
      }
      this.tell("change");
    };
    provider.messageHandlers[messageCommitted] = (_encoder, decoder) => {
      const v = json(decoder) as Version;
      const at = Date.parse(v.at);
      this.version = { number: v.number, at: Number.isNaN(at) ? Date.now() : at };
      this.dirty = this.waiting.length > 0;
      this.tell("version", v);
      this.tell("change");
    };
    provider.messageHandlers[messageNotice] = (_encoder, decoder) => {
      const notice = json(decoder) as Notice;
      if (notice.code === "read-only") this.let(false);
      else this.tell("notice", notice);
    };
    provider.on("connection-close", (event: CloseEvent | null) => {
      if (event?.code === comeAgain && event.reason === mayWriteNow) this.let(true);
    });

    // After the provider's own listener, so that the message is counted already.
    this.doc.on("update", (_update: Uint8Array, origin: unknown) => {
      if (origin === this.copy) return;
      const mine = origin !== provider;
      if (mine) this.waiting.push(provider.wsconnected ? this.sent : never);
      // What comes before the first sync is the page as it was, not a change.
      if (mine || this.link === "live") this.dirty = true;
      // What others wrote is safe before it comes here.
      if (!mine && this.link === "live") this.savedAt = Date.now();
      if (mine) this.keep();
      this.tell("change");
    });

    window.addEventListener("offline", () => {
      // The browser may take long to notice that a socket is dead.
      if (this.link === "live") this.reconnect0();
    });
    window.addEventListener("online", () => this.reconnect());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden") this.remember();
      else if (this.link === "away") this.reconnect();
    });
    window.addEventListener("pagehide", () => this.remember());
    document.addEventListener(stored.countNow, () => this.remember());
    const lose = () => {
      void this.lose();
      this.tell("change");
    };
    document.addEventListener(stored.forgotten, lose);
    window.addEventListener("storage", (event) => {
      if (event.key === this.name && event.newValue === null) lose(); // signed out in another window
    });
    window.addEventListener("beforeunload", (event) => {
      this.remember();
      // Kept in this browser, it is not lost; without a copy it would be.
      if (this.waiting.length > 0 && !this.keeps) event.preventDefault();
    });
  }

  // let takes in that the server lets one write, or not any more.
  private let(write: boolean): void {
    if (this.mayWrite === write) return;
    this.mayWrite = write;
    this.tell("write", write);
    this.tell("change");
  }

  private reconnect0(): void {
    this.provider.disconnect();
    this.lost();
    this.provider.connect();
  }

  private lost(): void {
    if (this.link === "ended") return;
    if (this.link === "live" || this.awaySince === 0) this.awaySince = Date.now();
    if (this.link === "live") this.link = "away";
    this.waiting.fill(never);
    this.remember();
    this.tell("change");
  }

  private count(kind: number): void {
    this.sent++;
    // The answer to the server's first step carries everything it lacks.
    if (kind === 1) this.waiting.fill(this.sent);
  }

  private entry(): Omit<stored.Stored, "windows" | "at"> {
    return { name: this.name, person: this.config.me.id, page: this.page, epoch: this.config.epoch };
  }

  // passOn strikes what other windows left, now that it is on the server; what
  // one of them counted since is its own again.
  private passOn(): void {
    if (this.dropped || Object.keys(this.inherited).length === 0) return;
    const now = stored.find(this.name)?.windows ?? {};
    const struck = Object.entries(this.inherited).filter(([window, n]) => now[window] === n);
    this.inherited = {};
    stored.note(this.entry(), Object.fromEntries(struck.map(([window]) => [window, 0])));
  }

  // keep follows the copy's writing: it writes one change after the other, so
  // what is asked for after them is answered when they are written.
  private keep(): void {
    this.unkept++;
    const db = this.copy?.db;
    if (!db) return;
    const changes = this.unkept;
    if (this.asking) return; // one question at a time; it is asked again below
    this.asking = true;
    const done = () => {
      this.asking = false;
      this.unkept -= changes;
      if (this.unkept > 0) {
        this.unkept--;
        this.keep();
      }
      if (this.link !== "live") this.remember();
      this.tell("change");
    };
    try {
      const question = db.transaction("updates");
      question.oncomplete = question.onabort = done;
      question.objectStore("updates").count();
    } catch {
      this.asking = false; // the copy is being closed
    }
  }

  private asking = false;

  private remember(): void {
    if (!this.copy || this.dropped) return;
    // Until what was inherited is on the server it stands under its own windows.
    const others = Object.values(this.inherited).reduce((sum, n) => sum + n, 0);
    stored.note(this.entry(), { [this.window]: Math.max(0, this.waiting.length - others) });
  }

  private openCopy(): IndexeddbPersistence | null {
    try {
      if (!indexedDB) return null;
    } catch {
      return null; // forbidden in this window
    }
    return new IndexeddbPersistence(this.name, this.doc);
  }

  // adoptOld looks after copies of other times: those of this page under an
  // older epoch give up their text if something in it never reached the
  // server, and those that nobody used for a month go.
  private async adoptOld(): Promise<void> {
    for (const entry of stored.list()) {
      if (entry.name === this.name || entry.person !== this.config.me.id) continue;
      if (entry.page !== this.page) {
        if (stored.unsent(entry) === 0 && Date.now() - entry.at > month) await stored.drop(entry.name);
        continue;
      }
      if (stored.unsent(entry) > 0) this.rescued = await textOf(entry.name);
      await stored.drop(entry.name);
    }
  }
}

async function textOf(name: string): Promise<string | null> {
  const doc = new Y.Doc();
  const copy = new IndexeddbPersistence(name, doc);
  await Promise.race([copy.whenSynced, new Promise((resolve) => setTimeout(resolve, 3000))]);
  const text = doc.getText("content").toString();
  await copy.destroy();
  return text || null;
}
