// The boxes of jobs: a button that starts a check, a demo or a service, Stop beside it, and the output below.
//
// workbook.js has the connection to the runner and passes its events on. A box outlives a new version of the text.
'use strict';

window.workbookJobs = ({ element, post, heard }) => {
    // Every word that this script shows. A translation of the book replaces this object.
    const words = {
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
    };
    const OUTPUT_LIMIT = 200_000;

    // One box for each .wb-live on the page. `boxes` outlives a new version of the text.
    const boxes = new Map();
    // job number -> box, so that a demo shown twice prints where it was started.
    const jobs = new Map();

    // What a box says, by the kind of its job; the page of the services brings its own.
    const labels = {
        check: { first: words.check, again: words.checkAgain, busy: words.checking },
        demo: { first: words.run, again: words.runAgain, busy: words.running, ended: words.demoEnded, failed: words.demoFailed },
    };
    const paths = { check: 'check', demo: 'run', services: 'services', own: 'own' };

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
            heard(box, event.text);
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

    // After a broken connection: what no longer runs has ended unseen.
    function onlyThese(running) {
        for (const [job, box] of jobs) {
            if (!running.has(job)) {
                jobs.delete(job);
                finish(box);
                box.state.textContent = '';
            }
        }
    }

    return { boxes, labels, jobBox, start, boxFor, onOutput, onDone, onlyThese, startAnew: () => ended.clear() };
};
