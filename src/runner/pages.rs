//! What each code means with which a run does not begin, or cannot go on in this process, for `countersign explain`. Those
//! that other rooms give it are here too: what they mean is what becomes of the run.

use countersign_kernel::page::Page;

/// What is true where a connector does not take a call, and what to do.
const CALL: &str = "The connector asks this before it opens a secret, so the call has changed nothing. What the run \
    did before is taken back, where no delivery has been made yet. A workflow is checked against what its connectors \
    declare, so mostly the plan is older than the connector: run the workflow again, and it is planned anew.";

/// What is true where a text cannot be made, and what to do.
const TEXT: &str = "No workflow that was checked asks for that, so this is a fault of Countersign: report it with the \
    workflow. Nothing was made, and the run waits for a person: `countersign status RUN` says what it did before.";

/// What is true where there are no hands for a call, and what to do.
const HANDS: &str = "No secret was opened and no call made. The intent of the call is on record without an answer, and \
    the next command looks at the target to close it. This is a fault of Countersign: report it.";

/// What is true where something does not open that was sealed a moment ago, and what to do.
const SEALED: &str = "`countersign adopt` seals what it is given, and opens it again to ask the target whether it \
    takes it. That opens always, so this is a fault of Countersign, or of the machine's memory: report it. Nothing was \
    adopted, and no run was started. Of sealed bytes in the store it is told as `secrets.does_not_open`.";

