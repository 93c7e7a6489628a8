//! The codes that commands themselves end with, and those of what they look at before there is a plan.

use countersign_kernel::page::Page;

/// The page of each, beside those of the rooms.
pub(super) const PAGES: &[Page] = &[
    Page::told(
        "run.held",
        "Another run holds what this one would need.",
        "One run at a time changes a subject or a place, from its start to its end. Nothing was started. `countersign status \
         RUN` of the other one says whether it waits for a time or for a person; `countersign resume RUN` and `countersign \
         abandon RUN --reason TEXT` are answers to one that needs a person.",
        "a second rotation of `clerk`, while the first one is stuck",
        "`countersign resume RUN` of the first one",
    ),
    Page::told(
        "run.own_key",
        "An idempotency key begins like those that Countersign gives itself.",
        "A run for one of many subjects, and a renewal, is found again by its key; a request with such a key would be taken \
         for one of them. Nothing was started.",
        "`--idempotency-key expiry-7`",
        "`--idempotency-key team/expiry-7`",
    ),
    Page::told(
        "run.stopped",
        "The command was asked to stop, and did so between two steps.",
        "Ctrl-C and SIGTERM stop at the next safe point. The run is open and holds what it holds; the next `countersign run` \
         or `quickstart` in this folder carries it on.",
        "Ctrl-C during a soak",
        "`countersign run NAME` again",
    ),
    Page::told(
        "run.cut_off",
        "The command was asked to stop twice, and ended where it stood.",
        "A call may be under way. The next `countersign run` or `quickstart` in this folder first looks at the target, and \
         finds out whether it was applied.",
        "Ctrl-C, and once more",
        "`countersign run NAME` again",
    ),
    Page::told(
        "run.left",
        "The command was asked twice to end, and left the run to the process that serves.",
        "Where `countersign serve` runs, it is that process that drives every run; a command only stays to tell what happens. \
         `countersign status` says how the run stands.",
        "Ctrl-C, and once more, while a rotation is served",
        "`countersign status RUN`",
    ),
    Page::told(
        "run.unknown_workflow",
        "No activated workflow has that name.",
        "Only what `countersign activate DIR` has made current is run; the message names all of it.",
        "a new file that was not activated",
        "`countersign activate DIR`, then `countersign run NAME`",
    ),
    Page::told(
        "run.unknown_event",
        "The workflow is not started by that event.",
        "`on: {event: [..]}` lists what may start it; what it does not know may be meant for another one.",
        "`countersign run NAME --event leak.reportd`",
        "`countersign run NAME --event leak.reported`",
    ),
    Page::told(
        "schedule.skipped",
        "Nobody looked when the run of an instant was due, and the workflow says `catch_up: skip`.",
        "No process served when the instant came. The entry says so, and the next instant comes as planned. With `catch_up: \
         once`, one run would have stood for all the instants that were missed.",
        "a machine that was off at the hour of the schedule",
        "`catch_up: once`, where a run is better late than left out",
    ),
    Page::told(
        "serve.under_way",
        "The run is being driven at this moment, and takes no answer.",
        "An answer is for a run that stands: at a wait, or where it needs a person. Nothing was recorded. `countersign status \
         RUN` says when it stands.",
        "`countersign undo RUN`, while a call to its target is under way",
        "the same once `countersign status RUN` says `waiting` or `stuck`",
    ),
    Page::told(
        "serve.ending",
        "The process that serves the folder was ending, and did not take the request.",
        "Nothing was begun or recorded by it. The command, given again, does its work itself, or asks the next process that \
         serves.",
        "`countersign run NAME`, in the second in which `serve` is stopped",
        "the same command again",
    ),
    Page::told(
        "serve.broken",
        "A task of the process that serves broke; that is a fault of Countersign.",
        "The process has ended. Each run stands where its last entry says, and goes on when somebody serves again: what was \
         under way is settled by looking at the target. Report what it printed.",
        "nothing that a workflow or a target does should bring it about",
        "`countersign serve` again",
    ),
    Page::told(
        "owner.no_answer",
        "The process that serves the folder gave no answer to the command.",
        "The request may have been taken: `countersign status` lists the runs. A request with an idempotency key can be given \
         again, and is one run.",
        "`serve` was killed while it looked at the target for a plan",
        "`countersign status`, then the same command with the same `--idempotency-key`",
    ),
    Page::told(
        "socket.taken",
        "Something that is not ours stands where the folder's socket belongs.",
        "A socket that an earlier process left is taken away; another file, or another user's socket, is not. Nothing was \
         begun.",
        "a file named `control.sock` in the data folder",
        "the folder without it",
    ),
    Page::told(
        "socket.make",
        "The folder's socket could not be made.",
        "A socket's path has at most 107 bytes, and the folder must be writable. Nothing was begun.",
        "a data folder at a very long path",
        "a shorter one, such as `/var/lib/countersign`",
    ),
    Page::told(
        "calendar.day",
        "What stands after `--from` is no day.",
        "A day is written as year, month and day, and means its midnight in UTC.",
        "`countersign calendar --from 24.12.`",
        "`countersign calendar --from 2026-12-24`",
    ),
    Page::told(
        "api.no_route",
        "There is nothing at that path of the folder's socket.",
        "It knows `/v1`, `/v1/runs`, `/v1/runs/RUN/answer` and `/v1/activations`.",
        "`POST /v1/run`",
        "`POST /v1/runs`",
    ),
    Page::told(
        "api.no_method",
        "The path does not take that method.",
        "What asks for something is a `POST` with a JSON body.",
        "`GET /v1/runs`",
        "`POST /v1/runs`",
    ),
    Page::told(
        "api.body",
        "The body is not the JSON that this path takes.",
        "The message says where it differs; keys that are not known are refused. Nothing was done.",
        "`{\"workflow\": 1}`",
        "`{\"workflow\": \"rotate-reporting-key\"}`",
    ),
    Page::told(
        "api.too_large",
        "The body is larger than 64 MiB.",
        "Not even a whole set of workflows comes near to that. Nothing was done.",
        "a request of a gigabyte",
        "the files without what does not belong to them",
    ),
    Page::told(
        "api.too_slow",
        "A request on the folder's socket took more than 100 seconds.",
        "Its body did not come, or a target did not answer. A run may have been begun: `countersign status` lists them.",
        "a body that says to be longer than what is sent",
        "the whole body",
    ),
    Page::told(
        "api.media_type",
        "The request does not say that its body is JSON.",
        "Say `content-type: application/json`. Nothing was done.",
        "a body without `content-type`",
        "the same with `content-type: application/json`",
    ),
    Page::told(
        "api.stranger",
        "Somebody else than the folder's owner speaks on its socket.",
        "The socket answers the user whose folder it is, and root; the system says who speaks. Nothing was done.",
        "another user, who was let into the folder",
        "a command of the folder's owner",
    ),
    Page::told(
        "adopt.version",
        "What stands after `--version` is no version.",
        "A version is written as its target labels it: connector, kind, name and number.",
        "`--version reporting`",
        "`--version local/account/reporting@1`",
    ),
    Page::told(
        "adopt.for_each",
        "The workflow is for each of many subjects.",
        "A secret belongs to one. Adopt it for the workflow that rotates that one.",
        "`countersign adopt recertify-accounts --secret FILE`",
        "`countersign adopt rotate-reporting-key --secret FILE`",
    ),
    Page::told(
        "answer.reason",
        "The reason is empty, or longer than 4096 bytes.",
        "Somebody answers for the run, and whoever reads its story later wants to know why. The words are kept beside the \
         entry, not in it.",
        "`countersign abandon RUN --reason \"\"`",
        "`countersign abandon RUN --reason \"both keys work; the old one goes by hand\"`",
    ),
    Page::told(
        "plan.no_digest",
        "What stands after `--plan` is no digest.",
        "A digest has 64 digits of 0-9 and a-f. Take the one that `countersign plan NAME --json` prints.",
        "`--plan 0be8e2`",
        "`--plan` with all 64 digits",
    ),
    Page::told(
        "plan.unknown_digest",
        "No run of this workflow followed a plan of that digest.",
        "A plan is kept with the run that followed it; one that was only looked at is not. Save that one, and name the file: \
         `countersign plan NAME --json > FILE`, later `countersign plan NAME --diff FILE`.",
        "`--diff` with the digest of a plan that nobody ran",
        "`--diff` with a digest that `countersign run NAME --json` has told, or with a file",
    ),
    Page::told(
        "plan.unreadable",
        "The file that `--diff` names cannot be read.",
        "It is missing, no file, larger than 64 MiB, no UTF-8 text, or not for this user; the message says which. Whatever has \
         64 digits of 0-9 and a-f is taken for a digest: put `./` before a file of such a name.",
        "`--diff plan.jsno`",
        "`--diff plan.json`",
    ),
    Page::told(
        "plan.unknown_workflow",
        "The files hold no workflow of that name.",
        "With `--files DIR` the names are those under `metadata` in that folder; the message lists them.",
        "`countersign plan rotate --files workflows`",
        "`countersign plan rotate-reporting-key --files workflows`",
    ),
    Page::told(
        "plan.nothing_kept",
        "No data folder was looked at, and so there is no earlier plan to compare with.",
        "`--diff DIGEST` compares with a plan that a run followed, and runs are kept in the data folder. With `--files` and \
         `--settings` together none is opened; a saved plan can be compared with all the same.",
        "`countersign plan NAME --files DIR --settings FILE --diff DIGEST`",
        "the same with `--diff PLAN.json`, or without `--settings`, where the data folder is",
    ),
    Page::told(
        "policy.no_decision",
        "No decision stands at that entry.",
        "`countersign evidence show SUBJECT` names the entries of a story; what policy said are the lines with `policy`.",
        "`countersign policy explain RUN`",
        "`countersign policy explain RUN/3`",
    ),
    Page::told(
        "policy.no_basis",
        "What the decision was made from is not stored.",
        "Policies, schema, subject and question are kept with each decision, so something has altered the store since. \
         Change nothing in the folder; `countersign evidence verify` says what is missing.",
        "a store that was cleaned up with other tools",
        "the last whole backup",
    ),
    Page::told(
        "policy.no_workflow",
        "The folder holds policies and their tests, and no workflow.",
        "Policies see the inputs that the workflows of their folder declare, and tests give such inputs: without the \
         workflows nothing could be asked. Name the folder that holds them, with the policies in `policies/`.",
        "`countersign policy test workflows/policies`",
        "`countersign policy test workflows`",
    ),
    Page::told(
        "policy.invalid",
        "The policies could not be tried, as the files have errors.",
        "Each error was drawn where it is, with a code of its own that has a page.",
        "`countersign policy test DIR`, with a misspelt attribute in a policy",
        "the same once `countersign lint DIR` finds nothing",
    ),
    Page::told(
        "set.refused",
        "The workflows and policies have errors, and are not taken.",
        "A folder is taken as a whole or not at all. Each error was drawn where it is, with a code of its own that has a \
         page.",
        "`countersign activate DIR`, with one broken file of ten",
        "the same once `countersign lint DIR` finds nothing",
    ),
    Page::told(
        "set.nothing_active",
        "Nothing was ever activated in this data folder.",
        "Only what `countersign activate DIR` has made current is planned and run.",
        "`countersign run NAME` in a new folder",
        "`countersign activate DIR` before it",
    ),
    Page::told(
        "set.unfit",
        "What is activated does not fit the settings any more.",
        "The settings have changed since: a connector or a place that a workflow names is gone. Nothing runs by half of a \
         set. Put it back into the settings, or activate workflows that do without it.",
        "`[connectors.files.places]` without the place that a rotation delivers to",
        "the place in the settings, or an activation of other workflows",
    ),
    Page::told(
        "settings.invalid",
        "The settings file has errors.",
        "Nothing runs by half of it. Each error was drawn where it is, with a code of its own that has a page.",
        "`settings.toml` with a misspelt key",
        "the same file with the key that the message names",
    ),
    Page::told(
        "settings.endpoint",
        "The embedded endpoint cannot listen on its address.",
        "Mostly another program has the port. Give its place another `address` in the settings; port 0 takes a free one.",
        "`address = \"127.0.0.1:8443\"`, where a web server runs",
        "`address = \"127.0.0.1:0\"`",
    ),
    Page::told(
        "fmt.nothing",
        "There is no workflow file to lay out.",
        "Workflows end in `.yaml` or `.yml`; policies are not laid out by this version.",
        "`countersign fmt policies`",
        "`countersign fmt workflows`",
    ),
    Page::told(
        "fmt.refused",
        "A file cannot be read as YAML, so none was laid out.",
        "Each error was drawn where it is. No file was written.",
        "a list that is not closed",
        "the same file with its bracket",
    ),
    Page::told(
        "fmt.write",
        "A file cannot be written.",
        "It is as it was. Make room, or give yourself the right to write there.",
        "a folder that belongs to another user",
        "a working copy of your own",
    ),
    Page::told(
        "fmt.changed",
        "A file changed while it was laid out.",
        "What somebody has just saved is not written over. Run the command again.",
        "an editor that saves in the same moment",
        "the command once more",
    ),
    Page::told(
        "expiry.not_due",
        "The version in use is not near enough to its end to be renewed.",
        "`on.expiry` says from which part of its life on it is. Nothing is to be done; the entry says when it falls due.",
        "nothing is wrong",
        "the same question after the instant that the entry names",
    ),
    Page::told(
        "expiry.backing_off",
        "The last renewal was not done, and the next one waits.",
        "It waits two minutes, then four, and so on up to six hours, so that a fault is not repeated without end. \
         `countersign status SUBJECT` names the runs and how they ended; `countersign run NAME` does not wait.",
        "a renewal that is denied again and again",
        "the policy or workflow mended, then `countersign run NAME`",
    ),
    Page::told(
        "explain.unknown_code",
        "There is no page for a code of that name.",
        "A code is written as a message shows it, with its room or without. `countersign explain` lists all that have \
         a page. What a connector answers to a call stands in its README; what a probe or a reading answers is told by \
         the message beside the code.",
        "`countersign explain workflow.uncoverd_change`",
        "`countersign explain workflow.uncovered_change`",
    ),
    Page::told(
        "start.runtime",
        "The command could not begin: the system did not give it what it works with.",
        "The message has the system's words; mostly it is a limit on open files. Nothing was read or changed.",
        "a shell with `ulimit -n 8`",
        "a shell with `ulimit -n 1024`",
    ),
    Page::told(
        "telemetry.level",
        "`COUNTERSIGN_LOG` is no level.",
        "It is `off`, `error`, `warn`, `info`, `debug` or `trace`, and no filter for single parts: only Countersign's \
         own events are ever written. The command did not begin, and nothing was changed.",
        "`COUNTERSIGN_LOG=sqlx=trace`",
        "`COUNTERSIGN_LOG=trace`",
    ),
    Page::told(
        "telemetry.format",
        "`COUNTERSIGN_LOG_FORMAT` is no format.",
        "It is `text` or `json`. The command did not begin, and nothing was changed.",
        "`COUNTERSIGN_LOG_FORMAT=xml`",
        "`COUNTERSIGN_LOG_FORMAT=json`",
    ),
    Page::told(
        "telemetry.export",
        "Traces cannot be sent to the endpoint that the environment names.",
        "`OTEL_EXPORTER_OTLP_ENDPOINT` is an address such as `http://127.0.0.1:4318`; it counts where Countersign was built with the \
         feature `otlp`. The command did not begin, and nothing was changed.",
        "`OTEL_EXPORTER_OTLP_ENDPOINT=collector`",
        "`OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318`",
    ),
    Page::told(
        "telemetry.started",
        "This process writes events already.",
        "That is begun once in a process. The command did not begin, and nothing was changed.",
        "a program of your own that calls `countersign::cli::run` twice",
        "one call in each process",
    ),
    Page::told(
        "init.exists",
        "Another file is there already under the name of one that `init` would write.",
        "Nothing is written over: it may be yours. The message names each. No file was written, and no data folder was \
         made. A file that is there word for word is no obstacle: further workflows can be added to a folder.",
        "`countersign init workflows --with rotate-reporting-key`, after `workflows/settings.toml` was changed",
        "another folder, or those files moved away",
    ),
    Page::told(
        "init.unknown_workflow",
        "No shipped workflow has that name.",
        "`countersign init` lists those that can be chosen. Nothing was written.",
        "`countersign init workflows --with rotate-reporting`",
        "`countersign init workflows --with rotate-reporting-key`",
    ),
    Page::told(
        "init.shipped",
        "A workflow that ships with this version cannot be read.",
        "This is a fault of Countersign: report it. Nothing was written.",
        "no command that is known brings it about",
        "a report",
    ),
    Page::told(
        "init.write",
        "A file cannot be written.",
        "The message has the system's words: mostly there is no room, or no right. The files before it were taken away \
         again. A data folder that was made first stays, and can be used.",
        "a folder that belongs to another user",
        "a folder of your own",
    ),
    Page::told(
        "lint.formats",
        "`--json` and `--format` ask for different formats.",
        "`--json` is the same as `--format json`. No file was checked.",
        "`countersign lint workflows --json --format sarif`",
        "`countersign lint workflows --format sarif`",
    ),
    Page::told(
        "quickstart.workflows",
        "The shipped workflows cannot be written into the data folder.",
        "They are laid out there, so that they can be read and changed before they are activated. The data folder is \
         made, and nothing was activated or run. Make room, then run the command again: it goes on.",
        "a disk that is full",
        "room on it, then `countersign quickstart` again",
    ),
    Page::told(
        "quickstart.unexpected",
        "A run of the tour did not end as it should.",
        "The tour stops there; what the runs before it did stands. The message says how the run ended, and \
         `countersign status RUN` why. One that failed, was denied or was taken back is asked for again by the next \
         `quickstart`; one that is stuck needs a person. One that was done and should have been denied cannot be asked \
         for twice: see which policy allowed it.",
        "`countersign activate DIR` with policies that do not permit `issue`, then `countersign quickstart`",
        "the shipped policies activated, then `countersign quickstart` again",
    ),
    Page::told(
        "schema.write",
        "The schema cannot be written.",
        "The message has the system's words. A file that it was written to may hold a part of it.",
        "`countersign schema > workflow.json`, on a disk that is full",
        "room on it, then the same command",
    ),
    Page::told(
        "man.unwritten",
        "The manual pages could not be written.",
        "`countersign man --out DIR` writes a page for each command into a folder, which it makes where it is not there. Pages that \
         were written before the failure stay.",
        "`countersign man --out /usr/share/man/man1`, without the right to write there",
        "`countersign man --out ~/.local/share/man/man1`",
    ),
    Page::told(
        "status.deaf",
        "Nothing would end the watching.",
        "`countersign status --watch` ends at Ctrl-C or SIGTERM, and the system lets this process hear neither.",
        "a sandbox that forbids signals to be handled",
        "`countersign status`, as often as you want",
    ),
    Page::told(
        "status.not_found",
        "There is no run and no subject of that name.",
        "A subject is named connector/kind/name, and is known here from its first run on; a run is named as \
         `countersign status` names it. Another data folder has others (`--data`, `COUNTERSIGN_DATA`).",
        "`countersign status reporting`",
        "`countersign status local/account/reporting`",
    ),
    Page::told(
        "status.unknown_owner",
        "Nobody of that name answers for an activated workflow.",
        "`--owner` takes the team, the person or the backup of a workflow's `metadata.owner`, word for word. The message names \
         the teams that there are.",
        "`countersign status --owner paymnts`",
        "`countersign status --owner payments`",
    ),
    Page::told(
        "replay.policies",
        "The policies that a decision was made from cannot be read any more.",
        "`countersign policy explain` evaluates a decision anew, from the bytes that are stored for it. The decision \
         itself stands as it was recorded. `countersign evidence verify` says whether those bytes were altered; if \
         not, this version reads them otherwise than the one that decided: use that one, and report it.",
        "a store in which the text of a policy was cut",
        "the last whole backup",
    ),
    Page::told(
        "replay.json",
        "What a decision was asked with is not JSON any more.",
        "The decision itself stands as it was recorded. What was asked is stored as it was evaluated, so something has \
         altered the store since. Change nothing in the folder; `countersign evidence verify` says where.",
        "a store in which the attributes of a subject were cut",
        "the last whole backup",
    ),
    Page::told(
        "replay.shape",
        "What a decision was asked with does not make one question any more.",
        "The decision itself stands as it was recorded. Who asked, for what and on which subject is stored as it was \
         evaluated, so something has altered the store since. Change nothing in the folder; `countersign evidence \
         verify` says where.",
        "a store in which the request of one decision was put in the place of another one's",
        "the last whole backup",
    ),
];
