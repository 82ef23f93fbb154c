// What screen readers miss in pages that other tools made.
const mend = () => {
  // Sliders of ipywidgets have a label beside them, but no name of their own.
  document.querySelectorAll(".widget-slider .noUi-handle:not([aria-label])").forEach((handle) => {
    const label = handle.closest(".widget-slider").querySelector(".widget-label");
    handle.setAttribute("aria-label", label?.textContent.trim() || "choice");
  });
  // docutils calls references a list, and none of them an item.
  document.querySelectorAll(".citation-list[role=list]").forEach((list) => list.removeAttribute("role"));
};
document.addEventListener("DOMContentLoaded", mend);
new MutationObserver(mend).observe(document.documentElement, {childList: true, subtree: true});
