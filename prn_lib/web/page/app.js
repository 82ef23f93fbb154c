// The page: what the reader paints, and what the networks say of it.
import { Easel } from "./brush.js";

const root = new URL("..", import.meta.url);
const KINDS = { wasm: "WebAssembly", webgpu: "WebGPU" };

// An element with its properties and what is inside of it.
function make(tag, properties = {}, ...inside) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in made && !name.startsWith("aria")) made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...inside);
  return made;
}

export async function start(place) {
  const style = new URL("paint.css", import.meta.url).href;
  document.head.append(make("link", { rel: "stylesheet", href: style }));
  const listed = await (await fetch(new URL("products.json", root))).json();
  new Page(place, listed);
}

// The worker, as a function that answers: what happens inside it never blocks this page.
class Computer {
  constructor(progress) {
    this.worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
    this.waiting = new Map();
    this.worker.onmessage = ({ data }) => {
      if (data.progress) return progress(data.progress);
      if (!this.waiting.has(data.id)) return undefined;
      const { done, failed } = this.waiting.get(data.id);
      this.waiting.delete(data.id);
      return data.error === undefined ? done(data.result) : failed(new Error(data.error));
    };
    this.worker.onerror = (event) => {
      this.broken = new Error(event.message || "this browser loads no modules in the background");
      for (const { failed } of this.waiting.values()) failed(this.broken);
      this.waiting.clear();
    };
    this.count = 0;
  }

  ask(what, given) {
    if (this.broken) return Promise.reject(this.broken);
    const id = this.count++;
    return new Promise((done, failed) => {
      this.waiting.set(id, { done, failed });
      this.worker.postMessage({ id, what, given });
    });
  }
}

class Page {
  constructor(place, listed) {
    Object.assign(this, { place, listed, runs: 0, turn: 0, held: {} });
    this.words = place.querySelector(".paint-words");
    this.words.setAttribute("role", "status");
    this.computer = this.newComputer();
    const buttons = listed.products.map((name, number) => make("button", {
      type: "button", onclick: () => this.load(number), textContent: name,
    }));
    this.progress = make("progress", { max: 1, value: 0, hidden: true, "aria-label": "Loading" });
    this.loaded = make("p", { className: "paint-small", hidden: true }); // read by nobody aloud
    place.append(make("p", { className: "paint-products", role: "group", "aria-label": "Product" },
      "Product:", ...buttons), this.progress, this.loaded);
    const [usual, card] = ["wasm", "webgpu"].map((kind) => (listed.runtime[`${kind}.wasm`] / 1e6).toFixed(0));
    this.say(`Choose a product: its network is then loaded, and, once, ${usual} MB that compute (${card} for a `
      + "graphics card). What you paint or drop stays in this browser.");
  }

  say(words) {
    this.words.textContent = words;
  }

  newComputer() {
    return new Computer((progress) => this.showProgress(progress));
  }

  showProgress({ what, held, total }) {
    this.held[what] = [held, total];
    const network = Object.entries(this.held).filter(([name]) => name !== "runtime");
    const parts = [network.reduce((sum, [, [bytes]]) => sum + bytes, 0), this.held.runtime?.[0] ?? 0];
    const totals = [network[0]?.[1][1] ?? 0, this.held.runtime?.[1] ?? 0];
    const sum = ([a, b]) => (a + b) / 1e6;
    this.progress.value = sum(totals) ? sum(parts) / sum(totals) : 0;
    this.loaded.textContent = `${sum(parts).toFixed(1)} of ${sum(totals).toFixed(1)} MB`;
  }

  async load(number) {
    const buttons = this.place.querySelectorAll(".paint-products button");
    buttons.forEach((button) => { button.disabled = true; });
    this.close();
    this.held = {};
    this.progress.hidden = this.loaded.hidden = false;
    this.say(`Loading what ${this.listed.products[number]} needs.`);
    const folder = new URL(`products/${number}/`, root).href;
    try {
      const product = await (await fetch(new URL("product.json", folder))).json();
      const names = Object.keys(product.networks);
      const sizes = this.listed.runtime;
      this.computes = await this.computer.ask("load", { folder, product, names, sizes });
      this.open(product, folder, names);
      buttons.forEach((button, k) => button.setAttribute("aria-pressed", String(k === number)));
    } catch (error) {
      this.computer.worker.terminate(); // a runtime that failed once does not start again
      this.computer = this.newComputer();
      this.say(`It could not be started: ${error.message}. Press the button to try again.`);
    }
    this.progress.hidden = this.loaded.hidden = true;
    buttons.forEach((button) => { button.disabled = false; });
  }

