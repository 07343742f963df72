import { chromium } from 'playwright';
import type { ZooName } from '../../shared/model/zoo.ts';
import { scoredCheckpoint } from '../demo/waiting.ts';
import { launchOptions } from '../fixtures/browser.ts';
import { contributeUrl, createTask, startRounds } from '../fixtures/contribute.ts';
import type { RunningServer } from '../fixtures/server.ts';
import { PlainPage } from './plain-page.ts';

/** What `watch` leaves in the page: when "Join training" was pressed and when a step was first shown, in its clock's ms. */
const SEEN = 'globalThis.seenInBench';

/** Sees the press before the page does, and the step as it appears among the numbers of "Train". */
const WATCH = `{
  const seen = ${SEEN} = { pressedMs: null, steppedMs: null };
  addEventListener('click', ({ target }) => {
    if (target.closest?.('button')?.textContent.trim() === 'Join training') seen.pressedMs ??= performance.now();
  }, { capture: true });
  const look = () => {
    const step = [...document.querySelectorAll('.train dl.facts dt')].find((one) => one.textContent === 'Step');
    if (parseInt(step?.nextElementSibling?.textContent ?? '') >= 1) seen.steppedMs ??= performance.now();
  };
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
}`;

/**
 * From the press of "Join training" on the contributor's page to the first step that it shows, consent (agreed to at once)
 * and everything else included: a fresh profile, 600 sample digits already added, a round open, the server on this machine.
 */
export async function joinedFirstStepMs(
  executablePath: string,
  server: RunningServer,
  model: ZooName,
  backend: string,
): Promise<number> {
  const task = `${model}-on-${backend}`;
  await createTask(server, task, { model: { zoo: model, seed: 1 } });
  // The server scores what it was given: it must not take a processor of the machine that plays the contributor's.
  await scoredCheckpoint(server.adminJson, `/api/tasks/${task}`, 0);
  await startRounds(server, task, 1);
  const browser = await chromium.launch(launchOptions(executablePath));
  try {
    const page = await PlainPage.open(browser);
    await page.go(contributeUrl(server, task, `backend=${backend}&lang=en`));
    await page.until('document.querySelector(".pad") !== null');
    await page.press('Add sample data');
    await page.until(`document.querySelector('ul[aria-label="Your examples, newest first"] li') !== null`);
    await page.look(WATCH);
    await page.press('Join training');
    await page.press('Agree and join');
    await page.until(`${SEEN}.steppedMs !== null`);
    return (await page.look(`${SEEN}.steppedMs - ${SEEN}.pressedMs`)) as number;
  } finally {
    await browser.close();
  }
}
