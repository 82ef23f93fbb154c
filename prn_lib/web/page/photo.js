// Photographs as the network sees them: squashed to side x side, with the filter of the library.

// A picture file -> its pixels, RGBA of side x side. What is transparent becomes white.
export async function read(blob, side) {
  const bitmap = await createImageBitmap(blob, { colorSpaceConversion: "none" }).catch(() => {
    throw new Error("it is no picture that this browser can read; save it as JPEG or PNG");
  });
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  context.fillStyle = "white";
  context.fillRect(0, 0, width, height);
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const { data } = context.getImageData(0, 0, width, height);
  if (data[3] !== 255 || data.at(-1) !== 255) { // beyond a browser's limit a canvas stays empty
    throw new Error(`it has ${width} x ${height} pixels, more than this browser draws; save it smaller`);
  }
  return squash(data, width, height, side);
}

// Pillow's bilinear filter: the reach grows with the reduction, so that no pixel is skipped.
export function squash(pixels, width, height, side) {
  const narrow = along(pixels, width, height, side, 4, width * 4);
  return along(narrow, height, side, side, side * 4, 4);
}

// One direction: `lines` lines of `size` pixels, whose neighbours are `step` apart, become `side` long.
// Lines come out side by side, as an image of side x lines or lines x side pixels.
function along(pixels, size, lines, side, step, next) {
  if (size === side) return pixels;
  const across = step === 4;
  const result = new Uint8ClampedArray(side * lines * 4);
  taps(size, side).forEach(({ first, weights }, out) => {
    for (let line = 0; line < lines; line++) {
      const target = 4 * (across ? line * side + out : out * lines + line);
      for (let channel = 0; channel < 4; channel++) {
        let sum = 0;
        let at = line * next + first * step + channel;
        for (const weight of weights) { sum += weight * pixels[at]; at += step; }
        result[target + channel] = Math.round(sum);
      }
    }
  });
  return result;
}

// For each of `side` pixels the first of the old ones that it takes from, and their weights.
function taps(size, side) {
  const scale = size / side;
  const reach = Math.max(scale, 1);
  return Array.from({ length: side }, (_, out) => {
    const centre = (out + 0.5) * scale;
    const first = Math.max(0, Math.floor(centre - reach + 0.5));
    const last = Math.min(size, Math.floor(centre + reach + 0.5));
    const weights = Array.from({ length: last - first }, (_, k) =>
      Math.max(0, 1 - Math.abs((first + k - centre + 0.5) / reach)));
    const sum = weights.reduce((a, b) => a + b);
    return { first, weights: weights.map((weight) => weight / sum) };
  });
}
