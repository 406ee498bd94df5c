// The way through the course: how far the learner is, and where they were.
//
// What has been tried and passed comes from the runner's record. The last page and exercise are kept in this browser;
// they leave the machine as little as the record does.
'use strict';

window.workbookWay = ({ element, all, recall, remember }) => {
    // Every word that this script shows. A translation of the book replaces this object.
    const words = {
        course: 'Your course',
        courseCount: (passed, total) => `${passed} of ${total} passed`,
        courseLeft: minutes => (minutes > 0 ? `about ${minutes < 90 ? `${minutes} minutes` : `${Math.round(minutes / 60)} hours`} of exercises left` : 'nothing left to do'),
        lessonCount: (passed, total) => `${passed} of ${total} exercises passed`,
        states: { open: 'not tried', tried: 'tried', passed: 'passed' },
        stop: 'Stop point',
        inside: 'Exercises and stop points of this page',
        goOn: ({ title, exercise }) => `Go on where you were: ${title}${exercise ? `, ${exercise}` : ''}`,
    };
    const marks = { open: '○', tried: '◐', passed: '✓' };
    const LAST = 'wb-last';

    // ---------------------------------------------------------------- the state of an exercise as a mark

    function mark(state) {
        const node = element('span', { className: 'wb-mark' },
            element('span', { 'aria-hidden': 'true' }, marks[state]),
            element('span', { className: 'visually-hidden' }, ` (${words.states[state]})`));
        node.dataset.state = state;
        return node;
    }

    function setMark(link, state) {
        const old = link.querySelector('.wb-mark');
        if (state && old?.dataset.state !== state) {
            old?.remove();
            link.append(mark(state));
        }
    }

    // ---------------------------------------------------------------- the map of the course

    function showMap(states) {
        const map = document.querySelector('[data-map]');
        if (!map) {
            return;
        }
        for (const link of all('a[href*="#exercise-"]', map)) {
            const state = states.get(link.hash.slice('#exercise-'.length));
            setMark(link, state);
        }
        if (!map.querySelector('.wb-legend')) {
            map.prepend(element('p', { className: 'wb-legend', 'aria-hidden': 'true' },
                ...Object.entries(words.states).map(([state, name]) => element('span', {}, mark(state).firstChild, ` ${name}`))));
        }
    }

    // ---------------------------------------------------------------- go on where you were

    const linkOf = file => all('#sidebar .chapter a').find(each => each.pathname.endsWith(`/${file}`));

    function keep(file, exercise) {
        const title = linkOf(file)?.firstChild.textContent.trim();
        const last = recall(LAST);
        // To look a word up is no way to another place.
        if (title && /^(\d\d-|own\.)/.test(file) && (last?.page !== file || (exercise && last.exercise !== exercise))) {
            remember(LAST, { page: file, title, exercise });
        }
    }

    function keepPage() {
        const page = location.pathname.split('/').pop();
        keep(page);
        document.getElementById('content').addEventListener('focusin', event => {
            const exercise = event.target.closest?.('[data-exercise]')?.dataset.exercise;
            if (exercise) {
                keep(page, exercise);
            }
        });
    }

    function showGoOn() {
        const place = document.querySelector('[data-go-on]');
        const last = recall(LAST);
        if (!place || !last || !/^[\w-]+\.html$/.test(last.page) || typeof last.title !== 'string') {
            return;
        }
        const exercise = /^[\w-]+$/.test(last.exercise ?? '') ? last.exercise : null;
        place.hidden = false;
        place.replaceChildren(element('a', { href: `${last.page}${exercise ? `#exercise-${exercise}` : ''}` }, words.goOn({ title: last.title, exercise })));
    }

    // ---------------------------------------------------------------- the sidebar: the course and its lessons

    // The exercises of a lesson stand on its chapter and on further pages; each is counted where it stands.
    function showPages({ id, passed, exercises }) {
        for (const file of new Set(exercises.map(exercise => exercise.page))) {
            const here = exercises.filter(exercise => exercise.page === file);
            showPage(file, file === id ? passed : here.every(exercise => exercise.state === 'passed'), here);
        }
    }

    function showPage(file, passed, exercises) {
        const link = linkOf(`${file}.html`);
        if (!link) {
            return;
        }
        let count = link.querySelector('.wb-count');
        if (!count) {
            count = element('span', { className: 'wb-count' });
            link.append(count);
        }
        const done = exercises.filter(exercise => exercise.state === 'passed').length;
        count.dataset.passed = String(passed);
        count.replaceChildren(
            element('span', { 'aria-hidden': 'true' }, passed ? `✓ ${done}/${exercises.length}` : `${done}/${exercises.length}`),
            element('span', { className: 'visually-hidden' }, ` (${words.lessonCount(done, exercises.length)})`),
        );
    }

    // Below the chapter that is open: its exercises and the points where one can stop, in the order of the text.
    function listInside() {
        document.querySelector('.wb-inside')?.remove();
        const here = document.querySelector('#sidebar .chapter a[aria-current="page"]');
        let stops = 0;
        const items = all('#content .wb-card, #content blockquote > p').flatMap(part => {
            if (part.dataset.exercise) {
                const number = part.querySelector('.wb-number').textContent;
                return [element('a', { href: `#exercise-${part.dataset.exercise}` }, element('span', {}, `${number} ${part.dataset.exercise}`))];
            }
            const first = part.firstElementChild;
            if (first?.tagName !== 'STRONG' || first.textContent !== `${words.stop}.`) {
                return [];
            }
            stops += 1;
            part.id ||= `stop-${stops}`;
            const text = part.textContent.trim().slice(words.stop.length + 1).trim();
            const reached = text.match(/^.*?[.!?](?=\s|$)/s)?.[0] ?? text;
            return [element('a', { href: `#${part.id}`, className: 'wb-stop' }, element('span', {}, `${words.stop}: ${reached}`))];
        });
        if (here && items.length) {
            here.closest('li').append(element('ol', { className: 'wb-inside', 'aria-label': words.inside }, ...items.map(item => element('li', {}, item))));
        }
    }

    function showInside(states) {
        for (const link of all('.wb-inside a:not(.wb-stop)')) {
            setMark(link, states.get(link.hash.slice('#exercise-'.length)));
        }
    }

    function showCourse({ passed, total, minutes_left: minutes }) {
        const place = document.getElementById('wb-course');
        if (!place || !total) {
            return;
        }
        if (place.hidden) {
            place.hidden = false;
            place.append(
                element('p', { className: 'wb-course-title', id: 'wb-course-title' }, words.course),
                element('progress', { 'aria-labelledby': 'wb-course-title' }),
                element('p', { className: 'wb-course-text' }),
            );
        }
        const bar = place.querySelector('progress');
        bar.max = total;
        bar.value = passed;
        place.querySelector('.wb-course-text').textContent = `${words.courseCount(passed, total)}, ${words.courseLeft(minutes)}`;
    }

    function show({ course, lessons }) {
        lessons.forEach(showPages);
        showCourse(course);
        const states = new Map(lessons.flatMap(({ exercises }) => exercises.map(({ id, state }) => [id, state])));
        showMap(states);
        showInside(states);
    }

    function build() {
        showGoOn();
        listInside();
    }

    keepPage();
    return { show, build, keep };
};
