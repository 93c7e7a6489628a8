//! What each code of a reading means, for `countersign explain`.

use countersign_kernel::page::Page;

/// The page of each code that looking at what is there can answer with, beside those of connectors, store and plan.
pub const PAGES: &[Page] = &[
    Page::told(
        "inventory.no_such_connector",
        "The settings have no connector of that name.",
        "A workflow or a run names an instance that is not in `settings.toml`, or not any more. A run that needs it waits for a \
         person: put the instance back, then `countersign resume RUN`.",
        "`subject: {connector: ldap, ..}`, without `[connectors.ldap]` in the settings",
        "the instance in the settings, or another one in the workflow",
    ),
    Page::told(
        "inventory.timed_out",
        "A target gave no answer within ten seconds.",
        "Nothing is known of it, so nothing is planned for it, and a run that needs the answer stays open: the next command \
         carries it on. See whether the target can be reached from here.",
        "a directory on a network drive that hangs",
        "the same command once the drive answers",
    ),
    Page::told(
        "inventory.too_many",
        "A target has more than 10,000 subjects of the kind.",
        "A `for_each` looks at each of them before it knows which are meant. No run looks at so many: it would begin with a \
         reading that is hours old.",
        "`for_each` over the accounts of a directory with 50,000 of them",
        "an instance for each part of the directory",
    ),
];
