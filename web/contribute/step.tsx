import type { ComponentChildren, JSX } from 'preact';
import { useId } from 'preact/hooks';

/** A numbered part of the page. */
export function Step(props: {
  readonly number: number | null;
  readonly title: string;
  readonly class: string;
  readonly children: ComponentChildren;
}): JSX.Element {
  const id = useId();
  return (
    <section class={`step ${props.class}`} aria-labelledby={id}>
      <h2 id={id}>
        {props.number !== null && <span class="step-number">{props.number}</span>}
        {props.title}
      </h2>
      {props.children}
    </section>
  );
}
