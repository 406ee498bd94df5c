"""Prints for each page of the book the share of paragraphs with one of the habits that our style avoids, today and before.

A paragraph counts when it has a word of the list WORDS in scripts/workbook/tests/it/prose.rs, a sentence of more than 30
words, a sentence that begins with `Who` or `One who`, or `is none`. Usage: python3 scripts/prose/habits.py [REVISION]; with a
revision of git the pages of that revision stand beside those of the working copy.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = "book/src"


def words():
    source = (ROOT / "scripts/workbook/tests/it/prose.rs").read_text()
    table = source.split("const WORDS")[1].split("];")[0]
    found = re.findall(r'^    \("([^"]+)", ', table, re.M)
    assert found, "prose.rs has no list WORDS"
    return re.compile(r"\b(?:" + "|".join(map(re.escape, found)) + r")\b", re.I)


def paragraphs(text):
    """The running text, an item of a list for itself: no headings, listings, directives, tables and pictures."""
    text = re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)
    for block in re.split(r"\n\s*\n|\n\s*(?=- |\d\. )", text):
        block = block.strip()
        if block and not block.startswith(("#", "{{", "|", "<", "![", "[")):
            yield " ".join(block.split())


def has_a_habit(paragraph, listed):
    sentences = re.split(r"(?<=[.!?:])\s+(?=[A-Z`*])", paragraph)
    return bool(
        listed.search(paragraph)
        or any(len(sentence.split()) > 30 for sentence in sentences)
        or any(re.match(r"(?:Who|One who) (?!\w+\?)", sentence) and not sentence.endswith("?") for sentence in sentences)
        or re.search(r"\b(?:is|are) none\b", paragraph))


def share(text, listed):
    found = [has_a_habit(paragraph, listed) for paragraph in paragraphs(text)]
    return 100 * sum(found) / len(found) if found else 0.0


def main():
    listed = words()
    revision = sys.argv[1] if len(sys.argv) > 1 else None
    print(f"{'page':<24}{revision or '':>10}{'now':>10}   percent of paragraphs")
    for page in sorted((ROOT / FOLDER).glob("[01]*.md")):
        before = ""
        if revision:
            old = subprocess.run(["git", "show", f"{revision}:{FOLDER}/{page.name}"], cwd=ROOT, capture_output=True, text=True)
            before = f"{share(old.stdout, listed):.0f}" if old.returncode == 0 else "-"
        print(f"{page.stem:<24}{before:>10}{share(page.read_text(), listed):>10.0f}")


if __name__ == "__main__":
    main()
