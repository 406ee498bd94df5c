// The teacher's board: what the class does, and what the teacher can do.

import { away, beliefs, el, fill, follow, pollOf, post, spans, wall } from '/shared.js';

const at = id => document.getElementById(id);

/** Does something; a refusal is shown above the page. */
async function act(action) {
  at('said').textContent = (await post('/api/teacher/do', action)) ?? '';
}

const minutes = since => `${Math.max(0, Math.round((Date.now() / 1000 - since) / 60))} min`;
const none = text => [el('p', { class: 'soft' }, text)];
const list = (items, item, empty) => (items.length === 0 ? none(empty) : [el('ul', {}, ...items.map(item))]);

function show(board) {
  const { head } = board;
  at('name').textContent = `Board: ${head.name}`;
  at('code').textContent = head.code;
  at('join').textContent = `${head.join.split('#')[0]}, room code ${head.join.split('#')[1]}`;
  at('key').textContent = board.key;
  at('here').textContent = `${head.joined} joined, ${head.here} here now`;
  fill('help', ...list(board.help, each => el('li', {}, `${each.name}: ${each.exercise ?? 'a question'}, ${minutes(each.since)} `,
    el('button', { 'data-helped': each.member }, `Helped ${each.name}`)), 'No questions.'));
  fill('stuck', ...list(board.stuck, each => el('li', {}, `${each.name}: ${each.exercise}, ${each.failed} times, ${minutes(each.since)}. `,
    ...spans(each.belief ?? '')), 'No learner is stuck.'));
  fill('beliefs', ...beliefs(board.beliefs));
  fill('wall', ...(board.lessons.length ? wall(board.lessons, head.joined) : none('No lesson is open, and no result is here.')));
  fill('lines', ...list(board.lines, line => el('li', {}, line.text), 'No line was sent.'));
  at('stopped').textContent = board.stop || 'none';
  at('opened').textContent = board.opened.join(', ') || 'none';
  fill('members', ...list(board.members, member => el('li', {}, `${member.name}${member.here ? ', here' : ''}${member.gone ? ', has left' : ''} `,
    member.free ? ' (free)' : el('button', { 'data-free': member.id }, `Free ${member.name}`)), 'No member yet.'));
  fill('refused', ...list(board.refused, each => el('li', {}, `${each.kind}: ${each.count}`), 'None.'));
  fill('poll', ...(board.poll ? pollOf(board.poll) : []));
  at('controls').hidden = !board.poll;
  at('next').textContent = { vote: 'Stop the vote: discuss', discuss: 'Vote again', again: 'Show both votes', shown: 'End the poll' }[board.poll?.phase] ?? 'Next step';
}

function onSubmit(id, action) {
  at(id).addEventListener('submit', event => {
    event.preventDefault();
    action();
  });
}

let opened = () => [];

async function prepare() {
  const { lessons, questions } = await (await fetch('/api/teacher/questions')).json();
  at('lesson').append(...lessons.map(lesson => el('option', { value: lesson.name }, `${lesson.name}: ${lesson.title}`)));
  at('known').append(...lessons.flatMap(lesson => lesson.stops.map(stop => el('option', { value: `${lesson.name}: ${stop}`.replaceAll('`', '') }))));
  at('question').append(...questions.map(each => el('option', { value: each.id },
    `${each.id} ${each.kind === 'quiz' ? 'quiz' : 'prediction'}: ${each.text.replaceAll('`', '').replace(/\s+/g, ' ').slice(0, 90)}`)));
  at('picture').src = '/api/teacher/picture.svg';
  onSubmit('ask', () => act({ do: 'poll-start', question: at('question').value }));
  onSubmit('line', async () => {
    await act({ do: 'line', text: at('text').value });
    at('text').value = '';
  });
  onSubmit('stops', () => act({ do: 'stop', text: at('stop').value.trim() }));
  onSubmit('lessons', () => act({ do: 'open', lesson: at('lesson').value, open: !opened().includes(at('lesson').value) }));
  at('next').addEventListener('click', () => act({ do: 'poll-next' }));
  at('show').addEventListener('click', () => act({ do: 'poll-show' }));
  at('close').addEventListener('click', () => act({ do: 'poll-close' }));
  document.addEventListener('click', ({ target }) => {
    const { helped, free } = target.dataset;
    if (helped) {
      act({ do: 'helped', member: Number(helped) });
    }
    if (free && confirm('Unbind the key of this name? Then the next machine that joins with the name gets it.')) {
      act({ do: 'free', member: Number(free) });
    }
  });
}

async function start() {
  const token = location.hash.slice(1);
  if (token) {
    await post('/api/teacher/login', { token });
    // The token stays neither in the address line nor in the history.
    history.replaceState(null, '', '/board');
  }
  const { status } = await fetch('/api/teacher/questions');
  at('locked').hidden = status === 200;
  if (status === 200) {
    at('all').hidden = false;
    await prepare();
    await follow('/api/teacher/board', board => {
      opened = () => board.opened;
      show(board);
    }, away);
  }
}

start();
