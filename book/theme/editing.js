// The editor in a card: what is typed goes into exercise.rs on disk, and what the compiler says comes back.
//
// Every save carries the hash of the text that was read. If the file has another text by now, nothing is written, and
// both texts are shown. What cannot be saved, because the runner is gone, is kept in the browser until it can.

const words = {
    label: id => `exercise.rs of ${id}`,
    saved: 'Saved in exercise.rs.',
    saving: 'Saving …',
    kept: 'Not saved: the runner does not answer. Your text is kept in this browser and saved when the runner is back.',
    restored: 'This is the text that could not be saved before.',
    outside: 'Another program has changed the file; this is its text now.',
    help: 'Ctrl+Enter checks. Tab leaves the editor; Ctrl+] and Ctrl+[ indent.',
    helpPlain: 'Ctrl+Enter checks. Tab leaves the text area.',
    conflict: 'Another program has changed exercise.rs while you typed. Nothing has been overwritten. Which text is to stay? The other one is kept in .workbook/kept/.',
    mine: 'Take mine',
    file: 'Take the file’s',
    merged: 'Save the merged text',
    mergeHelp: 'Below is your text. Before each difference stands what the file has, with a button for either.',
    mergeLabel: 'Your text, to merge',
    mineLabel: 'Your text',
    fileLabel: 'The text of the file',
    keepMine: 'Mine, here',
    takeFile: 'The file’s, here',
    compiling: 'Compiling …',
    noNotes: 'It compiles.',
    notes: (errors, warnings) => [errors && `${errors} ${errors === 1 ? 'error' : 'errors'}`, warnings && `${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`].filter(Boolean).join(', '),
    line: line => `Line ${line}`,
    own: 'Your own editor, and settings',
    openIn: 'Open in my editor',
    which: 'My editor',
    terminal: '$EDITOR, in a terminal',
    copy: 'Copy the path',
    copyCommand: 'Copy the command',
    copied: 'Copied',
    plain: 'Plain text area instead of the editor',
};
const editors = {
    vscode: ['VS Code', file => `vscode://file${file}`],
    vscodium: ['VSCodium', file => `vscodium://file${file}`],
    cursor: ['Cursor', file => `cursor://file${file}`],
    zed: ['Zed', file => `zed://file${file}`],
    idea: ['RustRover, IntelliJ', file => `idea://open?file=${file}`],
};

// After the last key; and while keys go on, the longest time without a save.
const SAVE = 300;
const SAVE_AT_LEAST = 800;
const COMPILE = 400;
const RETRY = 1000;

const sheet = new CSSStyleSheet();
sheet.replaceSync(`
.wb-edit { margin: 0 0 1rem; }
.wb-edit p { margin: 0.4rem 0; font-size: 0.9rem; color: var(--ink-soft); }
.wb-edit .wb-edit-file { display: flex; flex-wrap: wrap; gap: 0.4rem 0.8rem; align-items: center; margin: 0.5rem 0; }
.wb-edit .wb-edit-file code { overflow-wrap: anywhere; }
.wb-edit textarea { display: block; box-sizing: border-box; width: 100%; height: 24rem; padding: 0.6rem; border: 1px solid var(--line-strong); border-radius: 8px;
    background: var(--code-bg); color: var(--ink); font: 0.875rem/1.55 var(--mono); white-space: pre; overflow: auto; tab-size: 4; resize: vertical; }
.wb-edit select { min-height: 2.2rem; }
.wb-edit a.wb-button { text-decoration: none; }
.wb-edit .wb-edit-file .wb-button { min-height: 2.2rem; font-size: 0.88rem; padding: 0.25rem 0.8rem; }
.wb-edit summary { padding: 0.2rem 0; }
.wb-notes { margin: 0.4rem 0; padding: 0; list-style: none; font-size: 0.88rem; max-height: 18rem; overflow: auto; }
.wb-notes li { margin: 0.3rem 0; padding: 0.4rem 0.7rem; border-inline-start: 3px solid var(--packet); background: var(--packet-wash); white-space: pre-wrap; overflow-wrap: anywhere; }
.wb-notes li[data-level="error"] { border-color: var(--fail); background: var(--fail-wash); }
.wb-notes button { padding: 0; border: 0; background: none; color: var(--wire); font: 600 inherit; text-decoration: underline; cursor: pointer; }
.wb-notes li[data-level] button { font-weight: 600; }
.wb-edit .wb-conflict { padding: 0.8rem 1rem; border: 2px solid var(--packet); border-radius: 8px; background: var(--surface); }
.wb-edit .wb-conflict p { color: var(--ink); }
`);
document.adoptedStyleSheets.push(sheet);

