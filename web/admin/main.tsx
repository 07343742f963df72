import { mount, startLanguage, startTheme } from '../ui/index.ts';
import { createApi } from './api.ts';
import { createDashboard } from './dashboard.ts';
import { Site } from './site.tsx';

startLanguage(location.search);
startTheme();
const page = document.getElementById('page');
if (page) mount(<Site dashboard={createDashboard(createApi)} />, page);
