"use strict";
// Narrows the reference to the operations that hold all typed words; without scripts all are shown.
(() => {
  const input = document.getElementById("docs-find");
  const found = document.getElementById("docs-found");
  const entries = [...document.querySelectorAll("[data-words]")];
  const tags = [...document.querySelectorAll("[data-tag]")];
  document.getElementById("docs-search").hidden = false;
  input.addEventListener("input", () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const entry of entries) {
      entry.hidden = !words.every((word) => entry.dataset.words.includes(word));
      if (!entry.hidden && entry.tagName === "ARTICLE") count += 1;
    }
    for (const tag of tags) {
      tag.hidden = !tag.querySelector("[data-words]:not([hidden])");
      if (tag.tagName === "DETAILS") tag.open = words.length > 0;
    }
    found.textContent = words.length ? `${count} operations` : "";
  });
})();
