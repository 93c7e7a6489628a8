//! Codes of the text: what cannot be read as a workflow at all.

use super::{Example, Page, ROTATE};

codes! {
    NOT_UTF8 = "workflow.not_utf8", "The file is not UTF-8.",
        why "A workflow is signed, hashed and shown to people: there is one way to read its bytes. Save the file as \
             UTF-8.",
        Example::told("a file saved as Latin-1: an `\u{e9}` is the byte E9", "the same file saved as UTF-8: an `\u{e9}` is the bytes C3 A9");
    UTF16 = "workflow.utf16", "The file is UTF-16 or UTF-32; workflows are UTF-8.",
        why "Some editors save `Unicode` as UTF-16. Save the file as UTF-8; a byte order mark may stay.",
        Example::told("a file saved as UTF-16: each letter has a zero byte beside it", "the same file saved as UTF-8");
    EMPTY = "workflow.empty", "The file holds no workflow.",
        why "An empty file among workflows is mostly one that was cut or never written. Write it, or remove it.",
        Example::told("a file of nothing, or of blank lines", "a file that begins with `apiVersion: countersign/v1`");
    REORDERED = "workflow.reordered", "A character shows the text around it in another order than it is read.",
        why "With such a character a reviewer sees another file than the one that runs. Remove it, from comments, too.",
        Example::told(
            "a `purpose` in which U+202E (right-to-left override) stands between two words",
            "the same `purpose` without it"
        );
    TOO_LONG = "workflow.too_long", "The file is longer than 1 MiB.",
        why "A workflow is read by people: a few hundred lines. What is longer is no workflow, and is not read at all.",
        Example::told("a database dump named `dump.yaml`, of 10 MB", "a folder that holds workflows only");
    SYNTAX = "workflow.syntax", "The text is not YAML; nothing after this place was read.",
        why "Mostly a quote or a bracket that is not closed, or indentation that does not fit. The place is where the \
             reader gave up; what is wrong may stand before it.",
        Example::change(ROTATE, "soak: 24h", "soak: \"24h");
    TOO_DEEP = "workflow.too_deep", "Lists and mappings are nested deeper than 32 levels.",
        why "A workflow needs fewer than ten levels. The limit keeps a hostile file from using up the reader's memory.",
        Example::told("ten thousand `[` one after the other", "lists and mappings no deeper than 32 levels");
    TOO_MANY_VALUES = "workflow.too_many_values", "The file holds more than 20,000 values.",
        why "What one workflow changes is looked at and judged as a whole. Split it into several workflows.",
        Example::told("a list of 30,000 items", "several workflows, each with what belongs together");
    MANY_DOCUMENTS = "workflow.many_documents", "The file holds more than one document.",
        why "One workflow is one file, so that a digest, a review and a commit are about one workflow. Put what follows \
             `---` into a file of its own.",
        Example::change(ROTATE, "steps:\n", "---\nsteps:\n");
    ANCHOR = "workflow.anchor", "A value has an anchor (`&name`).",
        why "With anchors, what stands in one place changes what another place means, and a short file can become a very \
             long one. Write the value where it is needed.",
        Example::change(ROTATE, "soak: 24h", "soak: &soak 24h");
    ALIAS = "workflow.alias", "A value is an alias (`*name`).",
        why "An alias hides the value from whoever reads this place. Write the value where it is needed.",
        Example::change(ROTATE, "soak: 24h", "soak: *soak");
    TAG = "workflow.tag", "A value has a tag (`!name`).",
        why "Each place takes one type, which is known without a tag. Leave it out; put quotes around what must be text.",
        Example::change(ROTATE, "soak: 24h", "soak: !!str 24h");
    MERGE_KEY = "workflow.merge_key", "A mapping takes keys from elsewhere (`<<`).",
        why "A merge key adds keys that do not stand here. Write the keys where they are needed.",
        Example::change(ROTATE, "tier: critical", "<<: {tier: critical}");
    DUPLICATE_KEY = "workflow.duplicate_key", "A mapping names a key twice.",
        why "YAML readers differ in which of the two they take, so that a reviewer and the machine could read different \
             workflows. Remove one.",
        Example::change(ROTATE, "soak: 24h", "soak: 24h\n      soak: 1h");
    TOO_MANY_ERRORS = "workflow.too_many_errors", "The file has more errors than are shown.",
        why "The first hundred errors are shown. Correct these, then lint again.",
        Example::told("a file with 200 keys that do not belong there", "a file with a hundred errors at most, each of them shown");
}
