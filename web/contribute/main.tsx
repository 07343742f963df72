import { nextTurn } from '../data/turns.ts';
import { mount, startLanguage, startTheme } from '../ui/index.ts';
import { Site } from './site.tsx';

startLanguage(location.search);
startTheme();
const page = document.getElementById('page');
// The browser lays the page out at the end of the turn in which it read this: there is little yet.
void nextTurn().then(() => page && mount(<Site location={location} />, page));
