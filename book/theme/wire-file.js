// "See the wire": a capture as a file, to keep it, to send it to another person, or to look at it again.
//
// wire.js tells each row that it shows. A file that is opened is drawn in the same picture, at once or at the pace in which
// it was recorded. It is read in the browser alone, and nothing of it reaches the runner.
'use strict';

window.workbookWireFile = ({ element, button, enable, describe, begin, show }) => {
    // Every word that this script shows. A translation of the book replaces this object.
    const words = {
        file: 'This capture as a file',
        save: 'Save',
        open: 'Open a file',
        replay: 'Replay',
        name: lesson => `capture-${lesson ?? 'own'}.json`,
        opened: (name, count) => `${name}: ${count === 1 ? 'one event' : `${count} events`}, from a file.`,
        tooLarge: name => `${name} is larger than 4 MB: no capture of this page is.`,
        notOne: name => `${name} is no capture of this page.`,
        replayed: 'The replay has ended.',
        replaying: 'Replaying. A pause takes one second at most.',
    };
    const LARGEST = 4 * 1024 * 1024;
    // So many rows are kept; older ones are left out of the file.
    const ROWS = 2000;
    const LONGEST_PAUSE = 1000;
    // What a row can have, and of what type; everything else in a file is left out.
    const FIELDS = {
        kind: 'string', event: 'string', says: 'string', note: 'string', dir: 'string', tone: 'string', hex: 'string', message: 'string', text: 'string', who: 'string',
        time_us: 'number', conn: 'number', len: 'number', left_out: 'number',
    };

    let rows = [];
    let timer = null;

    const input = element('input', { type: 'file', accept: '.json,application/json', hidden: true });
    const status = element('p', { className: 'wb-status', role: 'status' });
    const save = button(words.save, 'wb-quiet', () => {
        const { lesson, view } = describe();
        const text = JSON.stringify({ capture: 'sockets-to-services', version: 1, lesson, view, rows });
        const url = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
        const link = element('a', { href: url, download: words.name(lesson) });
        link.click();
        setTimeout(() => URL.revokeObjectURL(url), 10_000);
    });
    const replay = button(words.replay, 'wb-quiet', () => play());
    const open = button(words.open, 'wb-quiet', () => input.click());
    input.addEventListener('change', () => input.files[0] && read(input.files[0]));
    enable(save, false);
    enable(replay, false);

    /** A row that the picture shows now. */
    function keep(row) {
        rows.push(row);
        rows.splice(0, rows.length - ROWS);
        enable(save, true);
        enable(replay, true);
    }

    /** Another capture begins. */
    function clear() {
        clearTimeout(timer);
        rows = [];
        status.textContent = '';
        enable(save, false);
        enable(replay, false);
    }

    async function read(file) {
        input.value = '';
        if (file.size > LARGEST) {
            status.textContent = words.tooLarge(file.name);
            return;
        }
        let found = null;
        try {
            found = JSON.parse(await file.text());
        } catch {
            // Told below.
        }
        if (found?.capture !== 'sockets-to-services' || found.version !== 1 || !Array.isArray(found.rows)) {
            status.textContent = words.notOne(file.name);
            return;
        }
        const known = found.rows.slice(-ROWS).filter(row => typeof row === 'object' && row !== null).map(row => Object.fromEntries(
            Object.entries(FIELDS).filter(([name, type]) => typeof row[name] === type).map(([name]) => [name, row[name]]),
        ));
        begin();
        clear();
        known.forEach(row => { keep(row); show(row); });
        status.textContent = words.opened(file.name, known.length);
    }

    /** Draws the rows again, with the pauses between them. */
    function play() {
        clearTimeout(timer);
        const all = [...rows];
        begin();
        status.textContent = words.replaying;
        let before = null;
        const next = at => {
            if (at === all.length) {
                status.textContent = words.replayed;
                return;
            }
            const time = all[at].time_us;
            const pause = before === null || !(time > before) ? 0 : (time - before) / 1000;
            before = time ?? before;
            timer = setTimeout(() => { show(all[at]); next(at + 1); }, Math.min(pause, LONGEST_PAUSE));
        };
        next(0);
    }

    return {
        place: element('div', { className: 'wire-file', role: 'group', 'aria-label': words.file }, element('div', { className: 'wb-actions' }, save, open, replay, input), status),
        keep,
        clear,
    };
};