  // Forget the product that was shown; what is still computed for it is thrown away.
  close() {
    clearTimeout(this.telling);
    this.turn += 1;
    this.board?.remove();
    Object.assign(this, { board: null, found: null, stale: false, busy: false });
    this.place.found = null;
  }

  // Build the easel, the maps and the controls of a product.
  open(product, folder, names) {
    Object.assign(this, { product, folder, names, scale: 0, beside: false });
    const stored = product.networks.prn.threshold;
    this.threshold = stored ?? 0.5;
    this.colours = Uint8Array.from(atob(product.colours), (sign) => sign.charCodeAt(0));
    this.board = make("div", { className: "paint-board" },
      this.pictures(), this.verdicts(), this.canvases(), this.thresholds(stored), this.controls(),
      this.about());
    this.place.append(this.board);
    this.easel = new Easel(this.canvas, this.ring, () => this.follow());
    this.choose(product.pictures[0]);
  }

  pictures() {
    this.choices = this.product.pictures.map((picture) => {
      const image = make("img", { src: new URL(picture.file, this.folder).href, alt: "" });
      return make("button", { type: "button", "aria-pressed": "false", onclick: () => this.choose(picture),
        title: picture.name }, image, picture.kind.replaceAll("_", " "));
    });
    return make("div", { className: "paint-pictures", role: "group", "aria-label": "Pictures of the test set" },
      ...this.choices);
  }

  canvases() {
    const side = this.product.side;
    const drawn = (label) => make("canvas", { width: side, height: side, role: "img", "aria-label": label });
    const framed = (words, ...inside) => make("figure", {}, ...inside, make("figcaption", {}, words));
    this.canvas = make("canvas", { width: side, height: side, tabIndex: 0, role: "application",
      "aria-label": "The picture, to paint on. Arrow keys move the brush, Space puts it down or lifts it, "
        + "Z takes the last stroke back." });
    this.ring = make("span", { className: "paint-ring" });
    this.residual = drawn("Residual");
    this.map = drawn("Score map");
    this.other = drawn("Score map without prototypes");
    this.match = make("img", { width: side, height: side,
      alt: "The normal picture nearest to the prototype that was matched" });
    this.matched = framed("the prototype's match", this.match);
    this.compared = framed("without prototypes (yellow: 1)", this.other);
    this.matched.hidden = this.compared.hidden = true;
    const paper = make("div", { className: "paint-paper" }, this.canvas, this.ring);
    this.drop(paper);
    const residual = framed("", this.residual);
    this.caption = residual.querySelector("figcaption");
    return make("div", { className: "paint-canvases" }, framed("your picture", paper),
      residual, framed("score map (yellow: 1)", this.map), this.compared, this.matched);
  }

  verdicts() {
    this.verdict = make("p", { className: "paint-verdict" });
    this.otherVerdict = make("p", { className: "paint-verdict", hidden: true });
    this.bar = make("div", { className: "paint-bar", "aria-hidden": "true" }, make("i"), make("b"));
    return make("div", {}, this.verdict, this.otherVerdict, this.bar);
  }

  thresholds(stored) {
    this.told = make("p", { className: "paint-told", role: "status" }); // for those who hear it
    this.slider = make("input", { type: "range", min: 0, max: 1, step: 0.001, value: this.threshold,
      oninput: () => { this.threshold = Number(this.slider.value); this.judge(); } });
    const back = make("button", { type: "button", textContent: "the stored one", disabled: stored === null,
      onclick: () => { this.slider.value = this.threshold = stored; this.judge(); } });
    const { false_alarms: rate, largest_difference: most } = this.product.networks.prn;
    const words = stored === null
      ? "No threshold is stored with this run: 0.5 is a start. The command prn threshold chooses one."
      : `The stored threshold, ${stored.toFixed(3)}, was chosen for the run's own network, on good pictures that `
        + `neither training nor test saw, for at most ${Number((100 * rate).toPrecision(3))} in 100 false alarms. `
        + `Scores of the smaller file differ by up to ${most.toFixed(3)} on the test set.`;
    return make("div", {},
      make("p", { className: "paint-line" }, make("label", {}, "Threshold ", this.slider), back),
      make("p", { className: "paint-small" }, words), this.told);
  }

