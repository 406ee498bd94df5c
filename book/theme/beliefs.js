// "What I believed": the beliefs of the record, from the runner, and the predictions and quizzes that were answered in
// this browser. All of it stays on this machine.
//
// What a page shows was written by the course, or is a name from it; it becomes text nodes, never HTML.
'use strict';

window.workbookBeliefs = ({ element, inline, recall, live }) => {
    const times = number => (number === 1 ? 'once' : `${number} times`);
    // Every word that this script shows. A translation of the book replaces this object.
    const words = {
        none: 'No answer of yours has shown a known belief yet.',
        failed: 'The runner does not answer. In a terminal: cargo workbook beliefs',
        own: 'Your own service',
        open: 'still open',
        overcome: 'overcome',
        back: 'overcome, after it had come back',
        openAgain: 'it came back, and is open',
        met: ({ times: number, exercises }) => `met ${times(number)}, in ${exercises.join(', ')}`,
        due: 'Due for another look',
        nothingDue: 'Nothing is due today.',
        variant: 'Another exercise in which it can be met: ',
        same: 'No other exercise has it. Reset this one and do it again: ',
        noQuestions: 'You have answered no prediction and no quiz in this browser yet.',
        kinds: { prediction: 'Predictions', quiz: 'Quizzes' },
        score: (right, all) => `${right} of ${all} right at the first answer`,
        wrong: 'Wrong at the first answer',
        since: ({ right, tries }) => (tries === 1 ? '' : right ? ', and right since then' : `, also at the last of ${tries} answers`),
        right: 'Right at the first answer',
    };
    function list(into, items) {
        into.append(element('ul', {}, ...items.map(parts => element('li', {}, ...parts))));
    }

    // As the sidebar has it.
    function titleOf(lesson) {
        const link = [...document.querySelectorAll('#sidebar .chapter a')].find(each => each.pathname.endsWith(`/${lesson}.html`));
        return link?.firstChild.textContent.trim() ?? lesson;
    }

    function showBeliefs(into, all) {
        into.replaceChildren();
        if (all.length === 0) {
            into.append(element('p', {}, words.none));
            return;
        }
        const due = all.filter(met => met.due);
        into.append(element('h3', {}, words.due));
        if (due.length === 0) {
            into.append(element('p', {}, words.nothingDue));
        } else {
            list(into, due.map(met => [
                inline(element('strong'), met.words ?? met.slug), ' ',
                met.due.variant ? words.variant : words.same,
                element('a', { href: `${met.due.page}.html#exercise-${met.due.exercise}` }, met.due.exercise),
            ]));
        }
        // In the order of the course; the own service last.
        const lessons = [...new Set(all.map(met => met.lesson))].sort((a, b) => (a ?? '~').localeCompare(b ?? '~'));
        for (const lesson of lessons) {
            into.append(element('h3', {}, lesson ? element('a', { href: `${lesson}.html` }, titleOf(lesson)) : element('a', { href: 'own.html' }, words.own)));
            list(into, all.filter(met => met.lesson === lesson).map(met => [
                inline(element('strong'), met.words ?? met.slug), ` ${words.met(met)}: `,
                met.overcome ? (met.again ? words.back : words.overcome) : (met.again ? words.openAgain : words.open),
            ]));
        }
    }

    function showQuestions(into) {
        const answered = Object.values(recall('wb-answered') ?? {});
        into.replaceChildren();
        if (answered.length === 0) {
            into.append(element('p', {}, words.noQuestions));
        }
        for (const kind of ['prediction', 'quiz']) {
            const those = answered.filter(answer => answer.kind === kind);
            if (those.length === 0) {
                continue;
            }
            into.append(element('h3', {}, words.kinds[kind]));
            into.append(element('p', {}, words.score(those.filter(answer => answer.first).length, those.length)));
            for (const first of [false, true]) {
                const part = those.filter(answer => answer.first === first);
                if (part.length > 0) {
                    into.append(element('h4', {}, first ? words.right : words.wrong));
                    list(into, part.map(answer => [element('a', { href: answer.page }, answer.question), first ? '' : words.since(answer)]));
                }
            }
        }
    }

    return {
        // Fills the page, also after a new version of its text has come.
        build(place) {
            showQuestions(place.querySelector('.wb-answered'));
            const beliefs = place.querySelector('.wb-beliefs');
            if (live) {
                fetch('/workbook/beliefs', { cache: 'no-store' })
                    .then(answer => (answer.ok ? answer.json() : Promise.reject(answer)))
                    .then(all => showBeliefs(beliefs, all))
                    .catch(() => beliefs.replaceChildren(element('p', {}, words.failed)));
            }
        },
    };
};
