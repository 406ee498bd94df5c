// What the pages take from CodeMirror: an editor for one Rust file, and the view of two versions of it.
// `npm run build` makes book/theme/editor.js of this; book/theme/editing.js is its only caller.
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { rust } from '@codemirror/lang-rust';
import { bracketMatching, HighlightStyle, indentOnInput, indentUnit, syntaxHighlighting } from '@codemirror/language';
import { lintGutter, lintKeymap, setDiagnostics } from '@codemirror/lint';
import { unifiedMergeView } from '@codemirror/merge';
import { EditorState, Prec, Transaction } from '@codemirror/state';
import { drawSelection, EditorView, highlightActiveLine, highlightActiveLineGutter, highlightSpecialChars, keymap, lineNumbers } from '@codemirror/view';
import { tags } from '@lezer/highlight';

// The colours are those of the page: custom properties reach into a shadow root.
const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.modifier, tags.self], color: 'var(--hl-keyword)' },
  { tag: [tags.string, tags.character, tags.special(tags.string)], color: 'var(--hl-string)' },
  { tag: [tags.comment, tags.lineComment, tags.blockComment], color: 'var(--hl-comment)', fontStyle: 'italic' },
  { tag: [tags.number, tags.bool], color: 'var(--hl-number)' },
  { tag: [tags.typeName, tags.namespace], color: 'var(--hl-type)' },
  { tag: [tags.macroName, tags.meta, tags.attributeName], color: 'var(--hl-call)' },
]);

