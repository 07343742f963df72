import { spawn } from 'node:child_process';
import { freePort } from '../../server/cluster/fixtures/free-port.ts';
import { contributeUrl, createTask, roundsOf, startRounds } from '../fixtures/contribute.ts';
import { startServer } from '../fixtures/server.ts';
import { openPage, type WebDriverPage } from './webdriver.ts';

// `node --import ./e2e/typescript.mjs e2e/browsers/webkit.ts`: one contributor in WebKitGTK, the nearest to Safari that
// runs on Linux. By hand, not in `npm test`: it needs Debian's webkit2gtk-driver and xvfb, built pages and a minute.

const DISPLAY = ':77';
const MINI_BROWSER = '/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser';
const capabilities = { 'webkitgtk:browserOptions': { binary: MINI_BROWSER, args: ['--automation'] } };

/** The driver answers a moment after its process begins. */
async function opened(port: number): Promise<WebDriverPage> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await openPage(`http://127.0.0.1:${port}`, capabilities);
    } catch (error) {
      if (attempt === 40) throw error;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }
}

const server = await startServer();
await createTask(server, 'smoke');
const screen = spawn('Xvfb', [DISPLAY, '-screen', '0', '1280x900x24'], { stdio: 'ignore' });
const port = await freePort();
const driver = spawn('WebKitWebDriver', [`--port=${port}`], {
  stdio: 'ignore',
  env: { ...process.env, DISPLAY, WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1' },
});
try {
  const page = await opened(port);
  const told = 'return { ...document.querySelector("main").dataset }';
  const shows = (attribute: string, value: string) =>
    page.until(`return document.querySelector('main')?.dataset.${attribute} === '${value}'`, told);
  console.log(await page.run('return navigator.userAgent'));
  await page.goTo(contributeUrl(server, 'smoke', 'lang=en'));
  await page.press('Add sample data');
  await page.press('Join training');
  await page.press('Agree and join');
  await shows('state', 'waiting');
  await startRounds(server, 'smoke', 1);
  await shows('version', '1');
  console.log(await page.run(told));
  await page.press('Leave');
  await shows('state', 'left');
  console.log(await roundsOf(server, 'smoke'));
  await page.close();
} finally {
  driver.kill();
  screen.kill();
  await server.dispose();
}
