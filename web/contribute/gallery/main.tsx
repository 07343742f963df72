import { mount, PageHeader, startLanguage, startTheme, Toasts } from '../../ui/index.ts';
import { ContributePage } from '../page.tsx';
import { TaskList } from '../tasks-page.tsx';
import { Parts } from './parts.tsx';
import { STORIES, still, task } from './stories.ts';

/** For developers, not built: `npx vite`, then /web/contribute/gallery/?story=training. */
const asked = new URLSearchParams(location.search).get('story') ?? '';

function Gallery() {
  if (asked === 'parts') return <Parts />;
  if (asked === 'tasks') {
    const other = {
      ...task,
      title: 'One dense layer',
      state: 'paused' as const,
      online: 0,
      metrics: null,
      closed: true,
    };
    return (
      <main id="main" class="column">
        <h1>Tasks</h1>
        <TaskList tasks={[task, { ...other }]} />
      </main>
    );
  }
  if (Object.hasOwn(STORIES, asked)) {
    return <ContributePage contribution={still(STORIES[asked as keyof typeof STORIES])} />;
  }
  return (
    <main id="main" class="column">
      <h1>Gallery</h1>
      <ul>
        {['parts', 'tasks', ...Object.keys(STORIES)].map((name) => (
          <li key={name}>
            <a href={`?story=${name}`}>{name}</a>
          </li>
        ))}
      </ul>
    </main>
  );
}

startLanguage(location.search);
startTheme();
const page = document.getElementById('page');
if (page) {
  mount(
    <>
      <PageHeader />
      <Gallery />
      <Toasts />
    </>,
    page,
  );
}
