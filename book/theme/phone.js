// "The phone book": the services, instances and check states of a Consul, live.
//
// The runner watches Consul and says when there is something new (event `phone`, only to pages that
// ask for it); this page then fetches the list once and changes what is different. Nothing is asked
// on a timer. workbook.js has the connection and the token, and calls this. Without a runner nothing
// here runs.
//
// All names, tags and outputs were written by other programs. They become text nodes, never HTML.
//
// Layout: words | small helpers | the parts of the page | where to look | the list | the events |
// news from the runner. What the list and the events look like is in phone-list.js.
'use strict';

window.workbookPhone = ({ element, post, boxes }) => {
    // Every word that this script shows. A translation of the book replaces this object and the one in phone-list.js.
    const words = {
        address: 'Look at a Consul of this machine',
        go: 'Look there',
        auto: 'Find it for me',
        sources: {
            page: 'the address from this page',
            services: 'started by “cargo workbook services”',
            environment: 'named by CONSUL_HTTP_ADDR',
            default: 'Consul’s own port',
        },
        sides: { real: 'the real Consul', embedded: 'the workbook’s own agent' },
        looking: 'Looking for a Consul.',
        none: 'No Consul answers on this machine. To start one, press the button, or type this in a second terminal; the list then appears by itself:',
        noneThere: addr => `No Consul answers at ${addr}. The list appears by itself when one does.`,
        live: (addr, facts) => `Live: Consul at ${addr} (${facts}).`,
        away: addr => `Consul at ${addr} does not answer any more. This is the list as it was last known.`,
        age: seconds => `No answer for ${seconds} s. Looking again all the time.`,
        command: 'cargo workbook services up consul',
        up: 'Start a Consul',
        down: 'Stop it',
        doing: { up: 'Starting a Consul. The first time it is built, which takes a few minutes.', down: 'Stopping it.' },
        failed: 'That did not work. What the command said is below.',
        said: 'What the command says',
        tried: (addr, source, why) => `${addr}, ${source}: ${why}`,
        index: ({ services, checks }) => `Index: services ${services}, checks ${checks}`,
        totals: ({ services, instances }) => `${services === 1 ? 'One name' : `${services} names`}, ${instances === 1 ? 'one instance' : `${instances} instances`}`,
        events: 'What has happened',
        noEvents: 'Nothing yet. Changes appear here, the newest first.',
        eventsNow: (count, last) => (count === 1 ? last : `${count} changes. The last: ${last}`),
        cannot: 'The runner cannot tell what Consul says.',
    };
    // How long changes are collected before a screen reader hears of them.
    const CALM = 1500;

    let ui = null;
    let shown = { version: -1 };

    // ---------------------------------------------------------------- small helpers

    const say = (node, text) => { if (node.textContent !== text) { node.textContent = text; } };
    const button = (label, className, type = 'button') => element('button', { type, className: `wb-button ${className}`.trim() }, label);

    // ---------------------------------------------------------------- the parts of the page

    function build(section) {
        const place = section.querySelector('.wb-live');
        section.querySelector('.phone-static')?.remove();
        if (ui) {
            // A new version of the text: the list moves over to it.
            place.replaceWith(ui.place);
            return;
        }
        const list = window.workbookPhoneList({ element, say });
        ui = { place, list };
        ui.heard = element('p', { className: 'visually-hidden', role: 'status' });
        ui.log = element('ol', { className: 'phone-events' });
        ui.empty = element('p', { className: 'phone-none' }, words.noEvents);
        ui.scroll = element('div', { className: 'phone-scroll', tabIndex: 0, role: 'group', 'aria-label': words.events }, ui.empty, ui.log);
        ui.columns = element('div', { className: 'phone-columns', hidden: true },
            list.place,
            element('div', { className: 'phone-side' }, element('p', { className: 'phone-title' }, words.events), ui.scroll));
        place.append(
            drawHead(),
            ui.columns,
            ui.heard,
        );
        // renew.js keeps the places of all boxes; this one has no job of its own.
        boxes.set('phone', { kind: 'phone', target: '', section, place, job: null });
    }

    // ---------------------------------------------------------------- where to look

    function drawHead() {
        ui.status = element('p', { className: 'phone-status', role: 'status' }, words.looking);
        ui.age = element('p', { className: 'phone-age', hidden: true });
        ui.command = element('pre', { className: 'phone-command', hidden: true }, words.command);
        ui.tried = element('ul', { className: 'phone-tried' });
        ui.totals = element('p', { className: 'phone-totals', hidden: true });
        ui.index = element('p', { className: 'phone-index', hidden: true });
        ui.address = element('input', { id: 'phone-address', type: 'text', placeholder: '127.0.0.1:8500', autocomplete: 'off', spellcheck: false, inputMode: 'url' });
        ui.up = button(words.up, '');
        ui.down = button(words.down, 'wb-quiet');
        for (const [node, path] of [[ui.up, 'up'], [ui.down, 'down']]) {
            node.addEventListener('click', () => {
                if (node.getAttribute('aria-disabled') !== 'true') {
                    ask(path);
                }
            });
        }
        ui.doing = element('p', { className: 'phone-doing', role: 'status' });
        ui.said = element('pre', { className: 'phone-said', tabIndex: 0, role: 'group', 'aria-label': words.said, hidden: true });
        ui.refused = element('p', { className: 'phone-refused', role: 'alert' });
        ui.auto = button(words.auto, 'wb-quiet');
        ui.auto.addEventListener('click', () => ask('auto'));
        ui.form = element('form', { className: 'phone-form' },
            element('label', { htmlFor: 'phone-address' }, words.address), ui.address, button(words.go, '', 'submit'), ui.auto);
        ui.form.addEventListener('submit', event => {
            event.preventDefault();
            ask(`at/${encodeURIComponent(ui.address.value.trim())}`);
        });
        return element('div', { className: 'phone-head' },
            ui.status, ui.age, ui.command, ui.tried,
            element('div', { className: 'phone-facts' }, ui.totals, ui.index),
            element('div', { className: 'phone-buttons' }, ui.up, ui.down, ui.doing),
            ui.said, ui.form, ui.refused);
    }

    async function ask(path) {
        const answer = await post(`/workbook/phone/${path}`);
        say(ui.refused, answer.ok ? '' : answer.words);
    }

    function showHead() {
        const { phase, place, tried, totals, indexes, named } = shown;
        ui.place.dataset.phase = phase;
        const facts = place && [words.sources[place.source], words.sides[place.side]].filter(Boolean).join(', ');
        say(ui.status, {
            live: () => words.live(place.addr, facts),
            away: () => words.away(place.addr),
            searching: () => (tried.length === 0 ? words.looking : named ? words.noneThere(named) : words.none),
            idle: () => words.looking,
        }[phase]());
        // The same command helps when it was that one which has gone.
        ui.command.hidden = !((phase === 'searching' && tried.length && !named) || (phase === 'away' && place?.source === 'services'));
        showServices();
        const lines = tried.map(each => words.tried(each.addr, words.sources[each.source], each.why));
        if (ui.tried.dataset.lines !== lines.join('\n')) {
            ui.tried.dataset.lines = lines.join('\n');
            ui.tried.replaceChildren(...lines.map(line => element('li', {}, line)));
        }
        ui.totals.hidden = !totals;
        ui.index.hidden = !indexes;
        if (totals) {
            ui.totals.replaceChildren(words.totals(totals), ...ui.list.counts(totals));
        }
        if (indexes) {
            say(ui.index, words.index(indexes));
        }
        // It stays with a Consul that it has found once; this makes it look everywhere again.
        ui.auto.hidden = !named && phase !== 'away';
        showAge();
    }

    // aria-disabled, not disabled: the focus stays where it is.
    const enable = (node, enabled) => (enabled ? node.removeAttribute('aria-disabled') : node.setAttribute('aria-disabled', 'true'));

    function showServices() {
        const { phase, place, services: { doing, failed, lines } } = shown;
        const live = phase === 'live';
        enable(ui.up, !doing && !live);
        enable(ui.down, !doing && live && Boolean(place?.side));
        say(ui.doing, doing ? words.doing[doing] : failed ? words.failed : '');
        ui.place.classList.toggle('phone-busy', Boolean(doing));
        // Once it is there, the list says it all.
        ui.said.hidden = lines.length === 0 || !(doing || failed);
        if (!ui.said.hidden) {
            const follow = ui.said.scrollTop + ui.said.clientHeight > ui.said.scrollHeight - 30;
            say(ui.said, lines.join('\n'));
            if (follow) {
                ui.said.scrollTop = ui.said.scrollHeight;
            }
        }
    }

    // The one thing here that runs on a clock: how old the list is.
    let ticking = null;
    function showAge() {
        const old = shown.phase === 'away';
        ui.age.hidden = !old;
        if (old) {
            say(ui.age, words.age(Math.max(0, Math.round((Date.now() - shown.since) / 1000))));
            ticking ??= setInterval(showAge, 1000);
        } else {
            clearInterval(ticking);
            ticking = null;
        }
    }

    // ---------------------------------------------------------------- the events

    // n: the number of the newest event that is shown; first: nothing was shown before.
    const seen = { n: 0, first: true };

    function showEvents(events) {
        const nodes = new Set((shown.list?.services ?? []).flatMap(service => service.instances.map(each => each.node)));
        if (events.length === 0 || events.at(-1).n < seen.n) {
            // Another Consul, or a runner that was started anew.
            ui.log.replaceChildren();
            seen.n = 0;
        }
        const oldest = events[0]?.n ?? 0;
        while (ui.log.lastChild && Number(ui.log.lastChild.dataset.n) < oldest) {
            ui.log.lastChild.remove();
        }
        const fresh = events.filter(event => event.n > seen.n);
        for (const event of fresh) {
            ui.log.prepend(ui.list.event(event, nodes.size > 1));
        }
        seen.n = events.at(-1)?.n ?? 0;
        ui.empty.hidden = events.length > 0;
        if (!seen.first) {
            announce(fresh.map(event => ui.list.sentence(event, nodes.size > 1)));
        }
        seen.first = false;
    }

    // A restart makes a dozen events in a second. Read aloud is how many, and the last.
    let waiting = [];
    let telling = null;
    function announce(sentences) {
        waiting.push(...sentences);
        if (waiting.length === 0 || telling !== null) {
            return;
        }
        telling = setTimeout(() => {
            say(ui.heard, words.eventsNow(waiting.length, waiting.at(-1)));
            waiting = [];
            telling = null;
        }, CALM);
    }

    // ---------------------------------------------------------------- news from the runner

    let fetching = false;
    let again = false;
    async function refresh() {
        if (!ui) {
            return;
        }
        if (fetching) {
            again = true;
            return;
        }
        fetching = true;
        do {
            again = false;
            try {
                const reply = await fetch('/workbook/phone', { cache: 'no-store' });
                const all = await reply.json();
                if (!reply.ok) {
                    throw new Error(all.error);
                }
                shown = all;
                delete ui.place.dataset.runner;
                showHead();
                ui.columns.hidden = !all.list && all.events.length === 0;
                ui.list.show(all.list);
                showEvents(all.events);
            } catch {
                say(ui.status, words.cannot);
                lost();
            }
        } while (again);
        fetching = false;
    }

    const changed = ({ version }) => { if (version !== shown.version) { refresh(); } };
    // The runner does not answer: nobody knows whether this is still true.
    const lost = () => { if (ui) { ui.place.dataset.runner = 'gone'; } };

    return { build, changed, refresh, lost };
};
