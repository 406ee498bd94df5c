// The book around the text: theme button, sidebar, copy buttons, "On this page", keys.
// Nothing here talks to anyone; the workbook's live part is workbook.js.
'use strict';

(() => {
    const root = document.documentElement;
    const words = {
        copy: 'Copy',
        copied: 'Copied',
        copyFailed: 'Not copied',
        scrollable: 'Table, scroll sideways for more',
        picture: 'Picture, scroll sideways for more',
        listing: 'Listing',
    };

    function remember(key, value) {
        try {
            if (value === null) {
                localStorage.removeItem(key);
            } else {
                localStorage.setItem(key, value);
            }
        } catch {
            // Storage can be forbidden: the choice then holds for this page.
        }
    }

    // Theme: the system decides until the button is pressed. A choice that equals the system's is
    // forgotten, so pressing twice means "follow the system" again.
    const systemDark = matchMedia('(prefers-color-scheme: dark)');
    const themeButton = document.getElementById('theme-toggle');
    const isDark = () => root.classList.contains('dark') || (!root.classList.contains('light') && systemDark.matches);
    const showTheme = () => themeButton.setAttribute('aria-pressed', String(isDark()));
    themeButton.addEventListener('click', () => {
        const dark = !isDark();
        root.classList.remove('light', 'dark');
        if (dark === systemDark.matches) {
            remember('book-theme', null);
        } else {
            root.classList.add(dark ? 'dark' : 'light');
            remember('book-theme', dark ? 'dark' : 'light');
        }
        showTheme();
    });
    systemDark.addEventListener('change', showTheme);
    showTheme();

    // Sidebar
    const sidebar = document.getElementById('sidebar');
    const sidebarButton = document.getElementById('sidebar-toggle');
    const narrow = matchMedia('(max-width: 62rem)');
    const sidebarOpen = () => !root.classList.contains('sidebar-hidden');
    function setSidebar(open, store) {
        root.classList.toggle('sidebar-hidden', !open);
        sidebarButton.setAttribute('aria-expanded', String(open));
        if (store && !narrow.matches) {
            remember('book-sidebar', open ? null : 'hidden');
        }
    }
    setSidebar(sidebarOpen(), false);
    sidebarButton.addEventListener('click', () => {
        setSidebar(!sidebarOpen(), true);
        if (sidebarOpen() && narrow.matches) {
            (sidebar.querySelector('[aria-current]') || sidebar.querySelector('a'))?.focus();
        }
    });
    document.getElementById('sidebar-backdrop').addEventListener('click', () => setSidebar(false, false));
    narrow.addEventListener('change', () => setSidebar(!narrow.matches, false));
    // A place on this page: where the sidebar covers the text, it makes room.
    sidebar.addEventListener('click', event => {
        if (narrow.matches && event.target.closest('a[href^="#"]')) {
            setSidebar(false, false);
        }
    });

    function markCurrentChapter() {
        const here = location.pathname.replace(/\/(index\.html)?$/, '/').replace(/\.html$/, '');
        const links = [...sidebar.querySelectorAll('.chapter a')];
        for (const link of links) {
            if (new URL(link.href).pathname.replace(/\.html$/, '') === here) {
                link.setAttribute('aria-current', 'page');
            }
        }
        // index.html is the first chapter under a second name.
        if (here.endsWith('/') && links.length && !root.dataset.root) {
            links[0].setAttribute('aria-current', 'page');
        }
        sidebar.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest' });
    }
    markCurrentChapter();

    // Listings: copy button, and reachable by keyboard where they scroll.
    function addCopyButton(pre) {
        if (pre.closest('.code-block, .wb-live')) {
            return;
        }
        const block = document.createElement('div');
        block.className = 'code-block';
        pre.replaceWith(block);
        block.append(pre);
        if (!navigator.clipboard || pre.querySelector('.language-text')) {
            return;
        }
        const button = document.createElement('button');
        button.type = 'button';
        button.className = 'copy-button';
        button.textContent = words.copy;
        button.addEventListener('click', async () => {
            const code = pre.querySelector('code') ?? pre;
            const prompts = code.querySelector('.hl-prompt') !== null;
            let text = code.textContent;
            if (prompts) {
                // Of a session only the commands are worth copying.
                text = text.split('\n').filter(line => line.startsWith('$ ')).map(line => line.slice(2)).join('\n');
            }
            try {
                await navigator.clipboard.writeText(text);
                button.textContent = words.copied;
            } catch {
                button.textContent = words.copyFailed;
            }
            setTimeout(() => { button.textContent = words.copy; }, 1500);
        });
        block.append(button);
    }

    function markScrollers(scope) {
        // A paragraph that holds nothing but a picture.
        for (const image of scope.querySelectorAll('.content p img[src*="images/"]')) {
            image.closest('p').classList.add('picture');
        }
        for (const box of scope.querySelectorAll('pre, .table-wrapper, .picture')) {
            if (box.closest('.wb-live')) {
                continue;
            }
            const scrolls = box.scrollWidth > box.clientWidth + 1;
            if (scrolls) {
                box.tabIndex = 0;
                box.setAttribute('role', 'group');
                const names = { PRE: words.listing, P: words.picture };
                box.setAttribute('aria-label', names[box.tagName] ?? words.scrollable);
            } else {
                box.removeAttribute('tabindex');
                box.removeAttribute('role');
                box.removeAttribute('aria-label');
            }
            markMore(box);
        }
    }

    // A listing with lines that go on to the right has a shadow there. Tables and pictures have it from the style sheet.
    function markMore(box) {
        const block = box.closest('.code-block');
        block?.classList.toggle('more', box.scrollLeft + box.clientWidth < box.scrollWidth - 1);
    }

    // "On this page": the h2 and h3 of the chapter. Cards have headings too, so they are listed. Where there is room the
    // list stands open beside the text, and else folded above it.
    const onThisPage = document.getElementById('on-this-page');
    const beside = matchMedia('(min-width: 80rem)');
    const fold = () => { onThisPage.querySelector('details').open = beside.matches; };
    beside.addEventListener('change', fold);
    fold();
    let watcher = null;
    function listHeadings() {
        onThisPage.querySelector('ol')?.remove();
        watcher?.disconnect();
        const headings = [...document.querySelectorAll('.content h2[id], .content h3[id]')];
        onThisPage.hidden = headings.length < 3 || root.dataset.print === 'yes';
        if (onThisPage.hidden) {
            return;
        }
        const list = document.createElement('ol');
        const links = new Map();
        for (const heading of headings) {
            const item = document.createElement('li');
            item.className = `level-${heading.tagName[1]}`;
            const link = document.createElement('a');
            link.href = `#${heading.id}`;
            link.textContent = heading.textContent;
            item.append(link);
            list.append(item);
            links.set(heading, link);
        }
        onThisPage.querySelector('details').append(list);
        watcher = new IntersectionObserver(() => {
            const passed = headings.filter(heading => heading.getBoundingClientRect().top < innerHeight * 0.35);
            for (const [heading, link] of links) {
                if (heading === passed.at(-1)) {
                    link.setAttribute('aria-current', 'true');
                } else {
                    link.removeAttribute('aria-current');
                }
            }
        }, { rootMargin: '0px 0px -60% 0px' });
        headings.forEach(heading => watcher.observe(heading));
    }

    // Also called by workbook.js after it has put a new version of the text into the page.
    window.bookDecorate = () => {
        const content = document.getElementById('content');
        window.bookHighlight?.(content);
        content.querySelectorAll('pre').forEach(addCopyButton);
        markScrollers(content);
        listHeadings();
    };
    window.bookDecorate();
    addEventListener('resize', () => markScrollers(document.getElementById('content')));
    // A picture has its width when it has been loaded, and what is folded when it is opened.
    for (const kind of ['load', 'toggle']) {
        document.getElementById('content').addEventListener(kind, () => markScrollers(document.getElementById('content')), true);
    }
    document.getElementById('content').addEventListener('scroll', event => markMore(event.target), true);

    // Search opens by its button or by `/`. It is loaded then; what is typed meanwhile is in its field.
    const search = document.getElementById('search');
    function openSearch() {
        if (!search.open) {
            search.showModal();
            document.getElementById('search-input').select();
        }
        if (window.bookSearch) {
            window.bookSearch();
        } else if (!search.dataset.loading) {
            search.dataset.loading = 'yes';
            const script = document.createElement('script');
            script.src = root.dataset.search.split(' ')[2];
            script.onerror = () => delete search.dataset.loading;
            document.head.append(script);
        }
    }
    if (search && root.dataset.search) {
        document.getElementById('search-open').addEventListener('click', openSearch);
        document.getElementById('search-close').addEventListener('click', () => search.close());
        document.addEventListener('keydown', event => {
            const typing = event.target.closest?.('input:not([type="radio"], [type="checkbox"]), textarea, select, [contenteditable]');
            if (event.key === '/' && !typing && !event.ctrlKey && !event.metaKey && !event.altKey && !search.open) {
                event.preventDefault();
                openSearch();
            }
        });
    }

    // Keys: arrows turn pages, but only where they mean nothing else.
    document.addEventListener('keydown', event => {
        if (event.key === 'Escape' && narrow.matches && sidebarOpen()) {
            setSidebar(false, false);
            sidebarButton.focus();
            return;
        }
        const busy = event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || event.defaultPrevented;
        const focus = document.activeElement;
        const free = !focus || focus === document.body || focus.id === 'content';
        if (busy || !free || document.querySelector('dialog[open]')) {
            return;
        }
        const rel = { ArrowLeft: 'prev', ArrowRight: 'next' }[event.key];
        const link = rel && document.querySelector(`.pager a[rel="${rel}"]`);
        if (link) {
            event.preventDefault();
            location.href = link.href;
        }
    });

    // `mdbook serve` reloads the page through a socket of its own.
    if (root.dataset.liveReload) {
        const socket = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/${root.dataset.liveReload}`);
        socket.onmessage = event => event.data === 'reload' && location.reload();
    }
    if (root.dataset.print === 'yes') {
        addEventListener('load', () => setTimeout(() => window.print(), 200));
    }
    requestAnimationFrame(() => root.classList.add('ready'));
})();
