// "See the wire": a running capture as a sequence picture, and the chaos dial beside it.
//
// The runner does the work; this page asks it (POST below /workbook/wire/) and draws what it tells
// (events `wire` and `state`). workbook.js has the connection and the token, and calls this. Without
// a runner nothing here runs: the page keeps its commands for the terminal.
//
// Layout: words | the parts of the page | what to watch | calls and addresses | the dial | what the
// programs say | news from the runner. The picture itself is in wire-picture.js, a capture as a file in wire-file.js.
'use strict';

window.workbookWire = ({ element, post, boxes }) => {
    // Every word that this script shows. A translation of the book replaces this object.
    const words = {
        watch: 'What to watch',
        lesson: ({ number, title }) => `Lesson ${String(number).padStart(2, '0')}: ${title}`,
        own: 'A server of your own',
        port: 'Its port on 127.0.0.1',
        view: 'Read it as',
        start: 'Start',
        stop: 'Stop',
        phases: {
            idle: 'Nothing is running.',
            building: 'Building. The first time this takes a while.',
            starting: 'Starting the programs.',
            running: 'Running.',
        },
        stopping: 'Stopping …',
        underWay: number => (number === 1 ? 'One call is under way.' : `${number} calls are under way.`),
        calls: 'Calls',
        address: (wire, server) => [`The wire listens on `, wire, ` and passes everything on to `, server, `.`],
        terminal: 'The same calls from a second terminal',
        ownClient: wire => `Send your client to ${wire}.`,
        dial: 'Chaos dial',
        dialOff: 'The dial works while a capture is running.',
        split: 'Split: all leaves in small pieces',
        delay: 'Delay: each chunk is held',
        milliseconds: number => (number === 0 ? 'not at all' : `${number} ms`),
        cut: 'Cut: reset the connection',
        cutAfter: 'after how many bytes',
        halfClose: 'Half-close: tell the server that the client has finished',
        behave: 'Behave again',
        leftOut: number => (number === 1 ? 'One event was left out: they came too fast.' : `${number} events were left out: they came too fast.`),
        programs: 'What the programs say',
        cannot: 'The runner cannot tell what there is to watch.',
    };
    // Lines of the programs that are kept, and rows that wait for the first answer of the runner.
    const LINES = 200;
    const EARLY = 300;
    const VIEWS = ['bytes', 'lines', 'frames', 'json-rpc', 'protobuf', 'http', 'grpc', 'resp'];

    let ui = null;
    let picture = null;
    let file = null;
    let lessons = [];
    let state = { capture: 0, phase: 'idle' };

    // ---------------------------------------------------------------- the parts of the page

    function build(section) {
        const place = section.querySelector('.wb-live');
        if (ui) {
            // A new version of the text: the picture moves over to it.
            place.replaceWith(ui.place);
            section.querySelector('.wire-static')?.remove();
            return;
        }
        section.querySelector('.wire-static')?.remove();
        ui = { place };
        picture = window.workbookWirePicture({ element, button, isRunning: () => state.phase === 'running' });
        file = window.workbookWireFile({
            element, button, enable,
            describe: () => ({ lesson: state.lesson, view: ui.view.value }),
            begin: () => { picture.clear(); ui.log.textContent = ''; },
            show: draw,
        });
        place.append(
            drawChoice(),
            drawCalls(),
            element('div', { className: 'wire-columns' }, picture.place, element('div', { className: 'wire-side' }, drawDial(), picture.detail)),
            file.place,
            drawPrograms(),
        );
        // renew.js keeps the places of all boxes; this one has no job of its own.
        boxes.set('wire', { kind: 'wire', target: '', section, place, job: null });
        refresh();
    }

    const button = (label, className, onClick) => {
        const node = element('button', { type: 'button', className: `wb-button ${className}`.trim() }, label);
        node.addEventListener('click', () => {
            if (node.getAttribute('aria-disabled') !== 'true') {
                onClick(node);
            }
        });
        return node;
    };
    // aria-disabled, not disabled: the focus stays where it is.
    const enable = (node, enabled) => (enabled ? node.removeAttribute('aria-disabled') : node.setAttribute('aria-disabled', 'true'));
    const field = (label, input, ...more) => element('div', { className: 'wire-field' }, element('label', { htmlFor: input.id }, label), input, ...more);

    async function ask(path) {
        const answer = await post(`/workbook/wire/${path}`);
        if (!answer.ok) {
            ui.status.textContent = answer.words;
        }
        return answer.ok;
    }

    // ---------------------------------------------------------------- what to watch

    function drawChoice() {
        ui.subject = element('select', { id: 'wire-subject' });
        ui.port = element('input', { id: 'wire-port', type: 'number', min: '1', max: '65535', value: '8080', inputMode: 'numeric' });
        ui.view = element('select', { id: 'wire-view' }, ...VIEWS.map(view => element('option', { value: view }, view)));
        ui.own = field(words.port, ui.port);
        ui.subject.addEventListener('change', () => showSubject());
        ui.start = button(words.start, '', () => {
            const lesson = ui.subject.value;
            const what = lesson === 'own' ? `own/${encodeURIComponent(ui.port.value || '0')}` : `start/${encodeURIComponent(lesson)}`;
            ask(`${what}/${ui.view.value}`);
        });
        ui.stop = button(words.stop, 'wb-quiet', async () => {
            if (await ask('stop')) {
                ui.status.textContent = words.stopping;
            }
        });
        ui.status = element('p', { className: 'wb-status', role: 'status' });
        return element('div', { className: 'wire-choice' },
            field(words.watch, ui.subject),
            ui.own,
            field(words.view, ui.view),
            element('div', { className: 'wb-actions' }, ui.start, ui.stop, ui.status));
    }

    function fillChoice() {
        const chosen = state.phase === 'idle' ? ui.subject.value : state.lesson ?? 'own';
        ui.subject.replaceChildren(
            ...lessons.map(lesson => element('option', { value: lesson.id }, words.lesson(lesson))),
            element('option', { value: 'own' }, words.own),
        );
        if ([...ui.subject.options].some(option => option.value === chosen)) {
            ui.subject.value = chosen;
        }
        showSubject(state.phase === 'idle' ? null : state.view);
    }

    // A chapter links to its own lesson: `wire.html?lesson=02-rpc`.
    function chooseLinked() {
        const lesson = new URLSearchParams(location.search).get('lesson');
        if (state.phase === 'idle' && lessons.some(({ id }) => id === lesson)) {
            ui.subject.value = lesson;
            showSubject();
        }
    }

    // A lesson brings its own view; another one shows the same calls at another layer.
    function showSubject(view = null) {
        const lesson = lessons.find(({ id }) => id === ui.subject.value);
        ui.own.hidden = ui.subject.value !== 'own';
        const wanted = view ?? lesson?.view;
        if (wanted) {
            ui.view.value = wanted;
        }
    }

    // ---------------------------------------------------------------- calls and addresses

    function drawCalls() {
        ui.callButtons = element('div', { className: 'wb-actions', role: 'group', 'aria-label': words.calls });
        ui.address = element('p', { className: 'wire-address' });
        ui.commands = element('pre', { tabIndex: 0, role: 'group', 'aria-label': words.terminal });
        ui.terminal = element('details', {}, element('summary', {}, words.terminal), ui.commands);
        ui.calls = element('div', { className: 'wire-calls', hidden: true }, ui.callButtons, ui.address, ui.terminal);
        return ui.calls;
    }

    function showCalls() {
        const running = state.phase === 'running';
        ui.calls.hidden = !running;
        if (!running || ui.callsOf === state.capture) {
            return;
        }
        ui.callsOf = state.capture;
        const lesson = lessons.find(({ id }) => id === state.lesson);
        ui.callButtons.replaceChildren(...(lesson?.calls ?? []).map((title, at) => {
            const node = button(title, '', () => ask(`call/${at}`));
            node.dataset.call = String(at);
            return node;
        }));
        ui.address.replaceChildren(...words.address(state.wire, state.server).map((part, at) => (at % 2 ? element('code', {}, part) : part)));
        if (!lesson) {
            ui.address.append(` ${words.ownClient(state.wire)}`);
        }
        ui.terminal.hidden = state.commands.length === 0;
        ui.commands.textContent = state.commands.join('\n');
    }

    // ---------------------------------------------------------------- the dial

    function drawDial() {
        const tick = (id, label, ...more) => {
            const input = element('input', { id, type: 'checkbox' });
            return [input, element('div', { className: 'wire-tick' }, input, element('label', { htmlFor: id }, label), ...more)];
        };
        const [split, splitRow] = tick('wire-split', words.split);
        const [cut, cutRow] = tick('wire-cut', words.cut);
        const [halfClose, halfCloseRow] = tick('wire-half-close', words.halfClose);
        const delay = element('input', { id: 'wire-delay', type: 'range', min: '0', max: '2000', step: '50', value: '0' });
        const shown = element('output', { htmlFor: 'wire-delay' }, words.milliseconds(0));
        const bytes = element('input', { id: 'wire-cut-after', type: 'number', min: '1', max: '1000000', value: '12', inputMode: 'numeric' });
        const behave = button(words.behave, 'wb-quiet', () => setDial({ split: false, delay: 0, cut_after: 0, half_close: false }));
        ui.dialHint = element('p', { className: 'wire-hint' }, words.dialOff);
        ui.dial = element('fieldset', { className: 'wire-dial', disabled: true },
            element('legend', {}, words.dial),
            ui.dialHint,
            splitRow,
            field(words.delay, delay, shown),
            cutRow,
            field(words.cutAfter, bytes),
            halfCloseRow,
            behave);
        Object.assign(ui, { split, cut, halfClose, delay, bytes, shown });
        delay.addEventListener('input', () => { shown.textContent = words.milliseconds(Number(delay.value)); });
        for (const input of [split, cut, halfClose, delay, bytes]) {
            input.addEventListener('input', () => {
                if (input !== bytes || cut.checked) {
                    turnSoon();
                }
            });
        }
        return ui.dial;
    }

    // A slider tells each step on its way; the wire hears where it came to rest.
    let turning = null;
    function turnSoon() {
        clearTimeout(turning);
        turning = setTimeout(async () => {
            await ask(`chaos/${dialWords()}`);
            turning = null;
        }, 200);
    }

    function dialWords() {
        const { split, cut, halfClose, delay, bytes } = ui;
        const after = Math.min(1_000_000, Math.max(1, Math.round(Number(bytes.value) || 1)));
        return [
            split.checked && 'split',
            Number(delay.value) > 0 && `delay=${delay.value}ms`,
            cut.checked && `cut-after=${after}`,
            halfClose.checked && 'half-close',
        ].filter(Boolean).join(',') || 'none';
    }

    function setDial(dial) {
        showDial(dial);
        turnSoon();
    }

    function showDial({ split, delay, cut_after: cutAfter, half_close: halfClose }) {
        ui.split.checked = split;
        ui.delay.value = String(delay);
        ui.shown.textContent = words.milliseconds(delay);
        ui.cut.checked = cutAfter > 0;
        if (cutAfter > 0) {
            ui.bytes.value = String(cutAfter);
        }
        ui.halfClose.checked = halfClose;
    }

    // ---------------------------------------------------------------- what the programs say

    function drawPrograms() {
        ui.log = element('pre', { className: 'wb-log', tabIndex: 0, role: 'log', 'aria-label': words.programs });
        ui.programs = element('div', { className: 'wire-programs', hidden: true }, element('p', { className: 'wire-title' }, words.programs), ui.log);
        return ui.programs;
    }

    function said({ who = '', text }) {
        const { log } = ui;
        const follow = log.scrollTop + log.clientHeight > log.scrollHeight - 30;
        ui.programs.hidden = false;
        log.append(`${who.padEnd(7)} ${text}\n`);
        while (log.childNodes.length > LINES) {
            log.firstChild.remove();
        }
        if (follow) {
            log.scrollTop = log.scrollHeight;
        }
    }

    // ---------------------------------------------------------------- news from the runner

    // capture: whose rows are shown; last: the number of the last one heard.
    const seen = { capture: 0, last: 0 };
    let loaded = false;
    let early = [];

    async function refresh() {
        if (!ui) {
            return;
        }
        loaded = false;
        try {
            const reply = await fetch('/workbook/wire', { cache: 'no-store' });
            const all = await reply.json();
            if (!reply.ok) {
                throw new Error(all.error);
            }
            lessons = all.lessons;
            // A runner that was started again counts its captures from the beginning.
            seen.capture = 0;
            ui.callsOf = null;
            newState(all.state);
            fillChoice();
            chooseLinked();
            all.rows.forEach(row => hear(row, true));
        } catch {
            ui.status.textContent = words.cannot;
        }
        loaded = true;
        early.splice(0).forEach(row => hear(row));
    }

    function row(row) {
        if (!ui) {
            return;
        }
        if (loaded) {
            hear(row);
        } else if (early.length < EARLY) {
            early.push(row);
        }
    }

    // `kept`: from what the runner still has; what is missing there is old, and not left out.
    function hear(row, kept = false) {
        if (row.capture < seen.capture || (row.capture === seen.capture && row.n <= seen.last)) {
            return;
        }
        if (row.capture !== seen.capture) {
            seen.capture = row.capture;
            seen.last = 0;
            picture.clear();
            file.clear();
            ui.log.textContent = '';
        } else if (row.n > seen.last + 1 && kept) {
            picture.missing(row.n - seen.last - 1);
        } else if (row.n > seen.last + 1) {
            picture.put({ kind: 'left-out', says: words.leftOut(row.n - seen.last - 1), tone: 'wrong' });
        }
        seen.last = row.n;
        const shown = row.kind === 'left-out' ? { kind: 'left-out', says: words.leftOut(row.count), tone: 'wrong' } : row;
        file.keep(shown);
        draw(shown);
    }

    function draw(row) {
        if (row.kind === 'said') {
            said(row);
        } else {
            picture.put(row);
        }
    }

    function newState(fresh) {
        if (!ui || !fresh) {
            return;
        }
        const same = state.capture === fresh.capture && state.phase === fresh.phase;
        const chosen = state.capture === fresh.capture;
        state = fresh;
        const busy = state.phase !== 'idle';
        const running = state.phase === 'running';
        enable(ui.start, !busy);
        enable(ui.stop, busy);
        ui.subject.disabled = busy;
        ui.port.disabled = busy;
        ui.view.disabled = busy;
        if (!chosen && lessons.length) {
            fillChoice();
        }
        ui.dial.disabled = !running;
        ui.dialHint.hidden = running;
        if (turning === null) {
            showDial(state.dial);
        }
        const doing = running && state.calls > 0 ? ` ${words.underWay(state.calls)}` : '';
        if (!same || running) {
            ui.status.textContent = (state.why ?? words.phases[state.phase]) + doing;
        }
        ui.place.classList.toggle('wire-busy', state.phase === 'building' || state.phase === 'starting');
        ui.place.dataset.phase = state.phase;
        showCalls();
        picture.showState();
    }

    return { build, row, state: newState, refresh };
};
