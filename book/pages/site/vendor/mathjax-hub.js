// The widgets' script asks MathJax 2 to typeset labels; the pages have MathJax 3, or none.
addEventListener("load", () => {
  if (window.MathJax && !MathJax.Hub) {
    MathJax.Hub = { Queue: ([, , element]) => MathJax.typesetPromise?.([element]) };
  }
});
