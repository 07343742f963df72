import { render } from 'preact';
import { startLanguage, startTheme } from '../ui/index.ts';
import { createApi } from './api.ts';
import { createDashboard } from './dashboard.ts';
import { Site } from './site.tsx';

startLanguage(location.search);
startTheme();
const page = document.getElementById('page');
if (page) render(<Site dashboard={createDashboard(createApi)} />, page);
