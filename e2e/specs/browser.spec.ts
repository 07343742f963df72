import { expect, test } from 'playwright/test';

test('WebGL 2 with float textures works in a worker on an OffscreenCanvas', async ({ page }) => {
  await page.route('http://localhost/', (route) =>
    route.fulfill({ contentType: 'text/html', body: '<!doctype html>' }),
  );
  await page.goto('http://localhost/');
  const answer = await page.evaluate(async () => {
    const source = `
      const gl = new OffscreenCanvas(4, 4).getContext('webgl2');
      const float = gl !== null && gl.getExtension('EXT_color_buffer_float') !== null;
      const info = gl?.getExtension('WEBGL_debug_renderer_info');
      const renderer = info ? gl.getParameter(info.UNMASKED_RENDERER_WEBGL) : '';
      const pixel = new Uint8Array(4);
      if (gl) {
        gl.clearColor(1, 0, 1, 1);
        gl.clear(gl.COLOR_BUFFER_BIT);
        gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel);
      }
      postMessage({ float, renderer, pixel: [...pixel] });`;
    const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
    const worker = new Worker(url, { type: 'module' });
    return new Promise<{ float: boolean; renderer: string; pixel: number[] }>((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = (event) => reject(new Error(event.message));
    });
  });
  expect(answer.renderer).toMatch(/SwiftShader/);
  expect(answer.float).toBe(true);
  expect(answer.pixel).toEqual([255, 0, 255, 255]);
});
