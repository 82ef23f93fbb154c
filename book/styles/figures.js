// Tap a figure on a narrow window, and it opens at its own size; tap again, or Escape, and it closes.
document.addEventListener("click", (event) => {
  const {target} = event;
  if (target.matches("dialog.figure, dialog.figure img")) target.closest("dialog").remove();
  else if (target.matches("article img:not(button img)") && target.naturalWidth > target.clientWidth * 1.2) {
    event.preventDefault();  // some figures are links to their file
    const dialog = document.createElement("dialog");
    dialog.className = "figure";
    dialog.append(target.cloneNode());
    dialog.firstChild.removeAttribute("style");
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
  }
});
