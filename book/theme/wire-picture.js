// "See the wire": the sequence picture. Client left, server right, time runs down, an arrow for each
// thing that left the wire.
//
// The picture is a list of buttons, not a drawing: it can be read aloud, and one Tab stop with the
// arrow keys is enough for hundreds of rows. wire.js puts rows in, wire-detail.js shows the one picked.
'use strict';

window.workbookWirePicture = ({ element, button, isRunning }) => {
    // Every word that this script shows. A translation of the book replaces this object.
    const words = {
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
        quiet: 'Hide housekeeping',
        older: number => (number === 1 ? 'One earlier event is no longer shown.' : `${number} earlier events are no longer shown.`),
        later: time => `${time} later`,
        count: (number, last) => (number === 1 ? `1 event. ${last}` : `${number} events. The last: ${last}`),
        seconds: seconds => `${seconds.toFixed(4)} s`,
        connection: number => `connection ${number}`,
        ways: { 'client-to-server': 'client to server', 'server-to-client': 'server to client' },
        layers: {
            connection: 'the connection itself',
            bytes: 'bytes, lines, frames',
            json: 'JSON-RPC, Redis',
            http: 'HTTP',
            message: 'gRPC and protobuf',
            chaos: 'the wire’s own doing',
        },
        legend: 'Colours',
    };
    // So many are kept; older ones are counted.
    const ROWS = 300;
    const ui = {};
    const detail = window.workbookWireDetail({ element, common: { seconds: words.seconds, connection: words.connection, ways: words.ways } });

    // Rows that wait to be drawn, those that never will be, those that were, all that came.
    let queue = [];
    let skipped = 0;
    let older = 0;
    let total = 0;
    // The time of the last row drawn, in seconds.
    let before = null;
    let paused = false;
    let drawing = false;

    function draw() {
        ui.rows = element('ol', { className: 'wire-rows', 'aria-label': words.picture });
        ui.older = element('p', { className: 'wire-hint', hidden: true });
        ui.empty = element('p', { className: 'wire-empty' }, words.emptyIdle);
        ui.count = element('p', { className: 'wb-status', role: 'status' });
        ui.pause = button(words.pause, 'wb-quiet', () => {
            paused = !paused;
            ui.pause.textContent = paused ? words.goOn : words.pause;
            flush();
        });
        const empty = button(words.clear, 'wb-quiet', clear);
        ui.scroll = element('div', { className: 'wire-scroll' }, ui.older, ui.rows, ui.empty);
        ui.rows.addEventListener('keydown', move);
        const quiet = element('input', { id: 'wire-quiet', type: 'checkbox' });
        quiet.addEventListener('change', () => ui.rows.classList.toggle('wire-no-quiet', quiet.checked));
        const hide = element('span', { className: 'wire-tick' }, quiet, element('label', { htmlFor: 'wire-quiet' }, words.quiet));
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
            element('div', { className: 'wb-actions' }, ui.pause, empty, hide, ui.count),
            legend);
    }

    function clear() {
        queue = [];
        skipped = 0;
        older = 0;
        total = 0;
        before = null;
        ui.rows.replaceChildren();
        ui.count.textContent = '';
        detail.show(null);
        showOlder();
    }

    function showOlder() {
        ui.older.hidden = older === 0;
        ui.older.textContent = older ? words.older(older) : '';
        ui.empty.hidden = ui.rows.childNodes.length > 0;
        ui.empty.textContent = isRunning() ? words.empty : words.emptyIdle;
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
            setTimeout(() => { drawing = false; flush(); }, 30);
        }
    }

    function flush() {
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
        if (/^(json|outside|resp)/.test(event)) {
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
                detail.place.focus();
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
        detail.show(row);
    }

    function move(event) {
        const nodes = [...ui.rows.querySelectorAll('.wire-row')].filter(node => node.getClientRects().length);
        const at = nodes.indexOf(document.activeElement);
        const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: nodes.length - 1, PageDown: at + 10, PageUp: at - 10 }[event.key];
        if (to === undefined || at < 0 || event.altKey || event.ctrlKey || event.metaKey) {
            return;
        }
        event.preventDefault();
        nodes[Math.min(nodes.length - 1, Math.max(0, to))].focus();
    }

    detail.place.addEventListener('keydown', event => {
        if (event.key === 'Escape' && ui.selected?.isConnected) {
            event.preventDefault();
            ui.selected.focus();
        }
    });

    return {
        place: draw(),
        detail: detail.place,
        put,
        clear,
        // The runner or the page had no room for so many; the picture begins after them.
        missing: number => { older += number; showOlder(); },
        showState: showOlder,
    };
};