  controls() {
    const choice = (name, label, values, chosen, act) => make("span", { className: "paint-choice",
      role: "radiogroup", "aria-label": label }, ...values.map(([value, words]) => make("label", {},
      make("input", { type: "radio", name: `paint-${name}`, value, checked: value === chosen,
        onchange: () => act(value) }), ` ${words}`)));
    const box = (words, act) => make("label", {},
      make("input", { type: "checkbox", onchange: (event) => act(event.target.checked) }), ` ${words}`);
    const group = (words, ...inside) => make("fieldset", {}, make("legend", {}, words), ...inside);
    const press = (words, act) => make("button", { type: "button", textContent: words, onclick: act });
    const number = make("span", {}, "3");
    const width = make("input", { type: "range", min: 1, max: 24, step: 1, value: 3,
      oninput: () => { number.textContent = this.easel.brush.width = Number(width.value); } });
    const set = (name) => (value) => { this.easel.brush[name] = value; };
    const brush = group("Brush",
      choice("kind", "Kind of stroke", [["scratch", "scratch"], ["stain", "stain"]], "scratch", (kind) => {
        set("kind")(kind);
        width.value = number.textContent = this.easel.brush.width = kind === "stain" ? 14 : 3;
      }),
      choice("tone", "Tone", [["dark", "dark"], ["light", "light"]], "dark", set("tone")),
      make("label", {}, "width ", width, number),
      press("Undo", () => this.easel.undo()), press("Clean", () => this.easel.wipe()));
    const scales = [["0", "1, fine"], ["1", "2"], ["2", "3, coarse"]];
    const show = group("Residual, scale",
      choice("scale", "Scale", scales, "0", (scale) => { this.scale = Number(scale); this.explain(); }),
      box("show the prototype's match", (on) => { this.matched.hidden = !on; }));
    if (this.names.includes("without")) {
      show.append(box("without prototypes, side by side", (on) => {
        this.beside = on;
        this.compared.hidden = this.otherVerdict.hidden = !on;
        this.follow();
      }));
    }
    return make("div", { className: "paint-controls" }, brush, show, this.own(group));
  }

  own(group) {
    if (!this.product.photographs) {
      return group("Your own photograph", make("p", {}, "This product's photographs have 16 bits, of "
        + "which a browser shows 8: judge new ones with prn predict."));
    }
    const input = make("input", { type: "file", accept: "image/*", "aria-label": "Your own photograph",
      onchange: () => { if (input.files[0]) this.photograph(input.files[0]); input.value = ""; } });
    return group("Your own photograph", input,
      make("p", { className: "paint-small" }, "Or drop it on the large picture. It is squashed to "
        + `${this.product.side} x ${this.product.side} pixels and leaves this browser nowhere. The network `
        + "knows this product alone: anything else is strange to it."));
  }

  about() {
    this.time = make("p");
    const percent = (value) => (value === null ? "-" : (100 * value).toFixed(1));
    const titles = { image_auroc: "image AUROC", pixel_auroc: "pixel AUROC", pro: "PRO", pixel_ap: "pixel AP" };
    const cell = (tag, words) => make(tag, tag === "th" ? { scope: "col" } : {}, words);
    const tables = this.names.map((name) => {
      const { metrics, bits, bytes, largest_difference: most, run } = this.product.networks[name];
      const row = (words, k) => make("tr", {}, cell("td", words),
        ...Object.keys(titles).map((key) => cell("td", percent(metrics[key][k]))));
      return make("div", {}, make("p", {}, `${run}. File: ${(bytes / 1e6).toFixed(1)} MB. No image score `
        + `of the test set changed by more than ${most.toFixed(4)}.`),
      make("table", {}, make("thead", {}, make("tr", {}, cell("th", "test set, %"),
        ...Object.values(titles).map((title) => cell("th", title)))),
      make("tbody", {}, row("the run's record", 0), row(`this file, most weights of ${bits} bits`, 1))));
    });
    return make("details", { className: "paint-about" },
      make("summary", {}, "What computes here, and what its smaller file loses"), ...tables, this.time);
  }

  drop(paper) {
    paper.addEventListener("dragover", (event) => event.preventDefault());
    paper.addEventListener("drop", (event) => {
      event.preventDefault();
      const [file] = event.dataTransfer.files;
      if (file && this.product.photographs) this.photograph(file);
    });
  }

  choose(picture) {
    const file = fetch(new URL(picture.file, this.folder)).then((response) => response.blob());
    return this.show(file, picture.name, this.product.pictures.indexOf(picture));
  }

  photograph(blob) {
    return this.show(Promise.resolve(blob), blob.name, -1);
  }

  // A picture in the place of the one before; of several asked for, the last.
  async show(file, name, chosen) {
    this.turn += 1;
    const { turn, easel, choices, product } = this;
    try {
      const { side } = product;
      const pixels = await this.computer.ask("photo", { blob: await file, side });
      if (turn !== this.turn) return;
      this.found = null;
      this.verdict.textContent = this.otherVerdict.textContent = "computing …";
      choices.forEach((button, i) => button.setAttribute("aria-pressed", String(i === chosen)));
      this.say(`${chosen < 0 ? `Your photograph ${name}, squashed to ${side} pixels a side. ` : ""}Paint a `
        + "defect on the large picture: with the mouse, a finger, or the arrow keys and Space. Z takes a stroke back.");
      easel.show(pixels, side);
    } catch (error) {
      if (turn === this.turn) this.say(`${name} cannot be shown: ${error.message}.`);
    }
  }

