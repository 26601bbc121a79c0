import { $, $$ } from "./dom";

// setUpBoardFilter hides deals that do not fit while one types; sending the
// form does the same on the server.
export function setUpBoardFilter(): void {
  const form = $<HTMLFormElement>("[data-board-filter]");
  const input = form && $<HTMLInputElement>("input[name=q]", form);
  if (!form || !input) return;
  const deals = $$("[data-deal]");
  const count = $("[data-filter-count]");
  const apply = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const deal of deals) {
      const text = (deal.dataset.deal ?? "").toLowerCase();
      deal.hidden = !words.every((word) => text.includes(word));
      if (!deal.hidden) shown++;
    }
    if (count) count.textContent = words.length > 0 ? `${shown} of ${deals.length} deals shown` : "";
  };
  input.addEventListener("input", apply);
  if (input.value === "") return;
  // The server has filtered already; typing less may need what it left out.
  const asked = input.value;
  input.addEventListener("change", () => {
    if (input.value !== asked) form.requestSubmit();
  });
}