const look = EditorView.theme({
  '&': { backgroundColor: 'var(--code-bg)', color: 'var(--ink)', fontSize: '0.875rem', border: '1px solid var(--line-strong)', borderRadius: '8px' },
  '&.cm-focused': { outline: '2px solid var(--wire)', outlineOffset: '1px' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '1.55', maxHeight: '32rem', overflow: 'auto' },
  '.cm-content': { caretColor: 'var(--ink)', padding: '0.5rem 0' },
  '.cm-cursor': { borderLeftColor: 'var(--ink)', borderLeftWidth: '2px' },
  '.cm-gutters': { backgroundColor: 'var(--code-bg)', color: 'var(--ink-soft)', border: '0' },
  '.cm-activeLine': { backgroundColor: 'transparent', boxShadow: 'inset 2px 0 var(--wire)' },
  '.cm-activeLineGutter': { backgroundColor: 'transparent', color: 'var(--ink)', fontWeight: '600' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': { backgroundColor: 'var(--wire-wash)' },
  '&.cm-focused .cm-matchingBracket': { backgroundColor: 'transparent', outline: '1px solid var(--wire)' },
  // Without the pictures of the lint package: the page's policy allows no data: addresses.
  '.cm-lintRange, .cm-lintRange-error, .cm-lintRange-warning, .cm-lintRange-active': { backgroundImage: 'none', backgroundColor: 'transparent' },
  '.cm-lintRange-error': { backgroundImage: 'none', textDecoration: 'underline wavy var(--fail)' },
  '.cm-lintRange-warning': { backgroundImage: 'none', textDecoration: 'underline wavy var(--packet)' },
  '.cm-lint-marker': { width: '1em', height: 'auto', textAlign: 'center', fontWeight: '700' },
  '.cm-lint-marker-error': { content: 'normal', color: 'var(--fail)' },
  '.cm-lint-marker-warning': { content: 'normal', color: 'var(--packet)' },
  '.cm-lint-marker-error::before': { content: '"✗"' },
  '.cm-lint-marker-warning::before': { content: '"!"' },
  '.cm-tooltip': { backgroundColor: 'var(--surface)', color: 'var(--ink)', border: '1px solid var(--line-strong)', maxWidth: '40rem' },
  '.cm-diagnosticText': { whiteSpace: 'pre-wrap', fontFamily: 'var(--mono)', fontSize: '0.8rem' },
  '.cm-changedLine, &.cm-merge-b .cm-changedLine': { backgroundColor: 'var(--pass-wash)' },
  '&.cm-merge-b .cm-changedText': { background: 'none', textDecoration: 'underline', textDecorationColor: 'var(--pass)' },
  '.cm-deletedChunk': { backgroundColor: 'var(--fail-wash)', paddingLeft: '6px' },
  '.cm-deletedChunk .cm-deletedText, .cm-deletedText': { background: 'none', textDecoration: 'underline', textDecorationColor: 'var(--fail)' },
  '.cm-deletedChunk .cm-chunkButtons': { position: 'static', display: 'flex', gap: '0.5rem', padding: '0.3rem 0' },
  '.cm-deletedChunk button': {
    margin: '0', padding: '0.3rem 0.7rem', minHeight: '2rem', border: '1px solid var(--wire)', borderRadius: '6px', background: 'var(--surface)', color: 'var(--wire)',
    font: '600 0.85rem/1.3 var(--sans)', cursor: 'pointer',
  },
});

// A browser that types over a selection of several lines writes style attributes, which the page's policy refuses.
const typeOver = Prec.highest(EditorView.domEventHandlers({
  beforeinput(event, view) {
    if (event.inputType !== 'insertText' || event.isComposing || event.data === null || view.state.selection.main.empty) {
      return false;
    }
    event.preventDefault();
    view.dispatch(view.state.replaceSelection(event.data), { userEvent: 'input.type', scrollIntoView: true });
    return true;
  },
}));

// Tab is not bound: it leaves the editor, for all who go on by keyboard. Ctrl-] and Ctrl-[ indent.
const common = (text, label, onChange, keys) => [
  typeOver, lineNumbers(), highlightActiveLineGutter(), highlightActiveLine(), highlightSpecialChars(), history(), drawSelection(),
  EditorState.tabSize.of(4), indentUnit.of('    '), indentOnInput(), bracketMatching(), rust(), syntaxHighlighting(colours), look,
  EditorView.contentAttributes.of({ 'aria-label': label, tabindex: '0', spellcheck: 'false', autocapitalize: 'off', autocorrect: 'off', translate: 'no' }),
  EditorView.updateListener.of(update => update.docChanged && onChange(!update.transactions.every(each => each.annotation(Transaction.remote)))),
  keymap.of([...keys, ...defaultKeymap, ...historyKeymap, ...lintKeymap]),
];

/** An editor with `text` in `parent`, an element of the shadow root `root`. `onChange(typed)` hears of every change. */
export function editor({ parent, root, text, label, keys = [], onChange }) {
  const view = new EditorView({
    parent,
    root,
    state: EditorState.create({ doc: text, extensions: [common(text, label, onChange, keys), lintGutter()] }),
  });
  return {
    text: () => view.state.doc.toString(),
    /** Another text, from outside; the place of the cursor stays. */
    set(next) {
      const { head } = view.state.selection.main;
      view.dispatch({
        changes: { from: 0, to: view.state.doc.length, insert: next },
        selection: { anchor: Math.min(head, next.length) },
        annotations: Transaction.remote.of(true),
      });
    },
    /** Marks what the compiler says. Lines and columns count from 1, columns in characters. */
    mark(notes) {
      const { doc } = view.state;
      const at = (line, column) => {
        const place = doc.line(Math.max(1, Math.min(line, doc.lines)));
        return Math.min(place.to, place.from + [...place.text].slice(0, column - 1).join('').length);
      };
      view.dispatch(setDiagnostics(view.state, notes.map(({ level, text: message, line, column, endLine, endColumn }) => {
        const from = at(line, column);
        return { from, to: Math.max(from, at(endLine, endColumn)), severity: level === 'error' ? 'error' : 'warning', message };
      }).sort((a, b) => a.from - b.from)));
    },
    go(line) {
      const place = view.state.doc.line(Math.max(1, Math.min(line, view.state.doc.lines)));
      view.dispatch({ selection: { anchor: place.from }, effects: EditorView.scrollIntoView(place.from, { y: 'center' }) });
      view.focus();
    },
    focus: () => view.focus(),
    destroy: () => view.destroy(),
  };
}

/** `mine`, editable, with what differs in `file` above each difference and a button for either. */
export function merge({ parent, root, mine, file, label, words, onChange = () => {} }) {
  const view = new EditorView({
    parent,
    root,
    state: EditorState.create({
      doc: mine,
      extensions: [
        common(mine, label, onChange, []),
        unifiedMergeView({
          original: file,
          gutter: true,
          syntaxHighlightDeletions: false,
          mergeControls: (type, act) => {
            const button = document.createElement('button');
            button.type = 'button';
            button.textContent = type === 'accept' ? words.keepMine : words.takeFile;
            button.addEventListener('mousedown', event => event.preventDefault());
            button.addEventListener('click', act);
            return button;
          },
        }),
      ],
    }),
  });
  return { text: () => view.state.doc.toString(), focus: () => view.focus(), destroy: () => view.destroy() };
}
