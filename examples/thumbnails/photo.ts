// Something to compute: a "photo" is a place in the Mandelbrot set, a thumbnail is the photo made small.

/** Rows of pixels, three bytes each. */
interface Image {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
}

const WIDTH = 480;
const HEIGHT = 360;
const MOST_STEPS = 250;
/** A thumbnail is so many times smaller. */
const SCALE = 15;

/** Takes the photo of that number. This is slow on purpose. */
export function take(photo: number): Image {
  const pixels = new Uint8Array(WIDTH * HEIGHT * 3);
  const zoom = 0.012 / (1 + (photo % 7));
  const [left, top] = [-0.7463 - (photo % 5) * 0.0007, 0.1102 + (photo % 11) * 0.0005];
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) {
      const steps = stepsAt(left + (x / WIDTH - 0.5) * zoom, top + (y / WIDTH - 0.4) * zoom);
      const at = (y * WIDTH + x) * 3;
      pixels[at] = steps === MOST_STEPS ? 0 : (steps * 3 + photo * 40) % 256;
      pixels[at + 1] = steps === MOST_STEPS ? 0 : (steps * 5) % 256;
      pixels[at + 2] = steps === MOST_STEPS ? 40 : (steps * 7 + 80) % 256;
    }
  }
  return { width: WIDTH, height: HEIGHT, pixels };
}

function stepsAt(x: number, y: number): number {
  let [a, b, steps] = [0, 0, 0];
  while (a * a + b * b < 4 && steps < MOST_STEPS) {
    const next = a * a - b * b + x;
    b = 2 * a * b + y;
    a = next;
    steps++;
  }
  return steps;
}

/** Each pixel is the mean of a square of pixels. */
export function shrink({ width, height, pixels }: Image): Image {
  const small = { width: width / SCALE, height: height / SCALE };
  const shrunk = new Uint8Array(small.width * small.height * 3);
  for (let at = 0; at < shrunk.length; at++) {
    const [x, y] = [Math.floor(at / 3) % small.width, Math.floor(at / 3 / small.width)];
    let sum = 0;
    for (let row = y * SCALE; row < (y + 1) * SCALE; row++) {
      for (let column = x * SCALE; column < (x + 1) * SCALE; column++) {
        sum += pixels[(row * width + column) * 3 + (at % 3)] ?? 0;
      }
    }
    shrunk[at] = sum / SCALE ** 2;
  }
  return { ...small, pixels: shrunk };
}

/** As a file of the simplest format that a browser shows, in base64. */
export function bitmap({ width, height, pixels }: Image): string {
  const file = Buffer.alloc(54 + pixels.length);
  file.write("BM");
  file.writeUInt32LE(file.length, 2);
  file.writeUInt32LE(54, 10);
  file.writeUInt32LE(40, 14);
  file.writeInt32LE(width, 18);
  file.writeInt32LE(-height, 22); // From the top down.
  file.writeUInt16LE(1, 26);
  file.writeUInt16LE(24, 28);
  // Blue, green, red. The rows of our thumbnails need no padding.
  for (let at = 0; at < pixels.length; at++) {
    file[54 + at] = pixels[at - (at % 3) + 2 - (at % 3)] ?? 0;
  }
  return file.toString("base64");
}
