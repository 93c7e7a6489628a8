//! What each code of the settings means, for `countersign explain`. The examples are changes of the default settings, and
//! tests read them all.

use countersign_kernel::page::{Example, Page};

/// The settings that a new data folder begins with.
const GOOD: &str = include_str!("default.toml");

/// The page of each code that reading settings can answer with.
pub const PAGES: &[Page] = &[
    Page {
        code: "settings.unreadable",
        meaning: "The settings file cannot be read.",
        why: "Without settings no connector and no place is known. Name a file that is there and that you may read.",
        example: Example::told("`--settings seting.toml`, which is not there", "`--settings settings.toml`"),
    },
    Page {
        code: "settings.syntax",
        meaning: "The text is not TOML.",
        why: "Mostly a quote or a bracket that is not closed, or a key that stands twice.",
        example: Example::change(GOOD, "[connectors.local]", "[connectors.local"),
    },
    Page {
        code: "settings.version",
        meaning: "The file does not say its version, or one that is not known here.",
        why: "The version says how all other keys are read. A file of a newer version needs a newer countersign.",
        example: Example::change(GOOD, "version = 1\n", "version = 2\n"),
    },
    Page {
        code: "settings.unknown_key",
        meaning: "A table has a key that does not belong there, or does not fit its connector.",
        why: "A misspelt key would be a limit that silently is not there.",
        example: Example::change(
            GOOD,
            "path = \"places/server\"",
            "path = \"places/server\"\naddres = \"127.0.0.1:0\"",
        ),
    },
    Page {
        code: "settings.missing_key",
        meaning: "A table lacks a key that must be given.",
        why: "A connector says its `type`, and a place its `connector` and what it stands for.",
        example: Example::change(GOOD, "trust = \"client/trust/ca.pem\"\n", ""),
    },
    Page {
        code: "settings.type",
        meaning: "A value is of another type than its key takes.",
        why: "Texts stand in quotes, durations too, and tables have a heading in brackets.",
        example: Example::change(GOOD, "path = \"places/server\"", "path = 1"),
    },
    Page {
        code: "settings.value",
        meaning: "A value is not one that its key takes.",
        why: "The help names the values that there are, or their bounds. The embedded endpoint listens on the loopback \
              only.",
        example: Example::change(GOOD, "address = \"127.0.0.1:0\"", "address = \"0.0.0.0:8443\""),
    },
    Page {
        code: "settings.name",
        meaning: "The name of a connector or a place has characters that it does not take.",
        why: "Names become parts of resource names and of ledger entries: letters, digits, `-`, `_` and `.`.",
        example: Example::change(GOOD, "[places.endpoint]", "[places.\"end point\"]"),
    },
    Page {
        code: "settings.secret",
        meaning: "A key looks like a secret's.",
        why: "Settings never hold secrets: they are copied, shown and kept in git. Take it out, and replace the secret that \
              stood here. Its value is not repeated in any message.",
        example: Example::change(GOOD, "type = \"files\"\n", "type = \"files\"\npassword = \"...\"\n"),
    },
    Page {
        code: "settings.path",
        meaning: "A path leads out of its folder, or to where the data folder keeps its own things.",
        why: "What workflows deliver stays where the operator says, and never replaces keys or the ledger.",
        example: Example::change(GOOD, "path = \"places/server\"", "path = \"../server\""),
    },
    Page {
        code: "settings.same_place",
        meaning: "Two places lead to one directory, or one lies in the other; or two connectors are of the type `local`.",
        why: "A subject or a sink has one name, so that one run at a time holds it.",
        example: Example::change(GOOD, "path = \"places/server\"", "path = \"places/client/server\""),
    },
    Page {
        code: "settings.unknown_connector",
        meaning: "A place belongs to a connector that the file does not declare.",
        why: "Each place names an instance under `[connectors]`.",
        example: Example::change(
            GOOD,
            "connector = \"files\"\npath = \"places/server\"",
            "connector = \"flies\"\npath = \"places/server\"",
        ),
    },
    Page {
        code: "settings.unknown_place",
        meaning: "A `place/path` begins with a place that the file does not declare, or not as a directory.",
        why: "The embedded endpoint and its client read what workflows deliver to places of a `files` connector.",
        example: Example::change(GOOD, "certificate = \"server/tls\"", "certificate = \"sever/tls\""),
    },
    Page {
        code: "settings.unknown_webhook",
        meaning: "The heartbeat names a webhook that the file does not declare.",
        why: "Nobody would hear it, and whoever waits for it would be alarmed. Each webhook has its address under \
              `[webhooks.NAME]`.",
        example: Example::change(
            GOOD,
            "version = 1\n",
            "version = 1\n[heartbeat]\nwebhook = \"watchman\"\nevery = \"60s\"\n",
        ),
    },
];
