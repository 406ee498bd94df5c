// The page "Your own service": a Check button for each stage, and which stages have passed, also in the picture.
//
// workbook.js has the connection to the runner and passes the state on; jobs.js has the buttons and their output.
'use strict';

window.workbookOwn = ({ all, element, labels, jobBox }) => {
    const words = { passed: 'passed', open: 'open' };
    labels.own = {
        first: 'Check',
        again: 'Check again',
        busy: 'Checking …',
        ended: 'The verdict is below.',
        failed: 'Not passed. The verdict is below.',
    };

    function build(section) {
        const box = jobBox(section, 'own', section.dataset.stage);
        if (!box.mark) {
            box.mark = element('span', { className: 'wb-stage-state' });
            box.stop.after(box.mark);
        }
    }

    function show(stages) {
        const passed = new Set(stages.filter(stage => stage.passed).map(stage => stage.id));
        for (const part of all('[data-stage-id]')) {
            const is = passed.has(part.dataset.stageId);
            part.dataset.passed = String(is);
            const mark = part.querySelector('.wb-stage-state') ?? part.appendChild(element('span', { className: 'wb-stage-state' }));
            const text = is ? `✓ ${words.passed}` : words.open;
            if (mark.textContent !== text) {
                mark.textContent = text;
            }
        }
    }

    return { build, show };
};
