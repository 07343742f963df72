import { language } from '../../ui/i18n/index.ts';
import { openDialog } from '../dialog.ts';
import { h } from '../dom.ts';
import type { Panel } from '../panel-port.ts';
import { panelWords } from './words/index.ts';

/** "Delete my data?", with what it can do and what it cannot. */
export const askErase: Panel['askErase'] = (into, inLanguage, onConfirm) => {
  language.value = inLanguage;
  const t = panelWords().forget;
  openDialog(into, {
    title: t.title,
    body: [
      h('p', null, t.lead),
      h('ul', null, h('li', null, t.here), h('li', null, t.there)),
      h('p', { className: 'muted' }, t.honest),
    ],
    goOn: t.confirm,
    goOnClass: 'danger',
    back: t.cancel,
    onGoOn: onConfirm,
  }).allow();
};

export const erased: Panel['erased'] = (inLanguage, outcome) => {
  language.value = inLanguage;
  return panelWords().forget[outcome];
};
