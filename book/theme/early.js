// Runs before the first paint: the reader's theme and sidebar, so that nothing flashes or jumps.
'use strict';

(() => {
    const root = document.documentElement;
    root.classList.replace('no-js', 'js');
    let theme = null;
    let sidebar = null;
    try {
        theme = localStorage.getItem('book-theme');
        sidebar = localStorage.getItem('book-sidebar');
    } catch {
        // Storage can be forbidden; then the system decides.
    }
    if (theme === 'light' || theme === 'dark') {
        root.classList.add(theme);
    }
    // On a narrow screen the sidebar covers the text, so it starts closed whatever was chosen before.
    if (sidebar === 'hidden' || !matchMedia('(min-width: 62.01rem)').matches) {
        root.classList.add('sidebar-hidden');
    }
})();
