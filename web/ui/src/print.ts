// A page that was opened to be printed asks for it when everything is drawn.
export function setUpPrint(): void {
  if (!document.querySelector("[data-print-now]")) return;
  void document.fonts.ready.then(() => window.print());
}
