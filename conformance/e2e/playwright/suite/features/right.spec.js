import { meetings } from './meetings.js';

meetings('right');
