// The live part of the workbook: exercise cards, progress, and the connection to the runner.
//
// The runner puts <meta name="workbook-token"> into the pages that it serves. Without it this script
// makes no request at all: quizzes and predictions work, cards keep their commands and nothing else.
//
// Layout: words | small helpers | cards | state | the connection. Jobs with their buttons and output are in
// jobs.js, verdicts in verdict.js, the further buttons of a card in card.js, sidebar and course in way.js, quizzes and
// predictions in questions.js, a new version of the text in renew.js, the live
// pages "See the wire" in wire.js and "The phone book" in phone.js.
'use strict';

(() => {
    // Every word that this script shows. A translation of the book replaces this object.
    const words = {
        lastAnswer: 'Your last answer failed',
        why: 'Why the solution is as it is',
        next: 'Next: ',
        gone: 'The runner does not answer. Is it still running? Start it again with “cargo run”; this page then goes on by itself.',
        oldToken: 'The runner was started anew, and this page is from before. Reload it to go on.',
        reload: 'Reload the page',
        slides: 'Slides of this lesson',
        refused: 'The runner did not accept that.',
    };

    const token = () => document.querySelector('meta[name="workbook-token"]')?.content ?? null;
    const live = token() !== null;

    // ---------------------------------------------------------------- small helpers

    // element('p', {className: 'x'}, 'text', node): attributes with a dash or ARIA names are set as such.
    function element(tag, properties = {}, ...children) {
        const node = document.createElement(tag);
        for (const [name, value] of Object.entries(properties)) {
            if (name in node) {
                node[name] = value;
            } else {
                node.setAttribute(name, value);
            }
        }
        node.append(...children);
        return node;
    }

    function recall(key) {
        try {
            return JSON.parse(localStorage.getItem(key));
        } catch {
            return null;
        }
    }

    function remember(key, value) {
        try {
            if (value === null) {
                localStorage.removeItem(key);
            } else {
                localStorage.setItem(key, JSON.stringify(value));
            }
        } catch {
            // Storage can be forbidden; the answer then lasts as long as the page.
        }
    }

    // `code` in a line of text, as the messages of the checks have it.
    function inline(node, text) {
        text.split('`').forEach((part, at) => node.append(at % 2 ? element('code', {}, part) : part));
        return node;
    }

    // Text with `code` and blank lines, as the comments of a solution have it, without any HTML of its own.
    function prose(text) {
        return text.trim().split(/\n\s*\n/).map(paragraph => inline(element('p'), paragraph.replace(/\s+/g, ' ')));
    }

    const all = (selector, scope = document) => [...scope.querySelectorAll(selector)];

    const { boxes, labels, jobBox, start, boxFor, onOutput, onDone, onlyThese, startAnew } = window.workbookJobs({
        element, post, heard: (box, text) => card.line(box, text),
    });
    const { buildQuiz, buildPrediction } = window.workbookQuestions({ element, recall, remember, all });
    const verdict = window.workbookVerdict({ element, inline });

    // ---------------------------------------------------------------- exercise cards

    function buildCard(section) {
        if (!live) {
            return;
        }
        const box = jobBox(section, 'check', section.dataset.exercise);
        if (box.verdict) {
            card.hints(box);
            return;
        }
        // Before the output: the verdict is what the learner came for.
        box.verdict = element('div', { className: 'wb-verdict', role: 'status' });
        box.why = element('div', { className: 'wb-why', hidden: true });
        box.next = element('p', { className: 'wb-next', hidden: true });
        box.output.before(box.verdict);
        box.place.append(box.next, box.why);
        card.build(box);
    }

    function onVerdict(event) {
        const exercise = state?.lessons.flatMap(({ exercises }) => exercises).find(({ id }) => id === (event.target ?? event.id));
        if (exercise && !event.untouched) {
            way.keep(`${exercise.page}.html`, exercise.id);
        }
        const box = boxFor({ job: event.job, kind: 'check', target: event.target ?? event.id });
        if (box?.verdict) {
            box.fromEvent = true;
            box.state.textContent = '';
            if (!event.untouched) {
                verdict.show(box, event);
            } else if (box.asked) {
                verdict.show(box, { ...event, status: 'untouched' });
            } else {
                // The terminal looks at the text that one begins with, and nobody asked here.
                verdict.clear(box);
            }
            box.asked = false;
        }
    }

    function updateCard(box, exercise) {
        const { section } = box;
        section.dataset.state = exercise.state;
        let badge = section.querySelector('.wb-badge');
        if (!badge) {
            badge = element('span', { className: 'wb-badge' });
            section.querySelector('.wb-tag')?.append(badge);
        }
        badge.textContent = exercise.standing;
        if (exercise.state !== 'open' && box.button.textContent === labels.check.first) {
            box.button.textContent = labels.check.again;
        }
        const shown = box.verdict.dataset.status;
        const old = exercise.untouched ? shown !== 'untouched' : exercise.state === 'passed' && !exercise.message && shown !== 'passed';
        if (box.job === null && shown && old) {
            // It was reset, or passed while this page was not listening.
            verdict.clear(box);
        } else if (!box.fromEvent && exercise.message && exercise.state !== 'passed') {
            // A page that was opened later shows what the last check said.
            verdict.show(box, { status: 'failed', message: exercise.message });
            box.verdict.querySelector('strong').textContent = words.lastAnswer;
        }
        card.update(box, exercise);
        box.why.hidden = !exercise.why;
        if (exercise.why && box.whyText !== exercise.why) {
            box.whyText = exercise.why;
            const open = box.why.querySelector('details')?.open ?? true;
            box.why.replaceChildren(element('details', { open }, element('summary', {}, words.why), ...prose(exercise.why)));
        }
    }

    // The first exercise after this one that has not passed, going round once as the key `n` does.
    function showNext(box, exercise) {
        const every = state.lessons.flatMap(({ exercises }) => exercises);
        const at = every.findIndex(({ id }) => id === exercise.id);
        const next = [...every.slice(at + 1), ...every.slice(0, at)].find(each => each.state !== 'passed');
        box.next.hidden = exercise.state !== 'passed' || !next;
        if (!box.next.hidden && box.next.dataset.id !== next.id) {
            box.next.dataset.id = next.id;
            box.next.replaceChildren(inline(element('a', { className: 'wb-button', href: `${next.page}.html#exercise-${next.id}` }), `${words.next}${next.number} ${next.title}`));
        }
    }

    // ---------------------------------------------------------------- state: cards, course

    let state = null;

    function showState() {
        if (!state) {
            return;
        }
        for (const lesson of state.lessons) {
            for (const exercise of lesson.exercises) {
                const box = boxes.get(`check ${exercise.id}`);
                if (box?.place.isConnected) {
                    updateCard(box, exercise);
                    showNext(box, exercise);
                }
            }
        }
        way.show(state);
        own?.show(state.own);
        for (const job of state.jobs ?? []) {
            boxFor(job);
        }
    }

    // ---------------------------------------------------------------- the connection to the runner

    async function post(path) {
        let reply;
        try {
            reply = await fetch(path, { method: 'POST', headers: { 'X-Workbook-Token': token() } });
        } catch {
            banner('gone');
            return { ok: false, words: words.refused };
        }
        const body = await reply.json().catch(() => ({}));
        if (reply.status === 403) {
            banner('oldToken');
        }
        return { ok: reply.ok, body, words: body.error ?? words.refused };
    }

    function banner(kind) {
        let place = document.querySelector('.wb-banner');
        if (!place) {
            place = element('div', { className: 'wb-banner', role: 'alert' });
            document.getElementById('content').before(place);
        }
        if (place.dataset.kind === kind) {
            return;
        }
        place.dataset.kind = kind ?? '';
        place.replaceChildren();
        place.hidden = !kind;
        if (kind) {
            place.append(element('p', {}, words[kind]));
        }
        if (kind === 'oldToken') {
            const button = element('button', { type: 'button', className: 'wb-button' }, words.reload);
            button.addEventListener('click', () => location.reload());
            place.append(button);
        }
    }

    // True from a broken connection until the first state after it.
    let lost = false;
    let goneTimer = null;

    function connect() {
        const source = new EventSource('/workbook/events');
        const on = (name, handle) => source.addEventListener(name, event => handle(JSON.parse(event.data || '{}')));
        on('state', data => {
            state = data;
            if (lost) {
                onlyThese(new Set((data.jobs ?? []).map(({ job }) => job)));
                lost = false;
            }
            showState();
            wire?.state(data.wire);
        });
        on('wire', data => wire?.row(data));
        on('output', onOutput);
        on('verdict', onVerdict);
        on('done', onDone);
        on('reload', renew);
        source.addEventListener('open', () => {
            clearTimeout(goneTimer);
            goneTimer = null;
            if (lost) {
                banner(null);
                // A runner that was started again counts its jobs from the beginning and has a new
                // token; the page that it serves now carries it.
                startAnew();
                renew();
                wire?.refresh();
            }
        });
        source.addEventListener('error', () => {
            lost = true;
            goneTimer ??= setTimeout(() => banner('gone'), 1500);
            if (source.readyState === EventSource.CLOSED) {
                // The browser gives up on some errors; we do not.
                source.close();
                setTimeout(connect, 2000);
            }
        });
        // A browser allows six connections to a host: a page that is left gives its one back.
        addEventListener('pagehide', () => source.close(), { once: true });
        addEventListener('pageshow', event => event.persisted && location.reload(), { once: true });
    }

    // From a chapter, "See the wire" opens on its lesson.
    function linkWire(content) {
        const lesson = location.pathname.split('/').pop().replace(/\.html$/, '');
        for (const link of all('a[href="wire.html"]', content)) {
            if (/^\d\d-/.test(lesson)) {
                link.href = `wire.html?lesson=${lesson}`;
            }
        }
    }

    // Only the runner builds slides, so a page that plain mdBook has built leads to none.
    function linkSlides(content) {
        for (const lesson of all('.wb-lesson[data-lesson]', content)) {
            const link = element('a', { href: `slides/${lesson.dataset.lesson}.html` }, words.slides);
            lesson.querySelector('.wb-lesson-facts').after(element('p', {}, link));
        }
    }

    // ---------------------------------------------------------------- start

    function build() {
        const content = document.getElementById('content');
        all('[data-quiz]', content).forEach(buildQuiz);
        for (const section of all('[data-predict], [data-demo]', content)) {
            const demo = section.dataset.demo;
            buildPrediction(section, demo && live ? jobBox(section, 'demo', demo) : null);
        }
        all('[data-exercise]', content).forEach(buildCard);
        all('[data-doctor]', content).forEach(place => setUp?.build(place));
        way.build();
        linkWire(content);
        if (live) {
            linkSlides(content);
        }
        all('[data-wire]', content).forEach(section => wire?.build(section));
        all('[data-phone]', content).forEach(section => phone?.build(section));
        all('[data-class]', content).forEach(section => classroom?.build(section));
        all('[data-stage]', content).forEach(section => own?.build(section));
        all('[data-beliefs]', content).forEach(section => beliefs?.build(section));
    }
    const card = live ? window.workbookCard({ element, post, token, recall, remember, all, start, renew: () => renew() }) : null;
    const wire = live ? window.workbookWire?.({ element, post, boxes }) : null;
    const beliefs = window.workbookBeliefs?.({ element, inline, recall, live });
    const setUp = live ? window.workbookSetUp?.({ element, inline, token }) : null;
    const own = live ? window.workbookOwn?.({ all, element, labels, jobBox }) : null;
    const way = window.workbookWay({ element, all, recall, remember });
    const phone = live ? window.workbookPhone?.({ element, token, jobBox, boxes }) : null;
    const classroom = live ? window.workbookClass?.({ element, token, boxes }) : null;
    const renew = window.workbookRenew({ all, element, boxes, build, showState });
    build();
    if (live) {
        connect();
    }
})();