  // Compute what is seen now; while that takes, further strokes only mark it as stale.
  async follow() {
    this.stale = true;
    if (this.busy) return;
    const { board, easel, product: { side } } = this;
    this.busy = true;
    board.classList.add("paint-busy");
    try {
      while (this.stale) {
        this.stale = false;
        const began = performance.now();
        const { clean } = easel;
        const names = this.beside ? this.names : ["prn"];
        const found = await this.computer.ask("run", { pixels: easel.pixels, names, side });
        if (board !== this.board) return;
        if (clean !== easel.clean) continue; // another picture meanwhile
        this.found = Object.assign(found, { milliseconds: performance.now() - began });
        this.runs += 1;
        this.explain();
      }
      board.classList.remove("paint-busy");
    } catch (error) {
      if (board !== this.board) return;
      this.found = null;
      this.verdict.textContent = this.otherVerdict.textContent = "";
      this.say(`The network could not be computed: ${error.message}. Load the page again.`);
    }
    this.busy = false;
  }

  explain() {
    if (!this.found) return;
    const { prn, without } = this.found;
    const size = this.product.side ** 2;
    const residual = prn.residuals.subarray(this.scale * size, (this.scale + 1) * size);
    const high = this.product.brightest[this.scale];
    this.caption.textContent = `residual, scale ${this.scale + 1} (yellow: ${high.toFixed(1)})`;
    this.draw(this.residual, residual, high);
    this.draw(this.map, prn.map, 1);
    if (without) this.draw(this.other, without.map, 1);
    this.match.src = new URL(this.product.normals[this.scale][prn.nearest[this.scale]], this.folder).href;
    const threads = `${this.computes.threads} thread${this.computes.threads > 1 ? "s" : ""}`;
    this.time.textContent = `Computed with ${KINDS[this.computes.kind]}, ${threads}, in a worker: `
      + `${prn.milliseconds.toFixed(0)} ms; from stroke to map ${this.found.milliseconds.toFixed(0)} ms.`;
    this.judge();
  }

  // A map as colours; `high` is the brightest.
  draw(canvas, values, high) {
    const { side } = this.product;
    const image = new ImageData(side, side);
    values.forEach((value, i) => {
      const colour = 3 * Math.round(255 * Math.min(1, Math.max(0, value / high)));
      image.data.set([...this.colours.subarray(colour, colour + 3), 255], 4 * i);
    });
    canvas.getContext("2d").putImageData(image, 0, 0);
  }

  judge() {
    if (!this.found) return;
    const { prn, without } = this.found;
    const words = (score, threshold) => `score ${score.toFixed(3)}, `
      + (score > threshold ? `above ${threshold.toFixed(3)}: a defect` : `not above ${threshold.toFixed(3)}: good`);
    const verdict = words(prn.score, this.threshold);
    const defect = prn.score > this.threshold;
    this.verdict.textContent = `PRN: ${verdict}`;
    this.verdict.classList.toggle("paint-defect", defect);
    if (without) {
      const own = this.product.networks.without.threshold ?? this.threshold;
      this.otherVerdict.textContent = `Without prototypes: ${words(without.score, own)}`;
      this.otherVerdict.classList.toggle("paint-defect", without.score > own);
    }
    this.bar.firstChild.style.width = `${100 * prn.score}%`;
    this.bar.lastChild.style.left = `${100 * this.threshold}%`;
    clearTimeout(this.telling);
    this.telling = setTimeout(() => this.tell(verdict), 600);
    Object.assign(this.place, { found: this.found });
    Object.assign(this.place.dataset, { score: prn.score, defect, stale: this.stale, runs: this.runs });
  }

  // For those who do not see the maps: not at each step of a stroke, but when it rests.
  tell(verdict) {
    const { map } = this.found.prn;
    const { side } = this.product;
    const highest = map.reduce((best, value, i) => (value > map[best] ? i : best), 0);
    const share = (value) => `${Math.round((100 * value) / side)}%`;
    const where = `highest ${map[highest].toFixed(2)}, at ${share(highest % side)} from the left and `
      + `${share(Math.floor(highest / side))} from the top`;
    this.map.setAttribute("aria-label", `Score map: ${where}`);
    this.told.textContent = `Image ${verdict}. Score map: ${where}.`;
  }
}
