//! What each code means that a process that serves answers those with who watch over it, for `countersign explain`.

use countersign_kernel::page::Page;

/// The page of each.
pub const PAGES: &[Page] = &[
    Page::told(
        "ready.starting",
        "The process has begun, and its loop has not gone round yet.",
        "It goes round for the first time once the current set is loaded and the rows of its triggers are there. Ask again in a \
         moment.",
        "`/readyz`, in the second in which `serve` was started",
        "the same a second later",
    ),
    Page::told(
        "ready.stalled",
        "The loop of the process that serves hangs: it has not gone round for half a minute.",
        "At rest it goes round each second. Nothing is begun or carried on meanwhile, and no heartbeat is sent. Each run stands \
         where its last entry says, so the process may be ended and started again.",
        "a disk that does not answer",
        "the disk, and then `countersign serve` again",
    ),
    Page::told(
        "ready.ledger_slow",
        "The ledger has not taken for seconds what it was given.",
        "Nothing changes anywhere before its entry is on the device. The device is slow, or does not answer.",
        "a data folder on a network drive whose server is away",
        "a data folder on a disk of the machine's own",
    ),
    Page::told(
        "metrics.encode",
        "The metrics could not be written; that is a fault of Countersign.",
        "The work goes on. Report it.",
        "nothing that a workflow or a target does should bring it about",
        "ask again",
    ),
    Page::told(
        "settings.restart",
        "The settings were read again while `countersign serve` ran, and not all that has changed in them is in force.",
        "Log and heartbeat follow at once. Connectors, places, freezes and webhooks are what plans and open runs were made with: \
         the next process takes them. Nothing has stopped meanwhile.",
        "a second place in `settings.toml`, and SIGHUP",
        "SIGTERM, and `countersign serve` again",
    ),
    Page::told(
        "listen.taken",
        "Another process listens on the address that `serve --listen` names.",
        "Nothing was begun. Let the other one end, or name another port.",
        "`countersign serve --listen 127.0.0.1:9187`, of two data folders",
        "`--listen 127.0.0.1:9188` for the second one",
    ),
    Page::told(
        "listen.refused",
        "The address that `serve --listen` names cannot be listened on.",
        "It is none of this machine's, or a port that needs rights which the process should not have. Nothing was begun.",
        "`--listen 192.0.2.1:80`",
        "`--listen 127.0.0.1:9187`",
    ),
];
