// Computes the networks, beside the page: while it does, the page can be painted on.
import { read } from "./photo.js";

const root = new URL("..", import.meta.url);
const sessions = {}; // by name, "prn" and "without"
let runtime = null; // ONNX Runtime, once loaded

const answers = { load, run, photo };
let queue = Promise.resolve(); // one request after the other
self.onmessage = ({ data: { id, what, given } }) => {
  queue = queue.then(() => answers[what](given)).then(
    (result) => postMessage({ id, result }),
    (error) => postMessage({ id, error: String(error.message ?? error) }));
};

// The networks of a product; those of another one before are dropped. Says how it computes.
async function load({ folder, product, names, sizes }) {
  const networks = names.map((name) => [name, product.networks[name]]);
  const bytes = networks.reduce((sum, [, network]) => sum + network.bytes, 0);
  const kinds = runtime ? [runtime.kind] : await canUse();
  const files = await Promise.all(networks.map(async ([name, network], k) => [
    name, await download(new URL(network.file, folder), k, bytes)]));
  let trouble = null;
  for (const kind of kinds) {
    try {
      await computeWith(kind, sizes);
      await open(files);
      await check(folder, product, names);
      return { kind, threads: runtime.threads };
    } catch (error) {
      trouble = error;
      runtime = null;
    }
  }
  throw trouble;
}

// Graphics cards first, where there is one; a processor that plays one is slower than WebAssembly.
async function canUse() {
  const card = await navigator.gpu?.requestAdapter().catch(() => null);
  const played = card?.info?.isFallbackAdapter ?? card?.isFallbackAdapter;
  return card && !played ? ["webgpu", "wasm"] : ["wasm"];
}

async function computeWith(kind, sizes) {
  if (runtime) return;
  const place = new URL("runtime/", root);
  const ort = await import(new URL(`${kind}.js`, place));
  ort.env.wasm.wasmBinary = await download(
    new URL(`${kind}.wasm`, place), "runtime", sizes[`${kind}.wasm`]);
  ort.env.logLevel = "error";
  // Threads need memory that is shared, which a server must allow the page.
  const threads = self.crossOriginIsolated ? Math.min(4, navigator.hardwareConcurrency) : 1;
  ort.env.wasm.numThreads = threads;
  runtime = { ort, kind, threads };
}

async function open(files) {
  for (const name of Object.keys(sessions)) {
    await sessions[name].release();
    delete sessions[name];
  }
  for (const [name, file] of files) {
    sessions[name] = await runtime.ort.InferenceSession.create(file, {
      executionProviders: [runtime.kind],
    });
  }
}

const TOLERANCE = 0.005; // of a score, between this browser and the maker of the page

// Stored pictures must get the scores that they had when the page was made: the first, which is
// good, and that of the highest score, lest a network that answers nothing passes.
async function check(folder, { pictures, side }, names) {
  const highest = pictures.reduce((a, b) => (b.scores.prn > a.scores.prn ? b : a));
  for (const picture of new Set([pictures[0], highest])) {
    const response = await fetch(new URL(picture.file, folder));
    const found = await run({ pixels: await read(await response.blob(), side), names, side });
    for (const name of names) {
      const [expected, score] = [picture.scores[name], found[name].score];
      if (!(Math.abs(expected - score) <= TOLERANCE)) {
        throw new Error(`this browser computes wrongly: ${score} in the place of ${expected}`);
      }
    }
  }
}

// Pixels, RGBA -> for each network what it says of them, and how long it took.
async function run({ pixels, names, side }) {
  const images = new Float32Array(3 * side * side);
  for (let i = 0; i < side * side; i++) {
    for (let c = 0; c < 3; c++) images[c * side * side + i] = pixels[4 * i + c] / 255;
  }
  const found = {};
  for (const name of names) {
    const began = performance.now();
    const given = new runtime.ort.Tensor("float32", images, [1, 3, side, side]);
    const made = await sessions[name].run({ images: given });
    found[name] = {
      score: made.image_score.data[0],
      map: made.score_map.data,
      residuals: made.residuals?.data,
      nearest: made.nearest && Array.from(made.nearest.data, Number),
      milliseconds: performance.now() - began,
    };
  }
  return found;
}

function photo({ blob, side }) {
  return read(blob, side);
}

// A file's bytes; the page is told how many there are so far.
async function download(address, what, total) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address} could not be loaded (${response.status})`);
  const chunks = [];
  for (let reader = response.body.getReader(), held = 0; ;) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value);
    held += value.length;
    postMessage({ progress: { what, held, total } });
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}
