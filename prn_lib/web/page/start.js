// Looks whether this browser can compute here; says in words what is missing, or starts the page.
{
  const script = document.currentScript.src;
  const missing = () => {
    if (location.protocol === "file:") {
      return "This page was opened as a file, and a browser computes only on pages that a web server "
        + "hands out. In its folder run: python -m http.server. Then open http://localhost:8000.";
    }
    if (typeof WebAssembly !== "object") {
      return "WebAssembly, with which a page computes, is switched off in this browser. The picture "
        + "above shows what you would see.";
    }
    const needed = [typeof Worker, typeof OffscreenCanvas];
    return needed.includes("undefined") ? "This browser lets no page compute in the background." : null;
  };
  for (const place of document.querySelectorAll(".paint-a-defect")) {
    const say = (words) => { place.querySelector(".paint-words").textContent = words; };
    const why = missing();
    if (why) say(why);
    else import(new URL("app.js", script)).then((app) => app.start(place)).catch(() => say(
      "This page could not be loaded whole. Load it again; if that does not help, its web server hands out "
      + "scripts as something else, or not at all."));
  }
}
