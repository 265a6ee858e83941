// Buttons that open a dialog, and those that close it. The forms in them are plain forms.
"use strict";
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-opens], [data-closes]");
  if (!button) return;
  if (button.dataset.opens) document.getElementById(button.dataset.opens).showModal();
  else button.closest("dialog").close();
});
