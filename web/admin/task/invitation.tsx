import type { JSX } from 'preact';
import type { TaskSpec } from '../../../shared/task/spec.ts';
import { CopiedText } from '../copied-text.tsx';
import { adminWords } from '../words/index.ts';

/** The contributor's page of a task; the join token goes in the fragment, which no log has. */
export function contributePage({ id, access }: Pick<TaskSpec, 'id' | 'access'>, origin: string): string {
  const join = access.joinToken === undefined ? '' : `#join=${encodeURIComponent(access.joinToken)}`;
  return `${origin}/contribute/${id}${join}`;
}

export const embedSnippet = (id: string, origin: string): string =>
  `<script src="${origin}/embed.js" data-task="${id}" async></script>`;

/** Ways in for contributors. */
export function Invitation({ spec }: { readonly spec: TaskSpec }): JSX.Element {
  const t = adminWords().embed;
  const { origin } = location;
  const page = contributePage(spec, origin);
  const isClosed = spec.access.joinToken !== undefined;
  return (
    <section class="card invitation">
      <h2>{t.title}</h2>
      <div>
        <h3>{t.page}</h3>
        <p class="muted small">{isClosed ? t.closedHelp : t.pageHelp}</p>
        <CopiedText name={t.page} text={page} />
        <a class="small" href={page} target="_blank" rel="noopener">
          {t.open}
        </a>
      </div>
      <div>
        <h3>{t.snippet}</h3>
        <p class="muted small">{spec.access.allowedOrigins.length === 0 ? t.origins : t.snippetHelp}</p>
        <CopiedText name={t.snippet} text={embedSnippet(spec.id, origin)} />
      </div>
    </section>
  );
}
