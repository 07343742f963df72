import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { wordNumbers } from '../../../shared/task/kinds/words.ts';
import { formatNumber, showToast, TextField } from '../../ui/index.ts';
import { contributeWords } from '../words/index.ts';
import { ClassAnswer } from './class-answer.tsx';
import type { BringProps, KindView } from './kind-view.ts';
import { LabelKeys } from './label-keys.tsx';
import { forgetTexts, notedText, noteText } from './text-notes.ts';
import { TextUpload } from './text-upload.tsx';

export const textView: KindView<'text'> = {
  Make: Write,
  Import: TextUpload,
  Shown: ({ example }) => <Snippet features={example.features} />,
  nameOf: ({ labels }, label) => labels[label] ?? '',
  isList: true,
  Try: TryText,
};

/** The text itself where it was brought since the page was opened; else what is stored of it. */
function Snippet({ features }: { readonly features: ArrayLike<number> }): JSX.Element {
  const text = notedText(features);
  if (text !== null) return <q class="snippet">{text}</q>;
  return (
    <span class="snippet muted">{contributeWords().text.numbers(Array.from(features).slice(0, 6).join(' '))}</span>
  );
}

/** Type or paste one and say what it is. */
function Write({ contribution, data, isDisabled }: BringProps<'text'>): JSX.Element {
  const t = contributeWords().text;
  const view = contribution.examples.value;
  const written = useSignal('');
  useEffect(() => {
    // Deleted, or not looked at yet: nothing of them is to be remembered.
    if (view.kind === 'closed') forgetTexts();
  }, [view.kind]);

  const keep = async (label: number): Promise<void> => {
    const text = written.peek();
    const features = wordNumbers(text, data);
    if (features === null) return showToast(t.noWords);
    written.value = '';
    noteText(text, features);
    const isKept = await contribution.addExamples({ features, targets: Uint16Array.of(label) });
    if (!isKept && written.peek() === '') written.value = text;
  };
  return (
    <div class="write">
      <TextField
        label={t.write}
        help={t.writeHow(formatNumber(data.length))}
        value={written.value}
        lines={3}
        isDisabled={isDisabled}
        onChange={(text) => {
          written.value = text;
        }}
      />
      <LabelKeys
        labels={data.labels}
        perLabel={view.kind === 'open' ? view.perLabel : []}
        armed={null}
        onPress={(label) => void keep(label)}
      />
    </div>
  );
}

/** A text to try the model on; it answers while it is typed. */
function TryText({ contribution, data, trial }: Parameters<KindView<'text'>['Try']>[0]): JSX.Element {
  const t = contributeWords().text;
  const written = useSignal('');
  useEffect(() => {
    void contribution.predict(wordNumbers(written.value, data));
  }, [written.value]);
  return (
    <div class="try-row">
      <TextField
        label={t.tryWrite}
        value={written.value}
        lines={3}
        onChange={(text) => {
          written.value = text;
        }}
      />
      <ClassAnswer trial={trial} labels={data.labels} ask={t.ask} />
    </div>
  );
}
