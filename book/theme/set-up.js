// The page "Set up": what is missing on this machine, as the runner finds it.
'use strict';

window.workbookSetUp = ({ element, inline, token }) => {
    // Every word that this script shows. A translation of the book replaces this object.
    const words = {
        looking: 'Looking for what is missing …',
        nothing: 'Nothing is missing on this machine.',
        needed: 'needed',
        optional: 'optional',
        section: section => `Section “${section}”`,
        failed: 'The runner could not look. In a terminal: cargo workbook doctor',
    };

    async function build(place) {
        const said = element('p', { role: 'status' }, words.looking);
        place.replaceChildren(said);
        let missing;
        try {
            const reply = await fetch('/workbook/doctor', { headers: { 'X-Workbook-Token': token() } });
            missing = await reply.json();
        } catch {
            missing = null;
        }
        if (!Array.isArray(missing)) {
            said.textContent = words.failed;
            return;
        }
        if (missing.length === 0) {
            said.textContent = words.nothing;
            return;
        }
        said.remove();
        place.append(element('ul', {}, ...missing.map(({ name, why, command, needed, section, anchor }) => element('li', {},
            element('strong', {}, name), ` (${needed ? words.needed : words.optional}): ${why}. `,
            '→ ', inline(element('span'), command), ' ',
            element('a', { href: `#${anchor}` }, words.section(section))))));
    }

    return { build };
};
