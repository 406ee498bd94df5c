// "See the wire": a running capture as a sequence picture, and the chaos dial beside it.
//
// The runner does the work; this page asks it (POST below /workbook/wire/) and draws what it tells
// (events `wire` and `state`). workbook.js has the connection and the token, and calls this. Without
// a runner nothing here runs: the page keeps its commands for the terminal.
//
// Layout: words | the parts of the page | what to watch | calls and addresses | the dial | rows of the
// picture | the detail of one row | news from the runner.
'use strict';

window.workbookWire = ({ element, post, boxes }) => {
    // Every word that this script shows. A translation of the book replaces this object.
    const words = {
        watch: 'What to watch',
        lesson: ({ number, title, view }) => `Lesson ${String(number).padStart(2, '0')}: ${title} (as ${view})`,
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
        picture: 'What crosses the wire',
        client: 'client',
        server: 'server',
        time: 'time',
        empty: 'Nothing has crossed yet. Make a call.',
        emptyIdle: 'Start a capture, then make a call.',
        pause: 'Pause',
        goOn: 'Go on',
        waiting: number => `Paused. ${number} more are waiting.`,
        clear: 'Clear',
        older: number => (number === 1 ? 'One earlier event is no longer shown.' : `${number} earlier events are no longer shown.`),
        leftOut: number => (number === 1 ? 'One event was left out: they came too fast.' : `${number} events were left out: they came too fast.`),
        later: time => `${time} later`,
        count: (number, last) => (number === 1 ? `1 event. ${last}` : `${number} events. The last: ${last}`),
        seconds: seconds => `${seconds.toFixed(4)} s`,
        connection: number => `connection ${number}`,
        ways: { 'client-to-server': 'client to server', 'server-to-client': 'server to client' },
        detail: 'Detail',
        pick: 'Pick an arrow to see its bytes. With the keyboard: the arrow keys move, Enter comes here, Escape goes back.',
        bytes: 'Bytes',
        more: number => `and ${number} more bytes`,
        text: 'As text',
        programs: 'What the programs say',
        layers: {
            connection: 'the connection itself',
            bytes: 'bytes, lines, frames',
            json: 'JSON-RPC',
            http: 'HTTP',
            message: 'gRPC and protobuf',
            chaos: 'the wire’s own doing',
        },
        legend: 'Colours',
        cannot: 'The runner cannot tell what there is to watch.',
    };
    // Rows in the picture, and lines of the programs.
    const ROWS = 300;
    const LINES = 200;
    const VIEWS = ['bytes', 'lines', 'frames', 'json-rpc', 'protobuf', 'http', 'grpc'];

    let ui = null;
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
        const picture = drawPicture();
        const side = element('div', { className: 'wire-side' }, drawDial(), drawDetail());
        place.append(
            drawChoice(),
            drawCalls(),
            element('div', { className: 'wire-columns' }, picture, side),
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
        ui.own = element('div', { className: 'wire-own', hidden: true }, field(words.port, ui.port), field(words.view, ui.view));
        ui.subject.addEventListener('change', () => { ui.own.hidden = ui.subject.value !== 'own'; });
        ui.start = button(words.start, '', () => {
            const lesson = ui.subject.value;
            ask(lesson === 'own' ? `own/${encodeURIComponent(ui.port.value || '0')}/${ui.view.value}` : `start/${encodeURIComponent(lesson)}`);
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
        ui.own.hidden = ui.subject.value !== 'own';
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

    // ---------------------------------------------------------------- rows of the picture

    // capture: whose rows are shown; last: the number of the last one heard.
    const seen = { capture: 0, last: 0 };
    let queue = [];
    let skipped = 0;
    let older = 0;
    let total = 0;
    let before = null;
    let paused = false;
    let drawing = false;

    function drawPicture() {
        ui.rows = element('ol', { className: 'wire-rows', 'aria-label': words.picture });
        ui.older = element('p', { className: 'wire-hint', hidden: true });
        ui.empty = element('p', { className: 'wire-empty' }, words.emptyIdle);
        ui.count = element('p', { className: 'wb-status', role: 'status' });
        ui.pause = button(words.pause, 'wb-quiet', () => {
            paused = !paused;
            ui.pause.textContent = paused ? words.goOn : words.pause;
            draw();
        });
        const clear = button(words.clear, 'wb-quiet', clearRows);
        ui.scroll = element('div', { className: 'wire-scroll' }, ui.older, ui.rows, ui.empty);
        ui.rows.addEventListener('keydown', move);
        const legend = element('ul', { className: 'wire-legend', 'aria-label': words.legend },
            ...Object.entries(words.layers).map(([layer, name]) => {
                const item = element('li', {}, name);
                item.dataset.layer = layer;
                return item;
            }));
        return element('div', { className: 'wire-picture' },
            element('div', { className: 'wire-head', 'aria-hidden': 'true' },
                element('span', { className: 'wire-head-time' }, words.time),
                element('span', {}, words.client),
                element('span', {}, words.server)),
            ui.scroll,
            element('div', { className: 'wb-actions' }, ui.pause, clear, ui.count),
            legend);
    }

    function clearRows() {
        queue = [];
        skipped = 0;
        older = 0;
        total = 0;
        before = null;
        ui.rows.replaceChildren();
        ui.count.textContent = '';
        showDetail(null);
        showOlder();
    }

    function showOlder() {
        ui.older.hidden = older === 0;
        ui.older.textContent = older ? words.older(older) : '';
        ui.empty.hidden = ui.rows.childNodes.length > 0;
        ui.empty.textContent = state.phase === 'running' ? words.empty : words.emptyIdle;
    }

    // Into the picture soon: many rows are drawn together, and none while it is paused.
    function put(row) {
        queue.push(row);
        total += 1;
        while (queue.length > ROWS) {
            queue.shift();
            skipped += 1;
        }
        if (!drawing) {
            drawing = true;
            setTimeout(() => { drawing = false; draw(); }, 30);
        }
    }

    function draw() {
        if (paused) {
            ui.count.textContent = words.waiting(queue.length + skipped);
            return;
        }
        if (queue.length === 0 && skipped === 0) {
            tellCount();
            return;
        }
        const { scroll, rows } = ui;
        const follow = scroll.scrollTop + scroll.clientHeight > scroll.scrollHeight - 40;
        older += skipped;
        skipped = 0;
        for (const row of queue.splice(0)) {
            rows.append(drawRow(row));
        }
        while (rows.childNodes.length > ROWS) {
            const first = rows.firstChild;
            // Never take away what somebody is looking at with the keyboard.
            if (first.contains(document.activeElement)) {
                rows.children[1].querySelector('button')?.focus();
            }
            first.remove();
            older += 1;
        }
        if (!rows.querySelector('button[tabindex="0"]')) {
            rows.querySelector('button')?.setAttribute('tabindex', '0');
        }
        showOlder();
        if (follow) {
            scroll.scrollTop = scroll.scrollHeight;
        }
        tellCount();
    }

    // A screen reader hears how it stands, not each of a hundred rows: once a second at most.
    let telling = null;
    function tellCount() {
        telling ??= setTimeout(() => {
            telling = null;
            const last = ui.rows.lastChild?.querySelector('.wire-says')?.textContent;
            if (!paused) {
                ui.count.textContent = last ? words.count(total, last) : '';
            }
        }, 1000);
    }

    function layerOf({ event, kind }) {
        if (kind === 'left-out' || /^(listening|chaos|control-error|dropped|warning|summary|cut|half-close|thrown-away|reflection)$/.test(event)) {
            return 'chaos';
        }
        if (/^(connected|closed|fin|reset|unreachable|turned-away|accept-failed|tls|encrypted)$/.test(event)) {
            return 'connection';
        }
        if (/^(json|outside)/.test(event)) {
            return 'json';
        }
        if (/^(grpc|protobuf)/.test(event)) {
            return 'message';
        }
        return /^(http|h2|headers|not-http|stray)/.test(event) ? 'http' : 'bytes';
    }

    const milliseconds = time => (time < 1000 ? `${Math.round(time)} ms` : `${(time / 1000).toFixed(1)} s`);

    function drawRow(row) {
        const item = element('li');
        const flow = element('span', { className: 'wire-flow' }, element('span', { className: 'wire-says' }, row.says ?? row.event ?? ''));
        flow.append(element('span', { className: 'wire-arrow' }));
        if (row.note) {
            flow.append(element('span', { className: 'wire-note' }, row.note));
        }
        const node = element('button', { type: 'button', className: 'wire-row', tabIndex: -1 });
        node.dataset.layer = layerOf(row);
        node.dataset.event = row.event ?? row.kind;
        node.dataset.way = row.dir ?? 'none';
        node.dataset.tone = row.tone ?? 'good';
        const time = row.time_us / 1e6;
        node.append(element('span', { className: 'wire-time' }, Number.isFinite(time) ? words.seconds(time) : ''));
        const connection = element('span', { className: 'wire-connection' });
        if (row.conn) {
            connection.dataset.turn = String(row.conn % 4);
            connection.append(element('span', { 'aria-hidden': 'true' }, `#${row.conn}`), element('span', { className: 'visually-hidden' }, `, ${words.connection(row.conn)}, `));
        }
        if (row.dir) {
            connection.append(element('span', { className: 'visually-hidden' }, `${words.ways[row.dir] ?? row.dir}: `));
        }
        node.append(connection, flow);
        node.addEventListener('click', event => {
            select(node, row);
            // Enter, not the mouse: whoever works with keys goes on reading there.
            if (event.detail === 0) {
                ui.detail.focus();
            }
        });
        node.addEventListener('focus', () => select(node, row));
        const gap = before === null || !Number.isFinite(time) ? 0 : (time - before) * 1000;
        if (Number.isFinite(time)) {
            before = time;
        }
        if (gap >= 40) {
            const pause = element('span', { className: 'wire-gap' }, words.later(milliseconds(gap)));
            pause.dataset.length = gap >= 1000 ? 'long' : gap >= 200 ? 'middle' : 'short';
            item.append(pause);
        }
        item.append(node);
        return item;
    }

    // One row takes the Tab key; the arrow keys go from row to row.
    function select(node, row) {
        for (const other of ui.rows.querySelectorAll('button[tabindex="0"], button[aria-current]')) {
            if (other !== node) {
                other.tabIndex = -1;
                other.removeAttribute('aria-current');
            }
        }
        node.tabIndex = 0;
        node.setAttribute('aria-current', 'true');
        ui.selected = node;
        showDetail(row);
    }

    function move(event) {
        const nodes = [...ui.rows.querySelectorAll('.wire-row')];
        const at = nodes.indexOf(document.activeElement);
        const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: nodes.length - 1, PageDown: at + 10, PageUp: at - 10 }[event.key];
        if (to === undefined || at < 0 || event.altKey || event.ctrlKey || event.metaKey) {
            return;
        }
        event.preventDefault();
        nodes[Math.min(nodes.length - 1, Math.max(0, to))].focus();
    }

    // ---------------------------------------------------------------- the detail of one row

    function drawDetail() {
        ui.detailBody = element('div', { className: 'wire-detail-body' });
        ui.detail = element('div', { className: 'wire-detail', tabIndex: -1, role: 'group', 'aria-labelledby': 'wire-detail-title' },
            element('p', { className: 'wire-title', id: 'wire-detail-title' }, words.detail), ui.detailBody);
        ui.detail.addEventListener('keydown', event => {
            if (event.key === 'Escape' && ui.selected?.isConnected) {
                event.preventDefault();
                ui.selected.focus();
            }
        });
        showDetail(null);
        return ui.detail;
    }

    const SHOWN_ELSEWHERE = new Set(['capture', 'n', 'kind', 'time_us', 'conn', 'dir', 'event', 'says', 'note', 'tone', 'hex', 'text', 'left_out', 'len']);

    function showDetail(row) {
        if (!row) {
            ui.detailBody.replaceChildren(element('p', { className: 'wire-hint' }, words.pick));
            return;
        }
        const parts = [element('p', { className: 'wire-detail-says' }, row.says ?? row.event ?? '')];
        if (row.note) {
            parts.push(element('p', { className: 'wire-hint' }, row.note));
        }
        const where = [
            Number.isFinite(row.time_us) && words.seconds(row.time_us / 1e6),
            row.conn && words.connection(row.conn),
            row.dir && words.ways[row.dir],
            Number.isFinite(row.len) && `${row.len} bytes`,
        ].filter(Boolean).join(', ');
        parts.push(element('p', { className: 'wire-where' }, where));
        const facts = [];
        const beforeFacts = parts.length;
        for (const [name, value] of Object.entries(row)) {
            if (SHOWN_ELSEWHERE.has(name) || value === null || value === '') {
                continue;
            }
            if (isPairs(value)) {
                parts.push(element('p', { className: 'wire-title' }, name.replaceAll('_', ' ')), factList(value));
            } else if (typeof value === 'object') {
                parts.push(listing(name.replaceAll('_', ' '), JSON.stringify(value, null, 2)));
            } else {
                facts.push([name.replaceAll('_', ' '), value]);
            }
        }
        if (facts.length) {
            parts.splice(beforeFacts, 0, factList(facts));
        }
        if (row.hex) {
            const more = row.left_out > 0 ? `\n… ${words.more(row.left_out)}` : '';
            parts.push(listing(words.bytes, `${hexDump(row.hex)}${more}`));
        }
        if (row.text && !row.message) {
            parts.push(listing(words.text, row.text));
        }
        ui.detailBody.replaceChildren(...parts);
    }

    const isPairs = value => Array.isArray(value) && value.length > 0 && value.every(pair => Array.isArray(pair) && pair.length === 2);
    const factList = pairs => element('dl', { className: 'wire-facts' }, ...pairs.map(([name, value]) =>
        element('div', {}, element('dt', {}, String(name)), element('dd', {}, String(value)))));

    const listing = (name, text) => element('figure', {},
        element('figcaption', {}, name),
        element('pre', { tabIndex: 0, role: 'group', 'aria-label': name }, text));

    function hexDump(hex) {
        const bytes = hex.split(/\s+/).filter(pair => /^[0-9a-f]{2}$/i.test(pair));
        const lines = [];
        for (let at = 0; at < bytes.length; at += 8) {
            const some = bytes.slice(at, at + 8);
            const text = some.map(pair => parseInt(pair, 16)).map(byte => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '.')).join('');
            lines.push(`${String(at).padStart(3)}  ${some.join(' ').padEnd(23)}  ${text}`);
        }
        return lines.join('\n');
    }

    // ---------------------------------------------------------------- what the programs say

    function drawPrograms() {
        ui.log = element('pre', { className: 'wb-log', tabIndex: 0, role: 'log', 'aria-label': words.programs });
        ui.programs = element('div', { className: 'wire-programs', hidden: true }, element('p', { className: 'wire-title' }, words.programs), ui.log);
        return ui.programs;
    }

    function said({ who, text }) {
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
            seen.capture = 0;
            newState(all.state);
            fillChoice();
            all.rows.forEach(hear);
        } catch {
            ui.status.textContent = words.cannot;
        }
        loaded = true;
        early.splice(0).forEach(hear);
    }

    function row(row) {
        if (!ui) {
            return;
        }
        if (loaded) {
            hear(row);
        } else if (early.length < ROWS) {
            early.push(row);
        }
    }

    function hear(row) {
        if (row.capture < seen.capture || (row.capture === seen.capture && row.n <= seen.last)) {
            return;
        }
        if (row.capture !== seen.capture) {
            seen.capture = row.capture;
            seen.last = 0;
            clearRows();
            ui.log.textContent = '';
        } else if (row.n > seen.last + 1) {
            put({ kind: 'left-out', says: words.leftOut(row.n - seen.last - 1), tone: 'wrong' });
        }
        seen.last = row.n;
        if (row.kind === 'said') {
            said(row);
        } else if (row.kind === 'left-out') {
            put({ kind: 'left-out', says: words.leftOut(row.count), tone: 'wrong' });
        } else {
            put(row);
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
        showOlder();
    }

    return { build, row, state: newState, refresh };
};
