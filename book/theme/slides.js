// One slide at a time: keys, buttons, the place in the address, notes. Without it the deck is one long page.
'use strict';

(() => {
    const root = document.documentElement;
    const slides = [...document.querySelectorAll('.slide')];
    if (slides.length === 0) {
        return;
    }
    // Every word that this script shows. A translation of the book replaces this object.
    const words = { place: (number, all) => `Slide ${number} of ${all}` };
    const controls = document.querySelector('.controls');
    const button = action => controls.querySelector(`[data-action="${action}"]`);
    let at = 0;

    function show(number, focus) {
        at = Math.min(Math.max(number, 0), slides.length - 1);
        slides.forEach((slide, index) => { slide.hidden = index !== at; });
        document.getElementById('place').textContent = words.place(at + 1, slides.length);
        button('back').setAttribute('aria-disabled', at === 0);
        button('next').setAttribute('aria-disabled', at === slides.length - 1);
        history.replaceState(null, '', `#s${at + 1}`);
        scrollTo(0, 0);
        if (focus) {
            slides[at].focus({ preventScroll: true });
        }
    }

    const fromAddress = () => Number.parseInt(location.hash.slice(2), 10) - 1 || 0;
    const actions = {
        back: () => show(at - 1, true),
        next: () => show(at + 1, true),
        first: () => show(0, true),
        last: () => show(slides.length - 1, true),
        notes: () => button('notes').setAttribute('aria-pressed', root.classList.toggle('with-notes')),
        print: () => print(),
        full: () => (document.fullscreenElement ? document.exitFullscreen() : root.requestFullscreen()).catch(() => {}),
    };
    const keys = {
        ArrowLeft: 'back', ArrowRight: 'next', PageUp: 'back', PageDown: 'next', ' ': 'next', Home: 'first', End: 'last',
        n: 'notes', p: 'print', f: 'full',
    };
    document.addEventListener('keydown', event => {
        const onButton = event.target.closest('button, a') && event.key === ' ';
        if (keys[event.key] && !onButton && !event.ctrlKey && !event.altKey && !event.metaKey) {
            event.preventDefault();
            actions[keys[event.key]]();
        }
    });
    controls.addEventListener('click', event => {
        actions[event.target.closest('button')?.dataset.action]?.();
    });
    addEventListener('hashchange', () => show(fromAddress(), true));
    root.classList.add('live');
    controls.hidden = false;
    button('notes').setAttribute('aria-pressed', 'false');
    show(fromAddress(), false);
})();
