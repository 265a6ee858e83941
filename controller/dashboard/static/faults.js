// From a fault to its line: selects the line in the text, where it can be mended at once.
"use strict";
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-line]");
  if (!button) return;
  const area = document.getElementById("spec");
  const lines = area.value.split("\n");
  const before = lines.slice(0, Number(button.dataset.line) - 1);
  const start = before.reduce((sum, line) => sum + line.length + 1, 0);
  area.focus();
  area.setSelectionRange(start, start + (lines[before.length] ?? "").length);
  area.scrollTop = (area.scrollHeight * before.length) / lines.length - area.clientHeight / 2;
});
