// What the list and the events of "The phone book" look like. phone.js calls this.
//
// Only what is different is changed: a row that is looked at stays where it is, folded or not, and
// keeps the focus.
'use strict';

window.workbookPhoneList = ({ element, say }) => {
    const words = {
        list: 'Services',
        states: { passing: 'passing', warning: 'warning', critical: 'critical', maintenance: 'maintenance' },
        instances: number => (number === 1 ? 'one instance' : `${number} instances`),
        count: (number, state) => `${number} ${state}`,
        on: node => `on ${node}`,
        tags: 'tags:',
        since: ({ at, seen }) => (seen ? `since ${clock(at)}` : `since before ${clock(at)}`),
        noChecks: 'No check at all: Consul believes that it is well.',
        ofNode: 'check of the node',
        kind: kind => `${kind} check`,
        saw: 'What it saw',
        sawOf: name => ` (${name})`,
        reason: 'The reason',
        leftOutput: 'What it saw is left out: there is too much of it.',
        moreInstances: number => `… and ${number} more of this name`,
        moreChecks: number => `… and ${number} more checks`,
        moreServices: number => `… and ${number} more names`,
        moreNodes: number => `… and the services of ${number} more nodes`,
        nothing: 'The book is empty: no service is registered.',
        found: addr => `Consul answers at ${addr}`,
        lost: (addr, why) => `Consul at ${addr}: ${why}`,
        registered: (who, service, state, why) => `${who}: registered as ${service}, ${state}${why}`,
        gone: (who, state) => `${who}: gone, it was ${state}`,
        state: (who, from, to, why) => `${who}: ${from} → ${to}${why}`,
        check: (who, check, from, to) => `${who}, ${check}: ${from} → ${to}`,
        changed: (who, what) => `${who}: ${what}`,
        more: number => `… and ${number} more changes at the same moment`,
    };
    const ICONS = { passing: '✓', warning: '!', critical: '✗', maintenance: '⊘' };
    const STATES = ['passing', 'warning', 'critical', 'maintenance'];
    // What wants attention first: maintenance was somebody's wish.
    const WORST = ['critical', 'warning', 'maintenance', 'passing'];

    const two = number => String(number).padStart(2, '0');
    const clock = at => {
        const time = new Date(at);
        return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
    };
    const stamp = at => `${clock(at)}.${String(new Date(at).getMilliseconds()).padStart(3, '0')}`;

    // An icon and a word, never colour alone.
    function badge() {
        const icon = element('span', { 'aria-hidden': 'true' });
        const word = element('span', {});
        const node = element('span', { className: 'phone-state' }, icon, word);
        return {
            node,
            show(state, text = words.states[state]) {
                node.dataset.state = state;
                say(icon, ICONS[state] ?? '?');
                say(word, text);
            },
        };
    }

    // Children of `parent`, one for each item, in the items' order. What is there is kept.
    function keyed(parent, items, keyOf, make) {
        parent.kept ??= new Map();
        const gone = new Set(parent.kept.keys());
        let next = parent.firstElementChild;
        for (const item of items) {
            const key = keyOf(item);
            let part = parent.kept.get(key);
            if (!part) {
                part = make(item);
                parent.kept.set(key, part);
            }
            gone.delete(key);
            part.show(item);
            if (part.node === next) {
                next = next.nextElementSibling;
            } else {
                parent.insertBefore(part.node, next);
            }
        }
        for (const key of gone) {
            parent.kept.get(key).node.remove();
            parent.kept.delete(key);
        }
    }

    // ---------------------------------------------------------------- the list

    const services = element('div', { className: 'phone-services' });
    const none = element('p', { className: 'phone-none', hidden: true }, words.nothing);
    const more = element('p', { className: 'phone-more', hidden: true });
    const place = element('div', { className: 'phone-list', role: 'group', 'aria-label': words.list }, services, none, more);

    function show(list) {
        keyed(services, list?.services ?? [], service => service.name, card);
        none.hidden = !list || list.services.length > 0;
        const rest = list ? [
            list.more > 0 && words.moreServices(list.more),
            list.nodes_left_out > 0 && words.moreNodes(list.nodes_left_out),
        ].filter(Boolean) : [];
        more.hidden = rest.length === 0;
        say(more, rest.join(' '));
    }

    function card({ name }) {
        // Consul itself is in every book; it is there to be unfolded.
        const folded = name === 'consul';
        const title = element('span', { className: 'phone-name' }, name);
        const count = element('span', { className: 'phone-count' });
        const head = element(folded ? 'summary' : 'p', { className: 'phone-card-head' }, title, count);
        const rows = element('ul', { className: 'phone-instances' });
        const rest = element('p', { className: 'phone-more', hidden: true });
        const node = element(folded ? 'details' : 'div', { className: 'phone-card' }, head, rows, rest);
        if (!folded) {
            node.setAttribute('role', 'group');
            node.setAttribute('aria-label', name);
        }
        return {
            node,
            show({ instances, more: left }) {
                const totals = {};
                instances.forEach(({ state }) => { totals[state] = (totals[state] ?? 0) + 1; });
                node.dataset.state = WORST.find(state => totals[state]) ?? 'passing';
                say(count, words.instances(instances.length + left));
                keyed(rows, instances, each => JSON.stringify([each.node, each.id]), row);
                rest.hidden = left === 0;
                say(rest, words.moreInstances(left));
            },
        };
    }

    function row({ id }) {
        const state = badge();
        const parts = {
            where: element('code', { className: 'phone-where' }),
            node: element('span', {}),
            tags: element('span', { className: 'phone-tags' }),
            since: element('span', {}),
            checks: element('ul', { className: 'phone-checks' }),
            bare: element('p', { className: 'phone-none' }, words.noChecks),
            rest: element('p', { className: 'phone-more' }),
        };
        const node = element('li', { className: 'phone-instance' },
            element('p', { className: 'phone-line' }, state.node, element('strong', { className: 'phone-id' }, id), parts.where),
            element('p', { className: 'phone-small' }, parts.node, parts.tags, parts.since),
            parts.checks, parts.bare, parts.rest);
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
                say(parts.where, `${instance.address}:${instance.port}`);
                say(parts.node, words.on(instance.node));
                say(parts.since, words.since(instance.since));
                const tags = instance.tags.join('\n');
                if (parts.tags.dataset.tags !== tags) {
                    parts.tags.dataset.tags = tags;
                    parts.tags.hidden = instance.tags.length === 0;
                    parts.tags.replaceChildren(words.tags, ...instance.tags.flatMap(tag => [' ', element('span', { className: 'phone-tag' }, tag)]));
                }
                keyed(parts.checks, instance.checks, check => check.id, checkLine);
                parts.bare.hidden = instance.checks.length > 0;
                parts.rest.hidden = instance.more_checks === 0;
                say(parts.rest, words.moreChecks(instance.more_checks));
            },
        };
    }

    function checkLine() {
        const state = badge();
        const name = element('span', { className: 'phone-check-name' });
        const kind = element('span', { className: 'phone-small' });
        const since = element('span', { className: 'phone-small' });
        const what = element('span', {});
        const of = element('span', { className: 'visually-hidden' });
        const text = element('pre', {});
        const output = element('details', { className: 'phone-output' }, element('summary', {}, what, of), text);
        const left = element('p', { className: 'phone-none' }, words.leftOutput);
        const node = element('li', {}, element('p', { className: 'phone-line' }, state.node, name, kind, since), output, left);
        return {
            node,
            show(check) {
                state.show(check.state);
                say(name, check.name || check.id);
                say(kind, check.of_node ? words.ofNode : check.kind && check.kind !== 'maintenance' ? words.kind(check.kind) : '');
                // What was so from the beginning is told once, by the row.
                say(since, check.since.seen ? words.since(check.since) : '');
                say(what, check.state === 'maintenance' ? words.reason : words.saw);
                say(of, words.sawOf(check.name));
                output.hidden = !check.output;
                left.hidden = check.output !== null;
                say(text, check.output ?? '');
            },
        };
    }

    // How many are in which state, as badges; states that nobody is in are not there.
    function counts(totals) {
        return STATES.filter(state => totals[state] > 0).map(state => {
            const part = badge();
            part.show(state, words.count(totals[state], words.states[state]));
            return part.node;
        });
    }

    // ---------------------------------------------------------------- the events

    function sentence({ kind, service, id, node, check, from, to, words: said, count }, several) {
        const who = several && node ? `${id} ${words.on(node)}` : id;
        const why = said ? `: ${said}` : '';
        const state = name => words.states[name] ?? name;
        return {
            found: () => words.found(id),
            lost: () => words.lost(id, said),
            registered: () => words.registered(who, service, state(to), why),
            gone: () => words.gone(who, state(from)),
            state: () => words.state(who, state(from), state(to), why),
            check: () => words.check(who, check, state(from), state(to)),
            changed: () => words.changed(who, said),
            more: () => words.more(count),
        }[kind]?.() ?? kind;
    }

    function event(event, several) {
        const node = element('li', {},
            element('time', { className: 'phone-time' }, stamp(event.at)),
            element('span', {}, sentence(event, several)));
        node.dataset.n = String(event.n);
        node.dataset.kind = event.kind;
        if (event.to) {
            node.dataset.to = event.to;
        }
        return node;
    }

    return { place, show, counts, sentence, event };
};
