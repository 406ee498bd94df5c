// "The phone book": the services, instances and check states of a Consul, live.
//
// Once a second this page asks the runner for the list, and the runner asks Consul. Only what is
// different is changed: a row stays where it is, folded or not, and keeps the focus. Times and events
// are differences between two lists, so they begin when the page is opened. Without a runner nothing
// here runs.
//
// All names, tags and outputs were written by other programs. They become text nodes, never HTML.
//
// Layout: words | the parts of the page | asking | the head | the list | the events.
'use strict';

window.workbookPhone = ({ element, token, jobBox, boxes }) => {
    const plural = (number, one, many) => (number === 1 ? `one ${one}` : `${number} ${many}`);
    // Every word that this script shows. A translation of the book replaces this object.
    const words = {
        address: 'Look at a Consul of this machine',
        go: 'Look there',
        auto: 'Find it for me',
        sources: { page: 'the address from this page', services: 'started by “cargo workbook services”', environment: 'named by CONSUL_HTTP_ADDR', default: 'Consul’s own port' },
        sides: { real: 'the real Consul', embedded: 'the workbook’s own agent' },
        looking: 'Looking for a Consul.',
        none: 'No Consul answers on this machine. To start one, press the button, or type this in a second terminal; the list then appears by itself:',
        noneThere: addr => `No Consul answers at ${addr}. The list appears by itself when one does.`,
        live: (addr, facts) => `Live: Consul at ${addr} (${facts}).`,
        away: addr => `Consul at ${addr} does not answer any more. This is the list as it was last known.`,
        age: seconds => `No answer for ${seconds} s. Looking again all the time.`,
        cannot: 'The runner cannot tell what Consul says.',
        command: 'cargo workbook services up consul',
        up: { first: 'Start a Consul', again: 'Start a Consul', busy: 'Starting a Consul. The first time it is built, which takes a few minutes.', ended: '', failed: 'That did not work. What the command said is below.' },
        down: { first: 'Stop it', again: 'Stop it', busy: 'Stopping it.', ended: '', failed: 'That did not work. What the command said is below.' },
        tried: ({ addr, source, why }) => `${addr}, ${words.sources[source]}: ${why}`,
        index: number => `Index: ${number}`,
        totals: ({ services, instances }) => `${plural(services, 'name', 'names')}, ${plural(instances, 'instance', 'instances')}`,
        list: 'Services',
        instances: number => plural(number, 'instance', 'instances'),
        on: node => `on ${node}`,
        tags: 'tags:',
        since: ({ at, seen }) => (seen ? `since ${clock(at)}` : `since before ${clock(at)}`),
        noChecks: 'No check at all: Consul believes that it is healthy.',
        ofNode: 'check of the node',
        kind: kind => `${kind} check`,
        saw: 'What it saw',
        reason: 'The reason',
        leftOutput: 'What it saw is left out: there is too much of it.',
        moreInstances: number => `… and ${number} more of this name`,
        moreChecks: number => `… and ${number} more checks`,
        moreServices: number => `… and ${number} more names`,
        nothing: 'The book is empty: no service is registered.',
        events: 'What has happened',
        noEvents: 'Nothing yet. Changes appear here, the newest first.',
        eventsNow: (count, last) => (count === 1 ? last : `${count} changes. The last: ${last}`),
        found: addr => `Consul answers at ${addr}`,
        lost: (addr, why) => `Consul at ${addr}: ${why}`,
        registered: (who, service, state, why) => `${who}: registered as ${service}, ${state}${why}`,
        gone: (who, state) => `${who}: gone, it was ${state}`,
        state: (who, from, to, why) => `${who}: ${from} → ${to}${why}`,
        check: (who, check, from, to) => `${who}, ${check}: ${from} → ${to}`,
        changed: (who, from, to) => `${who}: ${from} → ${to}`,
        more: number => `… and ${number} more changes at the same moment`,
    };
    // What wants attention first: maintenance was somebody's wish.
    const ICONS = { critical: '✗', warning: '!', maintenance: '⊘', passing: '✓' };
    // Milliseconds between two lists; until a screen reader hears of changes; events at once, and kept.
    const [PAUSE, CALM, AT_ONCE, KEPT] = [1000, 1500, 60, 200];

    const say = (node, text) => { if (node.textContent !== text) { node.textContent = text; } };
    const clock = at => new Date(at).toTimeString().slice(0, 8);
    let ui = null;
    // named: the address from the form. list: the last one, since: when it came.
    let [named, list, since] = [null, null, 0];

    // ---------------------------------------------------------------- the parts of the page

    function build(section) {
        const place = section.querySelector('.wb-live');
        section.querySelector('.phone-static')?.remove();
        if (ui) {
            // A new version of the text: the list moves over to it.
            place.replaceWith(ui.place);
            ['up', 'down'].forEach(order => { ui[order].section = section; });
            return;
        }
        const p = (className, properties = {}) => element('p', { className, ...properties });
        ui = {
            place,
            status: p('phone-status', { role: 'status' }),
            age: p('phone-age'),
            command: element('pre', { className: 'phone-command', hidden: true }, words.command),
            tried: element('ul', { className: 'phone-tried' }),
            totals: p('phone-totals'),
            index: p('phone-index'),
            address: element('input', { id: 'phone-address', type: 'text', placeholder: '127.0.0.1:8500', autocomplete: 'off', spellcheck: false, inputMode: 'url' }),
            auto: element('button', { type: 'button', className: 'wb-button wb-quiet', hidden: true }, words.auto),
            refused: p('phone-refused', { role: 'alert' }),
            services: element('div', { className: 'phone-services' }),
            none: p('phone-none', { hidden: true }),
            more: p('phone-more'),
            empty: p('phone-none'),
            log: element('ol', { className: 'phone-events' }),
            heard: p('visually-hidden', { role: 'status' }),
        };
        say(ui.status, words.looking);
        say(ui.none, words.nothing);
        say(ui.empty, words.noEvents);
        const buttons = ['up', 'down'].map(order => {
            const own = element('div', {}, element('div', { className: 'wb-live' }));
            ui[order] = jobBox(own, 'services', order, words[order]);
            // The page moves as one.
            Object.assign(ui[order], { section, place, onDone: ok => done(order, ok) });
            return own;
        });
        ui.down.button.classList.add('wb-quiet');
        ui.auto.addEventListener('click', () => look(null));
        const form = element('form', { className: 'phone-form' },
            element('label', { htmlFor: 'phone-address' }, words.address), ui.address,
            element('button', { type: 'submit', className: 'wb-button' }, words.go), ui.auto);
        form.addEventListener('submit', event => {
            event.preventDefault();
            look(ui.address.value.trim());
        });
        ui.columns = element('div', { className: 'phone-columns', hidden: true },
            element('div', { className: 'phone-list', role: 'group', 'aria-label': words.list }, ui.services, ui.none, ui.more),
            element('div', { className: 'phone-side' }, element('p', { className: 'phone-title' }, words.events),
                element('div', { className: 'phone-scroll', tabIndex: 0, role: 'group', 'aria-label': words.events }, ui.empty, ui.log)));
        place.append(
            element('div', { className: 'phone-head' }, ui.status, ui.age, ui.command, ui.tried,
                element('div', { className: 'phone-facts' }, ui.totals, ui.index),
                element('div', { className: 'phone-buttons' }, ...buttons), form, ui.refused),
            ui.columns, ui.heard);
        boxes.set('phone', { kind: 'phone', target: '', section, place, job: null });
        document.addEventListener('visibilitychange', poll);
        poll();
    }

    // ---------------------------------------------------------------- asking

    let [timer, asking] = [null, 0];

    function look(address) {
        say(ui.refused, '');
        poll(address);
    }

    // Whoever starts a Consul wants to see it.
    function done(order, ok) {
        ui[order].output.hidden = ok;
        if (ok && order === 'up') {
            poll(null);
        }
    }

    // Asks for the list of the Consul at `address`; of what was asked for last only the last counts.
    async function poll(address = named) {
        clearTimeout(timer);
        if (document.hidden) {
            return;
        }
        if (address instanceof Event) {
            address = named;
        }
        asking += 1;
        const [own, began] = [asking, Date.now()];
        let answer = {};
        let status = 0;
        try {
            const path = address === null ? '/workbook/services' : `/workbook/services?at=${encodeURIComponent(address)}`;
            const reply = await fetch(path, { headers: { 'X-Workbook-Token': token() }, cache: 'no-store' });
            status = reply.status;
            answer = await reply.json();
        } catch {
            // The runner is away; the connection says so as well.
        }
        if (own !== asking) {
            return;
        }
        timer = setTimeout(poll, Math.max(PAUSE, 2 * (Date.now() - began)));
        if (status === 400) {
            say(ui.refused, answer.error);
            return;
        }
        if (status !== 200) {
            ui.place.dataset.runner = 'gone';
            say(ui.status, words.cannot);
            return;
        }
        delete ui.place.dataset.runner;
        if (address !== named) {
            [named, list] = [address, null];
        }
        show(answer, Date.now());
    }

    function show(answer, now) {
        const before = list;
        const live = Boolean(answer.place);
        if (live) {
            [list, since] = [answer, now];
        }
        showHead(answer, now);
        ui.columns.hidden = !list;
        if (live) {
            const same = before?.place.addr === answer.place.addr;
            remember(same ? before : null, now);
            showEvents(same ? before : null, now);
            keyed(ui.services, list.services, service => service.name, card);
            ui.none.hidden = list.services.length > 0;
            say(ui.more, list.more > 0 ? words.moreServices(list.more) : '');
        }
        if (live && ui.live !== answer.place.addr) {
            event(now, words.found(answer.place.addr), 'found');
        } else if (list && !live && ui.live) {
            event(now, words.lost(ui.live, answer.tried[0].why), 'lost');
        }
        ui.live = answer.place?.addr;
    }

    // ---------------------------------------------------------------- the head

    function showHead({ place, tried }, now) {
        const phase = place ? 'live' : list ? 'away' : 'searching';
        const at = list?.place;
        ui.place.dataset.phase = phase;
        const facts = at && [words.sources[at.source], words.sides[at.side]].filter(Boolean).join(', ');
        say(ui.status, {
            live: () => words.live(at.addr, facts),
            away: () => words.away(at.addr),
            searching: () => (named ? words.noneThere(named) : words.none),
        }[phase]());
        say(ui.age, phase === 'away' ? words.age(Math.round((now - since) / 1000)) : '');
        ui.age.hidden = phase !== 'away';
        // The same command helps when it was that one which has gone.
        ui.command.hidden = phase === 'live' || (phase === 'searching' ? named !== null : at.source !== 'services');
        const lines = place ? [] : tried.map(words.tried);
        if (ui.lines !== lines.join('\n')) {
            ui.lines = lines.join('\n');
            ui.tried.replaceChildren(...lines.map(line => element('li', {}, line)));
        }
        enable(ui.up, phase !== 'live');
        enable(ui.down, phase === 'live' && Boolean(at.side));
        ui.auto.hidden = named === null;
        if (place) {
            const counts = Object.keys(ICONS).reverse().filter(state => list.totals[state] > 0).map(state => {
                const part = badge();
                part.show(state, `${list.totals[state]} ${state}`);
                return part.node;
            });
            ui.totals.replaceChildren(words.totals(list.totals), ...counts);
            say(ui.index, words.index(list.index));
        }
    }

    // aria-disabled, not disabled: the focus stays where it is.
    function enable(box, enabled) {
        box.enabled = enabled;
        box.button.setAttribute('aria-disabled', String(!enabled || ui.up.job !== null || ui.down.job !== null));
    }

    // ---------------------------------------------------------------- the list

    // An icon and a word, never colour alone.
    function badge() {
        const [icon, word] = [element('span', { 'aria-hidden': 'true' }), element('span')];
        const node = element('span', { className: 'phone-state' }, icon, word);
        return {
            node,
            show(state, text = state) {
                node.dataset.state = state;
                say(icon, ICONS[state] ?? '?');
                say(word, text);
            },
        };
    }

    // Children of `parent`, one for each item, in the items' order. What is there is kept.
    function keyed(parent, items, keyOf, make) {
        const kept = new Map();
        let next = parent.firstElementChild;
        for (const item of items) {
            const key = keyOf(item);
            const part = parent.kept?.get(key) ?? make(item);
            kept.set(key, part);
            parent.kept?.delete(key);
            part.show(item);
            if (part.node === next) {
                next = next.nextElementSibling;
            } else {
                parent.insertBefore(part.node, next);
            }
        }
        parent.kept?.forEach(part => part.node.remove());
        parent.kept = kept;
    }

    function card({ name }) {
        // Consul itself is in every book; it is there to be unfolded.
        const folded = name === 'consul';
        const count = element('span', { className: 'phone-count' });
        const head = element(folded ? 'summary' : 'p', { className: 'phone-card-head' }, element('span', { className: 'phone-name' }, name), count);
        const rows = element('ul', { className: 'phone-instances' });
        const rest = element('p', { className: 'phone-more', hidden: true });
        const node = element(folded ? 'details' : 'div', { className: 'phone-card' }, head, rows, rest);
        if (!folded) {
            node.setAttribute('role', 'group');
            node.setAttribute('aria-label', name);
        }
        return {
            node,
            show({ instances, more }) {
                node.dataset.state = Object.keys(ICONS).find(state => instances.some(each => each.state === state)) ?? 'passing';
                say(count, words.instances(instances.length + more));
                keyed(rows, instances, keyOf, row);
                rest.hidden = more === 0;
                say(rest, words.moreInstances(more));
            },
        };
    }

    function row({ id }) {
        const state = badge();
        const [where, on, tags, since, rest] = ['code', 'span', 'span', 'span', 'p'].map(tag => element(tag));
        where.className = 'phone-where';
        rest.className = 'phone-more';
        const checks = element('ul', { className: 'phone-checks' });
        const bare = element('p', { className: 'phone-none' }, words.noChecks);
        const node = element('li', { className: 'phone-instance' },
            element('p', { className: 'phone-line' }, state.node, element('strong', { className: 'phone-id' }, id), where),
            element('p', { className: 'phone-small' }, on, tags, since), checks, bare, rest);
        node.dataset.id = id;
        return {
            node,
            show(instance) {
                if (node.dataset.state && node.dataset.state !== instance.state) {
                    // Begins the animation anew, where there is one.
                    node.classList.remove('phone-turned');
                    node.getBoundingClientRect();
                    node.classList.add('phone-turned');
                }
                node.dataset.state = instance.state;
                state.show(instance.state);
                say(where, `${instance.address}:${instance.port}`);
                say(on, words.on(instance.node));
                say(since, words.since(times.get(keyOf(instance))));
                if (tags.dataset.tags !== instance.tags.join('\n')) {
                    tags.dataset.tags = instance.tags.join('\n');
                    tags.replaceChildren(words.tags, ...instance.tags.flatMap(tag => [' ', element('span', { className: 'phone-tag' }, tag)]));
                }
                tags.hidden = instance.tags.length === 0;
                keyed(checks, instance.checks, check => check.id, checkLine);
                bare.hidden = instance.checks.length > 0;
                rest.hidden = instance.more_checks === 0;
                say(rest, words.moreChecks(instance.more_checks));
            },
        };
    }

    function checkLine() {
        const state = badge();
        const [name, kind, what] = ['phone-check-name', 'phone-small', ''].map(className => element('span', { className }));
        const of = element('span', { className: 'visually-hidden' });
        const text = element('pre');
        const output = element('details', { className: 'phone-output' }, element('summary', {}, what, of), text);
        const left = element('p', { className: 'phone-none' }, words.leftOutput);
        return {
            node: element('li', {}, element('p', { className: 'phone-line' }, state.node, name, kind), output, left),
            show(check) {
                state.show(check.state);
                say(name, check.name || check.id);
                say(kind, check.of_node ? words.ofNode : check.kind && check.kind !== 'maintenance' ? words.kind(check.kind) : '');
                say(what, check.state === 'maintenance' ? words.reason : words.saw);
                say(of, ` (${check.name})`);
                output.hidden = !check.output;
                left.hidden = check.output !== null;
                say(text, check.output ?? '');
            },
        };
    }

    // ---------------------------------------------------------------- the events

    const keyOf = ({ node, id }) => JSON.stringify([node, id]);
    // When each instance came into its state, and whether this page saw it.
    let times = new Map();
    let waiting = [];

    function remember(before, now) {
        const old = instancesOf(before);
        const kept = new Map();
        for (const [key, { each }] of instancesOf(list)) {
            kept.set(key, old.get(key)?.each.state === each.state ? times.get(key) : { at: now, seen: before !== null });
        }
        times = kept;
    }

    const instancesOf = all => new Map((all?.services ?? []).flatMap(service => service.instances.map(each => [keyOf(each), { each, service }])));

    // The first words of the check that makes it as bad as it is.
    function reason({ state, checks }) {
        const said = checks.find(check => check.state === state)?.output?.split('\n').find(line => line.trim());
        return said ? `: ${said.trim().slice(0, 240)}` : '';
    }

    function showEvents(before, now) {
        if (before === null) {
            ui.log.replaceChildren();
        }
        ui.empty.hidden = ui.log.childElementCount > 0;
        if (before === null) {
            return;
        }
        const [old, fresh] = [instancesOf(before), instancesOf(list)];
        const several = new Set([...fresh.values()].map(({ each }) => each.node)).size > 1;
        const who = ({ id, node }) => (several ? `${id} ${words.on(node)}` : id);
        // Of a name with more instances than are shown, the others may take their places.
        const cut = (all, name) => all.services.find(service => service.name === name)?.more > 0;
        const all = [];
        for (const [key, { each, service: { name } }] of old) {
            if (fresh.get(key)?.service.name !== name && !cut(list, name)) {
                all.push([words.gone(who(each), each.state), 'gone', '']);
            }
        }
        for (const [key, { each, service: { name } }] of fresh) {
            const was = old.get(key)?.service.name === name ? old.get(key).each : null;
            if (was) {
                all.push(...differences(who(each), was, each));
            } else if (!cut(before, name)) {
                all.push([words.registered(who(each), name, each.state, reason(each)), 'registered', each.state]);
            }
        }
        all.slice(0, AT_ONCE).forEach(told => event(now, ...told));
        if (all.length > AT_ONCE) {
            event(now, words.more(all.length - AT_ONCE), 'more');
        }
    }

    function differences(who, was, is) {
        const place = each => `${each.address}:${each.port}`;
        const tags = each => `[${each.tags.join(', ')}]`;
        const changed = [place, tags].filter(of => of(was) !== of(is)).map(of => [words.changed(who, of(was), of(is)), 'changed', '']);
        if (was.state !== is.state) {
            return [...changed, [words.state(who, was.state, is.state, reason(is)), 'state', is.state]];
        }
        const before = new Map(was.checks.map(check => [check.id, check.state]));
        const turned = is.checks.filter(check => before.has(check.id) && before.get(check.id) !== check.state);
        return [...changed, ...turned.map(check => [words.check(who, check.name, before.get(check.id), check.state), 'check', check.state])];
    }

    function event(at, text, kind, to = '') {
        const stamp = `${clock(at)}.${String(at % 1000).padStart(3, '0')}`;
        const node = element('li', {}, element('time', { className: 'phone-time' }, stamp), element('span', {}, text));
        node.dataset.kind = kind;
        if (to) {
            node.dataset.to = to;
        }
        ui.log.prepend(node);
        ui.empty.hidden = true;
        while (ui.log.childElementCount > KEPT) {
            ui.log.lastChild.remove();
        }
        // A restart makes a dozen events in a second. Read aloud is how many, and the last.
        waiting.push(text);
        if (waiting.length === 1) {
            setTimeout(() => {
                say(ui.heard, words.eventsNow(waiting.length, waiting.at(-1)));
                waiting = [];
            }, CALM);
        }
    }

    return { build };
};