/** Opens the editor of exercise `id` at the top of `place`. Resolves when its text is there. */
export async function open({ id, place, element, token, recall, remember, editor: editorUrl, busy, check, changed, renew }) {
    const url = `/workbook/text/${encodeURIComponent(id)}`;
    const draft = `workbook-draft-${id}`;
    const read = async () => {
        const reply = await fetch(url, { headers: { 'X-Workbook-Token': token() }, cache: 'no-store' });
        const body = await reply.json();
        if (!reply.ok) {
            throw Object.assign(new Error('the text'), { words: body.error });
        }
        return body;
    };
    const first = await read();
    // The page works with one kind of line end, and the file keeps its own.
    const ends = first.text.includes('\r\n') ? '\r\n' : '\n';
    const shown = text => text.replaceAll('\r\n', '\n');
    const written = text => text.replaceAll('\n', ends);

    let hash = first.hash;
    // The text that the file has, as far as this page knows.
    let inFile = shown(first.text);
    let field = null;
    let conflict = null;
    let closed = false;

    const host = element('div', { className: 'wb-edit-host' });
    const status = element('p', { className: 'wb-edit-status', role: 'status' });
    const help = element('p', { className: 'wb-edit-help' });
    const noted = element('p', { className: 'wb-edit-noted', role: 'status' });
    const list = element('ul', { className: 'wb-notes', hidden: true });
    const fight = element('div', { className: 'wb-conflict', hidden: true });
    const panel = element('div', { className: 'wb-edit' }, fight, host, status, help, noted, list, settings());
    // The page's own keys, as / for the search, are letters here; from outside, a shadow root is no text field.
    panel.addEventListener('keydown', event => event.stopPropagation());
    place.prepend(panel);

    function settings() {
        const kinds = [...Object.entries(editors).map(([name, [title]]) => [name, title]), ['terminal', words.terminal]]
            .map(([name, title]) => element('option', { value: name }, title));
        const which = element('select', { id: `editor-of-${id}` }, ...kinds);
        which.value = recall('workbook-own-editor') ?? 'vscode';
        const link = element('a', { className: 'wb-button wb-quiet' }, words.openIn);
        const shown = element('code', {});
        const copy = element('button', { type: 'button', className: 'wb-button wb-quiet' });
        const aim = () => {
            const terminal = which.value === 'terminal';
            link.hidden = terminal;
            shown.textContent = terminal ? `"$EDITOR" '${first.file.replaceAll("'", "'\\''")}'` : first.file;
            copy.textContent = terminal ? words.copyCommand : words.copy;
            link.href = editors[which.value]?.[1](encodeURI(first.file.startsWith('/') ? first.file : `/${first.file.replaceAll('\\', '/')}`)) ?? '';
        };
        aim();
        which.addEventListener('change', () => { remember('workbook-own-editor', which.value); aim(); });
        copy.addEventListener('click', async () => {
            await navigator.clipboard.writeText(shown.textContent);
            copy.textContent = words.copied;
            setTimeout(aim, 2000);
        });
        const plain = element('input', { type: 'checkbox', checked: recall('workbook-plain') === true });
        plain.addEventListener('change', async () => {
            remember('workbook-plain', plain.checked ? true : null);
            await mount(field.text());
        });
        return element('details', {},
            element('summary', {}, words.own),
            element('div', { className: 'wb-edit-file' }, shown, copy),
            element('div', { className: 'wb-edit-file' }, link, element('label', {}, `${words.which} `, which)),
            element('div', { className: 'wb-edit-file' }, element('label', {}, plain, ` ${words.plain}`)));
    }

    // ---------------------------------------------------------------- the field: CodeMirror, or a text area

    const plainChosen = () => recall('workbook-plain') === true;

    async function mount(text) {
        field?.destroy();
        host.replaceChildren();
        const keys = [['Mod-Enter', 'Ctrl-Enter'], ['Mod-s']].flat().map(key => ({ key, run: () => { check(); return true; } }));
        if (plainChosen()) {
            field = area(host, text, words.label(id), typed);
            help.textContent = words.helpPlain;
        } else {
            const { editor } = await import(editorUrl);
            const inner = element('div');
            // The style sheets of CodeMirror are adopted by this root: the page's policy allows no others.
            root().replaceChildren(inner);
            field = editor({ parent: inner, root: root(), text, label: words.label(id), keys, onChange: byHand => byHand && typed() });
            help.textContent = words.help;
        }
        shownNotes([]);
    }

    let shadow = null;
    function root() {
        if (!shadow?.host.isConnected) {
            const outer = element('div');
            host.append(outer);
            shadow = outer.attachShadow({ mode: 'open', delegatesFocus: true });
        }
        return shadow;
    }

    function area(parent, text, label, onInput, readOnly = false) {
        const node = element('textarea', { value: text, spellcheck: false, readOnly, 'aria-label': label, autocapitalize: 'off' });
        node.addEventListener('input', onInput);
        node.addEventListener('keydown', event => {
            if ((event.ctrlKey || event.metaKey) && ['Enter', 's'].includes(event.key)) {
                event.preventDefault();
                check();
            }
        });
        parent.append(node);
        return {
            text: () => node.value,
            set: next => { const at = node.selectionStart; node.value = next; node.setSelectionRange(at, at); },
            mark: () => {},
            go(line) {
                const at = node.value.split('\n').slice(0, line - 1).join('\n').length + (line > 1 ? 1 : 0);
                node.focus();
                node.setSelectionRange(at, at);
            },
            focus: () => node.focus(),
            destroy: () => node.remove(),
        };
    }

    // ---------------------------------------------------------------- saving

    let timer = null;
    let waitingSince = null;
    let saving = null;
    let compileTimer = null;
    let lastKey = 0;
    // How many texts were sent: a text that was read before the last of them is old.
    let sent = 0;
    // Texts whose save got no answer, as when the runner was killed in it: the file may have one of them.
    let unanswered = [];

    const dirty = () => !closed && field.text() !== inFile;

    function typed() {
        lastKey = performance.now();
        waitingSince ??= lastKey;
        status.textContent = words.saving;
        changed();
        clearTimeout(timer);
        timer = setTimeout(save, Math.max(0, Math.min(SAVE, waitingSince + SAVE_AT_LEAST - lastKey)));
        asked?.abort();
        clearTimeout(compileTimer);
    }

    /** Saves what is not saved. Whether the file has the text of the page now. */
    async function save() {
        clearTimeout(timer);
        if (saving) {
            await saving;
        }
        if (conflict) {
            return false;
        }
        if (!dirty()) {
            if (waitingSince !== null) {
                // Typed, and taken back.
                waitingSince = null;
                status.textContent = words.saved;
                compileSoon();
            }
            return true;
        }
        saving = send(field.text(), hash);
        const done = await saving;
        saving = null;
        if (done === 'again') {
            return save();
        }
        if (done && dirty() && !timerRuns()) {
            timer = setTimeout(save, SAVE);
        }
        return done && !dirty();
    }

    const timerRuns = () => performance.now() - lastKey < SAVE;

    async function send(text, known, { query = '', keepalive = false } = {}) {
        waitingSince = null;
        sent += 1;
        let reply;
        let body;
        try {
            reply = await fetch(url + query, {
                method: 'POST', keepalive, body: written(text),
                headers: { 'X-Workbook-Token': token(), 'If-Match': `"${known}"`, 'Content-Type': 'text/plain; charset=utf-8' },
            });
            body = await reply.json();
        } catch {
            reply = null;
        }
        if (closed) {
            return Boolean(reply?.ok);
        }
        if (reply?.ok) {
            hash = body.hash;
            inFile = text;
            unanswered = [];
            remember(draft, null);
            status.textContent = dirty() ? words.saving : words.saved;
            compileSoon();
            return true;
        }
        if (reply?.status === 409 && unanswered.includes(shown(body.text))) {
            hash = body.hash;
            inFile = shown(body.text);
            unanswered = [];
            return 'again';
        }
        if (reply?.status === 409) {
            remember(draft, { text: field.text(), hash });
            await fightOver(body);
            return false;
        }
        // The runner is gone, was started anew, or cannot write: the browser has the text until it can.
        if (!reply) {
            unanswered = [...unanswered.slice(-3), text];
        }
        remember(draft, { text: field.text(), hash: known, unanswered });
        status.textContent = !reply || reply.status === 403 ? words.kept : body?.error ?? words.kept;
        if (reply?.status === 403) {
            // A runner that was started anew has another token, and its page carries it.
            renew();
        }
        timer = setTimeout(save, RETRY);
        return false;
    }

    /** The file may have another text than this page knows. */
    async function look() {
        if (closed || saving || conflict || !field) {
            return;
        }
        const before = sent;
        let now;
        try {
            now = await read();
        } catch {
            return;
        }
        if (closed || saving || conflict || sent !== before || now.hash === hash) {
            return;
        }
        if (dirty()) {
            // The save that is due finds the difference.
            return;
        }
        hash = now.hash;
        inFile = shown(now.text);
        field.set(inFile);
        status.textContent = words.outside;
        shownNotes([]);
    }

    const leave = () => {
        if (!conflict && !saving && field && dirty()) {
            remember(draft, { text: field.text(), hash, unanswered: [...unanswered, field.text()] });
            send(field.text(), hash, { keepalive: true });
        }
    };
    const hidden = () => document.visibilityState === 'hidden' && leave();
    const blurred = () => save();
    const seen = () => look();
    addEventListener('pagehide', leave);
    document.addEventListener('visibilitychange', hidden);
    addEventListener('focus', seen);
    host.addEventListener('focusout', blurred);

    // ---------------------------------------------------------------- two texts

    async function fightOver(other) {
        const theirs = shown(other.text);
        const mine = field.text();
        host.hidden = true;
        conflict = { hash: other.hash, file: theirs };
        const settle = async (text, loser) => {
            // The text that does not stay is kept by the runner first.
            const kept = await fetch(`${url}?aside`, {
                method: 'POST', body: written(loser), headers: { 'X-Workbook-Token': token(), 'If-Match': `"${conflict.hash}"` },
            }).catch(() => null);
            if (!kept?.ok) {
                status.textContent = words.kept;
                return;
            }
            hash = conflict.hash;
            inFile = conflict.file;
            conflict = null;
            view?.destroy();
            fight.hidden = true;
            fight.replaceChildren();
            host.hidden = false;
            field.set(text);
            remember(draft, null);
            field.focus();
            if (await save()) {
                status.textContent = words.saved;
            }
        };
        const offer = (label, act, quiet) => {
            const made = element('button', { type: 'button', className: quiet ? 'wb-button wb-quiet' : 'wb-button' }, label);
            made.addEventListener('click', act);
            return made;
        };
        const body = element('div');
        fight.replaceChildren(
            element('p', { role: 'alert' }, words.conflict),
            element('div', { className: 'wb-actions' },
                offer(words.mine, () => settle(mine, theirs), true),
                offer(words.file, () => settle(theirs, mine), true),
                offer(words.merged, () => settle(view.text(), theirs), false)),
            element('p', {}, words.mergeHelp), body);
        fight.hidden = false;
        status.textContent = '';
        let view;
        if (plainChosen()) {
            fight.querySelector('p:last-of-type').remove();
            body.append(element('p', {}, words.fileLabel));
            area(body, theirs, words.fileLabel, () => {}, true);
            body.append(element('p', {}, words.mineLabel));
            view = area(body, mine, words.mineLabel, () => {});
        } else {
            const { merge } = await import(editorUrl);
            const inner = body.attachShadow({ mode: 'open', delegatesFocus: true });
            const parent = element('div');
            inner.append(parent);
            view = merge({ parent, root: inner, mine, file: theirs, label: words.mergeLabel, words });
        }
        fight.querySelector('button').focus();
    }

    // ---------------------------------------------------------------- the compiler

    let asked = null;

    function compileSoon() {
        clearTimeout(compileTimer);
        compileTimer = setTimeout(compile, Math.max(0, lastKey + COMPILE - performance.now()));
    }

    async function compile() {
        if (closed || conflict || dirty()) {
            return;
        }
        if (busy()) {
            // A check runs and compiles the same text.
            compileTimer = setTimeout(compile, RETRY);
            return;
        }
        asked?.abort();
        asked = new AbortController();
        noted.textContent = words.compiling;
        let answer;
        try {
            const reply = await fetch(`/workbook/notes/${encodeURIComponent(id)}`, { method: 'POST', headers: { 'X-Workbook-Token': token() }, signal: asked.signal });
            answer = await reply.json();
        } catch {
            return;
        }
        if (closed || dirty() || answer.hash !== hash) {
            if (answer.failed) {
                noted.textContent = answer.failed;
            } else if (!dirty() && answer.cancelled) {
                noted.textContent = '';
            }
            return;
        }
        shownNotes(answer.notes, words.noNotes);
    }

    function shownNotes(notes, none = '') {
        const errors = notes.filter(note => note.level === 'error').length;
        noted.textContent = notes.length === 0 ? none : words.notes(errors, notes.length - errors);
        field.mark(notes);
        list.replaceChildren(...notes.map(({ level, line, text }) => {
            const go = element('button', { type: 'button' }, words.line(line));
            go.addEventListener('click', () => field.go(line));
            return element('li', { 'data-level': level }, go, `: ${text}`);
        }));
        list.hidden = notes.length === 0;
    }

    /** Ends the editor; false if its text is in no file yet. */
    async function close() {
        if (!await save()) {
            return false;
        }
        closed = true;
        clearTimeout(timer);
        clearTimeout(compileTimer);
        asked?.abort();
        removeEventListener('pagehide', leave);
        removeEventListener('focus', seen);
        document.removeEventListener('visibilitychange', hidden);
        field.destroy();
        panel.remove();
        return true;
    }

    await mount(inFile);
    const unsaved = recall(draft);
    if (unsaved && typeof unsaved.text === 'string' && unsaved.text !== inFile) {
        field.set(unsaved.text);
        if (unsaved.hash === hash || unsaved.unanswered?.includes(inFile)) {
            await save();
            status.textContent = words.restored;
        } else {
            await fightOver({ text: first.text, hash });
        }
    } else {
        remember(draft, null);
    }
    if (!conflict) {
        field.focus();
    }
    return { save, look, close };
}
