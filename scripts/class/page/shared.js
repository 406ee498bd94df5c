// What the three pages share: elements, text with code in it, requests, and the bars of a poll.

/** An element with properties and children; a text is a text, never HTML. */
export function el(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith('on')) {
      element.addEventListener(name.slice(2), value);
    } else if (value !== undefined && value !== false) {
      element.setAttribute(name, value === true ? '' : value);
    }
  }
  element.append(...children.filter(child => child !== null && child !== undefined));
  return element;
}

/** Markdown of a question, as far as questions use it: blocks of code, spans of code, paragraphs. */
export function rich(text) {
  return text.split(/^```[^\n]*\n([\s\S]*?)^```$/m).flatMap((part, at) => {
    if (at % 2 === 1) {
      return [el('pre', { tabindex: 0 }, part)];
    }
    return part.split(/\n\s*\n/).filter(paragraph => paragraph.trim()).map(paragraph => el('p', {}, ...spans(paragraph)));
  });
}

/** A line with spans of code; marks for emphasis are left out. */
export function spans(text) {
  return text.split(/`([^`]+)`/).map((part, at) => (at % 2 === 1 ? el('code', {}, part) : part.replaceAll('**', '')));
}

/** Posts JSON. Returns the reason of a refusal, or null. */
export async function post(path, body) {
  try {
    const response = await fetch(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
    return response.ok ? null : (await response.json()).why;
  } catch {
    return 'The teacher’s machine does not answer. Try again.';
  }
}

/** Calls `show` with each new view of `path`, for as long as the page is open. `away` hears whether it can be reached. */
export async function follow(path, show, away) {
  for (let version = 0; ;) {
    try {
      const response = await fetch(`${path}?after=${version}`);
      if (response.status === 401 || response.status === 403) {
        return;
      }
      away(!response.ok);
      if (response.status === 200) {
        const news = await response.json();
        ({ version } = news);
        show(news.view);
      } else if (response.status !== 204) {
        await sleep(2000);
      }
    } catch {
      away(true);
      await sleep(2000);
    }
  }
}

const sleep = time => new Promise(done => setTimeout(done, time));

/** Replaces the children of an element only if they differ, so that a click hits what was there before. */
export function fill(id, ...children) {
  const place = document.getElementById(id);
  const next = el('div', {}, ...children);
  if (place.innerHTML !== next.innerHTML) {
    place.replaceChildren(...next.childNodes);
  }
}

const phases = {
  vote: 'First vote: alone', discuss: 'Discuss with your neighbour', again: 'Second vote', shown: 'Both votes',
};

/** A poll: question, options, and both bars of each option where they may be seen. */
export function pollOf(poll) {
  const { rounds, right, why } = poll;
  const options = poll.options.map((option, at) => el('li', { class: at === right && right !== null ? 'right' : undefined },
    ...rich(`${String.fromCharCode(65 + at)}  ${option}`),
    ...(rounds ? rounds.map((votes, round) => bar(votes, at, round)) : []),
    ...(at === right && right !== null ? [el('p', { class: 'passed' }, 'Right. ', ...spans(why[at] ?? ''))] : [])));
  return [
    el('p', { class: 'soft' }, `${phases[poll.phase]} · ${poll.votes} ${poll.votes === 1 ? 'vote' : 'votes'}`),
    ...rich(poll.text), el('ul', { class: 'options' }, ...options),
  ];
}

/** One option in one round. An SVG, because the policy of the page allows no style in an attribute. */
function bar(votes, at, round) {
  const all = votes.reduce((sum, each) => sum + each, 0);
  const share = all === 0 ? 0 : Math.round(100 * votes[at] / all);
  const words = `Vote ${round + 1}: ${share} % (${votes[at]})`;
  const shape = (name, properties) => {
    const element = document.createElementNS('http://www.w3.org/2000/svg', name);
    Object.entries(properties).forEach(([key, value]) => element.setAttribute(key, value));
    return element;
  };
  const picture = shape('svg', { class: 'bar', viewBox: '0 0 100 4', preserveAspectRatio: 'none', 'aria-hidden': 'true' });
  picture.append(shape('rect', { class: 'ground', width: 100, height: 4 }),
    shape('rect', { class: round === 0 ? 'one' : 'two', width: share, height: 4 }));
  return el('div', {}, el('span', {}, words), picture);
}

/** The wall: exercises and how many learners are in which state. */
export function wall(lessons, joined) {
  return lessons.flatMap(lesson => [
    el('h3', {}, lesson.name),
    el('table', {},
      el('thead', {}, el('tr', {}, el('th', { scope: 'col' }, 'exercise'),
        ...['passed', 'failed', 'does not compile', 'not begun'].map(name => el('th', { scope: 'col', class: 'number' }, name)))),
      el('tbody', {}, ...lesson.exercises.map(({ id, states }) => {
        const begun = states.passed + states.failed + states['compile-error'];
        const cell = (state, number) => el('td', { class: `number ${number > 0 ? state : 'soft'}` }, String(number));
        return el('tr', {}, el('th', { scope: 'row' }, id), cell('passed', states.passed), cell('failed', states.failed),
          cell('compile-error', states['compile-error']), cell('soft', Math.max(0, joined - begun)));
      }))),
  ]);
}

/** The beliefs that most learners have met just now. */
export function beliefs(list) {
  if (list.length === 0) {
    return [el('p', { class: 'soft' }, 'None in the last 20 minutes.')];
  }
  return [el('ol', {}, ...list.map(belief => el('li', {}, ...spans(belief.words), ` (${belief.learners})`)))];
}

/** One answer without a name: what the judge says, and the text. */
export function answerOf({ exercise, status, words, test, text }) {
  return [
    el('p', {}, el('strong', { class: status }, status), ` ${exercise}. `, ...spans(words ?? ''), test ? ` Test: ${test}` : ''),
    el('pre', { tabindex: 0 }, text),
  ];
}

/** Tells whether the teacher's machine can be reached. */
export function away(is) {
  document.getElementById('away').hidden = !is;
}
