/**
 * A chart as a picture to keep or to send: its title, its legend and the time of its data stand in it, on the page's own ground, so that
 * it can be read without the page, dark or light. Takes what is on the page as it is drawn: a canvas, or SVG.
 */

export interface LegendEntry {
  readonly text: string;
  /** A colour token of the page, for example `--c1`. */
  readonly color: string;
  readonly dash?: readonly number[];
  /** Outline around (0, 0), as `shapePath` gives it. */
  readonly shape?: string;
}

export interface Picture {
  readonly title: string;
  /** One more line below the title. */
  readonly under?: string;
  readonly legend: readonly LegendEntry[];
  /** Last line: whose data, and of when. */
  readonly foot: string;
}

const SCALE = 2;
const PAD = 20;
const LEAST_WIDTH = 480;

interface Piece {
  readonly image: CanvasImageSource;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** Words above it: the heading of one chart of several. */
  readonly caption: string;
}

/** PNG of every canvas and every `svg` with the role of a picture inside `root`, in their places. Lengths in CSS pixels. */
export async function chartPicture(root: HTMLElement, picture: Picture): Promise<Blob> {
  const pieces = await Promise.all(chartsIn(root).map((element) => pieceOf(element, root)));
  const width = Math.max(LEAST_WIDTH, ...pieces.map((piece) => piece.x + piece.width)) + 2 * PAD;
  const canvas = document.createElement("canvas");
  const ctx = canvas.getContext("2d");
  if (ctx === null) throw new Error("This browser draws no pictures.");
  const rows = legendRows(ctx, picture.legend, width - 2 * PAD);
  const top = PAD + 22 + (picture.under === undefined ? 0 : 18) + 20 * rows.length + 10;
  const height = top + Math.max(0, ...pieces.map((piece) => piece.y + piece.height)) + 34;
  canvas.width = width * SCALE;
  canvas.height = height * SCALE;
  ctx.scale(SCALE, SCALE);
  ctx.fillStyle = token("--surface");
  ctx.fillRect(0, 0, width, height);
  write(ctx, picture.title, PAD, PAD + 14, 600, 15, "--text");
  if (picture.under !== undefined) write(ctx, picture.under, PAD, PAD + 34, 400, 12, "--text-2");
  for (const [index, row] of rows.entries()) drawLegend(ctx, row, top - 12 - 20 * (rows.length - 1 - index));
  for (const { image, x, y, width: wide, height: tall, caption } of pieces) {
    ctx.drawImage(image, PAD + x, top + y, wide, tall);
    if (caption !== "") write(ctx, caption, PAD + x, top + y - 4, 600, 12, "--text");
  }
  write(ctx, picture.foot, PAD, height - 12, 400, 11, "--text-3");
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob === null ? reject(new Error("The picture could not be made.")) : resolve(blob)), "image/png");
  });
}

const token = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const fontOf = (weight: number, px: number): string => `${weight} ${px}px ${getComputedStyle(document.body).fontFamily}`;

function write(ctx: CanvasRenderingContext2D, text: string, x: number, y: number, weight: number, px: number, color: string): void {
  ctx.font = fontOf(weight, px);
  ctx.fillStyle = token(color);
  ctx.fillText(text, x, y);
}

const chartsIn = (root: HTMLElement): readonly (HTMLCanvasElement | SVGSVGElement)[] => [
  ...root.querySelectorAll<HTMLCanvasElement>("canvas"),
  ...root.querySelectorAll<SVGSVGElement>("svg[role=img]"),
];

async function pieceOf(element: HTMLCanvasElement | SVGSVGElement, root: HTMLElement): Promise<Piece> {
  const [place, around] = [element.getBoundingClientRect(), root.getBoundingClientRect()];
  const image = element instanceof HTMLCanvasElement ? element : await rendered(element, place);
  const caption = element.dataset["caption"] ?? "";
  return { image, x: place.left - around.left, y: place.top - around.top, width: place.width, height: place.height, caption };
}

const STYLES = ["fill", "stroke", "stroke-width", "stroke-dasharray", "opacity", "font-size", "font-weight", "vector-effect"] as const;

/** SVG outside the page knows neither its style sheet nor its colours: each element carries them itself. */
async function rendered(svg: SVGSVGElement, { width, height }: DOMRect): Promise<HTMLImageElement> {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  const originals = svg.querySelectorAll("*");
  for (const [index, element] of copy.querySelectorAll<SVGElement>("*").entries()) {
    const original = originals[index];
    if (original === undefined) continue;
    const style = getComputedStyle(original);
    for (const name of STYLES) element.style.setProperty(name, style.getPropertyValue(name));
  }
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("width", String(width * SCALE));
  copy.setAttribute("height", String(height * SCALE));
  if (!copy.hasAttribute("viewBox")) copy.setAttribute("viewBox", `0 0 ${width} ${height}`);
  copy.style.fontFamily = "system-ui, sans-serif";
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(new XMLSerializer().serializeToString(copy))}`;
  await image.decode();
  return image;
}

const SAMPLE = 26;
const GAP = 16;

interface Placed extends LegendEntry {
  readonly x: number;
}

function legendRows(ctx: CanvasRenderingContext2D, legend: readonly LegendEntry[], width: number): readonly (readonly Placed[])[] {
  ctx.font = fontOf(400, 12);
  const rows: Placed[][] = [];
  let x = 0;
  for (const entry of legend) {
    const wide = SAMPLE + 6 + ctx.measureText(entry.text).width + GAP;
    if (rows.length === 0 || x + wide > width) {
      rows.push([]);
      x = 0;
    }
    rows.at(-1)?.push({ ...entry, x });
    x += wide;
  }
  return rows;
}

function drawLegend(ctx: CanvasRenderingContext2D, row: readonly Placed[], y: number): void {
  for (const { text, color, dash, shape, x } of row) {
    ctx.save();
    ctx.translate(PAD + x, y - 4);
    ctx.strokeStyle = token(color);
    ctx.fillStyle = token(color);
    ctx.lineWidth = shape === undefined ? 2.5 : 1.75;
    ctx.setLineDash([...(dash ?? [])]);
    ctx.beginPath();
    ctx.moveTo(0, 0);
    ctx.lineTo(SAMPLE, 0);
    ctx.stroke();
    if (shape !== undefined) {
      ctx.translate(SAMPLE / 2, 0);
      // A canvas is filled here, no array.
      // oxlint-disable-next-line unicorn/no-array-fill-with-reference-type
      ctx.fill(new Path2D(shape));
    }
    ctx.restore();
    write(ctx, text, PAD + x + SAMPLE + 6, y, 400, 12, "--text-2");
  }
}
