// A phone's side of a poll: the room code once, then the options as large buttons.

import { away, el, fill, follow, post, rich } from '/shared.js';

const at = id => document.getElementById(id);
let poll = null;
// What was chosen, by poll and round.
const chosen = new Map();

function show(news) {
  poll = news.poll;
  at('name').textContent = news.name;
  at('stop').textContent = news.stop ? `Stop point: ${news.stop}` : '';
  at('line').textContent = news.lines[0]?.text ?? '';
  const words = { vote: 'First vote: decide alone', discuss: 'Discuss with your neighbour', again: 'Second vote', shown: 'The votes are on the wall' };
  at('phase').textContent = words[poll?.phase] ?? 'No poll is open';
  fill('text', ...(poll ? rich(poll.text) : []));
  draw();
}

function draw() {
  const mine = poll && chosen.get(`${poll.id}/${poll.round}`);
  const options = poll?.options ?? [];
  fill('options', ...options.map((option, number) => el('li', {}, poll.round
    ? el('button', { 'data-choice': number, 'aria-pressed': String(mine === number) }, ...rich(`${String.fromCharCode(65 + number)}  ${option}`))
    : el('div', {}, ...rich(`${String.fromCharCode(65 + number)}  ${option}`)))));
  at('voted').textContent = mine === undefined || mine === null ? '' : `Your vote: ${String.fromCharCode(65 + mine)}. You can change it until the vote ends.`;
}

at('options').addEventListener('click', async ({ target }) => {
  const button = target.closest('button');
  if (button && poll) {
    const choice = Number(button.dataset.choice);
    const key = `${poll.id}/${poll.round}`;
    const why = await post('/api/phone/vote', { poll: poll.id, choice });
    at('said').textContent = why ?? '';
    if (why === null) {
      chosen.set(key, choice);
      draw();
    }
  }
});

function inside() {
  at('enter').hidden = true;
  at('inside').hidden = false;
  follow('/api/news', show, away);
}

async function enter(room) {
  const why = await post('/api/phone', { room });
  at('said').textContent = why ?? '';
  if (why === null) {
    inside();
  } else {
    at('enter').hidden = false;
  }
}

at('enter').addEventListener('submit', event => {
  event.preventDefault();
  enter(at('room').value.trim());
});

/** A phone that was here before has its cookie; one that has read the picture has the room code in the address. */
async function start() {
  const room = location.hash.slice(1);
  history.replaceState(null, '', '/join');
  if ((await fetch('/api/phone')).status === 200) {
    inside();
  } else if (room) {
    enter(room);
  } else {
    at('enter').hidden = false;
  }
}

start();
