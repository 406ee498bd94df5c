// The live part of the workbook: exercise cards, quizzes, predictions, progress.
//
// The runner puts <meta name="workbook-token"> into the pages that it serves. Without it this script
// makes no request at all: quizzes and predictions work, cards keep their commands and nothing else.
//
// Layout: words | small helpers | job boxes (buttons, output) | cards | state and sidebar |
// the connection. The further buttons of a card are in card.js, quizzes and
// predictions in questions.js, a new version of the text in renew.js, the live
// pages "See the wire" in wire.js and "The phone book" in phone.js.
'use strict';

(() => {
    // Every word that this script shows. A translation of the book replaces this object.
    const words = {
        answer: 'Answer',
        again: 'Try again',
        pickOne: 'Pick one answer first.',
        quizRight: 'Right.',
        quizWrong: 'Not right. Read why, then look at the other answers.',
        lockIn: 'Lock in my prediction',
        locked: choice => `Your prediction: ${choice}. Run it and compare.`,
        lockedStatic: 'Locked in. Now run the command and compare.',
        compare: choice => `You predicted: ${choice}. Is that what you saw?`,
        predictFirst: 'Pick and lock in a prediction, then you can run it.',
        forget: 'Predict again',
        check: 'Check',
        checkAgain: 'Check again',
        run: 'Run the demo',
        runAgain: 'Run it again',
        stop: 'Stop',
        stopping: 'Stopping …',
        checking: 'Checking …',
        running: 'Running …',
        demoEnded: 'The demo has ended.',
        demoFailed: 'The demo ended with an error or was stopped.',
        output: 'Output',
        outputOf: target => `Output of ${target}`,
        cut: '… (earlier output left out)\n',
        verdicts: {
            passed: 'Passed',
            untouched: 'Not started',
            failed: 'Failed',
            'compile-error': 'Does not compile',
            'timed-out': 'Did not finish in time',
        },
        after: seconds => ` after ${seconds.toFixed(2)} s`,
        lastAnswer: 'Your last answer failed',
        untouched: 'This is the text that you begin with: change it and save. Its check says of it:',
        wrongStep: 'This is the wrong step',
        why: 'Why the solution is as it is',
        next: 'Next: ',
        course: 'Your course',
        courseCount: (passed, total) => `${passed} of ${total} passed`,
        courseLeft: minutes => (minutes > 0 ? `about ${minutes < 90 ? `${minutes} minutes` : `${Math.round(minutes / 60)} hours`} of exercises left` : 'nothing left to do'),
        lessonCount: (passed, total) => `${passed} of ${total} exercises passed`,
        gone: 'The runner does not answer. Is it still running? Start it again with “cargo run”; this page then goes on by itself.',
        oldToken: 'The runner was started anew, and this page is from before. Reload it to go on.',
        reload: 'Reload the page',
        refused: 'The runner did not accept that.',
    };

    const doctorWords = {
        looking: 'Looking for what is missing …',
        nothing: 'Nothing is missing on this machine.',
        needed: 'needed',
        optional: 'optional',
        section: section => `Section “${section}”`,
        failed: 'The runner could not look. In a terminal: cargo workbook doctor',
    };

    const token = () => document.querySelector('meta[name="workbook-token"]')?.content ?? null;
    const live = token() !== null;
    const OUTPUT_LIMIT = 200_000;

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

    const { buildQuiz, buildPrediction } = window.workbookQuestions({ words, element, recall, remember, all });

    // ---------------------------------------------------------------- job boxes: button, Stop, output

    // One box for each .wb-live on the page. `boxes` outlives a new version of the text.
    const boxes = new Map();
    // job number -> box, so that a demo shown twice prints where it was started.
    const jobs = new Map();

    // What a box says, by the kind of its job; the page of the services brings its own.
    const labels = {
        check: { first: words.check, again: words.checkAgain, busy: words.checking },
        demo: { first: words.run, again: words.runAgain, busy: words.running, ended: words.demoEnded, failed: words.demoFailed },
    };
    const paths = { check: 'check', demo: 'run', services: 'services' };

    function jobBox(section, kind, target, said = labels[kind]) {
        const place = section.querySelector('.wb-live');
        const key = `${kind} ${section.dataset.predict ?? target}`;
        const known = boxes.get(key);
        if (known) {
            place.replaceWith(known.place);
            known.section = section;
            return known;
        }
        const button = element('button', { type: 'button', className: 'wb-button' }, said.first);
        button.dataset[paths[kind]] = target;
        const stop = element('button', { type: 'button', className: 'wb-button wb-quiet', hidden: true }, words.stop);
        const state = element('span', { className: 'wb-state', role: 'status' });
        const log = element('pre', { className: 'wb-log', tabIndex: 0, role: 'log', 'aria-label': words.outputOf(target) });
        const output = kind === 'check'
            ? element('details', { className: 'wb-output', hidden: true }, element('summary', {}, words.output), log)
            : element('div', { className: 'wb-output', hidden: true }, log);
        const box = { section, kind, target, said, place, button, stop, state, log, output, job: null, enabled: true, onDone: null };
        place.append(element('div', { className: 'wb-actions' }, button, stop, state), output);

        box.setEnabled = enabled => {
            box.enabled = enabled;
            button.disabled = !enabled;
        };
        button.addEventListener('click', () => {
            if (box.job === null && box.enabled) {
                start(box);
            }
        });
        stop.addEventListener('click', async () => {
            if (box.job !== null) {
                state.textContent = words.stopping;
                await post(`/workbook/stop/${box.job}`);
            }
        });
        boxes.set(key, box);
        return box;
    }

    async function start(box) {
        // What was typed last is what is judged.
        if (box.edit && !await box.edit.save()) {
            return;
        }
        box.asked = true;
        box.state.textContent = box.said.busy;
        const answer = await post(`/workbook/${paths[box.kind]}/${encodeURIComponent(box.target)}`);
        if (answer.ok) {
            // The events may have been faster than this reply, and even have ended the job.
            if (!ended.has(answer.body.job)) {
                begin(box, answer.body.job);
            }
        } else {
            box.state.textContent = answer.words;
        }
    }

    const ended = new Set();

    function begin(box, job) {
        if (jobs.get(job) === box) {
            return;
        }
        // The reply to our own request knows better than the first event which box it was.
        jobs.get(job)?.leave?.();
        jobs.set(job, box);
        box.job = job;
        box.since = performance.now();
        box.first = false;
        box.progress = box.said.busy;
        box.log.textContent = '';
        box.section.classList.add('wb-busy');
        box.output.hidden = box.kind === 'check';
        box.stop.hidden = false;
        box.state.textContent = box.said.busy;
        // aria-disabled, not disabled: the focus stays where it is.
        box.button.setAttribute('aria-disabled', 'true');
        box.leave = () => finish(box);
    }

    function finish(box) {
        box.job = null;
        box.section.classList.remove('wb-busy');
        if (document.activeElement === box.stop) {
            box.button.focus();
        }
        box.stop.hidden = true;
        box.button.removeAttribute('aria-disabled');
        box.button.textContent = box.said.again;
    }

    function boxFor({ job, kind, target }) {
        if (!jobs.has(job) && !ended.has(job)) {
            const box = [...boxes.values()].find(each => each.kind === kind && each.target === target && each.place.isConnected);
            if (box) {
                begin(box, job);
            }
        }
        return jobs.get(job);
    }

    function onOutput(event) {
        const box = boxFor(event);
        if (!box) {
            return;
        }
        if (box.kind === 'check') {
            card.line(box, event.text);
        }
        const { log } = box;
        const follow = log.scrollTop + log.clientHeight > log.scrollHeight - 30;
        box.output.hidden = false;
        // Text nodes are added, never rebuilt: a screen reader then reads only what is new.
        log.append(event.text);
        box.size = (log.childNodes.length === 1 ? 0 : box.size ?? 0) + event.text.length;
        if (box.size > OUTPUT_LIMIT) {
            log.textContent = words.cut + log.textContent.slice(-OUTPUT_LIMIT / 2);
            box.size = log.textContent.length;
        }
        if (follow) {
            log.scrollTop = log.scrollHeight;
        }
    }

    function onDone(event) {
        const box = boxFor(event);
        ended.add(event.job);
        jobs.delete(event.job);
        if (!box || box.job !== event.job) {
            return;
        }
        finish(box);
        if (box.kind !== 'check') {
            box.state.textContent = event.ok ? box.said.ended : box.said.failed;
            box.onDone?.(event.ok);
        } else if ([words.checking, words.stopping, box.progress].includes(box.state.textContent)) {
            box.state.textContent = '';
        }
    }

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

    // Situation and values are pre-formatted: their columns stand below each other. The advice after
    // the arrow is a sentence that was wrapped for a terminal; here it is wrapped for the page.
    function messageParts(message) {
        const parts = [];
        for (const line of message.trimEnd().split('\n')) {
            const last = parts.at(-1);
            const step = last?.steps && line.match(/^ *(✗ )?\d+\. (?:(\S+) → (\S+)|(\S+)): (.*)$/);
            if (step) {
                const [, wrong, from, to, by, what] = step;
                last.steps.push({ wrong, from: from ?? by, to, what });
            } else if (line.startsWith('  Passed by luck')) {
                parts.push({ text: line.trim(), steps: [] });
            } else if (line.startsWith('→ ')) {
                parts.push({ advice: true, text: line.slice(2) });
            } else if (last?.advice && line.startsWith('  ')) {
                last.text += ` ${line.trim()}`;
            } else if (last && !last.advice && !last.steps) {
                last.text += `\n${line}`;
            } else {
                parts.push({ advice: false, text: line });
            }
        }
        return parts.flatMap(({ advice, steps, text }) => {
            if (steps) {
                return [element('p', { className: 'wb-luck' }, text), stepsPicture(steps)];
            }
            return advice
                ? inline(element('p', { className: 'wb-advice' }), text)
                : element('pre', { className: 'wb-message' }, text);
        });
    }

    // What happened, as a picture: a column for each that takes part, the client left and the server right, time runs
    // down, an arrow for what goes from one to another. Read aloud it is a numbered list.
    function stepsPicture(steps) {
        const rank = name => ['client', 'server'].indexOf(name);
        const names = [...new Set(steps.flatMap(({ from, to }) => (to ? [from, to] : [from])))];
        const left = names.filter(name => rank(name) === 0);
        const lanes = [...left, ...names.filter(name => rank(name) < 0), ...names.filter(name => rank(name) === 1)];
        const head = element('p', { className: 'wb-lanes', 'aria-hidden': 'true' }, ...lanes.map(name => element('span', {}, name)));
        const rows = steps.map(({ wrong, from, to, what }, at) => {
            const [a, b] = [lanes.indexOf(from), lanes.indexOf(to ?? from)];
            const kind = a === b ? 'wb-step' : `wb-step ${a < b ? 'wb-right' : 'wb-left'}`;
            const step = element('span', { className: kind, 'aria-hidden': 'true' }, `${wrong ? '✗ ' : ''}${at + 1}. ${what}`);
            step.style.gridColumn = `${Math.min(a, b) + 1} / ${Math.max(a, b) + 2}`;
            const spoken = `${to ? `${from} to ${to}` : from}: ${what}${wrong ? `. ${words.wrongStep}` : ''}`;
            return element('li', { className: wrong ? 'wb-wrong' : '', 'aria-label': spoken }, step);
        });
        const picture = element('div', { className: 'wb-steps' }, head, element('ol', {}, ...rows));
        picture.style.setProperty('--lanes', lanes.length);
        return picture;
    }

    function showVerdict(box, { status, seconds, message, location: place, check }) {
        box.verdict.dataset.status = status;
        const head = element('p', { className: 'wb-verdict-head' }, element('strong', {}, words.verdicts[status] ?? status));
        if (Number.isFinite(seconds) && status !== 'untouched') {
            head.append(words.after(seconds));
        }
        box.verdict.replaceChildren(head);
        if (status === 'untouched') {
            box.verdict.append(element('p', {}, words.untouched));
        }
        if (message && status !== 'passed') {
            box.verdict.append(...messageParts(message));
        }
        const where = [place, status === 'passed' ? null : check].filter(Boolean).join('  ');
        if (where) {
            box.verdict.append(element('p', { className: 'wb-where' }, element('code', {}, where)));
        }
    }

    function onVerdict(event) {
        const box = boxFor({ job: event.job, kind: 'check', target: event.target ?? event.id });
        if (box?.verdict) {
            box.fromEvent = true;
            box.state.textContent = '';
            if (!event.untouched) {
                showVerdict(box, event);
            } else if (box.asked) {
                showVerdict(box, { ...event, status: 'untouched' });
            } else {
                // The terminal looks at the text that one begins with, and nobody asked here.
                clearVerdict(box);
            }
            box.asked = false;
        }
    }

    function clearVerdict(box) {
        box.verdict.replaceChildren();
        delete box.verdict.dataset.status;
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
        if (exercise.state !== 'open' && box.button.textContent === words.check) {
            box.button.textContent = words.checkAgain;
        }
        const shown = box.verdict.dataset.status;
        const old = exercise.untouched ? shown !== 'untouched' : exercise.state === 'passed' && !exercise.message && shown !== 'passed';
        if (box.job === null && shown && old) {
            // It was reset, or passed while this page was not listening.
            clearVerdict(box);
        } else if (!box.fromEvent && exercise.message && exercise.state !== 'passed') {
            // A page that was opened later shows what the last check said.
            showVerdict(box, { status: 'failed', message: exercise.message });
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

    // ---------------------------------------------------------------- the page "Set up": what is missing here

    async function buildDoctor(place) {
        const said = element('p', { role: 'status' }, doctorWords.looking);
        place.replaceChildren(said);
        let missing;
        try {
            const reply = await fetch('/workbook/doctor', { headers: { 'X-Workbook-Token': token() } });
            missing = await reply.json();
        } catch {
            missing = null;
        }
        if (!Array.isArray(missing)) {
            said.textContent = doctorWords.failed;
            return;
        }
        if (missing.length === 0) {
            said.textContent = doctorWords.nothing;
            return;
        }
        said.remove();
        place.append(element('ul', {}, ...missing.map(({ name, why, command, needed, section, anchor }) => element('li', {},
            element('strong', {}, name), ` (${needed ? doctorWords.needed : doctorWords.optional}): ${why}. `,
            '→ ', inline(element('span'), command), ' ',
            element('a', { href: `#${anchor}` }, doctorWords.section(section))))));
    }

    // ---------------------------------------------------------------- state: cards, sidebar, course

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
            showPages(lesson);
        }
        showCourse(state.course);
        for (const job of state.jobs ?? []) {
            boxFor(job);
        }
    }

    // The exercises of a lesson stand on its chapter and on further pages; each is counted where it stands.
    function showPages({ id, passed, exercises }) {
        for (const page of new Set(exercises.map(exercise => exercise.page))) {
            const here = exercises.filter(exercise => exercise.page === page);
            showPage(page, page === id ? passed : here.every(exercise => exercise.state === 'passed'), here);
        }
    }

    function showPage(page, passed, exercises) {
        const link = all('#sidebar .chapter a').find(each => each.pathname.endsWith(`/${page}.html`));
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
            // What ran when the connection broke may have ended unseen.
            const running = new Set((data.jobs ?? []).map(({ job }) => job));
            if (lost) {
                for (const [job, box] of jobs) {
                    if (!running.has(job)) {
                        jobs.delete(job);
                        finish(box);
                        box.state.textContent = '';
                    }
                }
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
                ended.clear();
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

    // ---------------------------------------------------------------- start

    function build() {
        const content = document.getElementById('content');
        all('[data-quiz]', content).forEach(buildQuiz);
        for (const section of all('[data-predict], [data-demo]', content)) {
            const demo = section.dataset.demo;
            buildPrediction(section, demo && live ? jobBox(section, 'demo', demo) : null);
        }
        all('[data-exercise]', content).forEach(buildCard);
        if (live) {
            all('[data-doctor]', content).forEach(buildDoctor);
        }
        all('[data-wire]', content).forEach(section => wire?.build(section));
        all('[data-phone]', content).forEach(section => phone?.build(section));
    }
    // Before anything is built: the text as it came is what a new version is compared with.
    const card = live ? window.workbookCard({ element, post, token, recall, remember, all, start }) : null;
    const wire = live ? window.workbookWire?.({ element, post, boxes }) : null;
    window.workbookBeliefs?.({ element, recall, live });
    const phone = live ? window.workbookPhone?.({ element, token, jobBox, boxes }) : null;
    const renew = window.workbookRenew({ all, element, boxes, build, showState });
    build();
    if (live) {
        connect();
    }
})();
