import { meetings } from './meetings.js';

meetings('left');
