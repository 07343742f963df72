import { defineElement } from './element.ts';
import { createPage, type Fedtab, type Page } from './page-api.ts';

/**
 * `embed.js`: shows `<fedtab-contribute>` and offers `window.Fedtab`, and does nothing else before the visitor agrees.
 * Included again, for the same task or another, it goes on with what the first one made.
 */
const PAGE = Symbol.for('fedtab.page');
type Offered = Fedtab & { readonly [PAGE]?: Page };

const COPIED = ['task', 'consent', 'lang', 'theme'] as const;

function start(script: HTMLScriptElement): void {
  const server = new URL('.', script.src).href.replace(/\/$/, '');
  const page = pageOf(server);
  const name = script.dataset['task'];
  if (name === undefined) return;
  if (page.task(name, server) === null) console.warn(`Fedtab: data-task="${name}" is not the name of a task`);
  else whenParsed(() => place(script, name));
}

/** Parts of one page; another global of this name is left alone, and the element works without it. */
function pageOf(server: string): Page {
  const { Fedtab: there } = window as { readonly Fedtab?: Offered };
  const known = there?.[PAGE];
  if (known !== undefined) return known;
  const page = createPage(server);
  const api = Object.freeze(Object.defineProperty(page.api, PAGE, { value: page }));
  if (there === undefined)
    Object.defineProperty(window, 'Fedtab', { value: api, configurable: true, enumerable: true });
  else console.warn('Fedtab: window.Fedtab was taken already and is left as it is');
  defineElement(page);
  return page;
}

/** Into `data-target`, else after the script; an element that the site wrote itself is enough. */
function place(script: HTMLScriptElement, name: string): void {
  const written = [...document.querySelectorAll<HTMLElement>('fedtab-contribute')];
  if (written.some(({ dataset }) => (dataset['task'] ?? name) === name)) return;
  const element = document.createElement('fedtab-contribute');
  for (const key of COPIED) {
    const value = script.dataset[key];
    if (value !== undefined) element.dataset[key] = value;
  }
  const { target } = script.dataset;
  const place = target === undefined ? null : document.querySelector(target);
  if (place !== null) place.append(element);
  else if (target === undefined && document.body.contains(script)) script.after(element);
  else {
    if (target !== undefined) console.warn(`Fedtab: there is no ${target} on this page`);
    document.body.append(element);
  }
}

/** What the script names may come after it. */
function whenParsed(run: () => void): void {
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', run, { once: true });
  else run();
}

const { currentScript } = document;
if (currentScript instanceof HTMLScriptElement && currentScript.src !== '') start(currentScript);
else console.warn('Fedtab: embed.js is included by <script src="…/embed.js">, not as a module');
