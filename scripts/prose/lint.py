"""Looks for spelling mistakes, repeated words and broken phrases in the pages of the book, with Harper.

The pages are those of book/src/SUMMARY.md. scripts/workbook/tests/it/prose.rs tests the other rules of our language.
Our own words are in dictionary.txt, one a line. Usage: python scripts/prose/lint.py [PAGE ...], e.g. 01-tcp.
"""

import re
import sys
from pathlib import Path

import harper

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
PAGES = ROOT / "book/src"

# Rules that find no fault here, or that differ from our style.
OFF = [
    "AsHow",
    "AvoidAndAlso",
    "CallThem",
    "ClientOrServerSide",  # `the server's side` is meant
    "CompoundNouns",
    "CondenseAllThe",
    "DisjointPrefixes",
    "ExpandConfiguration",
    "ExpandControl",
    "ExpandMemoryShorthands",
    "ExpandParameter",
    "ExpandTimeShorthands",
    "FindOut",
    "ItsContraction",
    "LongSentences",  # prose.rs counts words, and knows tables
    "MassNouns",
    "MergeWords",
    "MissingPreposition",
    "MissingTo",
    "ModalBeAdjective",
    "Months",
    "NoLonger",
    "OkToOkay",  # an answer of Consul, or of a program
    "OneOfTheSingular",
    "OrthographicConsistency",
    "OutOfDate",
    "OxfordComma",
    "PhrasalVerbAsCompoundNoun",
    "PronounInflectionBe",
    "QuantifierNumeralConflict",
    "SentenceCapitalization",  # items of a list and names such as tokio
    "SingleBe",
    "Spaces",
    "SplitWords",
    "ThatThan",
    "ToTwoToo",
    "UseEllipsisCharacter",
    "UseTitleCase",
    "WereWhere",
    "WrongNegative",
]


def all_pages():
    """The pages of SUMMARY.md: every page that the book shows."""
    summary = (PAGES / "SUMMARY.md").read_text()
    return re.findall(r"\]\(([\w-]+)\.md\)", summary)


def prose(text):
    """The running text in its lines: no listings, directives, HTML, or addresses of links."""
    lines, code = [], False
    for line in text.split("\n"):
        fence = line.lstrip().startswith("```")
        code ^= fence
        skipped = code or fence or line.startswith(("{{", "|-", "<", "!["))
        lines.append("" if skipped else line)
    text = "\n".join(lines)
    text = re.sub(r"<!--.*?-->|<kbd>.*?</kbd>|</?\w[^>\n]*>", "", text)
    text = re.sub(r"\]\([^)\s]*\)", "]", text)
    # Units are no words.
    text = re.sub(r"\b(\d[\d.,]*) (?:µs|ms|s|h|KB|MB|GB|KiB|MiB)\b", r"\1", text)
    text = text.replace("µs", "microseconds")
    return re.sub(r"(?<=[`\d])'?s\b", "", text)


def main():
    linter = harper.Linter(dialect=harper.Dialect.BRITISH)
    linter.set_lint_config(dict.fromkeys(OFF, False))
    words = (HERE / "dictionary.txt").read_text().split("\n")
    linter.import_words([word for word in words if word])
    faults = 0
    for page in sys.argv[1:] or all_pages():
        text = prose((PAGES / f"{page}.md").read_text())
        for rule, lints in linter.organized_lints(text).items():
            for lint in lints:
                # It does not read the word in a code span.
                if rule == "AnA" and text[lint.span.end :].lstrip().startswith("`"):
                    continue
                faults += 1
                line = text.count("\n", 0, lint.span.start) + 1
                print(f"book/src/{page}.md:{line}: {lint.problem_text!r}: {lint.message} ({rule})")
    if faults:
        print(f"{faults} faults; a word of the field goes into scripts/prose/dictionary.txt")
    return faults > 0


if __name__ == "__main__":
    sys.exit(main())
