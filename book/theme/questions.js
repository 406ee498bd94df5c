// Quizzes and predictions: what the reader answers in the page itself. No request is made here.
//
// The static page has a list with folded explanations. This script turns it into a question that can
// be answered, and workbook.js, which has the Run button, calls it.
'use strict';

window.workbookQuestions = ({ element, recall, remember, all }) => {
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
    };

    // The page "What I believed" counts what was answered, and whether the first answer was right.
    function note(kind, id, question, right) {
        const all = recall('wb-answered') ?? {};
        const before = all[id];
        all[id] = {
            kind, question, right, page: location.pathname.split('/').pop(), at: Date.now(),
            first: before?.first ?? right, tries: (before?.tries ?? 0) + 1,
        };
        remember('wb-answered', all);
    }

    // Turns the static list into fieldset, legend and native inputs: the browser then gives keyboard
    // and screen reader support that no script of ours could match.
    function buildQuestion(section, id, type) {
        const question = section.querySelector('.wb-question');
        const list = section.querySelector('.wb-options');
        const fieldset = element('fieldset', { className: 'wb-fieldset' });
        const legend = element('legend', { className: 'wb-question' });
        legend.append(...question.childNodes);
        question.remove();
        list.before(fieldset);
        // The legend names it now; a named section would be a landmark beside so many others.
        section.removeAttribute('aria-label');
        fieldset.append(legend, list);
        const options = all('.wb-option', list).map((item, at) => {
            const choice = item.querySelector('.wb-choice');
            const input = element('input', { type, name: id, value: String(at), id: `${id}-${at}` });
            const label = element('label', { className: 'wb-label', htmlFor: input.id }, input, choice);
            const details = item.querySelector('.wb-explain');
            item.prepend(label);
            let explain = null;
            if (details) {
                explain = element('div', { className: 'wb-explain', hidden: true, id: `${id}-${at}-why` });
                details.querySelector('summary').remove();
                explain.append(...details.childNodes);
                details.replaceWith(explain);
            }
            return { item, input, explain, right: item.dataset.answer === 'right', text: choice.textContent.trim() };
        });
        return { fieldset, options };
    }

    function explainAll(options, shown) {
        for (const { item, input, explain } of options) {
            if (explain) {
                explain.hidden = !shown;
            }
            item.classList.toggle('wb-shown', shown);
            if (shown && explain) {
                input.setAttribute('aria-describedby', explain.id);
            } else {
                input.removeAttribute('aria-describedby');
            }
        }
    }

    function buildQuiz(section) {
        const id = section.dataset.quiz;
        const several = all('[data-answer="right"]', section).length > 1;
        const { fieldset, options } = buildQuestion(section, id, several ? 'checkbox' : 'radio');
        const key = `wb-quiz-${id}`;
        const status = element('p', { className: 'wb-status', role: 'status' });
        const button = element('button', { type: 'button', className: 'wb-button' }, words.answer);
        fieldset.append(element('div', { className: 'wb-actions' }, button, status));

        function show(picked) {
            const right = options.every(({ right }, at) => right === picked.includes(at));
            options.forEach(({ item, input }, at) => {
                input.checked = picked.includes(at);
                item.classList.toggle('wb-picked', input.checked);
            });
            explainAll(options, true);
            section.dataset.result = right ? 'right' : 'wrong';
            status.textContent = right ? words.quizRight : words.quizWrong;
            button.textContent = words.again;
        }
        function clear() {
            options.forEach(({ item, input }) => {
                input.checked = false;
                item.classList.remove('wb-picked');
            });
            explainAll(options, false);
            delete section.dataset.result;
            status.textContent = '';
            button.textContent = words.answer;
            remember(key, null);
        }
        button.addEventListener('click', () => {
            if (section.dataset.result) {
                clear();
                options[0]?.input.focus();
                return;
            }
            const picked = options.flatMap(({ input }, at) => (input.checked ? [at] : []));
            if (picked.length === 0) {
                status.textContent = words.pickOne;
                return;
            }
            remember(key, picked);
            show(picked);
            note('quiz', id, section.querySelector('legend').textContent.trim(), section.dataset.result === 'right');
        });
        // A new choice after answering is a new attempt.
        fieldset.addEventListener('change', () => {
            if (section.dataset.result) {
                const picked = options.flatMap(({ input }, at) => (input.checked ? [at] : []));
                clear();
                picked.forEach(at => { options[at].input.checked = true; });
            }
        });
        const before = recall(key);
        if (Array.isArray(before)) {
            show(before);
        }
    }

    // The folded results between this prediction and the next one.
    function resultsOf(section) {
        const both = all('.wb-predict[data-predict], details.wb-result');
        const after = both.slice(both.indexOf(section) + 1);
        const next = after.findIndex(each => each.matches('.wb-predict'));
        return next < 0 ? after : after.slice(0, next);
    }

    // Scrolls the output to the line that begins with `scene`, instead of to its end.
    function showScene(log, scene) {
        log.normalize();
        const text = log.firstChild;
        const at = scene && text ? `\n${text.data}`.indexOf(`\n${scene}`) : -1;
        if (at >= 0) {
            const line = document.createRange();
            line.setStart(text, at);
            line.setEnd(text, at + scene.length);
            log.scrollTop += line.getBoundingClientRect().top - log.getBoundingClientRect().top - 12;
        }
    }

    // `box` has the Run button and its output; null in a static file, where only the command is shown.
    function buildPrediction(section, box) {
        const id = section.dataset.predict;
        if (!id) {
            return;
        }
        const { fieldset, options } = buildQuestion(section, id, 'radio');
        const key = `wb-predict-${id}`;
        const status = element('p', { className: 'wb-status', role: 'status' });
        const lock = element('button', { type: 'button', className: 'wb-button' }, words.lockIn);
        const forget = element('button', { type: 'button', className: 'wb-button wb-quiet', hidden: true }, words.forget);
        fieldset.append(element('div', { className: 'wb-actions' }, lock, forget, status));
        const plain = text => text.replace(/[.!?]+$/, '');
        // What the demo printed for the author stays folded until the reader has decided.
        const results = resultsOf(section);
        for (const result of results) {
            result.querySelector('summary').addEventListener('click', event => {
                if (!section.classList.contains('wb-locked') && !result.open) {
                    event.preventDefault();
                    status.textContent = words.predictFirst;
                    section.scrollIntoView({ block: 'center' });
                }
            });
        }

        function apply(choice) {
            const locked = choice !== null;
            for (const result of results) {
                result.open = locked;
            }
            options.forEach(({ item, input }, at) => {
                input.checked = at === choice;
                input.disabled = locked;
                item.classList.toggle('wb-picked', at === choice);
            });
            section.classList.toggle('wb-locked', locked);
            lock.hidden = locked;
            forget.hidden = !locked;
            if (box) {
                box.setEnabled(locked);
                status.textContent = locked ? words.locked(plain(options[choice].text)) : words.predictFirst;
            } else {
                status.textContent = locked ? words.lockedStatic : '';
                explainAll(options, locked);
            }
        }
        lock.addEventListener('click', () => {
            const choice = options.findIndex(({ input }) => input.checked);
            if (choice < 0) {
                status.textContent = words.pickOne;
                return;
            }
            remember(key, choice);
            note('prediction', id, section.querySelector('legend').textContent.trim(), options[choice].right);
            apply(choice);
            // The pressed button is gone; the next thing to press gets the focus.
            (box?.button ?? forget).focus();
        });
        forget.addEventListener('click', () => {
            remember(key, null);
            explainAll(options, false);
            apply(null);
            options[0]?.input.focus();
        });
        if (box) {
            box.onDone = () => {
                const choice = options.findIndex(({ input }) => input.checked);
                if (choice >= 0) {
                    explainAll(options, true);
                    status.textContent = words.compare(plain(options[choice].text));
                }
                showScene(box.log, section.dataset.scene);
            };
        }
        const before = recall(key);
        apply(Number.isInteger(before) && options[before] ? before : null);
    }

    return { buildQuiz, buildPrediction };
};
