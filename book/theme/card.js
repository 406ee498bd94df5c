// The buttons of an exercise card beside Check: Start, Next, Hint, Reset, Undo, Solution; and what a check is doing.
//
// workbook.js builds a card and calls `build`, then `update` with each state of the exercise. The editor itself is in
// editing.js and editor.js: they are loaded when a card is opened for the first time.
'use strict';

window.workbookCard = ({ element, post, token, recall, remember, all, start: check, renew }) => {
    const words = {
        start: 'Start',
        edit: 'Edit here',
        close: 'Close the editor',
        loading: 'Opening the editor …',
        notLoaded: 'The editor could not be loaded. Edit the file in your own editor.',
        hint: (next, of) => (next > of ? 'All hints are shown' : `Hint ${next} of ${of}`),
        reset: 'Reset',
        resetAsk: 'Put the text back that you began with? Yours is kept, and Undo brings it back.',
        resetYes: 'Yes, reset',
        undo: 'Undo the reset',
        solution: 'Solution',
        solutionAsk: 'This exercise has not passed yet. Show its solution? Your record will say that you looked.',
        solutionYes: 'Show the solution',
        solutionOf: 'One good answer',
        no: 'No',
        tried: (checks, hints) => [checks && `${checks} ${checks === 1 ? 'check' : 'checks'}`, hints && `${hints} ${hints === 1 ? 'hint' : 'hints'}`].filter(Boolean).join(', '),
        older: 'The text has changed since this verdict.',
        compiling: (lesson, crate, seconds) => `Compiling lesson ${lesson}: ${crate} (${seconds} s) …`,
        compilingFirst: (lesson, crate, seconds, build) => `Compiling lesson ${lesson} with its libraries${build ? `; the first time takes about ${build} s` : ''}: ${crate} (${seconds} s) …`,
        running: 'Running the check …',
    };

    function button(text, act, quiet = true) {
        const made = element('button', { type: 'button', className: quiet ? 'wb-button wb-quiet' : 'wb-button' }, text);
        made.addEventListener('click', act);
        return made;
    }

    function build(box) {
        const { button: checkButton } = box;
        const card = {};
        box.card = card;
        card.start = button(words.start, () => (box.edit ? close(box) : open(box)), false);
        card.start.setAttribute('aria-expanded', 'false');
        // Until the first state is here: no text can be asked for without its token.
        disable(card.start, true);
        checkButton.before(card.start);
        card.hint = button('', () => nextHint(box));
        card.reset = button(words.reset, () => ask(box, words.resetAsk, words.resetYes, () => text(box, 'reset')));
        card.undo = button(words.undo, () => text(box, 'undo'));
        card.solution = button(words.solution, () => solution(box));
        card.tried = element('span', { className: 'wb-tried' });
        card.asked = element('div', { className: 'wb-asked', hidden: true });
        card.shown = element('div', { className: 'wb-solution', hidden: true });
        const more = element('div', { className: 'wb-actions wb-more' }, card.hint, card.solution, card.reset, card.undo, card.tried);
        box.place.append(more, card.asked, card.shown);
        hints(box);
        hintNamed(card, 1);
        disable(card.hint, true);
        disable(card.reset, true);
        card.undo.hidden = true;
    }

    // A new version of the text brings new folds.
    function hints({ card, section, target: id }) {
        card.hints = all('.wb-hint', section);
        for (const [at, details] of card.hints.entries()) {
            details.addEventListener('toggle', () => details.open && post(`/workbook/hint/${encodeURIComponent(id)}/${at + 1}`));
        }
    }

    function hintNamed(card, next) {
        card.hint.textContent = words.hint(next, card.hints.length);
        card.hint.hidden = card.hints.length === 0;
    }

    function update(box, exercise) {
        const { card } = box;
        const passed = exercise.state === 'passed';
        card.exercise = exercise;
        disable(card.start, false);
        const next = Math.max(exercise.hints, card.hints.findLastIndex(each => each.open) + 1) + 1;
        hintNamed(card, next);
        disable(card.hint, next > card.hints.length);
        disable(card.reset, exercise.untouched);
        card.undo.hidden = !exercise.undo;
        card.tried.textContent = words.tried(exercise.attempts, exercise.hints);
        if (!box.edit && !card.opening) {
            card.start.textContent = exercise.state === 'open' ? words.start : words.edit;
        }
        // One button leads on: Start, then Check, then Next.
        const begun = exercise.state !== 'open' || Boolean(box.edit);
        card.start.classList.toggle('wb-quiet', begun);
        box.button.classList.toggle('wb-quiet', !begun || passed);
        box.edit?.look();
    }

    // Not `disabled`: the focus stays where it is.
    function disable(which, yes) {
        if (yes) {
            which.setAttribute('aria-disabled', 'true');
        } else {
            which.removeAttribute('aria-disabled');
        }
    }
    const off = which => which.getAttribute('aria-disabled') === 'true';

    async function open(box) {
        const { card } = box;
        if (card.opening || off(card.start)) {
            return;
        }
        card.opening = true;
        card.start.textContent = words.loading;
        const [editing, editor] = document.documentElement.dataset.editor.split(' ').map(url => new URL(url, document.baseURI).href);
        try {
            const { open: begin } = await import(editing);
            box.edit = await begin({
                id: box.target, place: box.place, element, token, recall, remember, editor,
                busy: () => box.job !== null,
                check: () => box.job === null && check(box),
                changed: () => older(box),
                renew,
            });
            card.start.textContent = words.close;
            card.start.setAttribute('aria-expanded', 'true');
        } catch (error) {
            box.state.textContent = error.words ?? words.notLoaded;
            card.start.textContent = words.edit;
        }
        card.opening = false;
        update(box, card.exercise);
    }

    async function close(box) {
        if (await box.edit.close()) {
            box.edit = null;
            box.card.start.setAttribute('aria-expanded', 'false');
            update(box, box.card.exercise);
        }
    }

    function older(box) {
        if (box.verdict.dataset.status && !box.verdict.querySelector('.wb-older')) {
            box.verdict.prepend(element('p', { className: 'wb-older' }, words.older));
        }
    }

    function nextHint(box) {
        const { card } = box;
        const next = card.hints[Math.max(card.exercise.hints, card.hints.findLastIndex(each => each.open) + 1)];
        if (next && !off(card.hint)) {
            card.hints.slice(0, card.hints.indexOf(next) + 1).forEach(each => { each.open = true; });
            next.querySelector('summary').focus();
        }
    }

    // A question below the buttons; the answer is a button, and the focus goes there and back.
    function ask(box, question, yes, act) {
        const { card } = box;
        const back = document.activeElement;
        if (back && off(back)) {
            return;
        }
        const end = () => {
            card.asked.hidden = true;
            back?.focus();
        };
        const agree = button(yes, () => { end(); act(); }, false);
        card.asked.replaceChildren(element('p', {}, question), element('div', { className: 'wb-actions' }, agree, button(words.no, end)));
        card.asked.hidden = false;
        agree.focus();
    }

    async function text(box, what) {
        // What was typed last is in the file before the file is kept.
        if (box.edit && !await box.edit.save()) {
            return;
        }
        const answer = await post(`/workbook/${what}/${encodeURIComponent(box.target)}`);
        box.state.textContent = answer.ok ? answer.body.said : answer.words;
        box.edit?.look();
    }

    async function solution(box) {
        const { card } = box;
        if (!card.shown.hidden) {
            card.shown.hidden = true;
            return;
        }
        const show = async what => {
            const answer = await post(`/workbook/${what}/${encodeURIComponent(box.target)}`);
            if (!answer.ok) {
                box.state.textContent = answer.words;
                return;
            }
            const code = element('code', { className: 'language-rust' }, answer.body.text);
            card.shown.replaceChildren(element('p', {}, words.solutionOf), element('pre', { tabIndex: 0 }, code));
            card.shown.hidden = false;
        };
        if (card.exercise?.state === 'passed' || card.exercise?.revealed) {
            await show('solution');
        } else {
            ask(box, words.solutionAsk, words.solutionYes, () => show('reveal'));
        }
    }

    // What cargo says while it compiles, as a sentence with the crate of this moment.
    function line(box, output) {
        for (const said of output.split('\n')) {
            const crate = said.match(/^\s*Compiling (\S+) v/)?.[1];
            if (crate) {
                const { lesson, build } = box.section.dataset;
                box.first ||= crate !== `l${lesson}`;
                const seconds = Math.round((performance.now() - box.since) / 1000);
                box.progress = words[box.first ? 'compilingFirst' : 'compiling'](lesson.slice(0, 2), crate, seconds, build);
            } else if (/^\s*(Finished|Executable|running \d+ test)/.test(said) && box.progress !== words.running) {
                box.progress = words.running;
            } else {
                continue;
            }
            box.state.textContent = box.progress;
        }
    }

    return { build, hints, update, line };
};
