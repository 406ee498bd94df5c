// "See the wire": all there is to know about one row of the picture: its message, its bytes, its facts.
//
// wire-picture.js calls this when a row is picked. Every field that the wire tells and that has no
// place of its own becomes a line or a listing, so that a new view needs nothing here.
'use strict';

window.workbookWireDetail = ({ element, common }) => {
    // Every word that this script shows. A translation of the book replaces this object.
    const words = {
        ...common,
        detail: 'Detail',
        pick: 'Pick an arrow to see its bytes. With the keyboard: the arrow keys move, Enter comes here, Escape goes back.',
        size: bytes => `${bytes} bytes`,
        bytes: 'Bytes',
        more: number => `and ${number} more bytes`,
        text: 'As text',
    };

    const body = element('div', { className: 'wire-detail-body' });
    const place = element('div', { className: 'wire-detail', tabIndex: -1, role: 'group', 'aria-labelledby': 'wire-detail-title' },
        element('p', { className: 'wire-title', id: 'wire-detail-title' }, words.detail), body);

    const SHOWN_ELSEWHERE = new Set(['capture', 'n', 'kind', 'time_us', 'conn', 'dir', 'event', 'says', 'note', 'tone', 'hex', 'text', 'left_out', 'len']);

    function show(row) {
        if (!row) {
            body.replaceChildren(element('p', { className: 'wire-hint' }, words.pick));
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
            Number.isFinite(row.len) && words.size(row.len),
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
            } else if (Array.isArray(value) && value.every(each => typeof each !== 'object')) {
                if (value.length) {
                    facts.push([name.replaceAll('_', ' '), value.join(', ')]);
                }
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
        body.replaceChildren(...parts);
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

    show(null);
    return { place, show };
};
