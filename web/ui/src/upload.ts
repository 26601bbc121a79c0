import { $, $$, element, problem } from "./dom";
import { toast } from "./toast";

// row shows one file on its way.
function row(
  list: HTMLElement,
  name: string,
): { at: (done: number) => void; fail: (why: string) => void; done: () => void } {
  const progress = element("progress", { max: "1", value: "0", "aria-label": `Uploading ${name}` });
  const item = element("li", {}, element("span", {}, name), progress);
  list.append(item);
  return {
    at(done) {
      progress.value = done;
    },
    fail(why) {
      progress.remove();
      const close = element("button", { type: "button", class: "btn btn-small btn-quiet" }, "Dismiss");
      close.addEventListener("click", () => item.remove());
      item.append(element("span", { class: "field-error", role: "alert" }, why), close);
    },
    done() {
      item.remove();
    },
  };
}

// send transfers a body and tells how far it is, from 0 to 1; fetch cannot.
export function send(
  method: string,
  url: string,
  body: XMLHttpRequestBodyInit,
  headers: Record<string, string>,
  progress: (done: number) => void,
  signal?: AbortSignal,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(method, url);
    request.responseType = "text";
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) progress(event.loaded / event.total);
    });
    request.addEventListener("load", () => {
      const type = request.getResponseHeader("Content-Type") ?? "";
      const empty = request.status === 204 || request.status === 205 || request.status === 304;
      resolve(
        new Response(empty ? null : request.responseText, {
          status: request.status,
          headers: { "Content-Type": type },
        }),
      );
    });
    request.addEventListener("error", () => reject(new Error("The connection broke. Try again.")));
    request.addEventListener("abort", () => reject(new DOMException("Cancelled", "AbortError")));
    signal?.addEventListener("abort", () => request.abort(), { once: true });
    request.send(body);
  });
}

// fileName makes a name that every system can store.
export function fileName(name: string): string {
  const clean = name
    .normalize("NFC")
    .replace(/[\u0000-\u001f\u007f/\\:*?"<>|#%]+/g, "-")
    .replace(/\s+/g, "-")
    .replace(/-{2,}/g, "-")
    .replace(/^[-.]+|[-.]+$/g, "");
  return clean.slice(-120) || "file";
}

// put stores a file beside a page and answers the markdown that shows it. A
// name that is taken gets a number, so nothing is ever replaced by accident.
export async function put(base: string, file: File, max: number, list: HTMLElement): Promise<string | null> {
  const name = fileName(file.name);
  const shown = row(list, name);
  if (max > 0 && file.size > max) {
    shown.fail(`This file is larger than ${Math.floor(max / 1_048_576)} MB. Link to where it lives instead.`);
    return null;
  }
  try {
    const response = await send(
      "PUT",
      `${base}/${encodeURIComponent(name)}?unique=true`,
      file,
      { "Content-Type": "application/octet-stream", Accept: "application/json" },
      shown.at,
    );
    if (!response.ok) throw new Error(await problem(response));
    const { markdown } = (await response.json()) as { markdown: string };
    shown.done();
    return markdown;
  } catch (error) {
    shown.fail(error instanceof Error ? error.message : "It was not uploaded. Try again.");
    return null;
  }
}

// setUpDropZones takes files that are dropped on a form and sends them the way
// the form itself would.
export function setUpDropZones(): void {
  for (const form of $$<HTMLFormElement>("form[data-drop]")) {
    const input = $<HTMLInputElement>("input[type=file]", form);
    const list = $("[data-uploads]", form);
    if (!input || !list) continue;
    const upload = async (files: FileList) => {
      if (files.length === 0) return;
      const body = new FormData(form);
      body.delete(input.name);
      for (const file of files) body.append(input.name, file, fileName(file.name));
      const label = files.length === 1 ? (files[0]?.name ?? "") : `${files.length} files`;
      const shown = row(list, label);
      try {
        const response = await send("POST", form.action, body, { Accept: "application/json" }, shown.at);
        if (!response.ok) throw new Error(await problem(response));
        toast(files.length === 1 ? "File added" : "Files added");
        location.reload();
      } catch (error) {
        shown.fail(error instanceof Error ? error.message : "It was not uploaded. Try again.");
      }
    };
    takeDrops(form, (files) => void upload(files));
    form.addEventListener("submit", (event) => {
      if (!input.files) return;
      event.preventDefault();
      void upload(input.files);
    });
  }
}

// takeDrops calls then for files dropped on the element.
export function takeDrops(target: HTMLElement, then: (files: FileList) => void): void {
  const has = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
  target.addEventListener("dragover", (event) => {
    if (!has(event)) return;
    event.preventDefault();
    target.classList.add("is-over");
  });
  target.addEventListener("dragleave", (event) => {
    if (!target.contains(event.relatedTarget as Node | null)) target.classList.remove("is-over");
  });
  target.addEventListener("drop", (event) => {
    target.classList.remove("is-over");
    if (!has(event) || !event.dataTransfer) return;
    event.preventDefault();
    then(event.dataTransfer.files);
  });
}
