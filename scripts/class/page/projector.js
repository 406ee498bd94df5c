// The view for all: the same numbers as on the board, no names and no controls.

import { answerOf, away, beliefs, fill, follow, pollOf, wall } from '/shared.js';

const at = id => document.getElementById(id);

at('picture').src = '/api/teacher/picture.svg';
follow('/api/teacher/projector', view => {
  at('name').textContent = view.head.name;
  at('code').textContent = view.head.code;
  at('join').textContent = `${view.head.join.split('#')[0]}, room code ${view.head.join.split('#')[1]}`;
  at('here').textContent = `${view.head.joined} joined, ${view.helping} waiting for help`;
  at('line').textContent = view.line?.text ?? '';
  at('stop').textContent = view.stop ? `Stop point: ${view.stop}` : '';
  at('asked').hidden = !view.poll;
  fill('poll', ...(view.poll ? pollOf(view.poll) : []));
  at('answered').hidden = !view.answer;
  fill('answer', ...(view.answer ? answerOf(view.answer) : []));
  fill('beliefs', ...beliefs(view.beliefs));
  fill('wall', ...wall(view.lessons, view.head.joined));
}, away);
