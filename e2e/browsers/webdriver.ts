/** As much of WebDriver (W3C) as a smoke test needs, over HTTP. */
export interface WebDriverPage {
  goTo(url: string): Promise<void>;
  /** The value of a script's `return`. */
  run(script: string): Promise<unknown>;
  /** Presses a button by the text on it, as soon as it can be pressed. */
  press(name: string): Promise<void>;
  /** Resolves when the script returns something true; rejects with the last answer of `told`. */
  until(script: string, told: string): Promise<void>;
  close(): Promise<void>;
}

const WITHIN_MS = 60_000;
const LOOK_EVERY_MS = 250;

/** A new session of the driver at `address`. Rejects with what the driver says. */
export async function openPage(address: string, capabilities: object): Promise<WebDriverPage> {
  const call = async (method: string, path: string, body?: object): Promise<unknown> => {
    const sent = body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
    const response = await fetch(`${address}${path}`, { method, ...sent });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${text}`);
    return JSON.parse(text).value;
  };
  const { sessionId } = (await call('POST', '/session', { capabilities: { alwaysMatch: capabilities } })) as {
    sessionId: string;
  };
  const session = `/session/${sessionId}`;
  const run = (script: string): Promise<unknown> => call('POST', `${session}/execute/sync`, { script, args: [] });

  /** Tries until it is true; what cannot be done yet is thrown by the driver. */
  async function patiently(what: string, attempt: () => Promise<boolean>): Promise<void> {
    const endMs = performance.now() + WITHIN_MS;
    for (let last = ''; ; await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))) {
      try {
        if (await attempt()) return;
      } catch (error) {
        last = String(error);
      }
      if (performance.now() > endMs) throw new Error(`${what}: not within ${WITHIN_MS} ms. ${last}`);
    }
  }

  return {
    goTo: async (url) => void (await call('POST', `${session}/url`, { url })),
    run,
    press: (name) =>
      patiently(`pressing ${name}`, async () => {
        const value = `//button[normalize-space()="${name}" and not(@disabled)]`;
        const found = (await call('POST', `${session}/element`, { using: 'xpath', value })) as Record<string, string>;
        await call('POST', `${session}/element/${Object.values(found)[0]}/click`, {});
        return true;
      }),
    async until(script, told) {
      await patiently(script, async () => Boolean(await run(script))).catch(async (error: Error) => {
        throw new Error(`${error.message} ${JSON.stringify(await run(told))}`);
      });
    },
    close: async () => void (await call('DELETE', session)),
  };
}
