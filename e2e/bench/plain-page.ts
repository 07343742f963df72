import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, CDPSession } from 'playwright';
import { PHASE_MARK } from './main-thread-tasks.ts';

const PATIENCE_MS = 120_000;
const LOOK_EVERY_MS = 100;

interface Evaluated {
  readonly result: { readonly value?: unknown; readonly objectId?: string };
  readonly exceptionDetails?: { readonly text: string };
}

interface Answer {
  readonly id?: number;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

/**
 * A page that is pressed from outside and looked at with a line of code each time, by the browser's own protocol.
 * Playwright's pages would be measured with their tool: its selectors run a script of hundreds of kilobytes on the
 * page's main thread, and its watch of the network has each message of a WebSocket copied there as text.
 */
export class PlainPage {
  readonly #session: CDPSession;
  readonly #target: { readonly targetId: string; readonly sessionId: string };
  readonly #open = new Map<number, (answer: Answer) => void>();
  #lastId = 0;

  /** In a profile of its own, which Playwright does not know of and so leaves alone. */
  static async open(browser: Browser): Promise<PlainPage> {
    const session = await browser.newBrowserCDPSession();
    const { browserContextId } = await session.send('Target.createBrowserContext');
    const { targetId } = await session.send('Target.createTarget', { url: 'about:blank', browserContextId });
    const { sessionId } = await session.send('Target.attachToTarget', { targetId, flatten: false });
    return new PlainPage(session, { targetId, sessionId });
  }

  private constructor(session: CDPSession, target: { readonly targetId: string; readonly sessionId: string }) {
    this.#session = session;
    this.#target = target;
    session.on('Target.receivedMessageFromTarget', ({ message }) => {
      const answer = JSON.parse(message) as Answer;
      if (answer.id !== undefined) this.#open.get(answer.id)?.(answer);
    });
  }

  async go(url: string): Promise<void> {
    await this.#send('Page.navigate', { url });
  }

  async close(): Promise<void> {
    await this.#session.send('Target.closeTarget', { targetId: this.#target.targetId });
  }

  async #send<Result>(method: string, params: object): Promise<Result> {
    const id = ++this.#lastId;
    const answered = new Promise<Answer>((resolve) => this.#open.set(id, resolve));
    const { sessionId } = this.#target;
    await this.#session.send('Target.sendMessageToTarget', {
      sessionId,
      message: JSON.stringify({ id, method, params }),
    });
    const { result, error } = await answered;
    this.#open.delete(id);
    if (error !== undefined) throw new Error(`${method}: ${error.message}`);
    return result as Result;
  }

  async look(expression: string): Promise<unknown> {
    const { result, exceptionDetails } = await this.#send<Evaluated>('Runtime.evaluate', {
      expression,
      returnByValue: true,
    });
    if (exceptionDetails) throw new Error(`${expression}: ${exceptionDetails.text}`);
    return result.value;
  }

  async until(expression: string): Promise<void> {
    const giveUpAtMs = performance.now() + PATIENCE_MS;
    while (!(await this.look(expression))) {
      if (performance.now() > giveUpAtMs) {
        const shown = await this.look('document.querySelector("main")?.outerHTML.slice(0, 200)');
        throw new Error(`the page never came to ${expression}: ${shown}`);
      }
      await sleep(LOOK_EVERY_MS);
    }
  }

  /** From here on the page's tasks belong to this phase. */
  async begin(phase: string): Promise<void> {
    await this.look(`void performance.mark(${JSON.stringify(PHASE_MARK + phase)})`);
  }

  /** Presses the one button that says so, once it is there to be hit: in a dialog that is not open yet it has no place. */
  async press(name: string): Promise<void> {
    const button = `[...document.querySelectorAll('button')].find((one) => one.textContent.trim() === ${JSON.stringify(name)})`;
    await this.until(`((one) => one && !one.disabled && one.getClientRects().length > 0)(${button})`);
    await this.#stroke(await this.#boxOf(button), [[0.5, 0.5]]);
  }

  /** Draws from point to point, each as shares of the element's sides. */
  async draw(selector: string, points: readonly (readonly [number, number])[]): Promise<void> {
    await this.#stroke(await this.#boxOf(`document.querySelector(${JSON.stringify(selector)})`), points);
  }

  async choose(selector: string, ...files: readonly string[]): Promise<void> {
    const { result } = await this.#send<Evaluated>('Runtime.evaluate', {
      expression: `document.querySelector(${JSON.stringify(selector)})`,
    });
    if (result.objectId === undefined) throw new Error(`there is no ${selector}`);
    await this.#send('DOM.setFileInputFiles', { files, objectId: result.objectId });
  }

  async #boxOf(element: string): Promise<readonly number[]> {
    const box = `${element}.scrollIntoView({ block: 'center' }), (({ x, y, width, height }) => [x, y, width, height])(${element}.getBoundingClientRect())`;
    return (await this.look(box)) as number[];
  }

  async #stroke(
    [left = 0, top = 0, width = 0, height = 0]: readonly number[],
    points: readonly (readonly [number, number])[],
  ) {
    const at = ([x, y]: readonly [number, number]) => ({ x: left + x * width, y: top + y * height });
    const send = (type: 'mouseMoved' | 'mousePressed' | 'mouseReleased', point: readonly [number, number]) =>
      this.#send('Input.dispatchMouseEvent', { type, ...at(point), button: 'left', buttons: 1, clickCount: 1 });
    const [first = [0.5, 0.5], ...rest] = points;
    await send('mousePressed', first);
    for (const point of rest) await send('mouseMoved', point);
    await send('mouseReleased', rest.at(-1) ?? first);
  }
}
