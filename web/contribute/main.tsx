import { render } from 'preact';
import { nextTurn } from '../data/turns.ts';
import { startLanguage, startTheme } from '../ui/index.ts';
import { Site } from './site.tsx';

startLanguage(location.search);
startTheme();
const page = document.getElementById('page');
// The browser lays the page out at the end of the turn in which it read this: there is little yet.
void nextTurn().then(() => page && render(<Site location={location} />, page));
