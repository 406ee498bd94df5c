// The verdict of a check, on its card: how it ended, the message of the check, and what happened as a picture.
'use strict';

window.workbookVerdict = ({ element, inline }) => {
    // Every word that this script shows. A translation of the book replaces this object.
    const words = {
        verdicts: {
            passed: 'Passed',
            untouched: 'Not started',
            failed: 'Failed',
            'compile-error': 'Does not compile',
            'timed-out': 'Did not finish in time',
        },
        after: seconds => ` after ${seconds.toFixed(2)} s`,
        untouched: 'This is the text that you begin with: change it and save. Its check says of it:',
        wrongStep: 'This is the wrong step',
    };

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

    function show(box, { status, seconds, message, location: place, check }) {
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

    function clear(box) {
        box.verdict.replaceChildren();
        delete box.verdict.dataset.status;
    }

    return { show, clear };
};
