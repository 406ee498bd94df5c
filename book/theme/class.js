// The page "Join a class": a form to join, how the membership stands, and the messages that were sent.
//
// The runner starts the program of `cargo workbook class` and reads its files; this page asks for both every two seconds
// while it is seen. Names, messages and the program's lines become text nodes, never HTML.
'use strict';

window.workbookClass = ({ element, token, boxes }) => {
    // Every word that this script shows. A translation of the book replaces this object.
    const words = {
        code: 'Code of the class, as the board shows it',
        name: 'Name in the class (empty: the class makes one up)',
        join: 'Join',
        again: 'Send again',
        stop: 'Stop sending',
        leave: 'Leave the class',
        left: 'You have left the class.',
        none: 'You have joined no class. Nothing is sent.',
        joining: 'Joining. The first time, the program of the class is built, which takes a minute or two.',
        joined: ({ name, room }) => `You are ${name} in the class ${room}.`,
        waiting: number => ['No result waits.', 'One result waits to be sent.'][number] ?? `${number} results wait to be sent.`,
        sending: 'Results are sent as they come.',
        paused: 'Nothing is sent at the moment.',
        exercise: 'Exercise',
        show: 'Show my answer to the teacher',
        showing: 'Sending the answer.',
        sent: 'Messages that were sent, the newest first',
        lines: 'What the program says',
        away: 'The runner does not answer.',
    };
    // Milliseconds between two questions.
    const PAUSE = 2000;
    const say = (node, text) => { if (node.textContent !== text) { node.textContent = text; } };
    let ui = null;

    async function ask(path, form) {
        const headers = { 'X-Workbook-Token': token() };
        const options = form === undefined ? { headers, cache: 'no-store' } : { method: 'POST', headers, body: JSON.stringify(form) };
        try {
            const reply = await fetch(`/workbook/class${path}`, options);
            return { ok: reply.ok, body: await reply.json() };
        } catch {
            return { ok: false, body: { error: words.away } };
        }
    }

    function field(id, label, properties) {
        const input = element('input', { id, type: 'text', autocomplete: 'off', spellcheck: false, ...properties });
        return [element('label', { htmlFor: id }, label), input];
    }

    const button = (text, quiet, onClick) => {
        const node = element('button', { type: 'button', className: quiet ? 'wb-button wb-quiet' : 'wb-button' }, text);
        node.addEventListener('click', onClick);
        return node;
    };

    function build(section) {
        const place = section.querySelector('.wb-live');
        section.querySelector('.class-static')?.remove();
        if (ui) {
            place.replaceWith(ui.place);
            return;
        }
        const [codeLabel, code] = field('class-code', words.code, { maxLength: 120, placeholder: '192.168.1.5:7443/KPRTMW-7XKQ-2MNP-9VTR', required: true });
        const [nameLabel, name] = field('class-name', words.name, { maxLength: 40 });
        const exercise = element('select', { id: 'class-exercise' });
        ui = {
            place, code, exercise,
            status: element('p', { className: 'class-status', role: 'status' }),
            waiting: element('p'),
            said: element('p', { role: 'status' }),
            form: element('form', { className: 'class-form', hidden: true }, codeLabel, code, nameLabel, name,
                element('button', { type: 'submit', className: 'wb-button' }, words.join)),
            again: button(words.again, false, () => act('/join', {})),
            stop: button(words.stop, true, () => act('/stop', {})),
            leave: button(words.leave, true, () => act('/leave', {}, words.left)),
            show: element('form', { className: 'class-form', hidden: true }, element('label', { htmlFor: 'class-exercise' }, words.exercise), exercise,
                element('button', { type: 'submit', className: 'wb-button wb-quiet' }, words.show)),
            sent: element('ol', { className: 'class-sent' }),
            title: element('p', { className: 'class-title' }, words.sent),
            lines: element('pre', { className: 'class-lines', tabIndex: 0, hidden: true, 'aria-label': words.lines }),
        };
        ui.form.addEventListener('submit', event => {
            event.preventDefault();
            act('/join', { code: code.value, name: name.value });
        });
        ui.show.addEventListener('submit', event => {
            event.preventDefault();
            say(ui.said, words.showing);
            act(`/show/${encodeURIComponent(exercise.value)}`, {});
        });
        place.append(ui.status, ui.waiting, ui.form,
            element('p', { className: 'class-buttons' }, ui.again, ' ', ui.stop, ' ', ui.leave), ui.show, ui.said, ui.lines,
            ui.title, ui.sent);
        boxes.set('class', { kind: 'class', target: '', section, place, job: null });
        document.addEventListener('visibilitychange', look);
        look();
    }

    /** Does something; what the program says of it, or why it was refused, stands below the buttons. */
    async function act(path, form, done = '') {
        const { ok, body } = await ask(path, form);
        say(ui.said, ok ? body.said ?? done : body.error ?? words.away);
        look();
    }

    let timer = null;

    async function look() {
        clearTimeout(timer);
        if (document.hidden) {
            return;
        }
        const { ok, body } = await ask('');
        clearTimeout(timer);
        timer = setTimeout(look, PAUSE);
        if (ok) {
            show(body);
        } else {
            say(ui.status, words.away);
        }
    }

    function show({ member, running, lines, sent, tried }) {
        const joined = Boolean(member?.joined);
        say(ui.status, joined ? words.joined(member) : running ? words.joining : words.none);
        say(ui.waiting, joined ? `${running ? words.sending : words.paused} ${words.waiting(member.waiting)}` : '');
        ui.form.hidden = joined || running;
        ui.again.hidden = !joined || running;
        ui.stop.hidden = !running;
        ui.leave.hidden = !joined;
        ui.show.hidden = !joined || tried.length === 0;
        const known = [...ui.exercise.options].map(option => option.value);
        ui.exercise.append(...tried.filter(id => !known.includes(id)).map(id => element('option', { value: id }, id)));
        ui.lines.hidden = lines.length === 0;
        say(ui.lines, lines.join('\n'));
        ui.title.hidden = sent.length === 0;
        if ([...ui.sent.children].map(item => item.textContent).join('\n') !== sent.join('\n')) {
            ui.sent.replaceChildren(...sent.map(message => element('li', {}, element('code', {}, message))));
        }
    }

    return { build };
};
