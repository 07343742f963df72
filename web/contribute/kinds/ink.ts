/** Colours as style sheets write them, and what they are: a page draws dozens of pictures in one. */
const known = new Map<string, Ink>();

type Ink = readonly [number, number, number];

/** The text colour as numbers: drawn, since style sheets may write it in any notation. */
export function inkOf(element: HTMLElement): Ink {
  const { color } = getComputedStyle(element);
  const ink = known.get(color) ?? drawn(color);
  known.set(color, ink);
  return ink;
}

function drawn(color: string): Ink {
  const probe = document.createElement('canvas');
  probe.width = 1;
  probe.height = 1;
  // One pixel is read: nothing a graphics processor would be started for.
  const context = probe.getContext('2d', { willReadFrequently: true });
  if (!context) return [128, 128, 128];
  context.fillStyle = color;
  context.fillRect(0, 0, 1, 1);
  const [red = 0, green = 0, blue = 0] = context.getImageData(0, 0, 1, 1).data;
  return [red, green, blue];
}