/// The page of each code, beside those of a plan, of a reading, and of the ledger.
pub const PAGES: &[Page] = &[
    Page::told(
        "run.not_found",
        "There is no run of that id in this folder.",
        "A run is named as `countersign status` names it; another data folder has other runs (`--data`, \
         `COUNTERSIGN_DATA`).",
        "`countersign resume rotate-reporting-key`",
        "`countersign resume r20261123-214512-7f3a9c2e01b4`",
    ),
    Page::told(
        "run.unreadable",
        "The entries of the run make no sense in their order, or to this version.",
        "A run goes on only from what is on record, and nothing is guessed. Were they written by a newer version, use that \
         one; else something has altered them: `countersign evidence verify` says where.",
        "a folder from a backup that was taken file by file while something ran",
        "the last whole backup",
    ),
    Page::told(
        "run.no_plan",
        "The plan that the run follows is not stored, or cannot be read.",
        "It was stored in the same commit that started the run, so something has altered the store since. Change nothing in \
         the folder; `countersign evidence verify` says what is missing, and the last whole backup has it.",
        "a `countersign.db` that was repaired with other tools",
        "the last whole backup",
    ),
    Page::told(
        "run.no_command",
        "The run's next step cannot be worded: a value that it needs did not come about.",
        "Mostly a target answered a call without something that a later call names. Trying again would not help, so the run \
         waits for a person. `countersign status RUN` has the message; `countersign undo RUN` takes back what was done.",
        "a call that is done, and did not say the serial of the certificate that it made",
        "`countersign undo RUN`, and a report to whoever makes the connector",
    ),
    Page::told(
        "run.not_settled",
        "What the target shows of an open call was not taken down.",
        "The call stays open and blocks its resource until it is: run the command again. Nothing was changed meanwhile.",
        "a disk that is full in the moment of the finding",
        "room on the disk, then the same command",
    ),
    Page::told(
        "run.unsettled",
        "The target does not show whether a call without an answer was applied.",
        "The call may have been applied, and is never just repeated. The target was looked at for ten seconds; the next \
         command looks again. Where it will never tell, find out yourself, and say it with `countersign abandon RUN`.",
        "a target that went away while a key was staged",
        "`countersign run NAME` again, once the target can be read",
    ),
    Page::told(
        "request.key_reused",
        "The idempotency key was given before, with another request.",
        "A key stands for one request, so that it may be sent twice and is done once. With other inputs, another trigger or \
         another plan it would silently be the first one's run.",
        "`--idempotency-key 2026-03` for `clerk`, and again for `intern`",
        "`--idempotency-key 2026-03-intern`",
    ),
    Page::told(
        "adopt.not_taken",
        "The target does not take what was given as the version that it should be.",
        "A secret that does not work is not taken over. Nothing was adopted and nothing was used up: give the right one. \
         Where several versions live at the target, `--version` says which of them it is.",
        "a file with the key from before the last rotation",
        "a file with the key that is in use",
    ),
    Page::told(
        "adopt.not_asked",
        "The target gave no answer, so that nobody knows whether it takes the secret.",
        "A network error is no refusal. Nothing was adopted and nothing was used up: make the target answer, and run the same \
         command again.",
        "an endpoint that does not run, or whose certificate the client cannot check",
        "the same command once `countersign status` shows what serves it",
    ),
    Page::told(
        "adopt.other_secret",
        "The version was given here before, with another secret, by a run that somebody let go of.",
        "What is sealed as a version stays that version's secret. Give the secret that was given first. Where that was the \
         wrong one, have the target make a new one under a later number, and adopt that.",
        "`adopt` with a mistyped secret and `on_import: adopt`, let go of, and again with the right one",
        "a new key at the target, labelled `local/account/clerk@2`",
    ),
    Page::told(
        "adopt.unreadable",
        "The file with the secret cannot be read.",
        "The secret is read from a file, so that no command line shows it. Name a file that is there, and that you may read.",
        "`--secret key.txt`, in another folder than the file's",
        "`--secret /run/secrets/reporting`",
    ),
    Page::told(
        "adopt.no_secret",
        "The file does not hold one line.",
        "A secret is a text of one line; a line end after it is not part of it. What has several is mostly a file that also \
         holds something else.",
        "a `.env` file with `KEY=..` and other lines",
        "a file with nothing but the key",
    ),
    Page::told(
        "answer.refused",
        "The run cannot take that answer.",
        "The message says why: it is over, needs nobody, or something of it cannot be taken back. Nothing was changed or \
         recorded. `countersign status RUN` says how it stands.",
        "`countersign undo RUN`, after the old account was removed",
        "`countersign resume RUN`, or `countersign abandon RUN --reason TEXT`",
    ),
    Page::told(
        "probe.timed_out",
        "The target did not answer a probe within five seconds.",
        "That counts as `unknown`, which proves nothing: neither that a credential works, nor that it is dead. The probe is \
         asked again for as long as its step takes.",
        "an endpoint behind a firewall that drops what it does not know",
        "an endpoint that answers, if only to refuse",
    ),
    Page::told(
        "plan.drifted",
        "The plan is now another one than the one that was named.",
        "`--plan DIGEST` runs exactly what was looked at, or nothing. The workflow, the inputs or the target have changed \
         since. `countersign plan NAME --diff FILE` shows what differs from the `plan NAME --json` that was looked at, where that \
         was saved; `--diff DIGEST` what differs from a plan that a run followed. Look at it again, and name its digest.",
        "`countersign run NAME --plan DIGEST`, of yesterday's digest",
        "the digest of today's plan, looked at",
    ),
    Page::told(
        "plan.not_canonical",
        "The plan cannot be written down.",
        "What has no canonical bytes has no digest, and is not run. This is a fault of Countersign: report it with the \
         workflow.",
        "no file that is known brings it about",
        "a report",
    ),
    Page::told(
        "entry.mints_own",
        "The first entry of the run could not be built.",
        "Decisions, intents and their answers are written with a warrant and never otherwise. Nothing was started. This is a \
         fault of Countersign: report it.",
        "no command that is known brings it about",
        "a report",
    ),
    Page::told(
        "claim.not_found",
        "There is no run of that id to be driven.",
        "A run is named as `countersign status` names it.",
        "a run of another data folder",
        "`--data DIR` of the folder that has the run",
    ),
    Page::told(
        "claim.closed",
        "The run is over.",
        "What is over is not driven any more: `countersign status RUN` says how it ended.",
        "two people who answer the same stuck run",
        "`countersign status RUN`",
    ),
    Page::told(
        "claim.leased",
        "Another process drives the run.",
        "One process at a time drives a run. If that process has ended, its lease runs out by itself in seconds.",
        "`countersign resume RUN`, while another command is at it",
        "the same command a minute later",
    ),
    Page::told(
        "clock.ahead",
        "The clock says a time far ahead of everything that is on record.",
        "What falls due in years would begin at once, certificates would get dates of a time that is not, and once an entry has \
         such a stamp the right time lies before it for good. Opening a folder whose last entry is more than 400 days old is \
         refused; a process that serves and sees the clock go forward by more than a day begins nothing before it is right. If \
         the clock is right, say so in the settings: `[clock]` with `trusted_until`. Nothing was changed.",
        "a machine without a battery that starts in 2036",
        "the right time; or `trusted_until = \"2028-01-31\"` for a folder that was left alone for two years",
    ),
    Page::told(
        "clock.behind",
        "The clock says an earlier time than something that has already happened.",
        "Deadlines, windows and ends of life would all be wrong, so nothing is done by such a clock. Set it right, and run \
         the command again; an open run is carried on.",
        "a machine whose clock was set back by an hour",
        "the clock set by NTP",
    ),
    Page::told(
        "secrets.key_missing",
        "A key file of the data folder is gone, and there is a store that needs it.",
        "With a new key nothing old would open. Put the file back into `keys/` from where the keys are saved.",
        "a backup of the folder without `keys/`",
        "`keys/` put back from its own backup",
    ),
    Page::told(
        "secrets.key_malformed",
        "A key file of the data folder does not hold a key.",
        "Nothing was opened or replaced. Put the right file back into `keys/` from where the keys are saved.",
        "a key file that an editor has saved as text",
        "the file from the backup, byte by byte",
    ),
    Page::told(
        "secrets.wrong_key",
        "A key file is not the one that this ledger was made with.",
        "What another key seals, nobody could open later. Nothing was changed. Put the right file back into `keys/`.",
        "`keys/` of the test folder, copied into the one that is in use",
        "`keys/` from the folder's own backup",
    ),
    Page::told(
        "secrets.no_randomness",
        "The system gave no random bytes.",
        "A secret or an id that can be guessed is none. Nothing was made. Mend the system; the next command goes on.",
        "a container without a random source",
        "a system with `getrandom`",
    ),
    Page::told(
        "secrets.key_pair",
        "No key pair could be made.",
        "The message says why; mostly it is a name that cannot stand in a certificate request. Nothing was asked of the \
         authority. A run that needs it waits for a person.",
        "a common name with a character that certificates do not know",
        "`countersign abandon RUN --reason TEXT`, then the mended workflow",
    ),
    Page::told(
        "secrets.not_sealed",
        "A secret could not be sealed, or its sealed bytes are not in the store.",
        "Nothing is used that is not kept first, and what is gone cannot be made anew: the version at the target is another \
         one. A run that needs it waits for a person. `countersign evidence verify` says what is missing.",
        "a store that has lost bytes which its ledger names",
        "the last whole backup",
    ),
    Page::told(
        "secrets.does_not_open",
        "Sealed bytes do not open with the key of this folder.",
        "They were altered, or sealed by another key. Nothing was sent anywhere; a run that needs them waits for a person. \
         `countersign evidence verify` says whether the bytes are those that were recorded.",
        "a `countersign.db` of one folder beside the `keys/` of another",
        "both from one backup",
    ),
    Page::told(
        "secrets.shield",
        "The system does not let this process close its memory to others.",
        "Keys are not read where another process could read them as well. Let the process forbid core files and tracing.",
        "a sandbox that refuses `prctl`",
        "a sandbox that permits `prctl(PR_SET_DUMPABLE)`",
    ),
    Page::told(
        "call.missing_parameter",
        "A call lacks a parameter that its verb needs.",
        CALL,
        "a run that was started before an upgrade, after which its verb needs more",
        "`countersign run NAME` again",
    ),
    Page::told(
        "call.unknown_parameter",
        "A call has a parameter or a secret that its verb does not take.",
        CALL,
        "a run that was started before an upgrade, after which its verb needs less",
        "`countersign run NAME` again",
    ),
    Page::told(
        "call.wrong_type",
        "A parameter of a call is not of the type that its verb takes.",
        CALL,
        "a run that was started before an upgrade, after which its verb takes other words",
        "`countersign run NAME` again",
    ),
    Page::told(
        "generate.length",
        "A text was to be made that is shorter than 8 characters, or longer than 1024.",
        TEXT,
        "no workflow that is known brings it about",
        "a report",
    ),
    Page::told(
        "generate.alphabet",
        "A text was to be made of an alphabet that is none.",
        TEXT,
        "no workflow that is known brings it about",
        "a report",
    ),
    Page::told(
        "generate.class",
        "A text was to hold a character of a class that its alphabet does not have.",
        TEXT,
        "no workflow that is known brings it about",
        "a report",
    ),
    Page::told(
        "generate.rare",
        "A text was to be made with a character of each class, and hardly any text of its length has them.",
        TEXT,
        "no workflow that is known brings it about",
        "a report",
    ),
    Page::told(
        "grant.mismatch",
        "A call does not fit what it is to follow.",
        "A first attempt follows its plan, a repetition the attempt that was not applied, an undo the call that was \
         done. No intent was recorded and no call made; the run is open. This is a fault of Countersign: report it.",
        "no command that is known brings it about",
        "a report",
    ),
    Page::told(
        "hands.foreign_warrant",
        "The permission for a call was not given by this process.",
        HANDS,
        "no command that is known brings it about",
        "a report",
    ),
    Page::told(
        "hands.other_materials",
        "The secrets that were brought for a call are not those that it names.",
        HANDS,
        "no command that is known brings it about",
        "a report",
    ),
    Page::told(
        "hands.other_subject",
        "What the target makes in a call would be kept as another subject's secret.",
        HANDS,
        "no command that is known brings it about",
        "a report",
    ),
    Page::told(
        "seal.not_sealed",
        "Bytes are not sealed material.",
        SEALED,
        "no command that is known brings it about",
        "a report",
    ),
    Page::told(
        "seal.format",
        "Bytes are sealed in a format that this version does not know.",
        SEALED,
        "no command that is known brings it about",
        "a report",
    ),
    Page::told(
        "seal.generation",
        "Bytes are sealed by a key of another generation than the one that is here.",
        SEALED,
        "no command that is known brings it about",
        "a report",
    ),
    Page::told(
        "seal.altered",
        "Sealed bytes were altered, are of another version, or were sealed by another key.",
        SEALED,
        "no command that is known brings it about",
        "a report",
    ),
];
