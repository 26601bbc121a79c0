// Small helpers around the document.

export function $<T extends HTMLElement>(selector: string, within: ParentNode = document): T | null {
  return within.querySelector<T>(selector);
}

export function $$<T extends HTMLElement>(selector: string, within: ParentNode = document): T[] {
  return [...within.querySelectorAll<T>(selector)];
}

// icon draws a symbol of the sprite, whose address the page tells.
export function icon(name: string, small = false): SVGSVGElement {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", small ? "icon icon-sm" : "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${document.body.dataset.icons ?? ""}#${name}`);
  svg.append(use);
  return svg;
}

export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Record<string, string> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const el = document.createElement(tag);
  for (const [key, value] of Object.entries(properties)) el.setAttribute(key, value);
  el.append(...children);
  return el;
}

// inText tells whether keys belong to a text field.
export function inText(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable ||
      target.matches("input:not([type=checkbox],[type=radio],[type=file]), textarea, select"))
  );
}

export const mac = /Mac|iPhone|iPad/.test(navigator.platform);

// mod tells whether the command key of this system is held.
export function mod(event: KeyboardEvent | MouseEvent): boolean {
  return mac ? event.metaKey : event.ctrlKey;
}

// storage is the browser's own memory, or nothing where it is switched off.
export const storage = {
  get(key: string): string | null {
    try {
      return localStorage.getItem(key);
    } catch {
      return null;
    }
  },
  set(key: string, value: string): void {
    try {
      localStorage.setItem(key, value);
    } catch {
      // Full or forbidden: what was to be kept is a convenience only.
    }
  },
  remove(key: string): void {
    try {
      localStorage.removeItem(key);
    } catch {
      // As above.
    }
  },
  keys(): string[] {
    try {
      return Object.keys(localStorage);
    } catch {
      return [];
    }
  },
};

// problem reads what went wrong from an answer of the server.
export async function problem(response: Response): Promise<string> {
  const type = response.headers.get("Content-Type") ?? "";
  if (type.includes("json")) {
    const body: unknown = await response.json().catch(() => null);
    if (body !== null && typeof body === "object") {
      const { detail, title } = body as { detail?: unknown; title?: unknown };
      if (typeof detail === "string" && detail !== "") return detail;
      if (typeof title === "string" && title !== "") return title;
    }
  }
  switch (response.status) {
    case 401:
      return "You are signed out. Sign in again in another tab, then try once more.";
    case 404:
      return "This is not there any more, or you may no longer open it.";
    case 412:
      return "Somebody changed it in the meantime. Reload the page to see how.";
    case 413:
      return "This is too large.";
    case 429:
      return "Too many at once. Wait a moment and try again.";
  }
  return `The server answered ${response.status}. Try again.`;
}
