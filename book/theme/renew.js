// A new version of the text, without losing what the reader had: the place on the screen, open hints,
// the focus, answers, and the output of a demo that is still running.
//
// workbook.js calls `renew` when the runner says that the book's source has changed.
'use strict';

// The text as it came, before any script adds buttons, colours and cards: a new version is compared with this.
window.workbookText = document.getElementById('content')?.innerHTML;

window.workbookRenew = ({ all, element, boxes, build, showState }) => {
    const assets = page => all('script[src], link[rel="stylesheet"]', page).map(each => each.getAttribute('src') ?? each.getAttribute('href')).join();

    let lastText = window.workbookText;
    let renewing = false;
    let renewAgain = false;
    async function renew() {
        if (renewing) {
            renewAgain = true;
            return;
        }
        renewing = true;
        try {
            const reply = await fetch(location.pathname, { cache: 'no-store' });
            if (reply.ok) {
                replaceText(new DOMParser().parseFromString(await reply.text(), 'text/html'));
            }
        } catch {
            // The runner is gone; the connection says so.
        }
        renewing = false;
        if (renewAgain) {
            renewAgain = false;
            renew();
        }
    }

    function replaceText(page) {
        const meta = page.querySelector('meta[name="workbook-token"]');
        if (meta) {
            document.querySelector('meta[name="workbook-token"]').content = meta.content;
        }
        if (assets(page) !== assets(document)) {
            // New scripts or styles: only a true reload runs them.
            location.reload();
            return;
        }
        const old = document.getElementById('content');
        const fresh = page.getElementById('content');
        if (!fresh || fresh.innerHTML === lastText) {
            return;
        }
        lastText = fresh.innerHTML;
        // The reader keeps the place: the heading above the fold stays where it is on the screen.
        const anchor = all('[id]', old).filter(each => each.getClientRects().length && each.getBoundingClientRect().top < innerHeight / 3).at(-1);
        const offset = anchor?.getBoundingClientRect().top;
        const open = all('details[open]', old).map(path).filter(Boolean);
        const focused = old.contains(document.activeElement) ? document.activeElement : null;
        const focusedId = focused?.id;

        // Boxes with their buttons, verdicts and running output move over to the new text.
        const kept = element('div');
        for (const box of boxes.values()) {
            kept.append(box.place);
        }
        old.replaceChildren(...fresh.childNodes);
        document.title = page.title;
        build();
        window.bookDecorate?.();
        open.forEach(each => { const details = find(each); if (details) { details.open = true; } });
        showState();
        for (const box of boxes.values()) {
            box.section.classList.toggle('wb-busy', box.job !== null);
        }
        const again = anchor && document.getElementById(anchor.id);
        if (again) {
            scrollBy({ top: again.getBoundingClientRect().top - offset, behavior: 'instant' });
        }
        const focus = focused?.isConnected ? focused : focusedId && document.getElementById(focusedId);
        focus?.focus?.({ preventScroll: true });
    }

    // A folded part is found again by the section it stands in and its place there.
    const home = details => details.closest('[data-exercise], [data-quiz], [data-predict]');
    function path(details) {
        const section = home(details);
        if (!section || details.closest('.wb-live')) {
            return null;
        }
        return { id: section.id || JSON.stringify({ ...section.dataset, state: undefined }), at: all('details', section).filter(each => !each.closest('.wb-live')).indexOf(details) };
    }
    function find({ id, at }) {
        const section = all('[data-exercise], [data-quiz], [data-predict]').find(each => (each.id || JSON.stringify({ ...each.dataset, state: undefined })) === id);
        return section && all('details', section).filter(each => !each.closest('.wb-live'))[at];
    }

    return renew;
};
