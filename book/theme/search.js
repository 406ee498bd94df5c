// Search: what is found in the dialog. book.js opens it, and loads this script for the first time; then come the index (the
// largest file of the book), the engine that reads it, and the glossary.
//
// Places come in this order: the definition of what was asked for, headings that name it, entries of the glossary that
// mention it, and then the text; the engine decides within each of the last.
'use strict';

(() => {
    const root = document.documentElement;
    const dialog = document.getElementById('search');
    const input = document.getElementById('search-input');
    const status = document.getElementById('search-status');
    const results = document.getElementById('search-results');
    const words = {
        loading: 'Loading the index …',
        failed: 'The index could not be loaded.',
        none: term => `Nothing found for “${term}”.`,
        definition: term => `Glossary » ${term}`,
        some: count => (count === 1 ? '1 place' : `${count} places`),
    };

    function load(url) {
        return new Promise((resolve, reject) => {
            const script = document.createElement('script');
            script.src = url;
            script.onload = resolve;
            script.onerror = () => reject(new Error(url));
            document.head.append(script);
        });
    }

    let engine = null;
    let config = null;
    let entries = [];

    // The entries of the glossary, with the other forms of a word that the page keeps in comments: `<!-- as: leases -->`.
    async function glossary() {
        const reply = await fetch(`${root.dataset.root ?? ''}glossary.html`);
        const page = new DOMParser().parseFromString(await reply.text(), 'text/html');
        return [...page.querySelectorAll('#content dt[id]')].map(term => {
            const meaning = term.nextElementSibling;
            const others = meaning?.innerHTML.match(/<!-- as: (.*?) -->/)?.[1].split(',') ?? [];
            const name = term.textContent.trim();
            return { url: `glossary.html#${term.id}`, name, names: [name, ...others].map(plain), body: meaning?.textContent.trim() ?? '' };
        });
    }

    const plain = text => text.toLowerCase().trim().split(/\s+/).map(word => word.replace(/s$/, '')).join(' ');
    const names = (text, asked) => {
        const words = plain(text).split(/[^\p{L}\p{N}]+/u);
        return plain(asked).split(' ').every(each => words.some(word => word.startsWith(each)));
    };

    function ranked(asked) {
        const MOST = 3;
        const whole = entries.filter(entry => entry.names.includes(plain(asked)));
        const some = entries.filter(entry => !whole.includes(entry) && names(entry.name, asked));
        const mentions = entries.filter(entry => !whole.includes(entry) && !some.includes(entry) && names(entry.body, asked));
        const shown = entry => ({ url: entry.url, title: words.definition(entry.name), body: entry.body });
        const found = engine.search(asked, config.search_options).map(({ ref }) => {
            const doc = engine.documentStore.getDoc(ref);
            // A page whose first heading is its title would be named twice.
            const title = [...new Set((doc.breadcrumbs || doc.title).split(' » '))].join(' » ');
            return { url: config.doc_urls[ref], heading: names(doc.title, asked), title, body: doc.body };
        }).filter(({ url }) => entries.length === 0 || !url.startsWith('glossary.html'));
        return [
            ...[...whole, ...some].slice(0, MOST).map(shown),
            ...found.filter(({ heading }) => heading),
            ...mentions.slice(0, MOST).map(shown),
            ...found.filter(({ heading }) => !heading),
        ].slice(0, config.results_options.limit_results);
    }
    async function prepare() {
        if (engine) {
            return;
        }
        status.textContent = words.loading;
        // The index file adds its parts to this object.
        window.search = {};
        const [library, index] = root.dataset.search.split(' ');
        await load(library);
        await load(index);
        config = window.search;
        engine = window.elasticlunr.Index.load(config.index);
        // A page that was opened from a file cannot read another; the headings are found all the same.
        entries = await glossary().catch(() => []);
        status.textContent = '';
    }

    // The part of the text around the first word that was found.
    function teaser(body, terms) {
        const lower = body.toLowerCase();
        const found = terms.map(term => lower.indexOf(term)).filter(at => at >= 0);
        const middle = found.length ? Math.min(...found) : 0;
        const from = Math.max(0, body.lastIndexOf(' ', Math.max(0, middle - 60)));
        const text = (from > 0 ? '… ' : '') + body.slice(from, from + 180).trim() + (from + 180 < body.length ? ' …' : '');
        const span = document.createElement('span');
        span.className = 'search-teaser';
        const escaped = terms.map(term => term.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
        const parts = escaped.length ? text.split(new RegExp(`(${escaped.join('|')})`, 'gi')) : [text];
        parts.forEach((part, at) => {
            if (at % 2) {
                const mark = document.createElement('mark');
                mark.textContent = part;
                span.append(mark);
            } else {
                span.append(part);
            }
        });
        return span;
    }

    function show(term) {
        results.replaceChildren();
        if (!engine || term === '') {
            status.textContent = '';
            return;
        }
        const terms = term.toLowerCase().split(/\s+/);
        const found = ranked(term);
        status.textContent = found.length ? words.some(found.length) : words.none(term);
        for (const { url, title, body } of found) {
            const item = document.createElement('li');
            const link = document.createElement('a');
            link.href = (root.dataset.root ?? '') + url;
            const head = document.createElement('span');
            head.className = 'search-title';
            head.textContent = title;
            link.append(head, teaser(body, terms));
            item.append(link);
            results.append(item);
        }
    }

    async function look() {
        try {
            await prepare();
            show(input.value.trim());
        } catch {
            status.textContent = words.failed;
        }
    }

    input.addEventListener('input', () => show(input.value.trim()));
    document.getElementById('search-form').addEventListener('submit', event => {
        event.preventDefault();
        results.querySelector('a')?.click();
    });
    results.addEventListener('click', event => event.target.closest('a') && dialog.close());
    // A click beside the dialog closes it.
    dialog.addEventListener('click', event => event.target === dialog && dialog.close());
    dialog.addEventListener('keydown', event => {
        if (event.key === 'Escape') {
            // The browser would only empty the field at first.
            event.preventDefault();
            dialog.close();
        }
        if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') {
            return;
        }
        const stops = [input, ...results.querySelectorAll('a')];
        const next = stops.indexOf(document.activeElement) + (event.key === 'ArrowDown' ? 1 : -1);
        if (stops[next]) {
            event.preventDefault();
            stops[next].focus();
        }
    });
    window.bookSearch = look;
    look();
})();
