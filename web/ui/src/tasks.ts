import { $, $$, problem } from "./dom";
import { toast } from "./toast";

// setUpTasks ticks a task of the page at once. Without scripts the form sends
// all ticks with its own button.
export function setUpTasks(): void {
  const form = $<HTMLFormElement>("[data-tasks]");
  if (!form) return;
  form.addEventListener("change", (event) => {
    const box = event.target;
    if (box instanceof HTMLInputElement && box.dataset.line) void tick(form, box, box.dataset.line);
  });
}

async function tick(form: HTMLFormElement, box: HTMLInputElement, line: string): Promise<void> {
  const version = form.elements.namedItem("version") as HTMLInputElement | null;
  const boxes = $$<HTMLInputElement>("input[data-line]", form);
  for (const other of boxes) other.disabled = true;
  try {
    const response = await fetch(form.action, {
      method: "POST",
      headers: { Accept: "application/json" },
      body: new URLSearchParams({ line, done: String(box.checked), version: version?.value ?? "" }),
    });
    if (!response.ok) throw new Error(await problem(response));
    const answer = (await response.json()) as { version?: string };
    if (answer.version && version) version.value = answer.version;
    box.closest("li")?.classList.toggle("is-done", box.checked);
    toast(box.checked ? "Done" : "Open again");
  } catch (error) {
    box.checked = !box.checked;
    toast(error instanceof Error && error.message ? error.message : "The tick was not kept. Try again.");
  } finally {
    for (const other of boxes) other.disabled = false;
  }
}
