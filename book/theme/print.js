// Paper: the button that prints this page, and what is opened for it.
//
// What a demo printed and the tables that stand folded are read on paper, so they are opened while the browser prints.
// Hints and the answers of a question stay folded: css/print.css leaves those out.
'use strict';

(() => {
    let opened = [];
    addEventListener('beforeprint', () => {
        opened = [...document.querySelectorAll('.content > details:not([open]), .content details.wb-result:not([open])')];
        opened.forEach(details => { details.open = true; });
    });
    addEventListener('afterprint', () => {
        opened.forEach(details => { details.open = false; });
        opened = [];
    });
    document.getElementById('print-page')?.addEventListener('click', () => print());
})();
