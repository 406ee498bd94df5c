// The teacher's review of one exercise: groups of answers, one answer at a time, and a note to its author.

import { answerOf, el, fill, post, spans } from '/shared.js';

const at = id => document.getElementById(id);
const exercise = new URLSearchParams(location.search).get('id') ?? '';
let answer = null;

async function act(action) {
  const refused = await post('/api/teacher/do', action);
  at('said').textContent = refused ?? '';
  return refused === null;
}

function show(group, chosen) {
  answer = chosen;
  at('shown').hidden = false;
  at('title').textContent = `Answer of ${chosen.name}`;
  at('claim').textContent = chosen.holds === false ? `The file claims “${chosen.claim}”, the judge says “${group.status}”.` : '';
  fill('answer', ...answerOf({ ...group, exercise, text: chosen.text }));
  at('message').hidden = !chosen.message;
  at('message').textContent = chosen.message;
  at('sent').textContent = '';
}

function groupOf(group) {
  return el('li', {}, el('strong', { class: group.status }, `${group.count} ${group.status}`), ' ', ...spans(group.words ?? ''),
    group.test ? ` Test: ${group.test}` : '',
    el('ul', {}, ...group.alike.map(answers => el('li', {}, `${answers.length} alike: `, ...answers.map(each =>
      el('button', { onclick: () => show(group, each) }, each.holds === false ? `${each.name} (claim does not hold)` : each.name))))));
}

async function start() {
  const response = await fetch(`/api/teacher/review?id=${encodeURIComponent(exercise)}`);
  at('locked').hidden = response.status !== 401;
  if (!response.ok) {
    return;
  }
  const { groups } = await response.json();
  at('id').value = exercise;
  at('name').textContent = exercise ? `Review of ${exercise}` : 'Review of answers';
  at('groups').replaceChildren(groups.length > 0 ? el('ul', {}, ...groups.map(groupOf))
    : el('p', { class: 'soft' }, 'Nothing was judged yet. Type: cargo workbook class review ID'));
}

at('choose').addEventListener('submit', event => {
  event.preventDefault();
  location.search = new URLSearchParams({ id: at('id').value.trim() });
});
at('project').addEventListener('click', () => act({ do: 'review', answer: answer.id }));
at('hide').addEventListener('click', () => act({ do: 'review', answer: null }));
at('note').addEventListener('submit', async event => {
  event.preventDefault();
  const { member, name } = answer;
  if (await act({ do: 'note', member, text: at('text').value.trim() })) {
    at('text').value = '';
    at('sent').textContent = `The note is on its way to ${name}.`;
  }
});
start();
