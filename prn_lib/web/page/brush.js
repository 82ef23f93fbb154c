// A picture on a canvas that strokes are painted onto, by mouse, pen, finger or keyboard.

const TONES = { dark: "38, 30, 24", light: "244, 240, 232" };
const LAYERS = { // of a stroke: widths, as shares of the brush's, and how much each covers
  scratch: [[1, 0.85]],
  stain: [[1, 0.16], [0.85, 0.16], [0.7, 0.16], [0.5, 0.16]], // soft at its border
};
const STEP = 2; // pixels of the picture for an arrow key; with Shift four times that

export class Easel {
  // `changed` is called whenever there is something else to see.
  constructor(canvas, ring, changed) {
    Object.assign(this, { canvas, ring, changed, strokes: [], open: null });
    this.brush = { kind: "scratch", tone: "dark", width: 3 };
    this.context = canvas.getContext("2d", { willReadFrequently: true });
    this.listenToPointer();
    canvas.addEventListener("keydown", (event) => this.key(event));
    canvas.addEventListener("blur", () => this.lift());
  }

  // Pixels, RGBA of side x side, without a stroke.
  show(pixels, side) {
    this.canvas.width = this.canvas.height = side;
    this.clean = new ImageData(new Uint8ClampedArray(pixels), side, side);
    this.at = [side / 2, side / 2]; // of the keyboard's brush
    this.strokes = [];
    this.open = null;
    this.paint();
    this.changed();
  }

  get pixels() {
    const { width } = this.canvas;
    return this.context.getImageData(0, 0, width, width).data;
  }

  undo() {
    this.lift();
    this.strokes.pop();
    this.paint();
    this.changed();
  }

  wipe() {
    this.show(this.clean.data, this.canvas.width);
  }

  paint() {
    this.context.putImageData(this.clean, 0, 0);
    this.strokes.forEach((stroke) => this.draw(stroke));
    const place = (value) => `${(100 * value) / this.canvas.width}%`;
    [this.ring.style.left, this.ring.style.top] = this.at.map(place);
    this.ring.classList.toggle("paint-down", Boolean(this.open));
  }

  draw({ points, kind, tone, width }) {
    const path = new Path2D();
    path.moveTo(...points[0]);
    points.forEach(([x, y]) => path.lineTo(x, y)); // also of one point: a dot
    Object.assign(this.context, { lineCap: "round", lineJoin: "round" });
    for (const [share, covers] of LAYERS[kind]) {
      this.context.strokeStyle = `rgba(${TONES[tone]}, ${covers})`;
      this.context.lineWidth = width * share;
      this.context.stroke(path);
    }
  }

  put(point) {
    this.open = { ...this.brush, points: [point] };
    this.strokes.push(this.open);
    this.paint();
    this.changed();
  }

  move(points) {
    this.open.points.push(...points);
    this.paint();
    this.changed();
  }

  lift() {
    if (!this.open) return;
    this.open = null;
    this.paint();
  }

  listenToPointer() {
    const place = (event) => {
      const box = this.canvas.getBoundingClientRect();
      const scale = this.canvas.width / box.width;
      return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
    };
    const listen = (name, act) => this.canvas.addEventListener(name, act);
    listen("pointerdown", (event) => {
      if (event.button !== 0 || !event.isPrimary || !this.clean) return;
      this.canvas.setPointerCapture(event.pointerId);
      this.lift();
      this.put(place(event));
    });
    listen("pointermove", (event) => {
      if (!this.open || !event.isPrimary || !this.canvas.hasPointerCapture(event.pointerId)) return;
      const all = event.getCoalescedEvents?.() ?? [];
      this.move((all.length ? all : [event]).map(place));
    });
    for (const name of ["pointerup", "pointercancel"]) {
      listen(name, (event) => { if (event.isPrimary) this.lift(); });
    }
  }

  // Arrows move the brush, Space puts it down or lifts it, Z takes the last stroke back.
  key(event) {
    if (!this.clean) return;
    const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const way = ways[event.key];
    if (way) {
      const step = STEP * (event.shiftKey ? 4 : 1);
      const inside = (value) => Math.min(this.canvas.width, Math.max(0, value));
      this.at = this.at.map((value, k) => inside(value + step * way[k]));
      if (this.open) this.move([this.at]);
      else this.paint();
    } else if (event.key === " ") {
      if (event.repeat) event.preventDefault(); // a key that is held is pressed once
      else if (this.open) this.lift();
      else this.put(this.at);
    } else if (event.key === "Escape") this.lift();
    else if (event.key.toLowerCase() === "z") this.undo();
    else return;
    event.preventDefault();
  }
}
