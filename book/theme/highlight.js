// A small highlighter for the languages of this book: Rust, TOML, JSON and commands.
//
// mdBook's own knows forty languages in 135 KB, a third of what a page may weigh. This one reads a
// listing once, left to right, with one regular expression a language: good enough for code that
// compiles, which all our listings do.
'use strict';

(() => {
    const word = list => `\\b(?:${list.replaceAll(' ', '|')})\\b`;

    // Order matters: the first alternative that matches wins. Names become the classes hl-NAME.
    const rules = {
        rust: {
            comment: String.raw`//[^\n]*|/\*[\s\S]*?\*/`,
            string: String.raw`\bb?r(?<hash>#+)"[\s\S]*?"\k<hash>|\bb?r"[^"]*"|b?"(?:[^"\\]|\\[\s\S])*"|b?'(?:[^'\\\n]|\\(?:x..|u\{[^}]*\}|.))'`,
            type: String.raw`'[a-z_]\w*\b|\b[A-Z]\w*\b|` + word('u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize f32 f64 bool char str'),
            keyword: word('as async await break const continue crate dyn else enum extern false fn for if impl in let loop match mod move mut pub ref return self static struct super trait true type unsafe use where while'),
            number: String.raw`\b\d[\d_]*(?:\.\d+)?(?:[iuf]\d+|usize)?\b|\b0x[\da-f_]+\b`,
            call: String.raw`\b[a-z_]\w*!|\b[a-z_]\w*(?=\()|#!?\[[^\]\n]*\]`,
        },
        toml: {
            comment: String.raw`#[^\n]*`,
            string: String.raw`"""[\s\S]*?"""|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'`,
            type: String.raw`^\s*\[\[?[^\]\n]+\]\]?`,
            keyword: String.raw`\b(?:true|false)\b`,
            call: String.raw`^[ \t]*[\w.-]+(?=\s*=)`,
            number: String.raw`\b\d[\d_.]*\b`,
        },
        json: {
            call: String.raw`"(?:[^"\\\n]|\\.)*"(?=\s*:)`,
            string: String.raw`"(?:[^"\\\n]|\\.)*"`,
            keyword: String.raw`\b(?:true|false|null)\b`,
            number: String.raw`-?\b\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\b`,
        },
        console: {
            prompt: String.raw`^[$>] `,
            comment: String.raw`(?<=\s)#[^\n]*|^#[^\n]*`,
        },
    };
    Object.assign(rules, { rs: rules.rust, sh: rules.console, bash: rules.console, shell: rules.console });

    const compiled = new Map();
    function pattern(language) {
        if (!compiled.has(language)) {
            const parts = Object.entries(rules[language]).map(([name, source]) => `(?<${name}>${source})`);
            compiled.set(language, new RegExp(parts.join('|'), 'gm'));
        }
        return compiled.get(language);
    }

    function highlight(code) {
        const language = [...code.classList].find(name => name.startsWith('language-'))?.slice(9).split(',')[0];
        if (!rules[language] || code.querySelector('[class^="hl-"]')) {
            return;
        }
        code.querySelectorAll('.boring').forEach(line => line.remove());
        const text = code.textContent;
        const out = document.createDocumentFragment();
        let end = 0;
        for (const match of text.matchAll(pattern(language))) {
            const name = Object.keys(rules[language]).find(key => match.groups[key] !== undefined);
            const span = document.createElement('span');
            span.className = `hl-${name}`;
            span.textContent = match[0];
            out.append(text.slice(end, match.index), span);
            end = match.index + match[0].length;
        }
        out.append(text.slice(end));
        code.replaceChildren(out);
    }

    window.bookHighlight = root => root.querySelectorAll('pre code').forEach(highlight);
    window.bookHighlight(document);
})();
